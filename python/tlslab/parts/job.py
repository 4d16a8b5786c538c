"""What a block of trials needs to be run anywhere: plain data that can be sent to another machine."""

from __future__ import annotations

import json
import os
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tlslab import _tlslab
from tlslab.numbers import MOST_THREADS, whole_number

if TYPE_CHECKING:
    from concurrent.futures import Future

    from tlslab.experiment import Experiment

__all__ = ["BLOCKS", "Job", "Rules", "block_size", "document_of", "job_of", "report_on", "run_block"]

#: Trials of a block, by fidelity: some seconds of one core.
BLOCKS = {"wire": 1 << 14, "class": 1 << 18, "census": 1 << 24}

#: So many jobs stay ready in a process, one for each thread that may be at one; each may have tables of its budget.
_KEPT = max(4, os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class Rules:
    """
    When a run stops before all of its trials are done.

    Attributes
    ----------
    max_failures, precision
        As for :meth:`tlslab.Experiment.run`; None for no such rule.
    """

    max_failures: int | None = None
    precision: float | None = None

    def __bool__(self) -> bool:
        return self.max_failures is not None or self.precision is not None


@dataclass(frozen=True, slots=True)
class Job:
    """
    A run, as data: behaviours and scenario as JSON, and how trials are run.

    Attributes
    ----------
    client, server, scenario
        Canonical JSON.
    signatures, seed, fidelity, kernel, memory_budget
        As for :meth:`tlslab.Experiment.run`; the fidelity is not ``"auto"``.
    threads
        Threads of one block.
    """

    client: str
    server: str
    scenario: str
    signatures: str
    seed: int
    fidelity: str
    kernel: str | None = None
    memory_budget: int = 64 << 20
    threads: int = 1

    @property
    def block(self) -> int:
        """How many trials a block has, unless somebody says otherwise."""
        return BLOCKS[self.fidelity]

    def prepare(self) -> _tlslab.Prepared:
        """Make it ready to be run in this process."""
        return _tlslab.Prepared(
            self.client,
            self.server,
            self.scenario,
            signatures=self.signatures,
            trials=1,
            seed=self.seed,
            threads=self.threads,
            fidelity=self.fidelity,
            kernel=self.kernel,
            memory_budget=self.memory_budget,
        )


def job_of(
    experiment: Experiment,
    *,
    seed: int,
    trials: int,
    fidelity: str,
    rules: Rules,
    kernel: str | None = None,
    memory_budget: int = 64 << 20,
    threads: int = 1,
) -> Job:
    """
    Give the job of an experiment, at the fidelity that so many trials are run at.

    Raises
    ------
    RunError
        It cannot be run, or not at that fidelity; nothing was.
    """
    client, server, scenario = experiment.client.to_json(), experiment.server.to_json(), experiment.scenario_json
    resolved = _tlslab.check_experiment(
        client,
        server,
        scenario,
        signatures=experiment.signatures,
        trials=whole_number("the number of trials", trials),
        fidelity=fidelity,
        max_failures=None if rules.max_failures is None else whole_number("max_failures", rules.max_failures),
        precision=rules.precision,
    )
    return Job(
        client=client,
        server=server,
        scenario=scenario,
        signatures=experiment.signatures,
        seed=seed,
        fidelity=resolved,
        kernel=kernel,
        memory_budget=whole_number("memory_budget", memory_budget),
        threads=whole_number("threads", threads, most=MOST_THREADS),
    )


def document_of(report: str) -> dict[str, Any]:
    """Give what the lab reports of a run, with the version that ran it."""
    return {**json.loads(report), "version": _tlslab.__version__}


def block_size(block: int | None) -> int:
    """Give the trials of a block, 0 for what the job says; refuse what is no number of trials."""
    if block is None:
        return 0
    if block < 1:
        raise _tlslab.RunError(f"a block has at least one trial, not {block}")
    return whole_number("block", block)


def run_block(
    job: Job, start: int, stop: int, failures_before: int, rules: Rules, interrupted: threading.Event | None
) -> tuple[str, str]:
    """Run the trials from `start` to `stop`; give the part as JSON, and why it stopped."""
    return _ready(job).part(
        start,
        stop,
        failures_before=failures_before,
        max_failures=rules.max_failures,
        precision=rules.precision,
        progress=_watcher(interrupted),
    )


def report_on(job: Job, part: str, stopped_by: str, seconds: float, interrupted: threading.Event | None) -> str:
    """Audit a run whose parts were added up, and report on it as JSON."""
    return _ready(job).report(part, stopped_by=stopped_by, seconds=seconds, progress=_watcher(interrupted))


class _Watcher:
    """Stops a block of this process once it is told to."""

    def __init__(self, interrupted: threading.Event | None) -> None:
        self._interrupted = interrupted

    def __call__(self, _done: int, _failures: int | None) -> None:
        if self._interrupted is not None and self._interrupted.is_set():
            raise KeyboardInterrupt


_watcher = _Watcher

_lock = threading.Lock()
_jobs: OrderedDict[Job, Future[_tlslab.Prepared]] = OrderedDict()


def _ready(job: Job) -> _tlslab.Prepared:
    """Give a job made ready; whoever asks for it while another thread makes it waits for that."""
    from concurrent.futures import Future

    with _lock:
        future = _jobs.get(job)
        mine = future is None
        if future is None:
            future = _jobs[job] = Future()
            while len(_jobs) > _KEPT:
                _jobs.popitem(last=False)
        else:
            _jobs.move_to_end(job)
    if mine:
        try:
            future.set_result(job.prepare())
        except BaseException as error:
            with _lock:
                _jobs.pop(job, None)
            future.set_exception(error)
    return future.result()
