"""One job on its way: which of its blocks are done, and what they add up to."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any

from tlslab import _tlslab
from tlslab.parts.job import Job, Rules, document_of

__all__ = ["Run"]

#: Parts are added up once there are so many: adding up reads all of them.
_BATCH = 64


@dataclass(slots=True)
class Run:
    """
    A job on its way. Its blocks come in any order; they are taken in the order of their trials.

    Attributes
    ----------
    job
        What is run.
    trials
        How many, at most.
    rules
        When it stops before.
    block
        Trials of a block; 0 for as many as the job says.
    done, failures
        Trials that were taken, from the first on, and how many of them failed.
    stopped_by
        Why it ended; None while it has not.
    document
        The report, once it is there.
    reporting
        Whether the report is on its way.
    started
        When its first block was given to a worker.
    """

    job: Job
    trials: int
    rules: Rules = field(default_factory=Rules)
    block: int = 0
    done: int = 0
    failures: int = 0
    stopped_by: str | None = None
    document: dict[str, Any] | None = None
    reporting: bool = False
    started: float | None = None
    _taken: list[str] = field(default_factory=list)
    _waiting: dict[int, tuple[int, int, str]] = field(default_factory=dict)
    _asked: int = 0
    _again: list[tuple[int, int]] = field(default_factory=list)
    _checked: int = -1
    _settling: bool = False

    def __post_init__(self) -> None:
        self.block = self.block or self.job.block

    def give(self, part: str) -> None:
        """Give it a part, with whatever trials: a block that was run, or one that was found on disk."""
        counts = json.loads(part)
        first, trials = int(counts["first"]), int(counts["trials"])
        if trials > self._waiting.get(first, (0,))[0]:
            self._waiting[first] = (trials, int(counts["failures"]), part)

    def lose(self, start: int, stop: int) -> None:
        """Have a block run again that was lost."""
        self._again.append((start, stop))

    def next_block(self) -> tuple[int, int] | None:
        """Give the trials that are to be run next, if any are."""
        if self.stopped_by is not None:
            return None
        if self._again:
            return self._again.pop(0)
        self._asked = max(self._asked, self.done)
        while self._asked < self.trials:
            start = self._asked
            if start in self._waiting:
                self._asked = start + self._waiting[start][0]
                continue
            border = (start // self.block + 1) * self.block
            known = (first for first in self._waiting if start < first < border)
            self._asked = min([border, self.trials, *known])
            return start, self._asked
        return None

    def advance(self) -> tuple[int, int] | None:
        """
        Take the parts that come next.

        Returns
        -------
        tuple of int or None
            The trials of a part in which a rule may stop the run; they are to be run with the rules, and given to
            :meth:`settle`.
        """
        while self.stopped_by is None and not self._settling and self.done in self._waiting:
            trials, failures, part = self._waiting[self.done]
            end = self.done + trials
            too_long = end > self.trials
            if too_long or (self.rules and self._checked != self.done and self._may_stop(part)):
                self._settling = True
                return self.done, min(end, self.trials)
            self._take(part, trials, failures)
        if self.stopped_by is None and self.done >= self.trials:
            self.stopped_by = "trials"
        return None

    def settle(self, part: str, stopped_by: str) -> None:
        """Take the part in which a rule might have stopped the run, and stop if one did."""
        self._settling = False
        counts = json.loads(part)
        trials, failures = int(counts["trials"]), int(counts["failures"])
        known = self._waiting.get(self.done)
        if stopped_by == "trials" and known is not None and known[0] == trials:
            self._checked = self.done
            return
        self._take(part, trials, failures)
        if stopped_by != "trials":
            self.stopped_by = stopped_by

    def sum(self) -> str:
        """Give all that was taken as one part."""
        self._taken = [_tlslab.add_parts(self._taken)]
        return self._taken[0]

    def report(self) -> dict[str, Any]:
        """Give the document; of what was done until an interrupt, where there is no other."""
        if self.document is not None:
            return self.document
        prepared = self.job.prepare()
        if not self._taken:
            part, _ = prepared.part(0, 0, failures_before=0, max_failures=None, precision=None, progress=_unwatched)
            self._taken = [part]
        text = prepared.report(self.sum(), stopped_by="interrupted", seconds=self.seconds, progress=_unwatched)
        return document_of(text)

    def report_is(self, text: str) -> None:
        """Take its report, as JSON."""
        self.document = document_of(text)

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return 0.0 if self.started is None else time.monotonic() - self.started

    def _may_stop(self, part: str) -> bool:
        return _tlslab.part_may_stop(
            part, self.failures, max_failures=self.rules.max_failures, precision=self.rules.precision
        )

    def _take(self, part: str, trials: int, failures: int) -> None:
        self._waiting.pop(self.done, None)
        self._taken.append(part)
        if len(self._taken) >= _BATCH:
            self.sum()
        self.done += trials
        self.failures += failures


def _unwatched(_done: int, _failures: int | None) -> None:
    """Take notice of nothing."""
