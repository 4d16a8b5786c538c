"""Collections: what files have of the trials of many tasks."""

from __future__ import annotations

import contextlib
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tlslab import _tlslab
from tlslab.behaviour import Client, Server
from tlslab.errors import CollectionError
from tlslab.experiment import Experiment
from tlslab.parts.job import Job
from tlslab.parts.run import Run
from tlslab.parts.store import Kept, Store, identity, read
from tlslab.result import Result
from tlslab.table import Table

__all__ = ["MANY", "Collected", "Collection", "apart_from_seed", "combine", "read_collection", "result_of"]

#: As many trials as no collection has; where classes are allowed, so many are run by classes.
MANY = 1 << 53


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


@dataclass(frozen=True, slots=True, repr=False)
class Collection(Table[Collected]):
    """
    What has been collected, task by task.

    Attributes
    ----------
    tasks
        The tasks of which there are trials, with what was collected.
    interrupted
        Whether it was told to stop before there was enough.
    """

    tasks: tuple[Collected, ...]
    interrupted: bool = False

    @property
    def rows(self) -> tuple[Collected, ...]:
        """The tasks: each is a row."""
        return self.tasks

    def to_columns(self) -> dict[str, list[Any]]:
        """
        Give the columns.

        These are ``name``, ``client`` and ``server`` (JSON), ``scenario``, ``fidelity``, ``seeds`` (how many),
        ``trials``, ``failures``, ``rate``, ``low`` and ``high`` (of its interval of 0.95), ``expected_rate``.
        """
        rows = [_row(row) for row in self.tasks]
        return {name: [row[position] for row in rows] for position, name in enumerate(_COLUMNS)}

    def to_dict(self) -> dict[str, Any]:
        """Give everything, as ``tlslab collect --json`` prints it."""
        return {"interrupted": self.interrupted, "tasks": [row.to_dict() for row in self.tasks]}


_COLUMNS = (
    *("name", "client", "server", "scenario", "fidelity", "seeds"),
    *("trials", "failures", "rate", "low", "high", "expected_rate"),
)


def _row(row: Collected) -> tuple[Any, ...]:
    experiment, first = row.experiment, row.results[0]
    low, high = row.interval() if row.trials else (None, None)
    what = (row.name, experiment.client.to_json(), experiment.server.to_json(), experiment.scenario["name"])
    return *what, first.fidelity, len(row.results), row.trials, row.failures, row.rate, low, high, first.expected_rate


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
        by_task.setdefault(apart_from_seed(one.definition), []).append(one)
    rows = []
    for several in by_task.values():
        results = tuple(result for one in several if (result := result_of(one)) is not None)
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


def apart_from_seed(definition: Mapping[str, Any]) -> str:
    """Give the identity of a task, whatever seed its trials have."""
    return identity({**definition, "seed": None})


def result_of(kept: Kept) -> Result | None:
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
    run = Run(job, MANY)
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
