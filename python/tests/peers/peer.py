"""What every peer can do: serve, connect, and say what it cannot."""

from __future__ import annotations

import abc
from contextlib import AbstractContextManager
from dataclasses import dataclass

from .cells import Cell, Version
from .material import FFDHE2048_GROUP, Group, Material

#: Seconds that any one step with a peer may take: starting, a handshake, an answer, stopping.
PATIENCE = 20.0


class PeerError(AssertionError):
    """A peer did not start, answer or stop in time; the message ends in what it printed."""


@dataclass(frozen=True)
class Offer:
    """What a server peer is set to: one version, every suite of one key exchange, extensions, a DH group."""

    version: Version
    kx: str
    ems: bool = True
    etm: bool = True
    group: Group = FFDHE2048_GROUP
    #: Whether sessions are resumed by ticket, or else by session id.
    tickets: bool = True


@dataclass(frozen=True)
class Heard:
    """What a client peer says about its connection. None where it does not say."""

    received: bytes
    words: str
    established: bool
    ems: bool | None = None
    etm: bool | None = None


class Listening(abc.ABC):
    """A server peer that accepts connections, one after the other."""

    port: int

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def reply_to(self, line: bytes) -> bytes:
        """Give what comes back for a line of data: the line, unless the peer is no echo."""
        return line

    @abc.abstractmethod
    def refusal(self) -> str:
        """Quote the peer on the last connection that it would not have."""


class Peer(abc.ABC):
    """A real TLS implementation that can take both roles."""

    #: The name in the table and in test identifiers.
    name: str

    def __init__(self, material: Material) -> None:
        self.material = material

    @classmethod
    @abc.abstractmethod
    def missing(cls) -> str | None:
        """Say why the peer cannot run on this machine, or None."""

    @classmethod
    @abc.abstractmethod
    def version(cls) -> str:
        """Name the implementation and its version, such as `OpenSSL 3.0.19`."""

    @abc.abstractmethod
    def cannot(self, cell: Cell) -> str | None:
        """Say why the peer is known to refuse this cell, or None. Only such cells may be skipped."""

    @abc.abstractmethod
    def serve(self, offer: Offer) -> AbstractContextManager[Listening]:
        """Serve on a free port of 127.0.0.1 and is ready on entry; gone on exit."""

    @abc.abstractmethod
    def connect(self, port: int, cell: Cell, line: bytes) -> Heard:
        """Make one connection to 127.0.0.1, send `line`, read as many bytes back, and close."""

    def cannot_resume(self, first: Cell, second: Cell) -> str | None:
        """Say why the peer cannot offer in `second` what `first` left, or None."""
        return None

    @abc.abstractmethod
    def resume(self, port: int, first: Cell, second: Cell, *, tickets: bool) -> str:
        """Make two connections, offering in the second what the first left; quote the peer on the second."""
