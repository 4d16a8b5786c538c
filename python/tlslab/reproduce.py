"""
The reproduction of KB4528489: each cause before the update of Windows, after it, and after each remedy.

Cause 1 comes first by single handshakes: with a TLS_DHE suite and no EMS, about 1 in 256 fails. One side strips the
leading zero bytes of the Diffie-Hellman secret Z before it becomes the premaster secret, as RFC 5246 8.1.2 has it; the
other keeps them. That a side which keeps them without EMS strips them with EMS is an assumption: the article says that
EMS on both sides repairs the failure, and not why. (EMS itself changes the label and the seed of the PRF only.)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tlslab.behaviour import Client, Server
from tlslab.causes import CAUSES, Cause
from tlslab.experiment import Experiment
from tlslab.mitigation import compare
from tlslab.progress import Progress
from tlslab.remedies import REMEDIES
from tlslab.result import Result

__all__ = ["CONDITIONS", "Condition", "Reproduction", "Row", "reproduce"]


@dataclass(frozen=True, slots=True)
class Condition:
    """
    One row of the reproduction.

    Attributes
    ----------
    name
        What it is, in words.
    experiment
        The two sides, and what they do.
    fidelity
        How its trials are run.
    cause
        The cause that it belongs to; None for those of single handshakes.
    trials
        How many it takes, where the caller does not say.
    """

    name: str
    experiment: Experiment
    fidelity: str = "wire"
    cause: str | None = None
    trials: int | None = None


CONDITIONS = (
    Condition(
        "DHE, no EMS",
        Experiment(Client(ems="off"), Server(ems="off", premaster_zeros="keep")),
    ),
    Condition(
        "DHE, no EMS, by classes",
        Experiment(Client(ems="off"), Server(ems="off", premaster_zeros="keep")),
        fidelity="class",
    ),
    Condition(
        "DHE, EMS on both sides",
        Experiment(Client(), Server(premaster_zeros="keep")),
    ),
    Condition(
        "DHE, EMS on the client only",
        Experiment(Client(), Server(ems="off", premaster_zeros="keep")),
    ),
    Condition(
        "no TLS_DHE suite on the client, no EMS",
        Experiment(Client(ems="off", without_suites=["TLS_DHE_*"]), Server(ems="off", premaster_zeros="keep")),
    ),
    Condition(
        "DHE, no EMS, both sides keep zeros",
        Experiment(Client(ems="off", premaster_zeros="keep"), Server(ems="off", premaster_zeros="keep")),
    ),
)

#: A result less likely than this, were the theory true, is no reproduction of it.
SIGNIFICANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Row:
    """
    A condition, its result, and what the change that it makes has done.

    Attributes
    ----------
    condition
        The condition.
    result
        Its experiment.
    verdict
        Of the update, what it does to the rate before it; of a remedy, what it does to the rate after the update; as
        :class:`tlslab.Attempt` has it. None for the other rows.
    """

    condition: Condition
    result: Result
    verdict: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Give everything as JSON has it."""
        condition = self.condition
        name = condition.name if condition.cause is None else f"cause {condition.cause}: {condition.name}"
        return {"name": name, "cause": condition.cause, "verdict": self.verdict, **self.result.to_dict()}


@dataclass(frozen=True, slots=True)
class Reproduction:
    """
    The results of a reproduction.

    Attributes
    ----------
    rows
        Single handshakes, and then each cause: before the update, after it, and after it with each remedy that changes
        anything.
    """

    rows: tuple[Row, ...]

    @property
    def ok(self) -> bool:
        """
        Whether the article is reproduced.

        Each observed rate is consistent with the one that theory expects, where theory tells; each cause fails more
        often since the update; and some remedy repairs it.
        """
        consistent = all(
            row.result.p_value is None or row.result.p_value >= SIGNIFICANCE for row in self.rows if row.result.trials
        )
        return consistent and not self.interrupted and all(map(self.emerges, (cause.name for cause in CAUSES)))

    def emerges(self, cause: str) -> bool:
        """Whether a cause fails more often since the update, and some remedy repairs it."""
        verdicts = [row.verdict for row in self.rows if row.condition.cause == cause]
        return "makes it worse" in verdicts and "repairs" in verdicts

    @property
    def interrupted(self) -> bool:
        """Whether it was told to stop before the end."""
        return any(row.result.stopped_by == "interrupted" for row in self.rows)

    def to_dict(self) -> dict[str, Any]:
        """Give everything, as ``tlslab reproduce --json`` prints it."""
        return {"experiments": [row.to_dict() for row in self.rows], "ok": self.ok}


def reproduce(
    *,
    trials: int = 20_000,
    class_trials: int = 1_000_000,
    seed: int = 1,
    threads: int = 0,
    progress: Progress = None,
) -> Reproduction:
    """
    Run the causes of KB4528489 under their conditions.

    Parameters
    ----------
    trials
        How many for each condition of single handshakes that is run byte for byte. A cause has a number of its own.
    class_trials
        How many for the condition that is run by classes.
    seed
        The seed of all randomness.
    threads
        How many threads; 0 for as many as there are processors.
    progress
        Whether progress bars are shown; None shows them on a terminal and in Jupyter.
    """
    rows: list[Row] = []
    for condition in [*CONDITIONS, *(condition for cause in CAUSES for condition in _conditions(cause))]:
        result = condition.experiment.run(
            condition.trials or (class_trials if condition.fidelity == "class" else trials),
            seed=seed,
            fidelity=condition.fidelity,
            threads=threads,
            progress=progress,
        )
        of_cause = [row.result for row in rows if condition.cause and row.condition.cause == condition.cause]
        # The update is held against what was before it, and each remedy against the update.
        verdict = compare(of_cause[:2][-1], result) if of_cause else None
        rows.append(Row(condition, result, verdict))
        if result.stopped_by == "interrupted":
            break
    return Reproduction(tuple(rows))


def _conditions(cause: Cause) -> Iterator[Condition]:
    """Give a cause before the update, after it, and after it with each remedy that changes anything."""

    def condition(name: str, experiment: Experiment) -> Condition:
        return Condition(name, experiment, cause=cause.name, trials=cause.trials)

    yield condition("before the update", cause.experiment(updated=False))
    after = cause.experiment(updated=True)
    yield condition("after the update", after)
    for remedy in REMEDIES:
        remedied = remedy.apply(after)
        if remedied != after:
            yield condition(f"after it, {remedy.what}", remedied)
