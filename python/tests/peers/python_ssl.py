"""Python's `ssl` module."""

from __future__ import annotations

import functools
import socket
import ssl
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from .cells import Cell, suites_of
from .peer import PATIENCE, Heard, Listening, Offer, Peer
from .thread_server import ThreadServer

#: OpenSSL's SSL_OP_NO_EXTENDED_MASTER_SECRET and SSL_OP_NO_ENCRYPT_THEN_MAC, for which `ssl` has no names.
_NO_EXTENDED_MASTER_SECRET = 0x1
_NO_ENCRYPT_THEN_MAC = 0x80000

_VERSIONS = {
    "TLSv1.0": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
}


class PythonSSL(Peer):
    """The OpenSSL that Python is linked with, which need not be the one of the `openssl` command."""

    name = "python-ssl"

    @classmethod
    def missing(cls) -> str | None:
        return None

    @classmethod
    def version(cls) -> str:
        return "Python ssl with " + " ".join(ssl.OPENSSL_VERSION.split()[:2])

    def cannot(self, cell: Cell) -> str | None:
        supported = _supported(cell.version)
        return None if cell.suite.openssl in supported else "not among its `SSLContext.get_ciphers()`"

    @contextmanager
    def serve(self, offer: Offer) -> Iterator[Listening]:
        context = _context(ssl.PROTOCOL_TLS_SERVER, offer.version, offer.ems, offer.etm)
        context.options |= 0 if offer.tickets else ssl.OP_NO_TICKET
        ciphers = ":".join(suite.openssl for suite in suites_of(offer.version, offer.kx))
        context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
        identity = self.material.identity(offer.kx)
        context.load_cert_chain(identity.certificate, identity.key)
        context.load_dh_params(str(self.material.dh_file(offer.group)))
        with _Server(context) as server:
            yield server

    def connect(self, port: int, cell: Cell, line: bytes) -> Heard:
        return _connect(_client(cell), port, line)[0]

    def resume(self, port: int, first: Cell, second: Cell, *, tickets: bool) -> str:
        # A session belongs to its context, which is changed in between.
        context = _client(first)
        context.options |= 0 if tickets else ssl.OP_NO_TICKET
        _, session = _connect(context, port, b"first\n")
        if second.ems:
            context.options &= ~_NO_EXTENDED_MASTER_SECRET
        else:
            context.options |= _NO_EXTENDED_MASTER_SECRET
        return _connect(context, port, b"second\n", session)[0].words


def _client(cell: Cell) -> ssl.SSLContext:
    context = _context(ssl.PROTOCOL_TLS_CLIENT, cell.version, cell.ems, cell.etm is not False)
    context.set_ciphers(f"{cell.suite.openssl}:@SECLEVEL=0")
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if cell.curve == "secp256r1":  # The default puts X25519 first.
        context.set_ecdh_curve("prime256v1")
    return context


def _connect(
    context: ssl.SSLContext, port: int, line: bytes, session: ssl.SSLSession | None = None
) -> tuple[Heard, ssl.SSLSession | None]:
    try:
        with (
            socket.create_connection(("127.0.0.1", port), PATIENCE) as tcp,
            context.wrap_socket(tcp, session=session) as connection,
        ):
            connection.sendall(line)
            received = b""
            while len(received) < len(line) and (chunk := connection.recv(4096)):
                received += chunk
            # Once it is unwrapped it has none.
            left = connection.session
            connection.unwrap()
            return Heard(received, f"{connection.version()} {connection.cipher()}", established=True), left
    except OSError as error:
        return Heard(b"", str(error), established=False), None


class _Server(ThreadServer):
    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__()
        self._context = context

    def echo(self, connection: socket.socket) -> None:
        with self._context.wrap_socket(connection, server_side=True) as tls:
            while chunk := tls.recv(4096):
                tls.sendall(chunk)
            tls.unwrap()


def _context(protocol: ssl._SSLMethod, version: str, ems: bool, etm: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # TLS 1.0 and 1.1 are what the lab is about.
        context.minimum_version = context.maximum_version = _VERSIONS[version]
    context.options |= (0 if ems else _NO_EXTENDED_MASTER_SECRET) | (0 if etm else _NO_ENCRYPT_THEN_MAC)
    return context


@functools.cache
def _supported(version: str) -> frozenset[str]:
    context = _context(ssl.PROTOCOL_TLS_SERVER, version, ems=True, etm=True)
    context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    return frozenset(cipher["name"] for cipher in context.get_ciphers())
