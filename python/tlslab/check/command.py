"""A peer's command: started as often as it takes, in a process group of its own, and always ended."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from types import TracebackType
from typing import IO

from tlslab.errors import RunError

__all__ = ["Child", "Command", "Output", "free_port"]

_PLACE = "{port}"

#: Seconds that a peer has to end by itself once it is told to.
_FAREWELL = 2.0

#: As many bytes of the peer's output are kept, the last ones.
_KEPT = 1 << 16


class Command:
    """
    A command line with a place for the port.

    Parameters
    ----------
    text
        The line, split as a shell would; ``{port}`` in it stands for the port. It is run without a shell.

    Raises
    ------
    RunError
        It is empty, has no place for the port, or a quote is not closed.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            self._words = shlex.split(text)
        except ValueError as error:
            raise RunError(f"cannot split the command {text!r}: {error}") from error
        if not any(_PLACE in word for word in self._words):
            raise RunError(f"the command {text!r} has no {_PLACE}, which is where the port goes")

    def at(self, port: int) -> list[str]:
        """Give its words for a port."""
        return [word.replace(_PLACE, str(port)) for word in self._words]


class Output:
    """What a peer prints, on both streams and in all its runs. The end of it is kept."""

    def __init__(self) -> None:
        self.file: IO[bytes] = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - close() closes it

    def text(self) -> str:
        """Give the last of it."""
        length = self.file.seek(0, os.SEEK_END)
        self.file.seek(max(0, length - _KEPT))
        return self.file.read(_KEPT).decode(errors="replace")

    def close(self) -> None:
        """Throw it away."""
        self.file.close()


class Child:
    """
    One run of a command, with nothing on its standard input.

    Raises
    ------
    RunError
        There is no such command, or it cannot be run.
    """

    def __init__(self, words: list[str], output: Output) -> None:
        try:
            self._process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=output.file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise RunError(f"cannot run {shlex.join(words)}: {error}") from error

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def poll(self) -> int | None:
        """Give the exit code, or None while it runs; a signal's is negative."""
        return self._process.poll()

    def end(self) -> None:
        """End it and all that it has started, first by SIGTERM, then by SIGKILL."""
        # What it has started may outlive it, and has its group still.
        self._end_group(at_once=False)
        try:
            self._process.wait(_FAREWELL)
        except subprocess.TimeoutExpired:
            pass
        finally:
            self._end_group(at_once=True)
            self._process.wait()

    def _end_group(self, *, at_once: bool) -> None:
        with suppress(ProcessLookupError, PermissionError):
            if sys.platform == "win32":  # It has no such groups: what the command has started may outlive it.
                self._process.kill()
            else:
                os.killpg(self._process.pid, signal.SIGKILL if at_once else signal.SIGTERM)


def free_port() -> int:
    """Give a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
