"""Runs whose parts are kept in a file, and that go on from what it has."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tlslab.parts.drive import Outlook, drive
from tlslab.parts.run import Run
from tlslab.parts.store import Kept, Store, definition_of

if TYPE_CHECKING:
    from concurrent.futures import Executor

__all__ = ["drive_into", "drive_kept", "recall"]


def drive_kept(
    runs: Sequence[Run],
    *,
    path: str | os.PathLike[str] | None,
    names: Sequence[str | None] = (),
    executor: Executor | None = None,
    workers: int = 0,
    progress: Callable[[int, int | None], None],
) -> bool:
    """
    Drive runs as :func:`drive` does, and keep what is done in a file, if there is one.

    Raises
    ------
    RunError
        As :func:`drive`.
    CollectionError
        The file cannot be written, or holds something else. What was done is kept as far as it was written.
    """
    if path is None:
        return drive(runs, executor=executor, workers=workers, outlook=Outlook(progress=progress))
    with Store(path) as store:
        return drive_into(store, runs, names=names, executor=executor, workers=workers, progress=progress)


def drive_into(
    store: Store,
    runs: Sequence[Run],
    *,
    names: Sequence[str | None] = (),
    executor: Executor | None = None,
    workers: int = 0,
    progress: Callable[[int, int | None], None],
) -> bool:
    """Drive runs, beginning with what an open file has of them, and write down there what is done."""
    definitions = {
        id(run): definition_of(run.job, name) for run, name in zip(runs, names or [None] * len(runs), strict=True)
    }
    for run in runs:
        recall(run, store.task(definitions[id(run)]))

    def on_part(run: Run, part: str) -> None:
        store.add_part(definitions[id(run)], part)

    def on_report(run: Run) -> None:
        if run.document is not None:
            store.add_result(definitions[id(run)], _rules(run), run.document)

    outlook = Outlook(on_part=on_part, on_report=on_report, progress=progress)
    return drive(runs, executor=executor, workers=workers, outlook=outlook)


def recall(run: Run, kept: Kept) -> None:
    """Have a run begin with what a file has of it: its result, or parts of it."""
    for rules, document in kept.results:
        if rules == _rules(run):
            run.document, run.done, run.failures = document, document["trials"], document["failures"]
            return
    for part in kept.parts:
        run.give(part)


def _rules(run: Run) -> dict[str, Any]:
    return {"trials": run.trials, **asdict(run.rules)}
