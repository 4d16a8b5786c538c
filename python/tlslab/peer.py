"""Real peers over TCP: connect to one, or serve many."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from tlslab import _tlslab
from tlslab.behaviour import Client, Server
from tlslab.connection import Connection, draw_seed
from tlslab.session import Session

__all__ = ["Serving", "connect", "serve"]


def connect(
    client: Client,
    address: str,
    *,
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
    data
        What the client sends once the handshake is done.
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
        There is no connection at all: a bad address, nobody there.
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
    identity = read_identity(cert, key)
    seed = draw_seed(seed)
    text, left = _tlslab.connect(
        client.to_json(),
        address,
        seed=seed,
        data=data,
        receive=len(data) if receive is None else receive,
        timeout=timeout,
        chosen_zeros=chosen_zeros,
        edits=json.dumps(list(edits)),
        session=None if session is None else session.to_json(),
        identity=identity,
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
        self.host, self.port = native.address()
        self.certificate_pem = native.certificate_pem

    @property
    def address(self) -> str:
        """Where it listens, as ``"host:port"``."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def connections(self) -> list[Connection]:
        """The connections that have finished, in the order in which they did; the last 1,000 are kept."""
        return self.connections_after(0)[0]

    def connections_after(self, seen: int) -> tuple[list[Connection], int]:
        """Give the finished connections but for the first `seen`, and how many there have been in all."""
        text, total = self._native.connections(seen)
        return [Connection(connection, self.seed) for connection in json.loads(text)], total

    @property
    def files(self) -> dict[str, bytes]:
        """The files of a server of FTP as they are now, by their paths; empty for an echo."""
        return {path: bytes(data) for path, data in self._native.files()}

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
    mode: str = "echo",
    files: Mapping[str, bytes] | None = None,
    data_sessions: str = "any",
    cert: str | Path | None = None,
    key: str | Path | None = None,
    timeout: float = 60.0,
    max_connections: int = 64,
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
    mode
        ``"echo"``: what arrives is sent back. ``"ftp"``: FTP over TLS, see :func:`tlslab.ftp.serve`.
    files
        What FTP serves: contents by paths. Clients can store more; all share them.
    data_sessions
        What FTP demands of the sessions of its data connections; ``"any"`` serves all.
    cert, key
        Files with a certificate chain and its key, PEM; None for the lab's own, which its docs publish.
    timeout
        How long one connection may take, in seconds.
    max_connections
        How many go on at the same time; further ones wait.
    seed
        The seed of the server's randomness; None draws one.

    Raises
    ------
    PeerConnectionError
        The port cannot be listened on.
    BehaviourError
        The certificate or key cannot be used, or they do not belong together.

    Examples
    --------
    >>> import tlslab as tl
    >>> with tl.serve(tl.Server()) as serving:
    ...     tl.connect(tl.Client(), serving.address, data=b"hello").received
    b'hello'
    """
    if mode not in ("echo", "ftp"):
        raise _tlslab.RunError(f"mode is 'echo' or 'ftp', not {mode!r}")
    identity = read_identity(cert, key)
    seed = draw_seed(seed)
    native = _tlslab.Serving(
        server.to_json(),
        host=host,
        port=port,
        seed=seed,
        timeout=timeout,
        max_connections=max_connections,
        identities=[] if identity is None else [identity],
        serves=(data_sessions, list((files or {}).items())) if mode == "ftp" else None,
    )
    return Serving(native, seed)


def read_identity(cert: str | Path | None, key: str | Path | None) -> tuple[str, str] | None:
    """Read a certificate chain and its key, which are given together."""
    if cert is None and key is None:
        return None
    if cert is None or key is None:
        raise _tlslab.BehaviourError("a certificate and its key are given together, or neither")
    return _read(cert), _read(key)


def _read(path: str | Path) -> str:
    try:
        return Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise _tlslab.BehaviourError(f"cannot read {path}: {error}") from error
