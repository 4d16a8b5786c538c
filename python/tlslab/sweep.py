"""Sweeps: an experiment for each cell of a table of behaviours and scenarios."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tlslab import _tlslab
from tlslab.axes import Knobs
from tlslab.behaviour import Client, Server
from tlslab.errors import RunError
from tlslab.experiment import CHOICES, Experiment
from tlslab.groups import Group
from tlslab.numbers import draw_seed, whole_number
from tlslab.parts.job import Rules, block_size, job_of
from tlslab.parts.keep import drive_kept
from tlslab.parts.run import Run
from tlslab.progress import Bar, Progress
from tlslab.result import Result
from tlslab.table import Table, labelled
from tlslab.tasks import tasks
from tlslab.words import is_sound

if TYPE_CHECKING:
    from concurrent.futures import Executor

__all__ = ["Cell", "Sweep", "sweep"]


@dataclass(frozen=True, slots=True)
class Cell:
    """
    One experiment of a sweep.

    Attributes
    ----------
    labels
        What varies in the sweep, by name, with the values of this cell.
    result
        The experiment and what it came to.
    p_holm
        Its p-value, corrected by Holm's method for the number of those of the sweep; None without one.
    """

    labels: Mapping[str, Any]
    result: Result
    p_holm: float | None

    def to_dict(self) -> dict[str, Any]:
        """Give everything as JSON has it."""
        return {"labels": dict(self.labels), "p_holm": self.p_holm, **self.result.to_dict()}


@dataclass(frozen=True, slots=True, repr=False)
class Sweep(Table[Cell]):
    """
    The table of a sweep: a row for each cell.

    Attributes
    ----------
    cells
        The cells that were run, in the order in which they were asked for.
    seed
        The seed that theirs are derived from.
    interrupted
        Whether it was told to stop before all of them were done.
    """

    cells: tuple[Cell, ...]
    seed: int
    interrupted: bool = False

    @property
    def rows(self) -> tuple[Cell, ...]:
        """The cells: each is a row."""
        return self.cells

    def to_columns(self) -> dict[str, list[Any]]:
        """
        Give the columns.

        What varies comes first, under its name. Then ``trials``, ``failures``, ``rate`` with its interval of 0.95
        (``low``, ``high``), ``expected_rate``, ``p_value``, ``p_holm``, ``outcome`` (the most frequent failure),
        ``cause``, ``fidelity``, ``stopped_by``, ``seed`` (as text), ``client_identity`` and ``server_identity``.
        """
        rows = [_row(cell) for cell in self.cells]
        return labelled([cell.labels for cell in self.cells]) | {
            name: [row[name] for row in rows] for name in _row_names()
        }

    def to_dict(self) -> dict[str, Any]:
        """Give everything, as ``tlslab sweep --json`` prints it."""
        return {
            "seed": str(self.seed),
            "interrupted": self.interrupted,
            "cells": [cell.to_dict() for cell in self.cells],
        }


def sweep(
    client: Client | Sequence[Client] | None = None,
    server: Server | Sequence[Server] | None = None,
    *,
    knobs: Knobs | None = None,
    combine: str = "grid",
    samples: int | None = None,
    groups: Sequence[str | Group] | None = None,
    scenario: str | Mapping[str, Any] | Sequence[str | Mapping[str, Any]] = "full",
    signatures: str = "simulated",
    trials: int = 10_000,
    seed: int | None = None,
    fidelity: str = "auto",
    max_failures: int | None = None,
    precision: float | None = None,
    path: str | os.PathLike[str] | None = None,
    executor: Executor | None = None,
    workers: int = 0,
    block: int | None = None,
    kernel: str | None = None,
    memory_budget: int = 64 << 20,
    progress: Progress = None,
) -> Sweep:
    """
    Run an experiment for each combination of what is given, in parallel.

    Each cell has a seed of its own, derived from `seed` and from what the cell is, so that cells are independent and a
    further cell changes no other.

    Parameters
    ----------
    client, server
        How the two act, or lists of that: each client is tried with each server.
    knobs
        What is varied on top of them, under ``"client.NAME"``, ``"server.NAME"``, or ``"NAME"`` for whichever side has
        such a knob. A mapping to lists of values; a list of mappings, one for each cell; or a function that is given a
        :class:`random.Random` and gives the knobs of a cell, `samples` times.
    combine
        ``"grid"``: each value with each of the others; ``"zip"``: the first ones, the second ones, and so on.
    samples
        How many cells a function draws.
    groups
        Finite-field groups, one after the other as the server's only one.
    scenario
        One or several, as for :class:`tlslab.Experiment`.
    signatures, trials, fidelity, max_failures, precision, kernel, memory_budget
        As for :class:`tlslab.Experiment` and its ``run``, for each cell.
    seed
        The seed of all; None draws one, and the table names it.
    path
        A file that keeps what is done, so that a sweep that was interrupted or killed goes on from there; `seed` is to
        be given then.
    executor
        Where cells are run; None for threads of this process.
    workers
        How many threads then; 0 for as many as there are processors.
    block
        Trials that are run in one go; None for some seconds' worth.
    progress
        As for :meth:`tlslab.Experiment.run`, over all cells.

    Raises
    ------
    BehaviourError
        A knob or value that does not exist, or knobs that contradict each other. No cell was run.
    RunError
        A cell that cannot be run. None was.
    CollectionError
        `path` cannot be written, or holds something else.

    Examples
    --------
    >>> import tlslab as tl
    >>> table = tl.sweep(
    ...     server=tl.Server(groups=["modp768"]),
    ...     knobs={"ems": ["off", "on"], "server.premaster_zeros": ["strip", "keep"]},
    ...     trials=1000, seed=1, progress=False,
    ... )
    >>> [(cell.labels["ems"], cell.labels["server.premaster_zeros"], cell.result.failures > 0) for cell in table]
    [('off', 'strip', False), ('off', 'keep', True), ('on', 'strip', False), ('on', 'keep', False)]
    """
    if fidelity not in CHOICES:
        raise RunError(f"fidelity is one of {', '.join(CHOICES)}, not {fidelity!r}")
    whole_number("the number of trials", trials)
    if path is not None and seed is None:
        raise RunError("a sweep that is kept in a file is given a seed=, so that it can go on")
    drawn, rules = draw_seed(seed), Rules(max_failures, precision)
    cells = tasks(
        client,
        server,
        knobs=knobs,
        combine=combine,
        samples=samples,
        groups=groups,
        scenario=scenario,
        signatures=signatures,
        seed=drawn,
    )
    runs = [
        Run(
            job_of(
                cell.experiment,
                seed=_seed_of(drawn, cell.experiment),
                trials=trials,
                fidelity=fidelity,
                rules=rules,
                kernel=kernel,
                memory_budget=memory_budget,
            ),
            trials,
            rules,
            block=block_size(block),
        )
        for cell in cells
    ]
    with Bar(trials * len(runs), progress) as bar:
        interrupted = drive_kept(runs, path=path, executor=executor, workers=workers, progress=bar.update)
    done = [
        (cell.labels, Result(cell.experiment, run.report()))
        for cell, run in zip(cells, runs, strict=True)
        if run.document is not None or run.done
    ]
    return Sweep(_corrected(done), drawn, interrupted)


def _seed_of(seed: int, experiment: Experiment) -> int:
    """Give the seed of a cell: it depends on the sweep's and on what the cell is, and on no other cell."""
    what = [str(seed), experiment.client.identity, experiment.server.identity, experiment.scenario_json]
    return int.from_bytes(hashlib.sha256("\n".join(["tlslab sweep v1", *what]).encode()).digest()[:8], "big")


