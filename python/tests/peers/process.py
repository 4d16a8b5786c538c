"""A peer's command as a child process: its output as it comes, bounded waits, ended by its own id."""

from __future__ import annotations

import os
import re
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType

from .peer import PATIENCE, PeerError


class Process:
    """A running command. Its standard output and error arrive as one stream."""

    def __init__(self, argv: Sequence[str], environment: dict[str, str] | None = None) -> None:
        self._argv = list(argv)
        self._child = subprocess.Popen(
            self._argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
            env={**os.environ, "LC_ALL": "C", **(environment or {})},
        )
        self._output = b""
        self._ended = False
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Process:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def output(self) -> str:
        """Everything printed so far."""
        with self._changed:
            return self._output.decode(errors="replace")

    def send(self, data: bytes) -> None:
        """Write to the standard input; a process that has ended takes nothing."""
        assert self._child.stdin is not None
        with suppress(BrokenPipeError):
            self._child.stdin.write(data)

    def close_input(self) -> None:
        """End the standard input."""
        assert self._child.stdin is not None
        with suppress(BrokenPipeError):
            self._child.stdin.close()

    def search(self, pattern: str) -> re.Match[bytes] | None:
        """Wait until `pattern` is printed; None if the process ends first."""
        compiled = re.compile(pattern.encode(), re.MULTILINE)
        deadline = time.monotonic() + PATIENCE
        with self._changed:
            while True:
                found = compiled.search(self._output)
                if found or self._ended:
                    return found
                left = deadline - time.monotonic()
                if left <= 0:
                    raise PeerError(f"{self._argv} printed no {pattern!r} in {PATIENCE:g} s: {self._tail()}")
                self._changed.wait(left)

    def expect(self, pattern: str) -> re.Match[bytes]:
        """Wait until `pattern` is printed; an error if the process ends first."""
        found = self.search(pattern)
        if not found:
            raise PeerError(f"{self._argv} ended without printing {pattern!r}: {self._tail()}")
        return found

    def finish(self) -> None:
        """End the input and let the process end by itself."""
        self.close_input()
        try:
            self._child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise PeerError(f"{self._argv} did not end in {PATIENCE:g} s: {self._tail()}") from None
        self._reader.join(PATIENCE)

    def stop(self) -> None:
        """End the process if it still runs, politely first."""
        self.close_input()
        if self._child.poll() is None:
            self._child.terminate()
            try:
                self._child.wait(2.0)
            except subprocess.TimeoutExpired:
                self._child.kill()
        self._child.wait()
        self._reader.join(PATIENCE)
        if self._child.stdout is not None:
            self._child.stdout.close()

    def _read(self) -> None:
        assert self._child.stdout is not None
        while chunk := self._child.stdout.read(65536):
            with self._changed:
                self._output += chunk
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _tail(self) -> str:
        return self._output.decode(errors="replace")[-600:]
