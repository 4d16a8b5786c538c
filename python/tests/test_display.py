"""Objects that show themselves: well-formed, escaped, on their own, and saying what they should."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

import tlslab as tl
from tlslab import display
from tlslab.display.markup import join, tag
from tlslab.display.rungs import flights, rungs
from tlslab.display.sheet import Mark, Sheet
from tlslab.display.style import palette
from tlslab.shown import Shown

#: Its primes are just above a byte boundary, so that Z has a leading zero byte as good as always.
ABOVE = {"p": 2**1024 + 1657867, "g": 4}
NO_EMS = tl.Client(ems="off")
KEEPER = tl.Server(ems="off", premaster_zeros="keep", groups=[ABOVE])


class Balanced(HTMLParser):
    """Reads HTML, and keeps its text, its tags and its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1] != "style":
            self.text += data


def read(shown: object) -> Balanced:
    html: str = shown._repr_html_()  # type: ignore[attr-defined]
    return Balanced(html)


@pytest.fixture(scope="module")
def failed() -> tl.Connection:
    return tl.handshake(NO_EMS, KEEPER, seed=7)


@pytest.fixture(scope="module")
def every(failed: tl.Connection, tmp_path_factory: pytest.TempPathFactory) -> list[Shown]:
    """One of each that shows itself, and some that are unlike the others of their kind."""
    live = tl.open(tl.Client(), tl.Server(), seed=7)
    first = live.step()
    assert first is not None
    over = tl.open(tl.Client(), tl.Server(), seed=7)
    over.run()
    small = tl.Server(ems="off", premaster_zeros="keep", groups=["modp1024"], versions=["TLSv1.2"])
    suite = "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"
    with tl.serve(small) as serving:
        report = tl.probe(serving.address, suites=[suite], rate=1000, seed=1, progress=False)
        real = tl.connect(NO_EMS, serving.address)
    (control,) = tl.Experiment(NO_EMS, tl.Server(ems="off"), scenario="ftps").replay_all(seed=1, trial=0)
    resumed = tl.Experiment(tl.Client(), tl.Server(), scenario="resume").replay_all(seed=1, trial=0)
    result = tl.Experiment(NO_EMS, KEEPER).run(20, seed=1, progress=False)
    classes = tl.Experiment(NO_EMS, small).run(300, seed=1, fidelity="class", progress=False)
    guess = tl.Explanation("keeps_zeros", "leading zeros are kept", "server", 1 / 256, -1.0, 0.9, ("alert 20",))
    attacked = tl.Client(ems="off", offer_without_ems="offer", renegotiation="secure", certificates=["rsa"])
    campaign = tl.fuzz.campaign(server=tl.Server(premaster_zeros_ems="keep"), trials=400, seed=1, progress=False)
    varied = {"server.premaster_zeros": ["strip", "keep"]}
    path = tmp_path_factory.mktemp("every") / "trials.jsonl"
    tasks = tl.tasks(NO_EMS, KEEPER, knobs=varied)
    return [
        tl.sweep(NO_EMS, KEEPER, knobs=varied, trials=20, seed=1, progress=False),
        tl.collect(tasks, path=path, max_trials=20, fidelity="wire", seed=1, progress=False),
        tl.mitigate(NO_EMS, KEEPER, trials=20, seed=1, progress=False),
        tl.Rival((), 8),
        tl.LookAlikes(()),
        tl.attacks.triple_handshake(attacked, tl.Server(ems="off", resume_legacy="resume"), seed=1),
        campaign,
        campaign.findings[0],
        tl.Diagnosis((guess,), (), 1000, 4, 0, ("4 of 1000 failed",), (), ("who is guilty",), ()),
        tl.Client(),
        KEEPER,
        failed,
        failed.outcome,
        failed.messages[0],
        control,
        control.transfers[0],
        *resumed,
        real,
        live,
        first,
        over,
        result,
        result.experiment,
        tl.groups.named("ffdhe2048"),
        classes,
        report,
        report.findings[0],
        tl.windows.table(),
        tl.windows.show("Windows 7"),
        tl.windows.profile("Windows 7", registry={"DisableClientExtendedMasterSecret": 1}),
    ]