def _corrected(done: list[tuple[Mapping[str, Any], Result]]) -> tuple[Cell, ...]:
    tested = [result.p_value for _, result in done if result.p_value is not None]
    corrected = iter(_tlslab.holm(tested))
    return tuple(Cell(labels, result, None if result.p_value is None else next(corrected)) for labels, result in done)


def _row(cell: Cell) -> dict[str, Any]:
    result = cell.result
    low, high = result.interval() if result.trials else (None, None)
    failures = {name: count for name, count in result.outcomes.items() if not is_sound(name)}
    values = (
        *(result.trials, result.failures, result.rate, low, high),
        *(result.expected_rate, result.p_value, cell.p_holm),
        *(_most(failures), _most(result.causes), result.fidelity, result.stopped_by, str(result.seed)),
        *(result.experiment.client.identity, result.experiment.server.identity),
    )
    return dict(zip(_row_names(), values, strict=True))


def _row_names() -> list[str]:
    names = ["trials", "failures", "rate", "low", "high", "expected_rate", "p_value", "p_holm"]
    return [*names, "outcome", "cause", "fidelity", "stopped_by", "seed", "client_identity", "server_identity"]


def _most(counts: Mapping[str, int]) -> str | None:
    return max(counts, key=lambda name: counts[name]) if counts else None
