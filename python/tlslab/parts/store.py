"""
Parts of runs on disk: a file of lines that is only ever added to.

Each line is JSON with a checksum. The first says what the file is. A task's line says what a run is of, a part's line
has the counts of some of its trials, and a result's line what a whole run came to. Whoever is killed while writing
leaves half a line at the end, which the next one takes away; so no more than one part is lost.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from tlslab import _tlslab
from tlslab.errors import CollectionError
from tlslab.files import read_whole
from tlslab.parts.job import Job

__all__ = ["Kept", "Store", "identity"]

#: What the first line says.
_FORMAT, _SCHEMA = "tlslab collection", 1


@dataclass(slots=True)
class Kept:
    """
    What a file has of one run.

    Attributes
    ----------
    definition
        What it is of: behaviours, scenario, signatures, seed, fidelity, version, name.
    parts
        Parts as JSON, in the order in which they were written.
    results
        Reports of whole runs, each with the rules that it was run under.
    """

    definition: dict[str, Any]
    parts: list[str] = field(default_factory=list)
    results: list[tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=list)


def definition_of(job: Job, name: str | None = None) -> dict[str, Any]:
    """Give what defines a run's trials."""
    return {
        "client": json.loads(job.client),
        "server": json.loads(job.server),
        "scenario": json.loads(job.scenario),
        "signatures": job.signatures,
        "fidelity": job.fidelity,
        "seed": str(job.seed),
        "version": _tlslab.__version__,
        "name": name,
    }


def identity(definition: dict[str, Any]) -> str:
    """Give the SHA-256 of a run's definition, apart from its version and name."""
    what = {name: value for name, value in definition.items() if name not in ("version", "name")}
    return hashlib.sha256(_canonical(what).encode()).hexdigest()


class Store:
    """
    A file of parts, open for adding to it. Nobody else can open it meanwhile.

    Parameters
    ----------
    path
        The file; it is made if it is not there.

    Raises
    ------
    CollectionError
        It cannot be written, is no collection, is damaged, or is in use.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path: Path = Path(path)
        self.runs: dict[str, Kept] = {}
        with self._explained("open"):
            self._file: IO[bytes] = open(self.path, "ab+", buffering=0)  # noqa: SIM115 - closed by __exit__
        try:
            self._open()
        except BaseException:
            self._file.close()
            raise

    def _open(self) -> None:
        with self._explained("open"):
            regular = stat.S_ISREG(os.fstat(self._file.fileno()).st_mode)
            if regular:
                _lock(self._file, self.path)
                self._file.seek(0)
                data = self._file.read()
            else:
                data = b""
        whole = _whole_lines(data)
        self.runs = _read(self.path, data[:whole])
        self._end = whole
        if whole < len(data):
            with self._explained("write"):
                self._file.truncate(whole)
        if not whole:
            self._append({"format": _FORMAT, "schema": _SCHEMA})

    def task(self, definition: dict[str, Any]) -> Kept:
        """
        Give what is kept of a run; it is written down as a new one if there is nothing.

        Raises
        ------
        CollectionError
            The file has the same run by another version, or another one of the same name.
        """
        for known in self.runs.values():
            _refuse_mixture(self.path, known.definition, definition)
        key = identity(definition)
        if key not in self.runs:
            self._append({"task": key, "definition": definition})
            self.runs[key] = Kept(definition)
        return self.runs[key]

    def add_part(self, definition: dict[str, Any], part: str) -> None:
        """Write a part down."""
        self._append({"task": identity(definition), "part": json.loads(part)})

    def add_result(self, definition: dict[str, Any], rules: dict[str, Any], document: dict[str, Any]) -> None:
        """Write down what a whole run came to."""
        self._append({"task": identity(definition), "rules": rules, "result": document})

    def _append(self, line: dict[str, Any]) -> None:
        data = _line(line)
        try:
            with self._explained("write"):
                written = self._file.write(data)
                if written != len(data):
                    raise OSError("not all of a line was written; the disk may be full")
                with contextlib.suppress(OSError):  # Of what is no file on a disk.
                    os.fsync(self._file.fileno())
        except CollectionError:
            # Half a line would be taken away by the next one to open the file; what was there before stays.
            with contextlib.suppress(OSError):
                self._file.truncate(self._end)
            raise
        self._end += len(data)

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @contextlib.contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            kept = "; what was collected before is kept" if self.runs else ""
            raise CollectionError(f"cannot {what} {self.path}: {error}{kept}") from error


def read(path: str | os.PathLike[str]) -> dict[str, Kept]:
    """
    Read a file of parts, which may be in use.

    Raises
    ------
    CollectionError
        It cannot be read, is no collection, or is damaged.
    """
    try:
        data = read_whole(path)
    except OSError as error:
        raise CollectionError(f"cannot read {path}: {error}") from error
    return _read(Path(path), data[: _whole_lines(data)])


def _read(path: Path, data: bytes) -> dict[str, Kept]:
    runs: dict[str, Kept] = {}
    for number, text in enumerate(data.splitlines(), 1):
        line = _checked(path, number, text)
        if "format" in line or number == 1:
            if line.get("format") != _FORMAT or line.get("schema") != _SCHEMA:
                raise CollectionError(
                    f"{path}, line {number}, says that it is no collection of this kind: {text[:80]!r}"
                )
        elif "definition" in line:
            runs.setdefault(line["task"], Kept(line["definition"]))
        elif line.get("task") not in runs:
            raise CollectionError(f"{path}, line {number}, is about a task that no line before it defines")
        elif "part" in line:
            runs[line["task"]].parts.append(json.dumps(line["part"]))
        else:
            runs[line["task"]].results.append((line["rules"], line["result"]))
    return runs


def _checked(path: Path, number: int, text: bytes) -> dict[str, Any]:
    body, _, checksum = text.rpartition(b" ")
    damaged = f"{path}, line {number}, is damaged; take the line away and its trials will be run again"
    if number == 1 and not body.startswith(b'{"format"'):
        raise CollectionError(f"{path} is no collection: it begins with {text[:40]!r}")
    if checksum != b"%08x" % zlib.crc32(body):
        raise CollectionError(damaged)
    try:
        line = json.loads(body)
    except ValueError as error:
        raise CollectionError(damaged) from error
    if not isinstance(line, dict):
        raise CollectionError(damaged)
    return line


def _line(content: dict[str, Any]) -> bytes:
    body = _canonical(content).encode()
    return b"%b %08x\n" % (body, zlib.crc32(body))


def _canonical(content: dict[str, Any]) -> str:
    return json.dumps(content, separators=(",", ":"), sort_keys=True)


def _whole_lines(data: bytes) -> int:
    """How many bytes there are up to the end of the last whole line."""
    return data.rfind(b"\n") + 1


def _refuse_mixture(path: Path, known: dict[str, Any], asked: dict[str, Any]) -> None:
    if identity(known) == identity(asked) and known["version"] != asked["version"]:
        raise CollectionError(
            f"{path} has trials of tlslab {known['version']}, and this is {asked['version']}: another version may "
            "define trials otherwise, so they are not mixed; use another file"
        )
    apart = ("seed", "version")
    same = all(known[name] == asked[name] for name in known if name not in apart)
    if known["name"] is not None and known["name"] == asked["name"] and not same:
        raise CollectionError(f"{path} has another task of the name {known['name']!r}; use another name or file")


def _lock(file: IO[bytes], path: Path) -> None:
    """Keep others from adding to the file until it is closed, however this process ends."""
    if sys.platform == "win32":  # It has no such locks.
        return
    import fcntl

    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise CollectionError(f"{path} is in use: another process adds to it") from error
