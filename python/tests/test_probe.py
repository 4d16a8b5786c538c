"""Probes of servers of the lab over TCP, their reports, and the command line."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import tlslab as tl
from tlslab.cli import main

#: One version and a short group: what is asked is the same, in fewer connections.
SMALL = {"versions": ["TLSv1.2"], "suites": ["TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"], "groups": ["modp1024"]}


def probe(server: tl.Server, **options: object) -> tl.Report:
    with tl.serve(server, seed=1) as serving:
        return tl.probe(serving.address, rate=1000, seed=1, progress=False, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("zeros", ["strip", "keep", "strip_one", "sign_byte"])
def test_a_report_says_what_becomes_of_leading_zeros(zeros: str) -> None:
    report = probe(tl.Server(premaster_zeros=zeros, **SMALL))  # type: ignore[arg-type]
    assert report.ended == "complete"
    assert report.finding("leading-zeros").value == zeros
    assert report.finding("leading-zeros").defect is (zeros != "strip")
    assert report.finding("leading-zeros-ems").value == "strip"


def test_a_server_that_keeps_zeros_only_without_ems_is_helped_by_ems_first() -> None:
    report = probe(tl.Server(premaster_zeros="keep", **SMALL))  # type: ignore[arg-type]
    assert [one.name for one in report.advice][:2] == ["ems", "no_dhe"]
    assert "DEFECT  leading-zeros" in str(report)
    assert 'Disable-TlsCipherSuite -Name "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"' in str(report)


def test_a_server_that_keeps_zeros_with_ems_too_is_not_helped_by_ems() -> None:
    report = probe(tl.Server(premaster_zeros="keep", premaster_zeros_ems="keep", **SMALL))  # type: ignore[arg-type]
    assert report.advice[0].name == "no_dhe"


def test_a_report_is_read_back() -> None:
    report = probe(tl.Server(ems="off", premaster_zeros="keep", **SMALL))  # type: ignore[arg-type]
    assert tl.Report.from_json(report.to_json()) == report
    with pytest.raises(tl.RunError, match="not a report"):
        tl.Report.from_json("{}")
    with pytest.raises(tl.RunError, match="there is no finding 'zeros'; there is leading-zeros"):
        report.finding("zeros")


def test_every_connection_can_be_made_again() -> None:
    with tl.serve(tl.Server(ems="off", premaster_zeros="keep", **SMALL)) as serving:  # type: ignore[arg-type]
        report = tl.probe(serving.address, rate=1000, seed=2**64 - 2, progress=False)
    seeds = [int(connection["seed"]) for connection in report.connections]
    assert seeds[:4] == [2**64 - 2, 2**64 - 1, 0, 1]


@pytest.mark.parametrize("rate", [0.0, -1.0])
def test_a_rate_is_above_zero(rate: float) -> None:
    with pytest.raises(tl.RunError, match="above 0"):
        tl.probe("127.0.0.1:1", rate=rate)


def test_nobody_there() -> None:
    with pytest.raises(tl.PeerConnectionError, match="cannot connect"):
        tl.probe("127.0.0.1:1", progress=False)


@pytest.mark.parametrize(("server", "code"), [("", 0), ("premaster_zeros=keep", 1)])
def test_the_command_line(server: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    small = "versions=TLSv1.2,suites=TLS_DHE_RSA_WITH_AES_128_GCM_SHA256," + server
    with tl.serve(tl.Server.from_assignments(small)) as serving:
        assert main(["probe", serving.address, "--rate", "1000", "--json"]) == code
    output, progress = capsys.readouterr()
    document = json.loads(output)
    assert document["defects"] == code
    assert {"id", "defect", "evidence"} <= set(document["findings"][0])
    assert "1000 a second" in progress


def test_a_recheck_says_what_has_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = tmp_path / "before.json"
    before.write_text(probe(tl.Server(premaster_zeros="keep", **SMALL)).to_json())  # type: ignore[arg-type]
    with tl.serve(tl.Server(**SMALL | {"groups": ["ffdhe2048"]})) as serving:  # type: ignore[arg-type]
        assert main(["probe", serving.address, "--rate", "1000", "--recheck", str(before)]) == 0
    assert "leading-zeros: keep before, strip now" in capsys.readouterr().out


def test_a_host_that_is_not_this_one_needs_a_yes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["probe", "192.0.2.1:443"]) == 2
    message = capsys.readouterr().err
    assert "at most" in message
    assert "--yes" in message


@pytest.mark.parametrize("address", ["127.0.0.1", "nowhere.invalid:443", "127.0.0.1:http2s"])
def test_bad_addresses(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["probe", address]) == 2
    assert "tlslab probe:" in capsys.readouterr().err


def test_an_interrupt_keeps_what_was_found() -> None:
    def interrupt(done: int, _: int | None) -> None:
        if done >= 12:
            raise KeyboardInterrupt

    server = tl.Server(ems="off", premaster_zeros="keep", **SMALL)  # type: ignore[arg-type]
    with tl.serve(server) as serving:
        report = tl.probe(serving.address, rate=40, seed=1, progress=interrupt)
    assert report.ended == "interrupted"
    assert len(report.connections) >= 12
    assert report.finding("leading-zeros").value == "keep"
    assert "interrupted" in str(report)


def test_a_server_that_goes_away_keeps_what_was_found() -> None:
    server = tl.Server(ems="off", premaster_zeros="keep", **SMALL)  # type: ignore[arg-type]
    with tl.serve(server) as serving:

        def leave(done: int, _: int | None) -> None:
            if done >= 12:
                serving.stop()

        report = tl.probe(serving.address, rate=40, seed=1, progress=leave)
    assert report.ended == "unreachable"
    assert "cannot connect" in str(report.reason)
    assert report.finding("leading-zeros").value == "keep"


@contextmanager
def coming(client: tl.Client, address: str) -> Iterator[None]:
    """Have a client connect again and again, as long as there is somebody there."""
    stopping = threading.Event()

    def come() -> None:
        session, seed = None, 0
        while not stopping.is_set():
            try:
                session = tl.connect(client, address, session=session, seed=seed, timeout=5).session
            except tl.PeerConnectionError:
                return
            seed += 1

    caller = threading.Thread(target=come)
    caller.start()
    try:
        yield
    finally:
        stopping.set()
        caller.join(20)


@pytest.mark.parametrize("zeros", ["strip", "keep"])
def test_a_client_is_judged(zeros: str) -> None:
    small = f"versions=TLSv1.2,suites=TLS_DHE_RSA_WITH_AES_128_GCM_SHA256,ems=off,premaster_zeros={zeros}"
    client = tl.Client.from_assignments(small)
    probe = tl.ClientProbe(patience=10)
    with coming(client, probe.address):
        report = probe.run(seed=1, progress=False)
    # The caller's last connection is answered by nobody: the port is gone with the probe.
    del probe
    assert (report.side, report.ended) == ("client", "complete")
    assert report.finding("leading-zeros").value == zeros
    assert report.finding("ems").value == "off"
    assert report.finding("group").value == "any"
    assert tl.Report.from_json(report.to_json()) == report


def test_a_client_that_does_not_come_again() -> None:
    report = tl.ClientProbe(patience=0.1).run(progress=False)
    assert (report.ended, report.reason) == ("unreachable", "the client did not come again")
    assert report.defects == 0


def test_error_rates_are_chances() -> None:
    with pytest.raises(tl.RunError, match="above 0 and below 1/2"):
        tl.ClientProbe().run(sequential=(0.1, 0.1, 0.5), progress=False)


def test_the_command_line_wants_a_server_or_a_client(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["probe"]) == 2
    assert main(["probe", "127.0.0.1:1", "--listen"]) == 2
    assert "or --listen" in capsys.readouterr().err
    assert main(["probe", "--listen", "--patience", "0.1"]) == 2
    output, progress = capsys.readouterr()
    assert "listening on 127.0.0.1:" in progress
    assert "the peer went away" in output


@pytest.mark.parametrize(("rule", "found"), [("any", "any"), ("require_522", "required"), ("break_close", "breaks")])
def test_an_ftp_server_is_asked_for_transfers_too(rule: str, found: str) -> None:
    with tl.serve(tl.Server(**SMALL), mode="ftp", data_sessions=rule, seed=1) as serving:  # type: ignore[arg-type]
        report = tl.probe(serving.address, starttls="ftp", rate=1000, seed=1, progress=False)
    assert report.finding("ftps-reuse").value == found
    assert report.finding("ftps-reuse").defect is (found != "any")
    assert report.finding("leading-zeros").value == "strip"


def test_a_server_that_speaks_no_ftp() -> None:
    with tl.serve(tl.Server()) as serving, pytest.raises(tl.PeerConnectionError, match="no TLS by ftp"):
        tl.probe(serving.address, starttls="ftp", timeout=0.5, progress=False)
    with pytest.raises(tl.RunError, match="gopher"):
        tl.probe("127.0.0.1:1", starttls="gopher")


LEARNED = [
    {"premaster_zeros": "keep", "premaster_zeros_ems": "strip_one", "resumption": "both"},
    {"ems": "required", "short_public_value": "reject", "public_value_check": "none", "resumption": "none"},
    {"ems": "off", "premaster_zeros": "sign_byte", "short_public_value": "miscompute", "request_certificate": "full"},
    {"resume_upgrade": "resume", "resume_legacy": "resume", "resume_downgrade": "full"},
    {"renegotiation": "legacy", "resumption": "ticket", "public_value_check": "subgroup"},
]


@pytest.mark.parametrize("knobs", LEARNED)
def test_a_profile_gives_back_the_knobs_of_a_server(knobs: dict[str, str]) -> None:
    optional = {"client_certificate": "optional"} if "request_certificate" in knobs else {}
    server = tl.Server(**SMALL, **knobs, **optional)  # type: ignore[arg-type]
    profile = probe(server).profile("this test")
    assert profile.behaviour == server.replace(client_certificate=tl.Server().client_certificate)
    assert (profile.differences, profile.sources) == ((), ("this test",))
    text = json.dumps(profile.to_dict())
    assert tl.Server.from_json(text) == profile.behaviour


def test_zeros_may_differ_by_version() -> None:
    zeros = {"TLSv1.0": "keep", "TLSv1.1": "keep", "TLSv1.2": "strip"}
    server = tl.Server(premaster_zeros=zeros, suites=["TLS_DHE_RSA_WITH_AES_128_CBC_SHA"], groups=["modp1024"])
    report = probe(server)
    assert report.finding("leading-zeros").value == "mixed"
    assert report.profile().behaviour == server


def test_a_profile_of_a_client() -> None:
    knobs = "ems=off,premaster_zeros=keep,short_public_value=reject"
    client = tl.Client.from_assignments(f"versions=TLSv1.2,suites=TLS_DHE_RSA_WITH_AES_128_GCM_SHA256,{knobs}")
    listening = tl.ClientProbe(patience=10)
    with coming(client, listening.address):
        report = listening.run(seed=1, progress=False)
    del listening
    learned = report.profile().behaviour
    assert isinstance(learned, tl.Client)
    found = {name: learned.to_dict().get(name) for name in ("ems", "premaster_zeros", "short_public_value")}
    assert found == {"ems": "off", "premaster_zeros": "keep", "short_public_value": "reject"}


def test_a_saved_profile_is_loaded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "profile.json"
    with tl.serve(tl.Server(ems="off", premaster_zeros="keep", **SMALL)) as serving:  # type: ignore[arg-type]
        assert main(["probe", serving.address, "--rate", "1000", "--save-profile", str(path)]) == 1
    document = json.loads(path.read_text())
    assert document["server"]["premaster_zeros"] == "keep"
    assert "tlslab" in document["sources"][0]
    capsys.readouterr()
    assert (
        main(["run", "--server", f"@{path}", "--client", "ems=off", "--trials", "2000", "--seed", "1", "--json"]) == 0
    )
    assert json.loads(capsys.readouterr().out)["failures"] > 0
