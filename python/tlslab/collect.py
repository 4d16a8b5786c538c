"""Collecting: trials of many tasks, added to a file until there are enough, whatever happens on the way."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tlslab.collection import MANY, Collected, Collection, apart_from_seed, result_of
from tlslab.errors import RunError
from tlslab.experiment import CHOICES, Experiment
from tlslab.numbers import draw_seed, whole_number
from tlslab.parts.job import Job, Rules, block_size, job_of
from tlslab.parts.keep import drive_into
from tlslab.parts.run import Run
from tlslab.parts.store import Store, definition_of
from tlslab.progress import Bar, Progress
from tlslab.result import Result
from tlslab.tasks import Task

if TYPE_CHECKING:
    from concurrent.futures import Executor

__all__ = ["collect"]


def collect(
    tasks: Iterable[Task | Experiment],
    *,
    path: str | os.PathLike[str],
    max_trials: int,
    max_failures: int | None = None,
    precision: float | None = None,
    seed: int | None = None,
    fidelity: str = "auto",
    executor: Executor | None = None,
    workers: int = 0,
    block: int | None = None,
    kernel: str | None = None,
    memory_budget: int = 64 << 20,
    progress: Progress = None,
) -> Collection:
    """
    Add trials to a file until each task has enough of them.

    What is in the file already counts. The process may be killed at any moment: what is lost is the blocks that its
    workers were at, and the next call goes on. Whatever happened on the way, each result is that of an undisturbed run.

    Parameters
    ----------
    tasks
        Experiments, or tasks with labels, as :func:`tlslab.tasks` makes them.
    path
        The file. It is made if it is not there.
    max_trials
        How many trials a task has in the end.
    max_failures, precision
        When a task has enough before that, as for :meth:`tlslab.Experiment.run`.
    seed
        The seed of the trials that are run. None goes on with the one in the file, and draws one for what is new.
        Machines that collect the same tasks are given different seeds, and :func:`tlslab.combine` puts their files
        together.
    fidelity
        As for :meth:`tlslab.Experiment.run`, but that ``"auto"`` means by classes wherever that is allowed.
    executor, workers, block, kernel, memory_budget, progress
        As for :func:`tlslab.sweep`.

    Raises
    ------
    CollectionError
        The file cannot be read or written, is damaged, is in use, or has trials of another version's definition of a
        task. What was collected is kept.
    RunError
        A task that cannot be run, or workers that were lost again and again. What was collected is kept.

    Examples
    --------
    >>> import tlslab as tl
    >>> tasks = tl.tasks(server=tl.Server(groups=["modp768"]), knobs={"ems": ["off", "on"]})
    >>> some = tl.collect(tasks, path="doctest.jsonl", max_trials=500, fidelity="wire", seed=1, progress=False)
    >>> more = tl.collect(tasks, path="doctest.jsonl", max_trials=800, fidelity="wire", progress=False)
    >>> [(row.name, row.trials, row.results[0].seed) for row in more]
    [('ems=off', 800, 1), ('ems=on', 800, 1)]
    """
    if fidelity not in CHOICES:
        raise RunError(f"fidelity is one of {', '.join(CHOICES)}, not {fidelity!r}")
    if max_trials < 1:
        raise RunError(f"a task has at least one trial, not {max_trials}")
    whole_number("max_trials", max_trials)
    rules = Rules(max_failures, precision)
    wanted = [task if isinstance(task, Task) else Task(task) for task in tasks]
    jobs = [
        job_of(
            task.experiment,
            seed=0 if seed is None else whole_number("a seed", seed),
            trials=MANY if fidelity == "auto" else max_trials,
            fidelity=fidelity,
            rules=rules,
            kernel=kernel,
            memory_budget=memory_budget,
        )
        for task in wanted
    ]
    if len({replace(job, seed=0) for job in jobs}) < len(jobs):
        raise RunError("a task is there twice, and its trials would be counted twice")
    with Store(path) as store:
        plans = [
            _plan(store, task, job, seed, max_trials, rules, block_size(block))
            for task, job in zip(wanted, jobs, strict=True)
        ]
        runs = [plan.run for plan in plans if plan.run is not None]
        names = [task.name for task, plan in zip(wanted, plans, strict=True) if plan.run is not None]
        with Bar(sum(run.trials for run in runs), progress) as bar:
            interrupted = drive_into(store, runs, names=names, executor=executor, workers=workers, progress=bar.update)
    rows = [
        Collected(task.name, results)
        for task, plan in zip(wanted, plans, strict=True)
        if (results := plan.results(task.experiment))
    ]
    return Collection(tuple(rows), interrupted)


@dataclass(slots=True)
class _Plan:
    """What is still to be run of a task, and what others have run of it with other seeds."""

    run: Run | None
    others: list[Result]

    def results(self, experiment: Experiment) -> tuple[Result, ...]:
        run = self.run
        if run is None or not (run.document is not None or run.done):
            return tuple(self.others)
        return Result(experiment, run.report()), *self.others


def _plan(store: Store, task: Task, job: Job, seed: int | None, max_trials: int, rules: Rules, block: int) -> _Plan:
    """Find what a file has of a task, and what is left to be done."""
    definition = definition_of(job, task.name)
    same = [kept for kept in store.runs.values() if apart_from_seed(kept.definition) == apart_from_seed(definition)]
    chosen = seed
    if chosen is None:
        chosen = int(same[0].definition["seed"]) if same else draw_seed(None)
    others = [
        result for kept in same if int(kept.definition["seed"]) != chosen and (result := result_of(kept)) is not None
    ]
    left = max_trials - sum(other.trials for other in others)
    failures_left = None
    if rules.max_failures is not None:
        failures_left = rules.max_failures - sum(other.failures for other in others)
    if left < 1 or (failures_left is not None and failures_left < 1):
        return _Plan(None, others)
    return _Plan(Run(replace(job, seed=chosen), left, Rules(failures_left, rules.precision), block=block), others)