def kinds(parent: type[Shown]) -> Iterator[type[Shown]]:
    for kind in parent.__subclasses__():
        yield from kinds(kind)
        yield kind


def test_all_kinds_show_themselves(every: list[Shown]) -> None:
    # By their names: a data class with slots leaves behind the class that it was made from.
    shown = {f"{kind.__module__}.{kind.__qualname__}" for one in every for kind in type(one).__mro__}
    assert {f"{kind.__module__}.{kind.__qualname__}" for kind in kinds(Shown)} <= shown
    with pytest.raises(TypeError, match="int does not show itself"):
        display.html(1)


def test_html_is_well_formed_and_stands_alone(every: list[Shown]) -> None:
    for one in every:
        page = read(one)
        assert not page.tags & {"script", "link", "img", "iframe", "object", "image", "use", "a"}
        assert not [name for name, _ in page.attributes if name.startswith("on") or name in ("src", "href")]
        assert "url(" not in one._repr_html_()
        assert "@import" not in one._repr_html_()


def luminance(color: str) -> float:
    """Give the relative luminance of WCAG 2.2."""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_stand_out_from_what_is_behind_them(theme: str) -> None:
    colors = palette(theme)
    pairs = [(ink, back) for ink in ("ink", "muted", "client", "server", "alert", "zero") for back in ("back", "soft")]
    for ink, back in [*pairs, *((tone, f"{tone}-soft") for tone in ("alert", "good", "zero"))]:
        one, other = sorted((luminance(colors[ink]), luminance(colors[back])))
        assert (other + 0.05) / (one + 0.05) >= 4.5, f"{ink} on {back}"  # WCAG 2.2, 1.4.3


def test_there_is_text_too(every: list[Shown]) -> None:
    for one in every:
        assert one.show()
        assert "<div" not in one.show()


def test_studies_say_what_they_come_to(every: list[Shown]) -> None:
    text = {type(one).__name__: one.show() for one in every}
    assert text["Sweep"].splitlines()[0] == "Sweep: 1 of 2 cells with failures"
    assert re.search(r"^keep +20 +20 +always .* alert:bad_record_mac:server$", text["Sweep"], re.MULTILINE)
    assert text["Collection"].splitlines()[0] == "Collection: 40 trials"
    assert re.search(r"^server.premaster_zeros=keep +1 +20 +20 +always ", text["Collection"], re.MULTILINE)
    assert text["Mitigation"].splitlines()[0] == "Mitigation: 3 remedies repair it"
    assert "EMS on both sides" in text["Mitigation"]
    assert text["TripleHandshake"].splitlines()[0] == "Triple Handshake: the attack succeeded"
    assert "Handshake 2, the same on both sides: master_secret, randoms, tls_unique" in text["TripleHandshake"]
    assert "premaster_zeros" in text["Campaign"]
    assert text["Transfer"].splitlines()[0].startswith("LIST: complete, ")
    assert text["Platform"].splitlines()[0].startswith("platform")
    assert "KB4519976" in text["Platform"]
    assert text["Profile"].splitlines()[0] == "Windows 7 SP1, updated"
    assert "registry: DisableClientExtendedMasterSecret = 1" in text["Profile"]
    assert "leading-zeros, defect: " in "\n".join(one.show() for one in every if isinstance(one, tl.Finding))
    assert text["Diagnosis"].splitlines()[0] == "Diagnosis: explained"
    assert "leading zeros are kept  server  1 in 256" in text["Diagnosis"]


def test_a_long_table_is_cut_in_html_alone() -> None:
    few, many = (Sheet("Table", Mark("long"), ["row"], [[f"row {at}"] for at in range(count)]) for count in (60, 61))
    assert "row 59" in few.html()
    assert " more; show()" not in few.html()
    assert "row 60" not in many.html()
    assert "... and 1 more; show() has all rows." in many.html()
    assert "row 60" in many.text()


