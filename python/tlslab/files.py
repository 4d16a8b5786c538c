"""Files that are there as a whole or not at all, and are read as a whole."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO

from tlslab import _tlslab

__all__ = ["WholeFile", "read_whole"]


def read_whole(path: str | os.PathLike[str]) -> bytes:
    """
    Read a file that has an end: a device may have none, and a pipe may never begin.

    Raises
    ------
    OSError
        It cannot be read, or is no regular file.
    """
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise OSError(errno.EINVAL, "It is no regular file", os.fspath(path))
    return Path(path).read_bytes()


class WholeFile:
    """
    A file that appears, or takes the place of an older one, once all of it is written.

    Leaving its ``with`` block puts it in place, or throws it away where that is left by an exception.

    Parameters
    ----------
    path
        Where it is to be. What is no regular file, such as a device or a pipe, is written to as it is.
    private
        Whether it is for its owner's eyes alone.

    Raises
    ------
    RunError
        It cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str], *, private: bool = False) -> None:
        self.path: Path = Path(path)
        # A link stays a link: what it leads to is replaced.
        self._place = Path(os.path.realpath(path))
        self._temporary: str | None = None
        with self._explained():
            if self._place.exists() and not stat.S_ISREG(self._place.stat().st_mode):
                self._file: IO[bytes] = self._place.open("wb")
                return
            number, self._temporary = tempfile.mkstemp(prefix=f".{self._place.name}.", dir=self._place.parent)
            self._file = os.fdopen(number, "wb")
            if not private:
                os.chmod(self._temporary, 0o666 & ~_umask())

    def write(self, data: bytes) -> None:
        """Append to it."""
        with self._explained():
            self._file.write(data)

    def __enter__(self) -> WholeFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with self._explained():
                self._file.close()
                if self._temporary is not None and kind is None:
                    os.replace(self._temporary, self._place)
                    self._temporary = None
        finally:
            if self._temporary is not None:
                with contextlib.suppress(OSError):
                    os.unlink(self._temporary)

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise _tlslab.RunError(f"cannot write {self.path}: {error}") from error


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
