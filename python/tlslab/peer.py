"""Real peers over TCP: connect to one, or serve many."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias

from tlslab import _tlslab
from tlslab.behaviour import Client, Server
from tlslab.connection import Connection, Outcome
from tlslab.numbers import draw_seed, whole_number
from tlslab.session import Session

__all__ = ["STARTTLS", "Serving", "connect", "serve"]

#: The protocols in which TLS is asked for on an open connection.
STARTTLS = ("smtp", "imap", "pop3", "ftp", "ldap", "postgres", "mysql", "tds")

#: An endpoint begins no more handshakes than that in one connection.
MOST_RENEGOTIATIONS = (1 << 16) - 2

#: More connections at the same time than that are a mistake: each has a thread.
MOST_CONNECTIONS = 10_000

#: A file, or several.
Files: TypeAlias = str | Path | Sequence[str | Path] | None


def connect(
    client: Client,
    address: str,
    *,
    starttls: str | None = None,
    renegotiations: int = 0,
    data: bytes = b"",
    receive: int | None = None,
    timeout: float = 10.0,
    seed: int | None = None,
    chosen_zeros: int | None = None,
    edits: Iterable[Mapping[str, Any]] = (),
    session: Session | None = None,
    cert: str | Path | None = None,
    key: str | Path | None = None,
) -> Connection:
    """
    Connect a client of the lab to a real server.

    Parameters
    ----------
    client
        How the client acts.
    address
        ``"host:port"``.
    starttls
        The protocol in which the client asks for TLS on the open connection, one of :data:`STARTTLS`; None where TLS
        begins at once. ``"ftp"`` is AUTH TLS alone; :func:`tlslab.ftp.connect` transfers.
    renegotiations
        How often the client renegotiates once the handshake is done (RFC 5746).
    data
        What the client sends then.
    receive
        How many bytes it waits for then; None for as many as it sent, which suits an echo.
    timeout
        How long all of it may take, in seconds.
    seed
        The seed of the client's randomness; None draws one, and the connection names it.
    chosen_zeros
        Over DHE, choose the exponent so that Z has exactly so many leading zero bytes: a client that has seen the
        server's public value can, and needs no luck.
    edits
        Changes to what the client sends.
    session
        What an earlier connection left, to be resumed. The client offers it if its behaviour offers such sessions
        (``resumption``, ``offer_without_ems``, ``offer_downgrade``), under the server's name under which it was made.
    cert, key
        Files with the client's certificate chain and its key, PEM, for a server that asks; None for those of the lab's
        own that the behaviour names (``certificates``).

    Returns
    -------
    Connection
        What happened, whatever that is: alerts, closes and timeouts are outcomes and no errors. Its ``session`` is
        what can be resumed next.

    Raises
    ------
    PeerConnectionError
        There is no connection at all: a bad address, nobody there, or nobody who begins TLS by that protocol.
    BehaviourError
        The certificate or key cannot be used, or they do not belong together.

    Examples
    --------
    >>> import tlslab as tl
    >>> with tl.serve(tl.Server()) as serving:
    ...     first = tl.connect(tl.Client(), serving.address)
    ...     tl.connect(tl.Client(), serving.address, session=first.session).established["resumed"]
    'session_id'
    """
    identities = read_identities(cert, key)
    seed = draw_seed(seed)
    text, left = _tlslab.connect(
        client.to_json(),
        address,
        seed=seed,
        starttls=starttls,
        renegotiations=whole_number("renegotiations", renegotiations, most=MOST_RENEGOTIATIONS),
        data=data,
        receive=len(data) if receive is None else receive,
        timeout=timeout,
        chosen_zeros=chosen_zeros,
        edits=json.dumps(list(edits)),
        session=None if session is None else session.to_json(),
        identity=identities[0] if identities else None,
    )
    return Connection(json.loads(text), seed, session=None if left is None else Session(left))


class Serving:
    """
    A server of the lab that is listening; :func:`serve` starts one. Leaving its ``with`` block stops it.

    Attributes
    ----------
    host, port
        Where it listens.
    certificate_pem
        Its certificates: a client that is to trust it can load them.
    seed
        The seed of its randomness.
    """

    def __init__(self, native: _tlslab.Serving, seed: int) -> None:
        self._native = native
        self.seed = seed
        self.host: str
        self.port: int
        self.host, self.port = native.address()
        self.certificate_pem: str = native.certificate_pem

    @property
    def address(self) -> str:
        """Where it listens, as ``"host:port"``."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def connections(self) -> list[Connection]:
        """
        The connections that have finished, in the order in which they did.

        The last 1,000 are kept, and fewer where they are long; of each, 500 events and 64 KiB.
        """
        return self.connections_after(0)[0]

    def connections_after(self, seen: int) -> tuple[list[Connection], int]:
        """Give the finished connections but for the first `seen`, and how many there have been in all."""
        text, total = self._native.connections(seen)
        return [Connection(connection, self.seed) for connection in json.loads(text)], total

    def outcomes_after(self, seen: int) -> tuple[list[Outcome], int]:
        """Give how the finished connections but for the first `seen` ended, and how many there have been in all."""
        text, total = self._native.outcomes(seen)
        return [Outcome(**outcome) for outcome in json.loads(text)], total

    @property
    def files(self) -> dict[str, bytes]:
        """The files of a server of FTP as they are now, by their paths; empty in other modes."""
        return {path: bytes(data) for path, data in self._native.files()}

    @property
    def done(self) -> bool:
        """Whether it was stopped, or has served as many connections as it was to, and none is left."""
        return self._native.is_done()

    def stop(self) -> None:
        """Stop listening, end what is going on, and wait until it has."""
        self._native.stop()

    def __enter__(self) -> Serving:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def serve(
    server: Server,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    starttls: str | None = None,
    mode: str = "echo",
    files: Mapping[str, bytes] | None = None,
    data_sessions: str = "any",
    cert: Files = None,
    key: Files = None,
    timeout: float = 60.0,
    handshake_timeout: float = 10.0,
    idle_timeout: float = 30.0,
    max_bytes: int = 256 << 20,
    kept_bytes: int = 64 << 10,
    max_connections: int = 64,
    connections: int | None = None,
    seed: int | None = None,
) -> Serving:
    """
    Serve real clients from threads of the lab's own. All connections share the sessions and the key of tickets.

    Parameters
    ----------
    server
        How the server acts.
    host, port
        Where to listen; port 0 picks a free one.
    starttls
        The protocol in which clients ask for TLS on the open connection, one of :data:`STARTTLS`: the server speaks as
        much of it as that takes, and goes on by `mode` then. None where TLS begins at once.
    mode
        ``"echo"``: what arrives is sent back. ``"talk"``: the protocol of `starttls` goes on, if it is smtp, imap, pop3
        or ftp, with nothing to offer but answers; an echo otherwise. ``"http"``: GET and HEAD of HTTP/1.x (RFC 9112)
        get a page that describes the connection, in HTML for those who prefer it. ``"ftp"``: FTP over TLS, see
        :func:`tlslab.ftp.serve`.
    files
        What FTP serves: contents by paths. Clients can store more; all share them.
    data_sessions
        What FTP demands of the sessions of its data connections; ``"any"`` serves all.
    cert, key
        Files with a certificate chain and its key, PEM, or as many of each: one RSA and one ECDSA certificate, between
        which the suite decides. None for the lab's own, which its docs publish.
    timeout, handshake_timeout, idle_timeout
        How long one connection may take, its first handshake may take, and it may be silent, in seconds.
    max_bytes
        How many bytes the client of one connection may send.
    kept_bytes
        How many bytes are kept of one connection, of those that crossed and of application data. Of a longer one only
        the beginning is, and it says so.
    max_connections
        How many go on at the same time. Further ones wait; where one does, the oldest connection that has not finished
        its handshake within a second is closed for it.
    connections
        After how many connections the server stops by itself; None for never.
    seed
        The seed of the server's randomness; None draws one.

    Raises
    ------
    PeerConnectionError
        The port cannot be listened on.
    BehaviourError
        A certificate or key cannot be used, they do not belong together, or two are of one kind.
    RunError
        No such mode, or a limit that is none.

    Examples
    --------
    >>> import tlslab as tl
    >>> with tl.serve(tl.Server()) as serving:
    ...     tl.connect(tl.Client(), serving.address, data=b"hello").received
    b'hello'
    """
    if max_connections == 0:
        raise _tlslab.RunError("max_connections is at least 1: a server that takes none serves nobody")
    if mode == "ftp" and starttls is not None:
        raise _tlslab.RunError("mode ftp has AUTH TLS of its own: leave starttls out")
    seed = draw_seed(seed)
    native = _tlslab.Serving(
        server.to_json(),
        host=host,
        port=port,
        seed=seed,
        timeout=timeout,
        handshake_timeout=handshake_timeout,
        idle_timeout=idle_timeout,
        max_bytes=whole_number("max_bytes", max_bytes),
        kept_bytes=whole_number("kept_bytes", kept_bytes),
        max_connections=whole_number("max_connections", max_connections, most=MOST_CONNECTIONS),
        connections=None if connections is None else whole_number("connections", connections),
        identities=read_identities(cert, key),
        starttls=starttls,
        mode=mode,
        files=list((files or {}).items()),
        data_sessions=data_sessions,
    )
    return Serving(native, seed)


def read_identities(cert: Files, key: Files) -> list[tuple[str, str, str]]:
    """Read certificate chains and their keys, as many of each."""
    certs, keys = _listed(cert), _listed(key)
    if len(certs) != len(keys):
        raise _tlslab.BehaviourError(
            "a certificate and its key are given together, or neither: "
            f"there are {len(certs)} certificates and {len(keys)} keys"
        )
    return [(f"{cert} and {key}", _read(cert), _read(key)) for cert, key in zip(certs, keys, strict=True)]


def _listed(files: Files) -> list[str | Path]:
    if files is None:
        return []
    return [files] if isinstance(files, (str, Path)) else list(files)


def _read(path: str | Path) -> str:
    try:
        return Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise _tlslab.BehaviourError(f"cannot read {path}: {error}") from error
