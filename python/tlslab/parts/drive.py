"""Drives runs through an executor: blocks out, parts in, lost blocks again, reports at the end."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tlslab import _tlslab
from tlslab.errors import TlslabError
from tlslab.numbers import MOST_THREADS, whole_number
from tlslab.parts.job import Rules, report_on, run_block
from tlslab.parts.run import Run

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

__all__ = ["Outlook", "drive"]

#: A block that was lost so often is given up: the workers cannot run it.
_ATTEMPTS = 4

#: Blocks that are on their way at once, to an executor that does not tell how many workers it has.
_UNTOLD = 1024

#: How often the caller's thread looks up, in seconds.
_POLL = 0.2


@dataclass(frozen=True, slots=True)
class Outlook:
    """
    What somebody wants to know or keep of runs on their way.

    Attributes
    ----------
    on_part
        Called with each part that a worker has done, as JSON.
    on_report
        Called with each run that is complete.
    progress
        Called now and then with the trials done, and those that failed.
    seconds
        After so much time no run is begun or goes on.
    """

    on_part: Callable[[Run, str], None] = lambda _run, _part: None
    on_report: Callable[[Run], None] = lambda _run: None
    progress: Callable[[int, int | None], None] = lambda _done, _failures: None
    seconds: float | None = None


@dataclass(slots=True)
class _Task:
    """What was given to the executor."""

    run: Run
    what: str
    start: int
    stop: int
    attempts: int = 1


def drive(runs: Iterable[Run], *, executor: Executor | None = None, workers: int = 0, outlook: Outlook) -> bool:
    """
    Run blocks until each of the runs has its document, or it is interrupted.

    What was done in one piece from trial 0 on is in ``done`` of each run then, and the report of a complete one in
    ``document``.

    Parameters
    ----------
    runs
        What is to be run.
    executor
        Where; None for threads of this process.
    workers
        How many threads then; 0 for as many as there are processors.
    outlook
        What is to be told.

    Returns
    -------
    bool
        Whether it was interrupted.

    Raises
    ------
    RunError
        Workers were lost again and again, or a class does not speak for its trials.
    """
    from concurrent.futures import ThreadPoolExecutor  # Takes a fourth of the time in which tlslab is imported.

    with contextlib.ExitStack() as stack:
        if executor is None:
            count = whole_number("workers", workers, most=MOST_THREADS) or os.cpu_count() or 1
            executor = stack.enter_context(ThreadPoolExecutor(count, thread_name_prefix="tlslab"))
        elif not callable(getattr(executor, "submit", None)):
            raise _tlslab.RunError(
                f"an executor has a method submit, as those of concurrent.futures; {executor!r} has not"
            )
        return _Drive(list(runs), executor, outlook).run()


class _Drive:
    def __init__(self, runs: list[Run], executor: Executor, outlook: Outlook) -> None:
        from concurrent import futures

        self.futures = futures
        self.runs = runs
        self.executor = executor
        self.outlook = outlook
        # Threads of this process can be told to stop within a block; others are not waited for.
        self.told = threading.Event() if isinstance(executor, futures.ThreadPoolExecutor) else None
        self.tasks: dict[Future[Any], _Task] = {}
        self.most = _in_flight(executor)
        self.blocks = self._blocks()
        self.started = time.monotonic()
        self.time_is_up = False
        self.looked_up = self.started - _POLL

    def run(self) -> bool:
        try:
            for run in self.runs:
                self._advance(run)
            while self._fill():
                done, _ = self.futures.wait(self.tasks, timeout=_POLL, return_when=self.futures.FIRST_COMPLETED)
                for future in done:
                    self._finished(self.tasks.pop(future), future)
                self._look_up()
        except KeyboardInterrupt:
            self._stop()
            return True
        except BaseException:
            self._stop()
            raise
        return False

    def _fill(self) -> bool:
        """Give the executor as much as it is to have; whether anything is on its way."""
        while len(self.tasks) < self.most and (block := next(self.blocks, None)) is not None:
            self._submit(_Task(block[0], "block", *block[1]))
        return bool(self.tasks)

    def _blocks(self) -> Iterator[tuple[Run, tuple[int, int]] | None]:
        """Give the blocks of one run after the other; None where there is none at the moment."""
        current = 0
        while True:
            block = None
            for position in range(current, len(self.runs)):
                run = self.runs[position]
                if run.document is not None and position == current:
                    current += 1
                if not self.time_is_up and (block := run.next_block()) is not None:
                    yield run, block
                    break
            if block is None:
                yield None

    def _submit(self, task: _Task) -> None:
        run = task.run
        if run.started is None:
            run.started = time.monotonic()
        call: tuple[Any, ...]
        if task.what == "report":
            call = (report_on, run.job, run.sum(), run.stopped_by, run.seconds, self.told)
        else:
            rules = run.rules if task.what == "settle" else Rules()
            failures = run.failures if task.what == "settle" else 0
            call = (run_block, run.job, task.start, task.stop, failures, rules, self.told)
        try:
            self.tasks[self.executor.submit(*call)] = task
        except RuntimeError as error:  # Broken executors are such too.
            raise _tlslab.RunError(f"the executor takes no more blocks: {error}") from error

    def _finished(self, task: _Task, future: Future[Any]) -> None:
        try:
            result = future.result()
        except TlslabError:
            raise
        except self.futures.BrokenExecutor as error:
            raise _tlslab.RunError(f"the executor has lost its workers: {error or type(error).__name__}") from error
        except Exception as error:
            self._again(task, error)
            return
        run = task.run
        if task.what == "report":
            run.report_is(result)
            self.outlook.on_report(run)
            return
        part, stopped_by = result
        if stopped_by == "interrupted":
            self._again(task, None)
        elif task.what == "settle":
            run.settle(part, stopped_by)
            self._advance(run)
        else:
            run.give(part)
            self.outlook.on_part(run, part)
            self._advance(run)

    def _advance(self, run: Run) -> None:
        """Take what there is of a run; see to what it asks for, and to its report."""
        if run.document is not None:
            return
        doubtful = run.advance()
        if doubtful is not None:
            self._submit(_Task(run, "settle", *doubtful))
            return
        if self.time_is_up and run.stopped_by is None and run.done:
            run.stopped_by = "seconds"
        if run.stopped_by is not None and not run.reporting:
            run.reporting = True
            self._submit(_Task(run, "report", 0, run.done))

    def _again(self, task: _Task, error: Exception | None) -> None:
        """Do what was lost with its worker once more."""
        if task.attempts >= _ATTEMPTS:
            what = f"trials {task.start} to {task.stop - 1} were lost {task.attempts} times"
            raise _tlslab.RunError(f"{what}, the last time by {error!r}") from error
        self._submit(_Task(task.run, task.what, task.start, task.stop, task.attempts + 1))

    def _look_up(self) -> None:
        now = time.monotonic()
        if now - self.looked_up < _POLL / 4:
            return  # There may be many runs to look at.
        self.looked_up = now
        self.outlook.progress(sum(run.done for run in self.runs), sum(run.failures for run in self.runs))
        seconds = self.outlook.seconds
        if seconds is not None and not self.time_is_up and now - self.started >= seconds:
            self.time_is_up = True
            self._cancel()
            for run in self.runs:
                self._advance(run)

    def _cancel(self) -> None:
        for future, task in list(self.tasks.items()):
            if task.what != "report" and future.cancel():
                del self.tasks[future]

    def _stop(self) -> None:
        """End what is on its way, and keep what this process has done of it."""
        for future in self.tasks:
            future.cancel()
        if self.told is None:
            return
        self.told.set()
        self.futures.wait(self.tasks)
        for future, task in self.tasks.items():
            if task.what == "block" and not future.cancelled() and future.exception() is None:
                part, stopped_by = future.result()
                task.run.give(part)
                if stopped_by != "interrupted":
                    with contextlib.suppress(TlslabError):
                        self.outlook.on_part(task.run, part)
        for run in self.runs:
            if run.document is None:
                run.advance()


def _in_flight(executor: Executor) -> int:
    """How many blocks are on their way at once: enough that no worker waits, and few where a rule may stop the run."""
    workers = getattr(executor, "_max_workers", None)  # Of the standard library's executors, and of loky's.
    return 2 * workers if isinstance(workers, int) else _UNTOLD
