"""A corpus as raw seeds, for the fuzzers of other stacks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from tlslab.connection import Connection
from tlslab.errors import RunError
from tlslab.files import WholeFile
from tlslab.fuzz.finding import replay

__all__ = ["export"]


def export(folder: str | Path, out: str | Path) -> int:
    """
    Write what each side sends in a corpus as raw seeds, for the fuzzers of other stacks.

    Parameters
    ----------
    folder
        A folder of a campaign. The inputs of its corpus are run again.
    out
        Where the seeds go: ``client`` and ``server`` in it get a file for each connection, with all bytes that this
        side has sent in it. What a server is to be fuzzed with is in ``client``.

    Returns
    -------
    int
        How many different seeds there are.

    Raises
    ------
    RunError
        No corpus is there, one of its files is none of this project's, or a seed cannot be written.
    """
    inputs = sorted(Path(folder, "corpus").glob("*.json"))
    if not inputs:
        raise RunError(f"{folder} holds no corpus: give the folder of a campaign")
    seeds = {seed for path in inputs for connection in replay(path).connections for seed in _seeds(connection)}
    for side, sent in seeds:
        path = Path(out, side, hashlib.sha256(sent).hexdigest()[:16])
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"cannot write {out}: {error}") from error
        with WholeFile(path) as file:
            file.write(sent)
    return len(seeds)


def _seeds(connection: Connection) -> Iterator[tuple[str, bytes]]:
    """Give what each side has sent in a connection, if it has sent anything."""
    for side in ("client", "server"):
        if sent := b"".join(flight for sender, flight in connection.flights if sender == side):
            yield side, sent
