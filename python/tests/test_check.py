"""Checks of the lab's own commands, as peers that keep and that strip."""

from __future__ import annotations

import importlib
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

import tlslab as tl
from tlslab.check.command import Child, Command, Output
from tlslab.check.expected import Expected
from tlslab.check.report import cases
from tlslab.cli import main

LAB = f"{shlex.quote(sys.executable)} -m tlslab"
SMALL = "versions=TLSv1.2,suites=TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"


def serve(knobs: str = "", more: str = "") -> str:
    return f"{LAB} serve --port {{port}} {more} --server {SMALL},groups=ffdhe2048,{knobs}"


def connect(knobs: str = "") -> str:
    return f"{LAB} connect 127.0.0.1:{{port}} --client {SMALL},{knobs}"


@pytest.fixture
def expected(tmp_path: Path) -> Path:
    path = tmp_path / "expected.toml"
    path.write_text('[server.leading-zeros]\nvalue = "keep"\nreason = "see issue 42"\n')
    return path


def test_a_sound_server_is_as_it_should_be() -> None:
    checked = tl.check(server=serve(), seed=1, progress=False)
    assert checked.ok, str(checked)
    assert checked.report.ended == "complete"
    assert checked.case("leading-zeros").status == "passed"
    assert "listening on 127.0.0.1" in checked.output
    assert "all is as it should be" in str(checked)


def test_a_server_that_keeps_zeros_is_found_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    junit = tmp_path / "tls.xml"
    command = serve("ems=off,premaster_zeros=keep")
    assert main(["check", "--server", command, "--json", "--junit", str(junit)]) == 1
    document = json.loads(capsys.readouterr().out)
    assert not document["ok"]
    assert {case["name"]: case["status"] for case in document["cases"]}["leading-zeros"] == "failed"
    suite = ElementTree.parse(junit).getroot()[0]
    assert suite.attrib["name"] == "tlslab check server"
    assert (suite.attrib["failures"], suite.attrib["errors"]) == ("1", "0")
    (failure,) = suite.iter("failure")
    assert failure.attrib["type"] == "keep"
    assert "RFC 5246 8.1.2" in str(failure.text)


def test_an_expected_failure_is_none(expected: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["check", "--server", serve("ems=off,premaster_zeros=keep"), "--expected", str(expected)]
    assert main(arguments) == 0
    assert "expected  leading-zeros: see issue 42" in capsys.readouterr().out


def test_an_expected_failure_that_does_not_happen_is_to_be_struck_off(
    expected: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "--server", serve(), "--expected", str(expected)]) == 1
    assert "FIXED     leading-zeros" in capsys.readouterr().out


def report(*findings: dict[str, object], ended: str = "complete") -> tl.Report:
    made = {"summary": "-", "rule": "-", "who": "-", "evidence": []}
    connection = {"connection": 0, "seed": "1", "purpose": "survey", "outcome": "established:full", "established": True}
    return tl.Report.from_dict(
        {
            "target": "-",
            "side": "server",
            "seed": "1",
            "rate": None,
            "ended": ended,
            "findings": [{**made, **finding} for finding in findings],
            "connections": [connection],
        }
    )


def status(judged: tuple[tl.Case, ...], name: str) -> str:
    return {case.name: case.status for case in judged}[name]


def test_another_failure_than_the_expected_one_fails() -> None:
    found = report({"id": "leading-zeros", "defect": True, "value": "sign_byte"})
    assert status(cases(found, [], {"leading-zeros": Expected("known", "keep")}), "leading-zeros") == "failed"
    assert status(cases(found, [], {"leading-zeros": Expected("known")}), "leading-zeros") == "expected"


def test_what_could_not_be_found_out_is_an_error() -> None:
    found = report({"id": "ems", "defect": None, "value": "undecided", "reason": "out of time"}, ended="max_time")
    judged = cases(found, [], {"ems": Expected("known")})
    assert (status(judged, "ems"), status(judged, "complete")) == ("error", "error")


def test_a_crash_is_a_failure() -> None:
    judged = cases(report(), [signal.SIGSEGV], {})
    assert (status(judged, "alive"), status(judged, "handshake")) == ("failed", "passed")
    assert "SIGSEGV" in str([case.message for case in judged])


