"""tlslite-ng, an implementation in pure Python that shares no code with OpenSSL or GnuTLS."""

from __future__ import annotations

import importlib.metadata
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from tlslite.api import (
    HandshakeSettings,
    Session,
    SessionCache,
    TLSConnection,
    X509CertChain,
    parsePEMKey,
)
from tlslite.errors import TLSError

from .cells import CURVES, Cell, Suite, suites_of
from .material import Identity
from .peer import PATIENCE, Heard, Listening, Offer, Peer
from .thread_server import ThreadServer

_VERSIONS = {"TLSv1.0": (3, 1), "TLSv1.1": (3, 2), "TLSv1.2": (3, 3)}


class TlsliteNg(Peer):
    """tlslite-ng in a thread."""

    name = "tlslite-ng"

    @classmethod
    def missing(cls) -> str | None:
        return None

    @classmethod
    def version(cls) -> str:
        return f"tlslite-ng {importlib.metadata.version('tlslite-ng')}"

    def cannot(self, cell: Cell) -> str | None:
        return None

    @contextmanager
    def serve(self, offer: Offer) -> Iterator[Listening]:
        suites = suites_of(offer.version, offer.kx)
        settings = _settings(offer.version, suites, offer.ems, offer.etm, CURVES)
        settings.dhParams = (offer.group.generator, offer.group.prime)
        identity = None if offer.kx == "DH_anon" else self.material.identity(offer.kx)
        # Without the keys there are no tickets.
        settings.ticketKeys = [bytearray(32)] if offer.tickets else []
        with _Server(settings, identity, None if offer.tickets else SessionCache()) as server:
            yield server

    def connect(self, port: int, cell: Cell, line: bytes) -> Heard:
        return _connect(port, cell, line)[0]

    def resume(self, port: int, first: Cell, second: Cell, *, tickets: bool) -> str:
        # The client has no switch for tickets: it takes what the server gives.
        _, session = _connect(port, first, b"first\n")
        return _connect(port, second, b"second\n", session)[0].words


def _connect(port: int, cell: Cell, line: bytes, session: Session | None = None) -> tuple[Heard, Session | None]:
    etm = cell.etm is not False
    settings = _settings(cell.version, (cell.suite,), cell.ems, etm, cell.curves_offered)
    settings.dhGroups = []  # Naming none leaves the choice of the group to the server.
    try:
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as tcp:
            connection = TLSConnection(tcp)
            if cell.suite.kx == "DH_anon":
                connection.handshakeClientAnonymous(settings=settings)
            else:
                connection.handshakeClientCert(settings=settings, session=session)
            connection.sendall(line)
            received = bytes(connection.read(max=len(line), min=len(line)))
            session = connection.session
            connection.close()
    except (TLSError, OSError) as error:
        return Heard(b"", str(error), established=False), None
    heard = Heard(
        received,
        f"{connection.getVersionName()} {connection.getCipherName()}",
        established=True,
        ems=bool(session.extendedMasterSecret),
        etm=bool(session.encryptThenMAC),
    )
    return heard, session


class _Server(ThreadServer):
    def __init__(self, settings: HandshakeSettings, identity: Identity | None, cache: SessionCache | None) -> None:
        super().__init__()
        self._arguments = {"settings": settings, "anon": identity is None, "sessionCache": cache}
        if identity is not None:
            chain = X509CertChain()
            chain.parsePemList(identity.certificate.read_text())
            self._arguments["certChain"] = chain
            self._arguments["privateKey"] = parsePEMKey(identity.key.read_text(), private=True)

    def echo(self, connection: socket.socket) -> None:
        tls = TLSConnection(connection)
        tls.handshakeServer(**self._arguments)
        while chunk := tls.recv(4096):
            tls.sendall(chunk)
        tls.close()


def _settings(
    version: str, suites: tuple[Suite, ...], ems: bool, etm: bool, curves: tuple[str, ...]
) -> HandshakeSettings:
    settings = HandshakeSettings()
    settings.minVersion = settings.maxVersion = _VERSIONS[version]
    settings.versions = [_VERSIONS[version]]
    settings.keyExchangeNames = [suites[0].kx.lower()]
    settings.cipherNames = list(dict.fromkeys(_cipher(suite) for suite in suites))
    settings.macNames = list(dict.fromkeys(_mac(suite) for suite in suites))
    settings.useExtendedMasterSecret = ems
    settings.requireExtendedMasterSecret = False
    settings.useEncryptThenMAC = etm
    settings.eccCurves = list(curves)
    settings.keyShares = []
    settings.defaultCurve = "secp256r1"
    return settings


def _cipher(suite: Suite) -> str:
    if suite.protection.startswith("CHACHA20"):
        return "chacha20-poly1305"
    return f"aes{suite.key_bits}" + ("" if suite.is_cbc else "gcm")


def _mac(suite: Suite) -> str:
    return suite.protection.rpartition("_")[2].lower() if suite.is_cbc else "aead"
