"""The GnuTLS commands `gnutls-serv` and `gnutls-cli`."""

from __future__ import annotations

import functools
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from .cells import CURVES, Cell, Suite, suites_of
from .peer import Heard, Listening, Offer, Peer, PeerError
from .process import Process

_KEY_EXCHANGES = {
    "DHE_RSA": "DHE-RSA",
    "DH_anon": "ANON-DH",
    "RSA": "RSA",
    "ECDHE_RSA": "ECDHE-RSA",
    "ECDHE_ECDSA": "ECDHE-ECDSA",
}
_GROUPS = {"x25519": "GROUP-X25519", "secp256r1": "GROUP-SECP256R1"}

#: The end of what `gnutls-cli` prints before it passes data on.
_ESTABLISHED = r"^- Simple Client Mode:\n\n"

_COMMANDS = ("gnutls-serv", "gnutls-cli")


class GnuTLS(Peer):
    """GnuTLS's commands; everything about a connection is in its priority string."""

    name = "gnutls"

    @classmethod
    def missing(cls) -> str | None:
        absent = [command for command in _COMMANDS if not shutil.which(command)]
        return f"no `{'` and no `'.join(absent)}` command on this machine" if absent else None

    @classmethod
    def version(cls) -> str:
        return f"GnuTLS {_run('gnutls-cli', '--version').split()[1]}"

    def cannot(self, cell: Cell) -> str | None:
        return None if _list_name(cell.suite) in _supported() else "not in its `gnutls-cli --list`"

    @contextmanager
    def serve(self, offer: Offer) -> Iterator[Listening]:
        identity = self.material.identity(offer.kx)
        suites = suites_of(offer.version, offer.kx)
        priority = _priority(offer.version, suites, offer.ems, offer.etm, CURVES)
        argv = ["gnutls-serv", "--echo", "--disable-client-cert", "--priority", priority]
        argv += ["--x509certfile", str(identity.certificate), "--x509keyfile", str(identity.key)]
        argv += ["--dhparams", str(self.material.dh_file(offer.group))]
        argv += [] if offer.tickets else ["--noticket"]
        with _started(argv) as server:
            yield server

    def connect(self, port: int, cell: Cell, line: bytes) -> Heard:
        etm = cell.etm is not False
        priority = _priority(cell.version, (cell.suite,), cell.ems, etm, cell.curves_offered)
        argv = ["gnutls-cli", "--insecure", "--disable-sni", "--priority", priority]
        argv += ["--port", str(port), "127.0.0.1"]
        with Process(argv) as process:
            if not process.search(_ESTABLISHED):
                return Heard(b"", _error(process.output), established=False)
            process.send(line)
            answer = process.search(_ESTABLISHED + r"(.*\n)")
            process.finish()
            return _heard(answer.group(1) if answer else b"", process.output)

    def cannot_resume(self, first: Cell, second: Cell) -> str | None:
        return None if first == second else "`gnutls-cli --resume` makes both connections with one priority string"

    def resume(self, port: int, first: Cell, second: Cell, *, tickets: bool) -> str:
        priority = _priority(first.version, (first.suite,), first.ems, first.etm is not False, first.curves_offered)
        argv = ["gnutls-cli", "--resume", "--insecure", "--disable-sni", "--priority", priority]
        argv += [*([] if tickets else ["--noticket"]), "--port", str(port), "127.0.0.1"]
        with Process(argv) as process:
            process.search(_ESTABLISHED)
            process.finish()
            return process.output


class _Server(Listening):
    def __init__(self, process: Process, port: int) -> None:
        self._process = process
        self.port = port

    def refusal(self) -> str:
        return _error(self._process.output)


@contextmanager
def _started(argv: list[str]) -> Iterator[_Server]:
    """Start on a free port. The command cannot choose one, and ours may be taken meanwhile: try again."""
    for _ in range(5):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        with Process([*argv, "--port", str(port)]) as process:
            if process.search(r"listening on IPv4 0\.0\.0\.0 port \d+\.\.\.done"):
                yield _Server(process, port)
                return
            failure = process.output
    raise PeerError(f"{argv} found no port to listen on: {failure[-600:]}")


def _priority(version: str, suites: tuple[Suite, ...], ems: bool, etm: bool, curves: tuple[str, ...]) -> str:
    words = ["NONE", f"VERS-{version.replace('TLSv', 'TLS')}", _KEY_EXCHANGES[suites[0].kx]]
    for suite in suites:
        words += _cipher_and_mac(suite)
    words += ["COMP-NULL", *(_GROUPS[curve] for curve in curves), "GROUP-FFDHE2048", "SIGN-ALL", "CTYPE-X509"]
    flags = [*([] if ems else ["%NO_SESSION_HASH"]), *([] if etm else ["%NO_ETM"])]
    return ":+".join(dict.fromkeys(words)) + "".join(f":{flag}" for flag in flags)


def _cipher_and_mac(suite: Suite) -> tuple[str, str]:
    if suite.protection.startswith("CHACHA20"):
        return "CHACHA20-POLY1305", "AEAD"
    cipher, _, digest = suite.protection.rpartition("_")
    mac = "AEAD" if not suite.is_cbc else {"SHA": "SHA1", "SHA256": "SHA256"}[digest]
    return cipher.replace("_", "-"), mac


def _list_name(suite: Suite) -> str:
    """Give the name in `gnutls-cli --list`, such as `TLS_DH_ANON_AES_128_CBC_SHA1`."""
    name = f"TLS_{suite.kx.upper()}_{suite.protection}"
    return f"{name}1" if name.endswith("_SHA") else name.replace("POLY1305_SHA256", "POLY1305")


def _heard(received: bytes, output: str) -> Heard:
    options = re.search(r"^- Options:(.*)", output, re.MULTILINE)
    words = options.group(1) if options else ""
    ems, etm = "extended master secret" in words, "EtM" in words
    return Heard(received, output, established=True, ems=ems, etm=etm)


def _error(output: str) -> str:
    """Find the last line that tells of an error or of an alert."""
    lines = re.findall(r"^.*(?:error|alert|fatal).*$", output, re.MULTILINE | re.IGNORECASE)
    return str(lines[-1]).strip("*- \r") if lines else output[-200:].strip()


@functools.cache
def _supported() -> frozenset[str]:
    return frozenset(re.findall(r"^(TLS_\w+)", _run("gnutls-cli", "--list"), re.MULTILINE))


def _run(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=10).stdout
