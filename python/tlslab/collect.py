"""Collections: trials of many tasks, added to a file until there are enough, whatever happens on the way."""

from __future__ import annotations

import contextlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tlslab import _tlslab
from tlslab.behaviour import Client, Server
from tlslab.connection import draw_seed, whole_number
from tlslab.errors import CollectionError, RunError
from tlslab.experiment import CHOICES, Experiment
from tlslab.parts.job import Job, Rules, block_size, job_of
from tlslab.parts.keep import drive_into
from tlslab.parts.run import Run
from tlslab.parts.store import Kept, Store, definition_of, identity, read
from tlslab.progress import Bar, Progress
from tlslab.result import Result
from tlslab.table import Table
from tlslab.tasks import Task

if TYPE_CHECKING:
    from concurrent.futures import Executor

__all__ = ["Collected", "Collection", "collect", "combine", "read_collection"]

#: As many trials as no collection has; where classes are allowed, so many are run by classes.
_MANY = 1 << 53


@dataclass(frozen=True, slots=True)
class Collected:
    """
    What has been collected of one task.

    Attributes
    ----------
    name
        The task's name, if it has one.
    results
        Its results, one for each seed: those of one file have one, unless it was combined from several.
    """

    name: str | None
    results: tuple[Result, ...]

    @property
    def experiment(self) -> Experiment:
        """What was run."""
        return self.results[0].experiment

    @property
    def trials(self) -> int:
        """How many trials there are, of all seeds."""
        return sum(result.trials for result in self.results)

    @property
    def failures(self) -> int:
        """How many of them failed."""
        return sum(result.failures for result in self.results)

    @property
    def rate(self) -> float | None:
        """Failures to trials; None without trials."""
        return self.failures / self.trials if self.trials else None

    @property
    def outcomes(self) -> dict[str, int]:
        """Trials by outcome."""
        return dict(sum((Counter(result.outcomes) for result in self.results), Counter()))

    @property
    def causes(self) -> dict[str, int]:
        """Failed trials by cause."""
        return dict(sum((Counter(result.causes) for result in self.results), Counter()))

    @property
    def interval_kind(self) -> str:
        """
        Which interval is valid: that of its results where they agree, and a confidence sequence where they do not.

        Trials of several seeds that each ended at a failure are no negative binomial sample of one run.
        """
        kinds = {result.interval_kind for result in self.results}
        one_for_all = len(kinds) == 1 and (len(self.results) == 1 or kinds != {"negative_binomial"})
        return kinds.pop() if one_for_all else "confidence_sequence"

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """
        Give an interval of the rate.

        Raises
        ------
        RunError
            There are no trials, or `confidence` is not between 0 and 1.
        """
        return _tlslab.interval(self.interval_kind, self.failures, self.trials, confidence)

    def to_dict(self) -> dict[str, Any]:
        """Give everything as JSON has it."""
        return {
            "name": self.name,
            "trials": self.trials,
            "failures": self.failures,
            "rate": self.rate,
            "interval": list(self.interval()) if self.trials else None,
            "interval_kind": self.interval_kind,
            "outcomes": self.outcomes,
            "causes": self.causes,
            "results": [result.to_dict() for result in self.results],
        }


@dataclass(frozen=True, slots=True)
class Collection(Table):
    """
    What has been collected, task by task.

    Attributes
    ----------
    rows
        The tasks of which there are trials.
    interrupted
        Whether it was told to stop before there was enough.
    """

    rows: tuple[Collected, ...]
    interrupted: bool = False

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Collected]:
        return iter(self.rows)

    def __getitem__(self, position: int) -> Collected:
        return self.rows[position]

    def to_columns(self) -> dict[str, list[Any]]:
        """
        Give the columns.

        These are ``name``, ``client`` and ``server`` (JSON), ``scenario``, ``fidelity``, ``seeds`` (how many),
        ``trials``, ``failures``, ``rate``, ``low`` and ``high`` (of its interval of 0.95), ``expected_rate``.
        """
        rows = [_row(row) for row in self.rows]
        return {name: [row[position] for row in rows] for position, name in enumerate(_COLUMNS)}

    def to_dict(self) -> dict[str, Any]:
        """Give everything, as ``tlslab collect --json`` prints it."""
        return {"interrupted": self.interrupted, "tasks": [row.to_dict() for row in self.rows]}

    def to_json(self) -> str:
        """Give everything as JSON."""
        return json.dumps(self.to_dict())


_COLUMNS = (
    *("name", "client", "server", "scenario", "fidelity", "seeds"),
    *("trials", "failures", "rate", "low", "high", "expected_rate"),
)


