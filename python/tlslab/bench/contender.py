"""What can be measured: something that does handshakes for a while and says how many."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tlslab import groups

__all__ = ["Contender", "Handshakes", "MissingError", "Seen"]


class MissingError(Exception):
    """A contender cannot be had on this machine; the message says why."""


class Contender(Protocol):
    """
    One row of the table, to be measured again and again.

    Attributes
    ----------
    what
        A fidelity of the lab, or another implementation and its key exchange.
    kernel
        The kernel of the lab's batch engine; None for others.
    group
        The group's name.
    threads
        How many threads it works on.
    """

    what: str
    kernel: str | None
    group: str
    threads: int

    def measure(self, seconds: float) -> float:
        """Do handshakes for about so many seconds, and give how many a second and thread."""
        ...


@dataclass(frozen=True, slots=True)
class Seen:
    """
    What a connection of another implementation came to.

    Attributes
    ----------
    negotiated
        The version and the suite, as the implementation calls them.
    resumed
        Whether the handshake was an abbreviated one.
    flight
        What the server sent first: ServerHello to ServerHelloDone.
    """

    negotiated: str
    resumed: bool
    flight: bytes


class Handshakes:
    """
    An implementation that does one connection after the other, both ends in memory and on the caller's thread.

    Parameters
    ----------
    what, group
        The names of the row.
    connect
        Does one whole connection.
    negotiates
        The version and the suite that it has to come to.

    Raises
    ------
    MissingError
        A first connection was no full handshake of that suite with that group.
    """

    kernel: str | None = None
    threads = 1

    def __init__(self, what: str, group: str, connect: Callable[[], Seen], *, negotiates: str) -> None:
        self.what = what
        self.group = group
        self._connect = connect
        seen, named = connect(), groups.named(group)
        if seen.negotiated != negotiates or seen.resumed:
            raise MissingError(f"it came to {'a resumed ' if seen.resumed else ''}{seen.negotiated}, not {negotiates}")
        if named.p.to_bytes((named.bits + 7) // 8, "big") not in seen.flight:
            raise MissingError(f"it used another group than {group}")

    def measure(self, seconds: float) -> float:
        """Do connections for about so many seconds, at least one, and give how many a second."""
        started = time.perf_counter()
        count, elapsed = 0, 0.0
        while count == 0 or elapsed < seconds:
            self._connect()
            count += 1
            elapsed = time.perf_counter() - started
        return count / elapsed
