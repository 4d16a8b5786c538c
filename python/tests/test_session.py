"""Sessions that connections over TCP leave each other, and scenarios whose connections share them."""

import json
import stat
from pathlib import Path

import pytest

import tlslab as tl
from tlslab.cli import main

SUITES = ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]


def clients(resumption: str) -> tuple[tl.Client, tl.Server]:
    knobs = {"suites": SUITES, "resumption": resumption}
    return tl.Client.from_dict(knobs), tl.Server.from_dict(knobs)


@pytest.mark.parametrize(
    ("resumption", "kind"), [("session_id", "session_id"), ("ticket", "ticket"), ("both", "ticket")]
)
def test_a_session_is_resumed(resumption: str, kind: str) -> None:
    client, server = clients(resumption)
    with tl.serve(server) as serving:
        first = tl.connect(client, serving.address)
        session = first.session
        assert session is not None
        assert first.established is not None
        assert (first.established["resumed"], session.kind, session.ems) == (None, kind, True)
        assert (session.version, session.suite, session.server_name) == ("TLSv1.2", SUITES[0], None)

        again = tl.connect(client, serving.address, data=b"hello", session=tl.Session.from_json(session.to_json()))
        assert again.received == b"hello"
        assert again.established is not None
        assert again.established["resumed"] == kind
        assert f"resumption ({kind})" in str(again.outcome)
        assert again.secrets["master_secret"] == first.secrets["master_secret"]
        assert again.secrets["key_block"] != first.secrets["key_block"]
        # Offered by the knobs alone.
        full = tl.connect(client.replace(resumption="none"), serving.address, session=session)
        assert full.established is not None
        assert (full.established["resumed"], full.session) == (None, session)


def test_without_resumption_nothing_is_left() -> None:
    client, server = clients("none")
    with tl.serve(server) as serving:
        assert tl.connect(client, serving.address).session is None


def test_a_session_hides_its_secret_and_compares_by_content() -> None:
    client, server = clients("session_id")
    with tl.serve(server) as serving:
        session, other = (tl.connect(client, serving.address).session for _ in range(2))
    assert session is not None
    same = tl.Session.from_json(session.to_json())
    assert (same, hash(same)) == (session, hash(session))
    assert session != other
    assert json.loads(session.to_json())["session"]["master_secret"] not in repr(session)
    assert repr(session) == f"<Session: by session_id, TLSv1.2 {SUITES[0]}, with EMS>"


def saved() -> str:
    client, server = clients("ticket")
    with tl.serve(server) as serving:
        session = tl.connect(client, serving.address).session
    assert session is not None
    return session.to_json()


def test_what_is_no_session_is_refused() -> None:
    text = saved()
    document = json.loads(text)
    for broken, says in [
        ("", "not a saved session"),
        ("no JSON", "not a saved session"),
        (text[: len(text) // 2], "not a saved session"),
        ("[]", "not a saved session"),
        (json.dumps({**document, "schema": 2}), "form 2, and this version of the lab reads form 1"),
        (json.dumps({**document, "schema": "1"}), "not a saved session"),
        (json.dumps({**document, "extra": 1}), "extra"),
        (json.dumps({**document, "handle": {"session_id": ""}}), "1 to 32 bytes"),
        (json.dumps({**document, "session": {**document["session"], "master_secret": "00"}}), "48 bytes"),
    ]:
        with pytest.raises(tl.RunError, match="session") as caught:
            tl.Session.from_json(broken)
        assert says in str(caught.value)


def test_session_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "session.json"
    with tl.serve(tl.Server()) as serving:
        assert main(["connect", serving.address, "--session-out", str(file)]) == 0
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        capsys.readouterr()
        assert main(["connect", serving.address, "--session-in", str(file), "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["outcome"]["established"]["resumed"] == "session_id"

        whole = file.read_text()
        for broken in [whole[:40], "no JSON", whole.replace('"schema":1', '"schema":99')]:
            file.write_text(broken)
            assert main(["connect", serving.address, "--session-in", str(file)]) == 2
            assert f"{file}: " in capsys.readouterr().err
        assert main(["connect", serving.address, "--session-in", str(tmp_path / "none")]) == 2
        nowhere = tmp_path / "directory" / "session.json"
        assert main(["connect", serving.address, "--session-out", str(nowhere)]) == 2
        assert str(nowhere) in capsys.readouterr().err
        # A connection that leaves none leaves the file as it was.
        assert main(["connect", serving.address, "--client", "resumption=none", "--session-out", str(file)]) == 0
        assert file.read_text() == broken
        assert "no session was left" in capsys.readouterr().err


def test_a_scenario_on_the_command_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["handshake", "--scenario", "resume", "--seed", "3", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["seed"] == "3"
    assert [connection["outcome"]["established"]["resumed"] for connection in document["connections"]] == [
        None,
        "session_id",
    ]
    assert main(["handshake", "--scenario", "resume"]) == 0
    assert capsys.readouterr().out.count("established by resumption") == 1

    scenario = {"name": "downgrade", "connections": [{}, {"client": {"ems": "off", "offer_downgrade": "offer"}}]}
    (tmp_path / "downgrade.json").write_text(json.dumps(scenario))
    assert main(["handshake", "--scenario", f"@{tmp_path / 'downgrade.json'}"]) == 1
    assert "the cause is session" in capsys.readouterr().out
    (tmp_path / "edits.json").write_text(
        '[{"side": "server", "select": {"message": "ServerHelloDone"}, "change": "drop"}]'
    )
    assert main(["handshake", "--scenario", "resume", "--edits", str(tmp_path / "edits.json")]) == 2
    assert "--edits is for a single connection" in capsys.readouterr().err


def test_an_experiment_of_two_connections() -> None:
    client = tl.Client(ems="off", offer_without_ems="offer")
    server = tl.Server(ems="off", resume_legacy="resume", groups=["modp768"])
    result = tl.Experiment(client, server, scenario="resume").run(200, seed=1)
    assert (result.fidelity, result.outcomes, result.expected_rate) == ("wire", {"established:resumed": 200}, None)
