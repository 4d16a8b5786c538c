"""tlslite-ng as a contender, if it is installed: both ends in memory, in turns on the caller's thread."""

from __future__ import annotations

import errno
import importlib
import importlib.metadata
import warnings
from collections.abc import Iterator
from typing import Any

from tlslab import groups
from tlslab.bench.contender import Handshakes, MissingError, Seen
from tlslab.bench.material import lab_certificate

__all__ = ["WHAT", "Pair", "contender", "has_gmpy2", "version"]

#: The name of the row.
WHAT = "tlslite-ng DHE-RSA"

#: More turns than any part of a connection takes.
_TURNS = 1_000


def version() -> str | None:
    """Give the version that is installed; None without one."""
    try:
        return importlib.metadata.version("tlslite-ng")
    except importlib.metadata.PackageNotFoundError:
        return None


def has_gmpy2() -> bool:
    """Whether tlslite-ng computes powers by gmpy2, and so many times as fast."""
    if version() is None:
        return False
    cryptomath = importlib.import_module("tlslite.utils.cryptomath")
    return bool(cryptomath.GMPY2_LOADED)


def contender(group: str) -> Handshakes:
    """
    Give its row.

    Raises
    ------
    MissingError
        It is not installed, or it does not negotiate what is to be measured.
    """
    if version() is None:
        raise MissingError("tlslite-ng is not installed")
    connect = Pair(group).connect
    refusal: type[Exception] = importlib.import_module("tlslite.errors").BaseTLSException
    try:
        return Handshakes(WHAT, group, connect, negotiates="TLS 1.2 TLS_DHE_RSA_WITH_AES_128_GCM_SHA256")
    except refusal as error:
        # An alert of its own has the reason as its context.
        raise MissingError(f"tlslite-ng does not take {group}: {error.__context__ or error}") from error


class Pair:
    """A client and a server of tlslite-ng, for one connection after the other."""

    def __init__(self, group: str) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # It imports asyncore.
            self._api: Any = importlib.import_module("tlslite.api")
        self._suites: dict[int, str] = importlib.import_module("tlslite.constants").CipherSuite.ietfNames
        named = groups.named(group)
        certificate, key = lab_certificate()
        self._chain = self._api.X509CertChain()
        self._chain.parsePemList(certificate)
        self._key = self._api.parsePEMKey(key, private=True)
        self._client_settings, self._server_settings = self._settings(), self._settings()
        self._client_settings.dhGroups = []  # Naming none leaves the choice of the group to the server.
        self._server_settings.dhParams = (named.g, named.p)

    def connect(self) -> Seen:
        """Do a full handshake, send one message each way, and close from both ends."""
        to_client, to_server = bytearray(), bytearray()
        server_socket = _Socket(to_server, to_client)
        client = self._api.TLSConnection(_Socket(to_client, to_server))
        server = self._api.TLSConnection(server_socket)
        _take_turns(
            client.handshakeClientCert(settings=self._client_settings, async_=True),
            server.handshakeServerAsync(certChain=self._chain, privateKey=self._key, settings=self._server_settings),
        )
        _take_turns(client.writeAsync(b"ping"), server.readAsync(max=4, min=4))
        _take_turns(server.writeAsync(b"pong"), client.readAsync(max=4, min=4))
        negotiated = f"{client.getVersionName()} {self._suites[client.session.cipherSuite]}"
        client.closeSocket = False  # So it waits for the server's close_notify.
        _take_turns(client.closeAsync(), server.readAsync(max=1, min=1))
        return Seen(negotiated, bool(client.resumed), server_socket.first_flight)

    def _settings(self) -> Any:  # noqa: ANN401 - tlslite-ng has no types.
        settings = self._api.HandshakeSettings()
        settings.minVersion = settings.maxVersion = (3, 3)
        settings.versions = [(3, 3)]
        settings.keyExchangeNames = ["dhe_rsa"]
        settings.cipherNames = ["aes128gcm"]
        settings.macNames = ["aead"]
        settings.useExtendedMasterSecret = False
        settings.keyShares = []
        return settings


class _Socket:
    """One end of a connection in memory, as far as tlslite-ng asks for a socket."""

    def __init__(self, incoming: bytearray, outgoing: bytearray) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self.first_flight = b""

    def recv(self, most: int) -> bytes:
        if not self._incoming:
            raise BlockingIOError(errno.EWOULDBLOCK, "nothing has arrived")
        data = bytes(self._incoming[:most])
        del self._incoming[:most]
        return data

    def send(self, data: bytes) -> int:
        self.sendall(data)
        return len(data)

    def sendall(self, data: bytes) -> None:
        self.first_flight = self.first_flight or bytes(data)
        self._outgoing += data

    def setsockopt(self, *_: object) -> None:
        """Nothing is delayed that an option could hasten."""

    def close(self) -> None:
        """Nothing is held."""


def _take_turns(*parts: Iterator[object]) -> None:
    """Run each part until it waits, again and again until all have ended."""
    waiting = list(parts)
    for _ in range(_TURNS):
        waiting = [part for part in waiting if not _runs_out(part)]
        if not waiting:
            return
    raise MissingError("tlslite-ng came to no end: both ends wait")


def _runs_out(part: Iterator[object]) -> bool:
    """Run a part until it waits for bytes or has ended; give whether it has ended."""
    return all(state not in (0, 1) for state in part)
