"""FTP over TLS: sessions in memory and on sockets, the table of cause 3, the command line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import tlslab as tl
from tlslab.cli import main

FILES = {"readme.txt": b"hello\n", "pub/bytes": bytes(range(256)) * 300}


def test_transfers_both_ways() -> None:
    with tl.ftp.serve(tl.Server(), files=FILES) as serving:
        connection = tl.ftp.connect(
            tl.Client(), serving.address, list="pub", retrieve=["pub/bytes", "none"], store={"up/new": b"\0\xff\r\n"}
        )
        assert serving.files == {"/readme.txt": b"hello\n", "/pub/bytes": FILES["pub/bytes"], "/up/new": b"\0\xff\r\n"}
    listing, file, nothing, upload = connection.transfers
    assert listing.received.endswith(b" bytes\r\n")
    assert (file.received, file.end, file.reply, file.resumed) == (FILES["pub/bytes"], "complete", 226, "session_id")
    assert (nothing.end, nothing.connection) == ("reply_550", None)
    assert upload.end == "complete"
    assert (connection.outcome.kind, connection.outcome.ftp, connection.outcome.failed) == (
        "established",
        "reply_550",
        True,
    )
    (served,) = serving.connections
    assert [transfer.end for transfer in served.transfers] == ["complete"] * 3


def test_a_session_is_resumed_and_a_certificate_shown() -> None:
    asks = tl.Server(request_certificate="full", client_certificate="required")
    with tl.ftp.serve(asks, files=FILES) as serving:
        client = tl.Client(certificates=["rsa"])
        first = tl.ftp.connect(client, serving.address, retrieve=["readme.txt"])
        assert first.session is not None
        again = tl.ftp.connect(client, serving.address, retrieve=["readme.txt"], session=first.session)
    assert [one.outcome.ftp for one in (first, again)] == ["complete", "complete"]
    assert [one.to_dict()["outcome"]["established"]["resumed"] for one in (first, again)] == [None, "session_id"]


def test_the_command_line_keeps_sessions_and_sends_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    session = str(tmp_path / "session.json")
    with tl.ftp.serve(tl.Server(), files=FILES) as serving:
        connect = ["connect", serving.address, "--starttls", "ftp", "--json"]
        assert main([*connect, "--retrieve", "readme.txt", "--session-out", session]) == 0
        assert main([*connect, "--retrieve", "readme.txt", "--session-in", session]) == 0
        first, again = (json.loads(line) for line in capsys.readouterr().out.splitlines())
        assert [one["outcome"]["established"]["resumed"] for one in (first, again)] == [None, "session_id"]
        # Without transfers it is a connection as any other, which says what it is given.
        assert main([*connect, "--data", "NOOP\r\n", "--receive", "4"]) == 0
        assert json.loads(capsys.readouterr().out)["received"][:3].isdigit()
        assert main([*connect, "--list", "", "--data", "NOOP\r\n"]) == 2
        assert "--data: not with --list" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("client", "server", "end"),
    [("full", "require_522", "reply_522"), ("resume", "break_alert", "reply_425"), ("insist", "any", "complete")],
)
def test_rules(client: str, server: str, end: str) -> None:
    simulated = tl.Experiment(tl.Client(), tl.Server(), scenario=tl.ftp.scenario(client=client, server=server))
    assert simulated.replay_all(1, 0)[0].transfers[0].end == end
    with tl.ftp.serve(tl.Server(), files=FILES, data_sessions=server) as serving:
        connection = tl.ftp.connect(tl.Client(), serving.address, retrieve=["readme.txt"], data_sessions=client)
    assert connection.transfers[0].end == end
    assert connection.outcome.ftp == end


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(tl.RunError, match="require_522"):
        tl.ftp.serve(tl.Server(), data_sessions="sometimes")
    with pytest.raises(tl.RunError, match="at most 1000"):
        tl.ftp.serve(tl.Server(), files={str(number): b"" for number in range(1001)})
    with pytest.raises(tl.RunError, match="path of FTP"):
        tl.ftp.connect(tl.Client(), "127.0.0.1:1", retrieve=["a\r\nQUIT"])
    with pytest.raises(tl.RunError, match="no scenario"):
        tl.Experiment(tl.Client(), tl.Server(), scenario="ftp").replay_all(1, 0)


def test_the_whole_table_of_cause_3() -> None:
    """What differs from row to row is what the article says: the update and what the sides require."""
    rows = tl.ftp.table()
    assert len(rows) == 2 * 4 * 3 * 2 * 2
    by_update = {(row.windows, row.peer_ems, row.server_rule, row.client_rule, row.updated): row for row in rows}
    for row in rows:
        # The update takes resumption away where the other side has no EMS, and nothing else changes it.
        assert row.resumed == (row.peer_ems or not row.updated)
        requires = row.server_rule.startswith("require") or row.client_rule == "insist"
        breaks = "break_close" in (row.server_rule, row.client_rule)
        assert row.failed == (breaks if row.resumed else requires)
        if row.updated:
            before = by_update[row.windows, row.peer_ems, row.server_rule, row.client_rule, False]
            assert not row.peer_ems or (row.ends, row.data) == (before.ends, before.data)


def test_two_updated_systems_of_windows_have_no_trouble() -> None:
    for name in tl.windows.platforms():
        profile = tl.windows.profile(name, updated=True)
        strict = tl.ftp.scenario(client="insist", server="require_425")
        (connection,) = tl.Experiment(profile.client, profile.server, scenario=strict).replay_all(1, 0)
        assert connection.outcome.ftp == "complete", name


def test_the_table_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["windows", "ftps", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == json.loads(
        json.dumps([row.to_dict() for row in tl.ftp.table()])
    )
    assert main(["windows", "ftps", "--platform", "Windows Server 2019"]) == 0
    assert "reply_522" in capsys.readouterr().out
    assert main(["windows", "ftps", "--platform", "Windows 11"]) == 2


def test_serve_and_connect_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pub").mkdir()
    (tmp_path / "pub" / "a.txt").write_text("contents")
    (tmp_path / "link").symlink_to("/etc")
    arguments = [sys.executable, "-m", "tlslab", "serve", "--mode", "ftp", "--files", str(tmp_path), "--json"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as serving:
        try:
            assert serving.stdout is not None
            address = json.loads(serving.stdout.readline())["listening"]
            connect = ["connect", address, "--starttls", "ftp"]
            assert main([*connect, "--list", "", "--retrieve", "pub/a.txt", "--json"]) == 0
            listing, file = json.loads(capsys.readouterr().out)["ftp"]["transfers"]
            assert "link" not in bytes.fromhex(listing["received"]).decode()
            assert (bytes.fromhex(file["received"]), file["end"]) == (b"contents", "complete")
            assert (
                main(
                    [
                        *connect,
                        "--store",
                        str(
                            tmp_path / "pub" / "a.txt",
                        ),
                        "b.txt",
                        "--retrieve",
                        "none",
                    ]
                )
                == 1
            )
            shown = capsys.readouterr().out
            assert "RETR none: reply_550" in shown
            assert "STOR b.txt: complete" in shown
            assert "client: PASS ***" in shown
        finally:
            serving.terminate()
            serving.wait(10)