def test_a_behaviour_shows_its_differences_first() -> None:
    text = read(KEEPER).text
    assert text.index("premaster_zeros") < text.index("knobs at their defaults") < text.index("session_lifetime")
    assert "2 knobs other than the RFCs' defaults" in read(tl.Server(ems="off", premaster_zeros="keep")).text
    assert "as the RFCs say" in read(tl.Client()).text
    lines = KEEPER.show().splitlines()
    assert lines.index("  premaster_zeros = keep  (default strip)") < lines.index("defaults")


def test_an_experiment_shows_its_sides_and_a_group_its_chances() -> None:
    experiment = tl.Experiment(NO_EMS, KEEPER, scenario="resume")
    assert "2 connections a trial" in read(experiment).text
    assert "premaster_zeros" in read(experiment).text
    assert "1 or more                      1 in 256" in tl.groups.named("ffdhe2048").show()


def test_a_ladder_shows_where_the_zero_was_lost(failed: tl.Connection) -> None:
    notes = [(rung.side, rung.note.text) for rung in rungs(failed) if rung.note is not None]
    assert notes[:2] == [
        ("client", "Z begins with 1 zero byte and loses it"),
        ("server", "Z begins with 1 zero byte and keeps it"),
    ]
    names = [rung.message.name if rung.message else rung.side for rung in rungs(failed)]
    assert names.index("client") == names.index("ServerHelloDone") + 1
    assert names.index("server") == names.index("Finished") + 1
    page = read(failed)
    assert "alert 20" in page.text
    assert "Alert fatal bad_record_mac" in page.text
    assert "  client: Z begins with 1 zero byte and loses it" in failed.ladder().splitlines()


@pytest.mark.parametrize(
    ("zeros", "said"),
    [
        ("strip", "Z begins with 1 zero byte and loses it"),
        ("strip_one", "Z begins with 1 zero byte and loses it"),
        ("keep", "Z begins with 1 zero byte and keeps it"),
    ],
)
def test_what_becomes_of_zeros_is_told_by_the_bytes(zeros: str, said: str) -> None:
    connection = tl.handshake(NO_EMS, KEEPER.replace(premaster_zeros=zeros), seed=7)  # type: ignore[arg-type]
    assert ("server", said) in [(rung.side, rung.note.text) for rung in rungs(connection) if rung.note is not None]


def test_a_secret_without_leading_zeros_is_nothing_to_see() -> None:
    notes = [rung.note for rung in rungs(tl.handshake(NO_EMS, tl.Server(ems="off"), seed=7)) if rung.note]
    assert [note.text for note in notes[:2]] == ["Z of 256 bytes, with no leading zero"] * 2
    assert notes[0].tone == ""


def test_every_message_is_a_rung_with_its_fields_and_bytes(failed: tl.Connection) -> None:
    assert [rung.message for rung in rungs(failed) if rung.message is not None] == failed.messages
    page = read(failed)
    assert sum(value == "rung" for name, value in page.attributes if name == "class") == len(failed.messages)
    for message in failed.messages:
        assert message.bytes[:16].hex(" ", 1) in page.text
    assert failed.messages[0].fields["random"] in page.text
    assert "renegotiation_info" in page.text


def test_flights_have_their_bytes_on_the_wire(failed: tl.Connection) -> None:
    assert [(one.number, one.size) for one in flights(failed)] == [
        (at + 1, len(data)) for at, (_, data) in enumerate(failed.flights)
    ]


def test_a_ladder_is_one_picture(failed: tl.Connection, tmp_path: Path) -> None:
    for theme in ("light", "dark"):
        text = failed.to_svg(tmp_path / "ladder.svg", theme=theme)
        assert (tmp_path / "ladder.svg").read_text() == text
        root = ElementTree.fromstring(text)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert "var(" not in text
        words = " ".join(root.itertext())
        assert all(message.name in words for message in failed.messages)
    with pytest.raises(tl.RunError, match="light or dark, not 'blue'"):
        failed.to_svg(theme="blue")
    with pytest.raises(tl.RunError, match="cannot write"):
        failed.to_svg(tmp_path / "nowhere" / "ladder.svg")


