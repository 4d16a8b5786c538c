"""Diagnosis: captures of each defect name it, or the set that cannot be told from it."""

import json
import random
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import tlslab as tl
from tlslab.causes import cause
from tlslab.cli import main
from tlslab.look_alikes import LOOK_ALIKES

TRIALS = 1500

#: What cannot be told apart on the wire.
KEEPERS = {"server.premaster_zeros=keep", "client.premaster_zeros=keep"}
#: What fails where Z has a leading zero byte, each at a rate of its own.
BY_Z = KEEPERS | {"server.premaster_zeros=sign_byte"}
REENCODERS = {"server.public_value=minimal+server.signed_bytes=padded", "client.verified_bytes=minimal"}

#: What captures of a look-alike are explained by.
EXPLAINED: dict[str, set[str]] = {
    "the server keeps zeros of Z (cause 1)": KEEPERS,
    "the client keeps zeros of Z": KEEPERS,
    "the client refuses a short Ys": {"client.short_public_value=reject"},
    "the server refuses a short Yc": {"server.short_public_value=reject"},
    "the client shifts a short Ys": {"client.short_public_value=miscompute"},
    "the server shifts a short Yc": {"server.short_public_value=miscompute"},
    "the client refuses a short Ys, the server keeps zeros of Z": {
        "client.short_public_value=reject+server.premaster_zeros=keep"
    },
    "Ys is sent short and signed padded": REENCODERS,
    "Ys comes padded and is verified short": REENCODERS,
    "both refuse": {"client.short_public_value=reject+server.short_public_value=reject"},
    "Z is written as a signed integer": {"server.premaster_zeros=sign_byte"},
    "zeros of an RSA signature are dropped": {"server.rsa_signature_zeros=strip"},
    "zeros of an RSA ciphertext are dropped": {"client.rsa_ciphertext_zeros=strip"},
    "zeros of an X25519 secret are stripped": {"client.ecdh_zeros=strip+x25519"},
    "zeros of a P-256 x-coordinate are stripped": {"client.ecdh_zeros=strip+secp256r1"},
}

#: Trials of what fails less often than the others.
LONGER = {"Z is written as a signed integer": 6500}


def capture(experiment: tl.Experiment, path: Path, trials: int = TRIALS) -> Path:
    with tl.Capture(pcap=path) as file:
        for trial in range(trials):
            file.add(experiment.replay_all(1, trial))
    return path


def names(found: tl.Diagnosis) -> list[str]:
    return [one.id for one in found.explanations]


@pytest.mark.parametrize("what", EXPLAINED)
def test_a_capture_of_a_look_alike_is_explained_by_it(what: str, tmp_path: Path) -> None:
    [look_alike] = [one for one in LOOK_ALIKES if one.what == what]
    trials = LONGER.get(what, TRIALS)
    found = tl.diagnose(capture(look_alike.experiment(), tmp_path / "x.pcapng", trials))
    expected = EXPLAINED[what]
    # What fails by Z alone differs in nothing but its rate, which so few failures do not tell.
    assert expected <= set(names(found)) <= (expected | BY_Z if expected & BY_Z else expected)
    assert found.defect
    assert found.connections == trials
    assert 1 <= found.failures <= 25
    assert found.undecided == (len(found.explanations) > 1)
    if len(expected) > 1:
        asked = [observation.what for observation in found.would_decide]
        assert any("another server" in words for words in asked)


def test_a_second_zero_byte_that_is_kept_shows_over_a_prime_where_it_is_frequent(tmp_path: Path) -> None:
    """Just above 2^1024 every Z has a leading zero byte, and 1 in 256 has two."""
    group = {"p": f"{(1 << 1024) + 1657867:x}", "g": "04"}
    server = {"ems": "off", "premaster_zeros": "strip_one", "groups": [group]}
    experiment = tl.Experiment(tl.Client(ems="off"), tl.Server.from_dict(server))
    found = tl.diagnose(capture(experiment, tmp_path / "x.pcapng"))
    assert names(found) == ["server.premaster_zeros=strip_one"]
    assert found.defect


@pytest.mark.parametrize("side", ["client", "server"])
def test_a_side_that_is_known_to_be_good_is_not_to_blame(side: str, tmp_path: Path) -> None:
    experiment = tl.Experiment(tl.Client(ems="off"), tl.Server(ems="off", premaster_zeros="keep", groups=["modp1024"]))
    found = tl.diagnose(capture(experiment, tmp_path / "x.pcapng"), known_good=side)
    other = {"client": "server", "server": "client"}[side]
    assert {one.side for one in found.explanations} == {other}
    assert f"{other}.premaster_zeros=keep" in names(found)


