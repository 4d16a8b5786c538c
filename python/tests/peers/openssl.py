"""The `openssl` commands `s_server` and `s_client`."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .cells import Cell, suites_of
from .peer import Heard, Listening, Offer, Peer
from .process import Process

_VERSION_FLAGS = {"TLSv1.0": "-tls1", "TLSv1.1": "-tls1_1", "TLSv1.2": "-tls1_2"}
_CURVES = {"x25519": "X25519", "secp256r1": "P-256"}

#: The end of what `s_client` prints before it passes data on; where it failed, there is an error before it.
_ESTABLISHED = r"^(?:New|Reused), (?:.*\n)+?    Extended master secret: (?:yes|no)\n---\n"

_ERROR = ":error:"

#: The commands have no switch for these extensions; their configuration has.
_CONFIGURATION = """\
openssl_conf = modules
[modules]
ssl_conf = applications
[applications]
system_default = extensions
[extensions]
Options = {options}
"""


class OpenSSL(Peer):
    """OpenSSL's commands. The server has no echo: `-rev` sends each line back reversed."""

    name = "openssl"

    @classmethod
    def missing(cls) -> str | None:
        return None if shutil.which("openssl") else "no `openssl` command on this machine"

    @classmethod
    def version(cls) -> str:
        words = _run("openssl", "version").split()
        return " ".join(words[:2])

    def cannot(self, cell: Cell) -> str | None:
        supported = _supported(_VERSION_FLAGS[cell.version])
        return None if cell.suite.openssl in supported else "not among its `openssl ciphers`"

    @contextmanager
    def serve(self, offer: Offer) -> Iterator[Listening]:
        identity = self.material.identity(offer.kx)
        ciphers = ":".join(suite.openssl for suite in suites_of(offer.version, offer.kx))
        argv = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-rev", _VERSION_FLAGS[offer.version]]
        argv += ["-cert", str(identity.certificate), "-key", str(identity.key)]
        argv += ["-dhparam", str(self.material.dh_file(offer.group)), "-cipher", f"{ciphers}:@SECLEVEL=0"]
        argv += [] if offer.tickets else ["-no_ticket"]
        with configuration(offer.ems, offer.etm) as environment, Process(argv, environment) as process:
            yield _Server(process)

    def connect(self, port: int, cell: Cell, line: bytes) -> Heard:
        return _connect(port, cell, line)

    def resume(self, port: int, first: Cell, second: Cell, *, tickets: bool) -> str:
        kind = () if tickets else ("-no_ticket",)
        with tempfile.TemporaryDirectory(prefix="tlslab-openssl-") as directory:
            session = str(Path(directory, "session.pem"))
            _connect(port, first, b"first\n", "-sess_out", session, *kind)
            return _connect(port, second, b"second\n", "-sess_in", session, *kind).words


class _Server(Listening):
    def __init__(self, process: Process) -> None:
        self._process = process
        self.port = int(process.expect(r"^ACCEPT 127\.0\.0\.1:(\d+)").group(1))

    def reply_to(self, line: bytes) -> bytes:
        return line[-2::-1] + line[-1:]

    def refusal(self) -> str:
        return _error(self._process.output)


def _connect(port: int, cell: Cell, line: bytes, *more: str) -> Heard:
    argv = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-noservername", "-tlsextdebug"]
    argv += [_VERSION_FLAGS[cell.version], "-cipher", f"{cell.suite.openssl}:@SECLEVEL=0"]
    argv += [*more, "-curves", ":".join(_CURVES[curve] for curve in cell.curves_offered)]
    with (
        configuration(cell.ems, cell.etm is not False) as environment,
        Process(argv, environment) as process,
    ):
        if not process.search(_ESTABLISHED) or _ERROR in process.output:
            return Heard(b"", _error(process.output), established=False)
        process.send(line)
        answer = process.search(_ESTABLISHED + r"(.*\n)")
        process.finish()
        return _heard(answer.group(1) if answer else b"", process.output)


def _heard(received: bytes, output: str) -> Heard:
    return Heard(
        received,
        output,
        established=True,
        ems="Extended master secret: yes" in output,
        etm='TLS server extension "encrypt-then-mac"' in output,
    )


def _error(output: str) -> str:
    """Find the reason in the last line of the error queue: `…:error:…:SSL routines:function:reason:…`."""
    reasons = re.findall(r"^[0-9A-F]+:error:[^:]*:[^:]*:[^:]*:([^:\n]*)", output, re.MULTILINE)
    return str(reasons[-1]) if reasons else output[-200:].strip()


@contextmanager
def configuration(ems: bool, etm: bool) -> Iterator[dict[str, str]]:
    options = [f"{'' if ems else '-'}ExtendedMasterSecret", f"{'' if etm else '-'}EncryptThenMac"]
    with tempfile.TemporaryDirectory(prefix="tlslab-openssl-") as directory:
        path = Path(directory, "openssl.cnf")
        path.write_text(_CONFIGURATION.format(options=",".join(options)))
        yield {"OPENSSL_CONF": str(path)}


@functools.cache
def _supported(version_flag: str) -> frozenset[str]:
    return frozenset(
        _run("openssl", "ciphers", "-s", version_flag, "ALL:COMPLEMENTOFALL:@SECLEVEL=0").strip().split(":")
    )


def _run(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=10).stdout
