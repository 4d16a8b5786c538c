"""Remedies put to the test: which of them repairs the failure of two given sides, and at what cost."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tlslab.behaviour import Client, Server
from tlslab.errors import BehaviourError
from tlslab.experiment import Experiment
from tlslab.numbers import draw_seed
from tlslab.progress import Progress
from tlslab.remedies import REMEDIES, Remedy
from tlslab.result import Result
from tlslab.shown import Shown
from tlslab.terms import Terms, changed, costs, terms

__all__ = ["Attempt", "Mitigation", "compare", "mitigate"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """
    A remedy and what came of it.

    Attributes
    ----------
    remedy
        The remedy.
    verdict
        ``"repairs"``: no trial fails any more, and the two intervals of 95 % do not meet. ``"helps"``: fewer fail, and
        the intervals do not meet. ``"does not help"``: the new rate lies in the interval of the old one.
        ``"makes it worse"``: more fail, and the intervals do not meet. ``"undecided"``: it takes more trials.
        ``"nothing to repair"``: nothing failed before nor after. ``"is in force"``: it changes nothing.
        ``"impossible"``: it leaves a side that cannot be; `reason` says why.
    result
        The experiment with the remedy; None where none was run.
    terms
        What connections have with it.
    costs
        What it costs, in words.
    changed
        What it sets, by side, each with its old and its new value: knobs, and rules of FTP.
    reason
        Why it is impossible.
    """

    remedy: Remedy
    verdict: str
    result: Result | None = None
    terms: Terms | None = None
    costs: tuple[str, ...] = ()
    changed: Mapping[str, Mapping[str, tuple[Any, Any]]] = field(default_factory=dict)
    reason: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Give everything as JSON has it."""
        return {
            "remedy": self.remedy.name,
            "what": self.remedy.what,
            "source": self.remedy.source,
            "verdict": self.verdict,
            "reason": self.reason,
            "costs": list(self.costs),
            "changed": {
                side: {name: list(values) for name, values in knobs.items()} for side, knobs in self.changed.items()
            },
            "terms": self.terms and self.terms.to_dict(),
            "result": self.result and self.result.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class Mitigation(Shown):
    """
    What became of two sides under each remedy.

    Attributes
    ----------
    before
        The experiment without any remedy.
    terms
        What connections have without any.
    attempts
        The remedies in their order.
    """

    before: Result
    terms: Terms
    attempts: tuple[Attempt, ...]

    @property
    def repairs(self) -> tuple[Attempt, ...]:
        """Those that repair the failure, in the article's order, so that the first is to be preferred."""
        return tuple(attempt for attempt in self.attempts if attempt.verdict == "repairs")

    @property
    def interrupted(self) -> bool:
        """Whether it was told to stop before the end."""
        results = [self.before, *(attempt.result for attempt in self.attempts if attempt.result is not None)]
        return any(result.stopped_by == "interrupted" for result in results)

    def to_dict(self) -> dict[str, Any]:
        """Give everything, as ``tlslab mitigate --json`` prints it."""
        return {
            "before": self.before.to_dict(),
            "terms": self.terms.to_dict(),
            "attempts": [attempt.to_dict() for attempt in self.attempts],
            "repairs": [attempt.remedy.name for attempt in self.repairs],
        }

    def to_json(self) -> str:
        """Give everything as JSON."""
        return json.dumps(self.to_dict())


def mitigate(
    client: Client,
    server: Server,
    *,
    scenario: str | Mapping[str, Any] = "full",
    remedies: Iterable[Remedy] = REMEDIES,
    trials: int = 8192,
    seed: int | None = None,
    threads: int = 0,
    progress: Progress = None,
) -> Mitigation:
    """
    Try remedies on two sides, each alone and each as an experiment.

    Parameters
    ----------
    client, server
        The two sides that fail with each other.
    scenario
        What they do, as for :class:`tlslab.Experiment`.
    remedies
        What is tried; by default the article's remedies in its order, and one that it advises against.
    trials
        How many for each; 8,192 tell a rate of 1 in 256 from none.
    seed
        The seed of all randomness, the same for each remedy; None draws one, and the results name it.
    threads
        How many threads; 0 for as many as there are processors.
    progress
        Whether progress bars are shown; None shows them on a terminal and in Jupyter.

    Raises
    ------
    RunError
        The scenario does not exist or cannot be run.

    Examples
    --------
    >>> import tlslab as tl
    >>> keeper = tl.Server(ems="off", premaster_zeros="keep", groups=["modp768"])
    >>> tried = tl.mitigate(tl.Client(), keeper, trials=2000, seed=1, progress=False)
    >>> [attempt.remedy.name for attempt in tried.repairs]
    ['ems', 'no_dhe', 'leading_zeros']
    """
    seed = draw_seed(seed)

    def run(experiment: Experiment) -> tuple[Result, Terms]:
        result = experiment.run(trials, seed=seed, threads=threads, progress=progress)
        return result, terms(experiment.client, experiment.server, seed)

    experiment = Experiment(client, server, scenario=scenario)
    before, had = run(experiment)
    attempts: list[Attempt] = []
    for remedy in remedies:
        last = attempts[-1].result if attempts else before
        if last is not None and last.stopped_by == "interrupted":
            break
        try:
            remedied = remedy.apply(experiment)
        except BehaviourError as error:
            attempts.append(Attempt(remedy, "impossible", reason=str(error)))
            continue
        if remedied == experiment:
            attempts.append(Attempt(remedy, "is in force"))
            continue
        result, has = run(remedied)
        changes = changed(experiment, remedied)
        attempts.append(Attempt(remedy, compare(before, result), result, has, costs(had, has, changes), changes))
    return Mitigation(before, had, tuple(attempts))


def compare(before: Result, after: Result) -> str:
    """Judge what a change has done to the rate of failure, by both experiments alone; see :class:`Attempt`."""
    if before.rate is None or after.rate is None:
        return "undecided"
    if before.failures == after.failures == 0:
        return "nothing to repair"
    (low, high), (new_low, new_high) = before.interval(), after.interval()
    if new_high < low:
        return "helps" if after.failures else "repairs"
    if new_low > high:
        return "makes it worse"
    decided = before.failures and after.failures and low <= after.rate <= high
    return "does not help" if decided else "undecided"