#: Defects that a capture of some 1,500 connections shows, by side.
DEFECTS = {
    "client": ("premaster_zeros=keep", "short_public_value=reject", "short_public_value=miscompute"),
    "server": ("premaster_zeros=keep", "short_public_value=reject", "short_public_value=miscompute"),
    "neither": ("",),
}

#: Knobs that are none, and change what crosses.
OTHERS = {
    "public_value": ("padded", "minimal"),
    "exponent_length": ("full", "short"),
    "encrypt_then_mac": ("on", "off"),
    "resumption": ("none", "session_id", "ticket"),
}


@pytest.mark.parametrize("number", range(6))
def test_captures_of_random_behaviours_are_explained_by_their_defect(number: int, tmp_path: Path) -> None:
    draw = random.Random(number)
    version = draw.choice(["TLSv1.0", "TLSv1.1", "TLSv1.2"])
    sides: dict[str, dict[str, Any]] = {}
    for side in ("client", "server"):
        others = {knob: draw.choice(values) for knob, values in OTHERS.items() if draw.random() < 0.5}
        sides[side] = {"ems": "off", "versions": [version], **others}
    sides["server"]["groups"] = [draw.choice(["modp768", "modp1024"])]
    guilty = list(DEFECTS)[number % len(DEFECTS)]
    defect = draw.choice(DEFECTS[guilty])
    if defect:
        knob, value = defect.split("=")
        sides[guilty][knob] = value
    experiment = tl.Experiment(tl.Client.from_dict(sides["client"]), tl.Server.from_dict(sides["server"]))
    found = tl.diagnose(capture(experiment, tmp_path / "x.pcapng"))
    assert (f"{guilty}.{defect}" in names(found)) if defect else (names(found) == [])
    assert len(names(found)) <= len(BY_Z) + 1


@pytest.mark.parametrize(
    ("client", "server", "expected"),
    [
        ({"ems": "off"}, {"ems": "required"}, "client.ems=off+server.ems=required"),
        ({"ems": "required"}, {"ems": "off"}, "client.ems=required+server.ems=off"),
        ({"versions": ["TLSv1.2"]}, {"versions": ["TLSv1.0"]}, "no_common_version"),
    ],
    ids=["server requires EMS", "client requires EMS", "no common version"],
)
def test_what_fails_each_time_is_explained(
    client: Mapping[str, Any], server: Mapping[str, Any], expected: str, tmp_path: Path
) -> None:
    experiment = tl.Experiment(tl.Client.from_dict(client), tl.Server.from_dict(server))
    found = tl.diagnose(capture(experiment, tmp_path / "x.pcapng", 12))
    assert names(found)[0] == expected
    assert found.failures == 12


#: What causes 2 and 3 are explained by. Both readings of cause 2 happen under protection, and applications have other
#: reasons to leave a connection unserved. A client that insists may have nothing but uploads, and then looks like a
#: server that does; one that was served without resumption has met no such server.
UNSERVED = {
    "2a": {"cause_2a", "cause_2b", "unknown"},
    "2b": {"cause_2a", "cause_2b", "unknown"},
    "3a": {"cause_3a", "cause_3b"},
    "3b": {"cause_3b"},
}


@pytest.mark.parametrize("name", UNSERVED)
def test_causes_2_and_3_are_foretold_by_connections_that_are_not_served(name: str, tmp_path: Path) -> None:
    failing = capture(cause(name).experiment(updated=True), tmp_path / "after.pcapng", 40)
    found = tl.diagnose(failing)
    assert set(names(found)) == UNSERVED[name]
    assert found.failures == 0
    assert found.unserved >= 40
    # Data connections that are not served, beside control connections that are, have no other explanation.
    assert found.defect == (not name.startswith("2"))
    sound = capture(cause(name).experiment(updated=False), tmp_path / "before.pcapng", 40)
    assert names(tl.diagnose(sound)) == []


def test_what_does_not_fail_needs_no_explanation(tmp_path: Path) -> None:
    experiment = tl.Experiment(tl.Client(ems="off"), tl.Server(ems="off", groups=["modp1024"]))
    found = tl.diagnose(capture(experiment, tmp_path / "x.pcapng", 300))
    assert (names(found), found.defect, found.failures) == ([], False, 0)


def test_one_failure_alone_is_undecided(tmp_path: Path) -> None:
    result = tl.Experiment(tl.Client(ems="off"), tl.Server(ems="off", premaster_zeros="keep", groups=["modp1024"])).run(
        TRIALS, seed=1
    )
    result.replay(result.failed_trials[0]).to_pcap(tmp_path / "x.pcapng")
    found = tl.diagnose(tmp_path / "x.pcapng")
    assert set(names(found)) >= {*KEEPERS, "unknown"}
    assert found.undecided
    assert not found.defect