def _row(row: Collected) -> tuple[Any, ...]:
    experiment, first = row.experiment, row.results[0]
    low, high = row.interval() if row.trials else (None, None)
    what = (row.name, experiment.client.to_json(), experiment.server.to_json(), experiment.scenario["name"])
    return *what, first.fidelity, len(row.results), row.trials, row.failures, row.rate, low, high, first.expected_rate


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
            trials=_MANY if fidelity == "auto" else max_trials,
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


def read_collection(*paths: str | os.PathLike[str]) -> Collection:
    """
    Read what files have, without running anything.

    Raises
    ------
    CollectionError
        A file cannot be read, is damaged, or does not go together with the others.
    """
    kept = _together(paths)
    by_task: dict[str, list[Kept]] = {}
    for one in kept.values():
        by_task.setdefault(_apart_from_seed(one.definition), []).append(one)
    rows = []
    for several in by_task.values():
        results = tuple(result for one in several if (result := _result_of(one)) is not None)
        if results:
            rows.append(Collected(several[0].definition["name"], results))
    return Collection(tuple(rows))


def combine(paths: Sequence[str | os.PathLike[str]], into: str | os.PathLike[str]) -> Collection:
    """
    Put files of several machines together into a new one.

    Parts that several of them have are taken once.

    Parameters
    ----------
    paths
        The files.
    into
        The file to be made.

    Raises
    ------
    CollectionError
        `into` exists already or cannot be written; or a file cannot be read, is damaged, or contradicts another.
    """
    kept = _together(paths)
    if Path(into).exists():
        raise CollectionError(f"{into} exists already; combine writes a new file")
    with _unless_finished(into), Store(into) as store:
        for one in kept.values():
            store.task(one.definition)
            for part in one.parts:
                store.add_part(one.definition, part)
            for rules, document in one.results:
                store.add_result(one.definition, rules, document)
    return read_collection(into)


@contextlib.contextmanager
def _unless_finished(path: str | os.PathLike[str]) -> Iterator[None]:
    """Take away a file that was not written to its end."""
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(path)
        raise


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
    same = [kept for kept in store.runs.values() if _apart_from_seed(kept.definition) == _apart_from_seed(definition)]
    chosen = seed
    if chosen is None:
        chosen = int(same[0].definition["seed"]) if same else draw_seed(None)
    others = [
        result for kept in same if int(kept.definition["seed"]) != chosen and (result := _result_of(kept)) is not None
    ]
    left = max_trials - sum(other.trials for other in others)
    failures_left = None
    if rules.max_failures is not None:
        failures_left = rules.max_failures - sum(other.failures for other in others)
    if left < 1 or (failures_left is not None and failures_left < 1):
        return _Plan(None, others)
    return _Plan(Run(replace(job, seed=chosen), left, Rules(failures_left, rules.precision), block=block), others)


def _apart_from_seed(definition: Mapping[str, Any]) -> str:
    return identity({**definition, "seed": None})


def _result_of(kept: Kept) -> Result | None:
    """Give what a file has of a run: its largest result, or what its parts from the first trial on add up to."""
    what = kept.definition
    experiment = Experiment(
        Client.from_dict(what["client"]),
        Server.from_dict(what["server"]),
        scenario=what["scenario"],
        signatures=what["signatures"],
    )
    if kept.results:
        _, document = max(kept.results, key=lambda result: int(result[1]["trials"]))
        return Result(experiment, document)
    job = Job(
        client=experiment.client.to_json(),
        server=experiment.server.to_json(),
        scenario=experiment.scenario_json,
        signatures=what["signatures"],
        seed=int(what["seed"]),
        fidelity=what["fidelity"],
    )
    run = Run(job, _MANY)
    for part in kept.parts:
        run.give(part)
    run.advance()
    return Result(experiment, run.report()) if run.done else None


def _together(paths: Sequence[str | os.PathLike[str]]) -> dict[str, Kept]:
    """Read several files as if they were one."""
    if not paths:
        raise CollectionError("there is no file to read")
    together: dict[str, Kept] = {}
    parts: dict[tuple[str, int, int], str] = {}
    for path in paths:
        for key, kept in read(path).items():
            known = together.setdefault(key, Kept(kept.definition))
            if known.definition["version"] != kept.definition["version"]:
                raise CollectionError(
                    f"{path} has trials of tlslab {kept.definition['version']}, and others have the same task of "
                    f"{known.definition['version']}: another version may define trials otherwise, so they are not mixed"
                )
            for part in kept.parts:
                counts = json.loads(part)
                place = key, int(counts["first"]), int(counts["trials"])
                if parts.setdefault(place, part) != part:
                    raise CollectionError(f"{path} contradicts another file about the trials from {place[1]} on")
                if part not in known.parts:
                    known.parts.append(part)
            known.results.extend(result for result in kept.results if result not in known.results)
    return together
