"""Peers that are kept coming while a probe goes on: a server that is started anew, a client that is run again."""

from __future__ import annotations

import math
import threading
import time
from abc import ABC, abstractmethod
from types import TracebackType

from tlslab.check.command import Child, Command, Output
from tlslab.errors import RunError
from tlslab.probe import ClientProbe

__all__ = ["ClientPeer", "Peer", "ServerPeer"]

#: Seconds between two looks at a process.
_POLL = 0.005

#: Seconds that a client may take to come again before it is ended.
_GRACE = 1.0

#: Seconds that a probe may take to see that a client has come.
_SEEN_WITHIN = 0.5

#: As many runs in a row may come to no connection: a server may have to wait until its port is free again.
_MOST_IDLE_SERVER = 20
_MOST_IDLE_CLIENT = 5


class Peer(ABC):
    """
    A command that is run again and again, by a thread, until its ``with`` block is left.

    Parameters
    ----------
    command
        What is run.
    port
        The port that it is given.

    Attributes
    ----------
    printed
        The last of what it printed, once the ``with`` block is left.
    crashes
        The signals by which runs ended that nobody sent them.
    """

    def __init__(self, command: Command, port: int) -> None:
        self._words = command.at(port)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep_coming, name=f"peer on port {port}")
        self._failure: str | None = None
        self._idle = 0
        self._met = 0
        self._output = Output()
        self.printed: str = ""
        self.crashes: list[int] = []

    def __enter__(self) -> Peer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join()
        self.printed = self._output.text()
        self._output.close()

    def watch(self, connections: int, _: int | None) -> None:
        """
        Take note of how many connections have been made; a probe calls this now and then.

        Raises
        ------
        RunError
            There is no such command, or it ends again and again, and comes to no connection.
        """
        if connections != self._met:
            self._met, self._idle = connections, 0
        if self._failure is not None:
            raise RunError(self._failure)

    def _keep_coming(self) -> None:
        try:
            self._run()
        except RunError as error:
            self._failure = str(error)

    @abstractmethod
    def _run(self) -> None:
        """Run the command until told to stop."""

    def _start(self) -> Child:
        return Child(self._words, self._output)

    def _ended(self, code: int) -> None:
        """Take note of an end by itself."""
        if code < 0:
            self.crashes.append(-code)

    def _is_hopeless(self, code: int, most: int) -> bool:
        """Whether this was one run too many that came to no connection."""
        self._idle += 1
        if self._idle > most:
            times = f"the peer ended {self._idle} times without a connection"
            self._failure = f"{times}, the last time with exit code {code}"
        return self._failure is not None


class ServerPeer(Peer):
    """A server that is started anew where it ends by itself, as one does that serves a single connection."""

    def _run(self) -> None:
        while not self._stopping.is_set():
            with self._start() as child:
                while (code := child.poll()) is None and not self._stopping.wait(_POLL):
                    pass
            if code is None:
                return
            self._ended(code)
            if self._is_hopeless(code, _MOST_IDLE_SERVER):
                return
            # One that has no connection to show for it may need a moment, such as for its port to be free.
            self._stopping.wait(_POLL * self._idle)


class ClientPeer(Peer):
    """A client that is run when a probe waits for one and none is running. It may come again and again by itself."""

    def __init__(self, command: Command, port: int, probe: ClientProbe) -> None:
        super().__init__(command, port)
        self._probe = probe

    def _run(self) -> None:
        while not self._stopping.wait(_POLL):
            if not self._is_wanted():
                continue
            before = self._probe.came
            with self._start() as child:
                self._wait_for(child, before)
                code = child.poll()
            if code is not None:
                self._ended(code)
            if not self._has_come(before) and self._is_hopeless(code or 0, _MOST_IDLE_CLIENT):
                return

    def _is_wanted(self) -> bool:
        return self._probe.wanted > self._probe.came

    def _wait_for(self, child: Child, before: int) -> None:
        """Wait until it has ended, or has come and does not come again."""
        until = math.inf
        while child.poll() is None and time.monotonic() < until and not self._stopping.wait(_POLL):
            has_to_come = self._is_wanted() and self._probe.came > before
            until = min(until, time.monotonic() + _GRACE) if has_to_come else math.inf

    def _has_come(self, before: int) -> bool:
        """Whether it has connected: that is seen a moment later."""
        until = time.monotonic() + _SEEN_WITHIN
        while self._probe.came == before and time.monotonic() < until and not self._stopping.wait(_POLL):
            pass
        return self._probe.came > before or self._stopping.is_set()