@pytest.mark.parametrize("keeper", ["client", "server"])
def test_premaster_secrets_show_which_side_keeps_zeros(keeper: str, tmp_path: Path) -> None:
    keeps = {"premaster_zeros": "keep"}
    client = tl.Client.from_dict({"ems": "off", **(keeps if keeper == "client" else {})})
    server = tl.Server.from_dict({"ems": "off", "groups": ["modp1024"], **(keeps if keeper == "server" else {})})
    experiment = tl.Experiment(client, server)
    with tl.Capture(pcap=tmp_path / "x.pcapng", keylog=tmp_path / "x.keys", premasters=True) as file:
        for trial in range(TRIALS):
            file.add(experiment.replay_all(1, trial))
    found = tl.diagnose(tmp_path / "x.pcapng", keylog=tmp_path / "x.keys")
    assert names(found)[0] == f"{keeper}.premaster_zeros=keep"
    assert {one.side for one in found.explanations} == {keeper}


def test_a_fault_that_is_none_of_the_lab_s_is_unknown(tmp_path: Path) -> None:
    """Every third connection is dropped in the server's first flight, whatever its values."""
    sound: dict[str, Any] = {}
    dropped = {"fault": {"sender": "server", "after_bytes": 700, "kind": "drop"}}
    connections = []
    for number in range(120):
        scenario = {"name": "one", "connections": [sound if number % 3 else dropped]}
        experiment = tl.Experiment(tl.Client(ems="off"), tl.Server(ems="off"), scenario=scenario)
        connections += experiment.replay_all(1, number)
    tl.to_pcap(connections, tmp_path / "x.pcapng")
    found = tl.diagnose(tmp_path / "x.pcapng")
    assert names(found) == ["unknown"]
    assert not found.defect


EVENT = (
    "<Event><System><EventID>36887</EventID></System><EventData><Data Name='AlertDesc'>20</Data></EventData></Event>"
)


def test_events_and_registry_are_read(tmp_path: Path) -> None:
    exports = [tmp_path / f"{encoding}.xml" for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-be")]
    for export in exports:
        export.write_bytes(f"<Events>{EVENT * 6}</Events>".encode(export.stem))
    key = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL"
    registry = (
        f'Windows Registry Editor Version 5.00\r\n\r\n[{key}]\r\n"DisableClientExtendedMasterSecret"=dword:00000001\r\n'
    )
    (tmp_path / "schannel.reg").write_bytes(registry.encode("utf-16"))
    found = tl.diagnose(*exports, tmp_path / "schannel.reg")
    assert set(names(found)) >= KEEPERS
    assert sum("alert 20 was received 6 times" in line for line in found.seen) == len(exports)
    assert any("DisableClientExtendedMasterSecret is set" in line for line in found.seen)


def test_counts_are_weighed_with_the_rest() -> None:
    found = tl.diagnose(failures=40, connections=10_000)
    assert set(names(found)) >= KEEPERS
    assert found.defect
    assert "server.premaster_zeros=sign_byte" not in names(found)
    assert tl.diagnose(failures=0, connections=10_000).explanations == ()


def test_a_damaged_capture_is_used_as_far_as_it_goes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = tl.Experiment(tl.Client(), tl.Server(), scenario="resume").replay_all(1, 0)
    tl.to_pcap(whole, tmp_path / "x.pcapng")
    data = (tmp_path / "x.pcapng").read_bytes()
    (tmp_path / "x.pcapng").write_bytes(data[:-100])
    assert main(["diagnose", str(tmp_path / "x.pcapng"), "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["connections"] == 2
    assert "the file breaks off here" in err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no evidence that is known"),
        (b"\x00\x01\x02\x03", "no evidence that is known"),
        (b"hello", "no evidence that is known"),
        (b"\x1f\x8b\x08\x00", "compressed by gzip"),
        (b"REGEDIT4\nnonsense", "line 2"),
        (None, "cannot read"),
    ],
)
def test_bad_input_is_refused(
    content: bytes | None, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "evidence"
    if content is not None:
        path.write_bytes(content)
    assert main(["diagnose", str(path)]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    "options",
    [[], ["--failures", "3"], ["--failures", "5", "--connections", "3"], ["--failures", "-1", "--connections", "3"]],
)
def test_options_that_make_no_sense_are_refused(options: list[str]) -> None:
    assert main(["diagnose", *options]) == 2


def test_the_command_says_what_was_found(tmp_path: Path) -> None:
    experiment = tl.Experiment(tl.Client(ems="off"), tl.Server(ems="required"))
    path = capture(experiment, tmp_path / "x.pcapng", 12)
    done = subprocess.run(
        [sys.executable, "-m", "tlslab", "diagnose", str(path)], capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 1, done.stderr
    assert "12 of 12 connections failed" in done.stdout
    assert "the server requires EMS" in done.stdout