def test_a_server_of_a_single_connection_is_started_anew() -> None:
    checked = tl.check(server=serve("ems=off", "--connections 1"), seconds=8, seed=1, progress=False)
    assert checked.output.count("listening on") > 1
    assert len(checked.report.connections) > 1
    # None of them met the server on its way out.
    outcomes = {connection["outcome"].partition(":")[0] for connection in checked.report.connections}
    assert outcomes == {"established", "alert"}


@pytest.mark.parametrize("zeros", ["strip", "keep"])
def test_a_client_is_checked(zeros: str) -> None:
    checked = tl.check(client=connect(f"ems=off,premaster_zeros={zeros}"), seconds=120, seed=1, progress=False)
    assert checked.report.ended == "complete"
    assert checked.case("leading-zeros").value == zeros
    assert checked.ok is (zeros == "strip"), str(checked)


def test_time_is_up() -> None:
    checked = tl.check(server=serve(), seconds=0, progress=False)
    assert (checked.report.ended, checked.case("complete").status) == ("max_time", "error")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("srv", "no {port}"),
        ("", "no {port}"),
        ("srv '{port}", "cannot split"),
        ("no-such-command-here {port}", "cannot run no-such-command-here"),
        ("false {port}", "times without a connection, the last time with exit code 1"),
        ("sh -c 'echo out of order; exit 3' {port}", "out of order"),
    ],
)
@pytest.mark.parametrize("side", ["server", "client"])
def test_a_peer_that_does_not_start(side: str, command: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", f"--{side}", command]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(("side", "message"), [("server", "does not listen"), ("client", "does not connect")])
def test_a_peer_that_does_nothing(side: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.import_module("tlslab.check"), "_PATIENCE", 0.3)
    with pytest.raises(tl.RunError, match=message):
        tl.check(**{side: "sh -c 'sleep 100' {port}"}, progress=False)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[", "cannot read"),
        ('[peer.ems]\nreason = "x"\n', "a table has no 'peer': there is server, client"),
        ("[server.ems]\n", "has no reason"),
        ('[server.ems]\nreason = "x"\nwhy = "y"\n', "has no 'why'"),
        ("[server.ems]\nreason = 1\n", "is text, in quotes"),
        ("server = 1\n", "is no table of cases"),
    ],
)
def test_bad_files_of_expected_failures(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "expected.toml"
    path.write_text(text)
    with pytest.raises(tl.RunError, match=message):
        tl.check(server="srv {port}", expected=path)


def test_an_expected_failure_of_no_case(tmp_path: Path) -> None:
    path = tmp_path / "expected.toml"
    path.write_text('[server.leading-zeroes]\nreason = "x"\n')
    with pytest.raises(tl.RunError, match=r"server\.leading-zeroes.*server\.leading-zeros"):
        tl.check(server=serve(), expected=path, seconds=0, progress=False)


def test_a_command_is_split_as_a_shell_would() -> None:
    assert Command("srv '--port={port}' \"a b\"").at(7) == ["srv", "--port=7", "a b"]


def is_there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_child_that_does_not_want_to_end_is_ended_with_its_children() -> None:
    output = Output()
    with Child(["sh", "-c", "trap '' TERM; sleep 100 & echo $$; wait; sleep 100"], output):
        deadline = time.monotonic() + 20
        while not output.text() and time.monotonic() < deadline:
            time.sleep(0.01)
    group = int(output.text())
    output.close()
    # Somebody else has to bury the children of a child.
    while is_there(group) and time.monotonic() < deadline + 20:
        time.sleep(0.01)
    assert not is_there(group)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_check_leaves_no_peer_behind(number: signal.Signals, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    command = f"sh -c 'echo $$ > {pid}; exec {serve()} --idle-timeout 60'"
    # It knows no end of its own within the test's time: an address on which nobody comes to speak TLS.
    checking = subprocess.Popen([sys.executable, "-m", "tlslab", "check", "--server", command], stdout=subprocess.PIPE)
    try:
        deadline = time.monotonic() + 60
        while not (pid.exists() and pid.read_text().strip()) and time.monotonic() < deadline:
            time.sleep(0.01)
        checking.send_signal(number)
        checking.communicate(timeout=60)
    finally:
        checking.kill()
        checking.wait()
    assert checking.returncode in (2, 130)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
