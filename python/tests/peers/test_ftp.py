"""FTP over TLS with real peers, with and without EMS, their data connections resumed or not as each peer does."""

from __future__ import annotations

import ftplib
import io
from pathlib import Path
from typing import Literal

import pytest

import tlslab as tl

from . import lab
from .ftp_peers import ftplib_client, lftp, lftp_argv, vsftpd
from .material import Material
from .process import Process

CLIENT = tl.Client(offer_without_ems="offer")
SERVER = tl.Server(resume_legacy="resume")
UPLOAD = bytes(range(256)) * 1000


@pytest.mark.parametrize("resumption", ["session_id", "ticket"])
@pytest.mark.parametrize("ems", [False, True])
@pytest.mark.parametrize("require_reuse", [False, True])
def test_the_client_at_vsftpd(
    material: Material, tmp_path: Path, require_reuse: bool, ems: bool, resumption: Literal["session_id", "ticket"]
) -> None:
    client = CLIENT.replace(resumption=resumption)
    with vsftpd(material, tmp_path, require_reuse=require_reuse, ems=ems) as address:
        connection = tl.ftp.connect(client, address, list="", retrieve=["pub/file"], store={"pub/new": UPLOAD})
        full = tl.ftp.connect(client, address, retrieve=["pub/file"], data_sessions="full")
    assert connection.established is not None
    assert connection.established["ems"] == ems
    assert [(one.end, one.reply, one.resumed) for one in connection.transfers] == [("complete", 226, resumption)] * 3
    assert connection.transfers[1].received == b"of vsftpd\n"
    assert (tmp_path / "root" / "pub" / "new").read_bytes() == UPLOAD
    # RFC 4217: the code that vsftpd refuses with, in a control connection that it closes then.
    end = "reply_522" if require_reuse else "complete"
    assert (full.outcome.ftp, full.transfers[0].resumed) == (end, None)


@pytest.mark.parametrize("ems", [False, True])
def test_cause_3_at_vsftpd(material: Material, tmp_path: Path, ems: bool) -> None:
    """A Windows before the update, and after it, by its profile, at a server that is as it comes."""
    ends = {}
    with vsftpd(material, tmp_path, require_reuse=True, ems=ems) as address:
        for updated in (False, True):
            client = tl.windows.profile("Windows 10 1903", updated=updated).client
            ends[updated] = tl.ftp.connect(client, address, retrieve=["pub/file"]).outcome.ftp
    assert ends == {False: "complete", True: "complete" if ems else "reply_522"}


@pytest.mark.parametrize("ems", [False, True])
@pytest.mark.parametrize("rule", ["any", "require_522", "require_425"])
def test_lftp_at_the_server(tmp_path: Path, rule: str, ems: bool) -> None:
    (tmp_path / "up").write_bytes(UPLOAD)
    down = tmp_path / "down"
    commands = f"ls; get file -o {down}; put {tmp_path / 'up'} -o new; nlist pub"
    files = {"file": b"of the lab", "pub/a": b""}
    with tl.ftp.serve(SERVER, files=files, data_sessions=rule) as serving:
        done = lftp(serving.address, commands, ems=ems)
        (control,) = lab.wait_for(serving, 1)
        assert serving.files["/new"] == UPLOAD
    assert done.returncode == 0, done.stderr
    assert down.read_bytes() == b"of the lab"
    assert control.established is not None
    assert control.established["ems"] == ems
    # lftp resumes the control connection's session.
    assert [(one.command, one.end, one.resumed is not None) for one in control.transfers] == [
        ("LIST", "complete", True),
        ("RETR", "complete", True),
        ("STOR", "complete", True),
        ("NLST", "complete", True),
    ]


def test_lftp_without_ems_at_an_updated_server_that_requires_resumption() -> None:
    """The other half of cause 3: the server is the updated Windows."""
    outcomes = {}
    for updated in (False, True):
        server = tl.windows.profile("Windows Server 2019", updated=updated).server
        with (
            tl.ftp.serve(server, files={"file": b"x"}, data_sessions="require_522") as serving,
            Process(lftp_argv(serving.address, "cat file", ems=False)),
        ):
            outcomes[updated] = lab.wait_for(serving, 1)[0].transfers[0].end
    assert outcomes == {False: "complete", True: "reply_522"}


@pytest.mark.parametrize("ems", [False, True])
def test_ftplib_at_the_server(ems: bool) -> None:
    with tl.ftp.serve(SERVER, files={"file": b"of the lab", "pub/a": b"a"}) as serving:
        with ftplib_client(serving.host, serving.port, ems=ems) as client:
            received = io.BytesIO()
            client.retrbinary("RETR file", received.write)
            client.storbinary("STOR new", io.BytesIO(UPLOAD))
            assert (client.nlst("pub"), client.size("new"), client.pwd()) == (["a"], len(UPLOAD), "/")
            lines: list[str] = []
            client.cwd("pub")
            client.retrlines("LIST", lines.append)
            client.quit()
        (control,) = lab.wait_for(serving, 1)
        assert serving.files["/new"] == UPLOAD
    assert received.getvalue() == b"of the lab"
    assert len(lines) == 1
    assert control.established is not None
    assert control.established["ems"] == ems
    assert [(one.end, one.resumed) for one in control.transfers] == [("complete", None)] * 4


@pytest.mark.parametrize(("rule", "code"), [("require_522", 522), ("require_425", 425), ("require_450", 450)])
def test_ftplib_where_resumption_is_required(rule: str, code: int) -> None:
    with (
        tl.ftp.serve(SERVER, files={"file": b"of the lab"}, data_sessions=rule) as serving,
        ftplib_client(serving.host, serving.port, ems=True) as client,
        pytest.raises(ftplib.error_perm if code == 522 else ftplib.error_temp, match=str(code)),
    ):
        client.retrbinary("RETR file", lambda _: None)