def test_a_rate_stands_in_its_interval_beside_theory() -> None:
    result = tl.Experiment(NO_EMS, tl.Server(ems="off", premaster_zeros="keep")).run(2000, seed=1, progress=False)
    html = result._repr_html_()
    (bar,) = re.findall(r'<rect x="([\d.]+)" [^>]*width="([\d.]+)"', html)
    (dot,) = re.findall(r'<circle cx="([\d.]+)"', html)
    assert float(bar[0]) < float(dot) < float(bar[0]) + float(bar[1])
    assert "observed 0.003500" in html
    assert "theory 0.003906" in html
    assert "as theory expects" in read(result).text
    assert "not as theory expects" not in read(result).text
    assert "rate       0.003500, 95% interval" in result.show()


def test_a_rate_is_held_against_theory_however_the_run_ended() -> None:
    result = tl.Experiment(NO_EMS, KEEPER.replace(groups=["modp768"])).run(900, seed=1, max_failures=2, progress=False)
    assert result.stopped_by == "max_failures"
    assert "as theory expects" in read(result).text
    assert "stopped by max_failures" in read(result).text
    for changes, label in (
        ({"expected_rate": 0.9}, "not as theory expects"),
        ({"expected_rate": 0.9, "p_value": None}, "not as theory expects"),
        ({"expected_rate": None, "p_value": None}, "theory does not tell"),
    ):
        assert label in read(tl.Result(result.experiment, {**result.to_dict(), "p_value": 1e-9, **changes})).text
    none = {**result.to_dict(), "trials": 0, "failures": 0, "rate": None, "stopped_by": "interrupted"}
    assert "no trials: interrupted" in read(tl.Result(result.experiment, none)).text


def test_what_a_peer_chose_is_escaped() -> None:
    evil = '<script>alert(1)</script>&"\N{RIGHT-TO-LEFT OVERRIDE}'
    page = read(tl.handshake(tl.Client(alpn=[evil]), tl.Server(), seed=1))
    assert "script" not in page.tags
    document = {
        "target": evil,
        "side": "server",
        "seed": "1",
        "rate": None,
        "ended": {"unreachable": evil},
        "findings": [
            {"id": evil, "defect": True, "value": evil, "summary": evil, "rule": evil, "who": evil, "evidence": []}
        ],
        "connections": [{"connection": 0, "seed": "1", "purpose": evil, "version": evil, "outcome": evil}],
    }
    page = read(tl.Report.from_dict(document))
    assert "script" not in page.tags
    assert "<script>alert(1)</script>" in page.text
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in page.text
    assert tag("td", "\x00", title='"') == '<td title="&quot;">\N{REPLACEMENT CHARACTER}</td>'
    assert join(["<", tag("b", "<"), None, 1]) == "&lt;<b>&lt;</b>1"


def test_a_talkative_peer_is_not_shown_in_full() -> None:
    hello = tl.Message("server", "ApplicationData", bytes(100_000), {"type": "ApplicationData", "data": "00" * 100_000})
    assert "97,952 more bytes" in read(hello).text
    assert len(hello._repr_html_()) < 20_000
    nested = {"type": "ClientHello", "extensions": [{"type": "x", "of": ["y" * 600] * 64}] * 64}
    assert len(tl.Message("server", "ClientHello", b"", nested)._repr_html_()) < 30_000


def test_a_live_connection_shows_what_comes_next() -> None:
    live = tl.open(tl.Client(), tl.Server(), seed=7)
    assert "not begun" in read(live).text
    for message in live:
        if message.name == "ServerKeyExchange":
            break
    assert live.pending is message
    assert "server is about to send ServerKeyExchange" in read(live).text
    assert live.show().splitlines()[-1] == "}"
    message.drop()
    assert "server sends nothing in place of ServerKeyExchange" in read(live).text
    live.run()
    assert live.pending is None
    assert live.is_over
    assert "the client sent fatal alert 10" in read(live).text
