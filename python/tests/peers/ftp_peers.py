"""FTP peers: vsftpd as a server, lftp and Python's `ftplib` as clients. None of them needs to be root."""

from __future__ import annotations

import ftplib
import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from .material import Material
from .openssl import configuration
from .peer import PATIENCE, PeerError
from .process import Process

_VSFTPD = """\
listen=YES
listen_address=127.0.0.1
listen_port={port}
background=NO
run_as_launching_user=YES
anonymous_enable=YES
local_enable=NO
anon_root={root}
secure_chroot_dir={empty}
write_enable=YES
anon_upload_enable=YES
connect_from_port_20=NO
seccomp_sandbox=NO
ssl_enable=YES
allow_anon_ssl=YES
force_anon_logins_ssl=YES
force_anon_data_ssl=YES
strict_ssl_read_eof=YES
ssl_tlsv1=YES
ssl_ciphers=HIGH:@SECLEVEL=0
rsa_cert_file={certificate}
rsa_private_key_file={key}
require_ssl_reuse={reuse}
"""

#: OpenSSL's SSL_OP_NO_EXTENDED_MASTER_SECRET, for which `ssl` has no name.
_NO_EXTENDED_MASTER_SECRET = 0x1


def need(command: str) -> str:
    """Give the command's path. A missing one skips the test, and fails it under CI, where all must be there."""
    path = shutil.which(command, path=os.environ["PATH"] + ":/usr/sbin")
    if path is None:
        reason = f"no `{command}` command on this machine"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return path


@contextmanager
def vsftpd(material: Material, directory: Path, *, require_reuse: bool, ems: bool) -> Iterator[str]:
    """Serve the files in `directory / "root"` with vsftpd, and give its address."""
    command = need("vsftpd")
    root, empty, file = directory / "root", directory / "empty", directory / "vsftpd.conf"
    (root / "pub").mkdir(parents=True)
    (root / "pub" / "file").write_bytes(b"of vsftpd\n")
    empty.mkdir()
    # What anonymous may write to lies below its root, which it may not write to.
    root.chmod(0o555)
    port = _free_port()
    file.write_text(
        _VSFTPD.format(
            port=port,
            root=root,
            empty=empty,
            certificate=material.rsa.certificate,
            key=material.rsa.key,
            reuse="YES" if require_reuse else "NO",
        )
    )
    with configuration(ems, True) as environment, Process([command, str(file)], environment) as process:
        _wait_for(port, process)
        try:
            yield f"127.0.0.1:{port}"
        finally:
            root.chmod(0o755)


def lftp(address: str, commands: str, *, ems: bool) -> subprocess.CompletedProcess[str]:
    """Run commands of lftp, logged in as anonymous over TLS 1.2, to their end."""
    argv = lftp_argv(address, commands, ems=ems)
    return subprocess.run(argv, capture_output=True, text=True, timeout=PATIENCE, check=False)


def lftp_argv(address: str, commands: str, *, ems: bool) -> list[str]:
    """Give the words of the command. What a server refuses lftp tries again, for ever."""
    priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2" + ("" if ems else ":%NO_SESSION_HASH")
    settings = [
        "set ssl:verify-certificate no",
        "set ftp:ssl-force true",
        "set ftp:ssl-protect-data true",
        f"set ssl:priority {priority}",
        "set net:timeout 5",
        "set net:max-retries 1",
        "set cmd:fail-exit true",
        "debug 5",
        f"open -u anonymous,me@ ftp://{address}",
    ]
    return [need("lftp"), "--norc", "-c", "; ".join([*settings, commands])]


@contextmanager
def ftplib_client(host: str, port: int, *, ems: bool) -> Iterator[ftplib.FTP_TLS]:
    """Log in with Python's `ftplib`, which resumes no session in its data connections."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.options |= 0 if ems else _NO_EXTENDED_MASTER_SECRET
    client = ftplib.FTP_TLS(context=context)
    try:
        client.connect(host, port, PATIENCE)
        client.login()
        client.prot_p()
        yield client
    finally:
        client.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _wait_for(port: int, process: Process) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise PeerError(f"vsftpd does not listen: {process.output[-600:]}")
