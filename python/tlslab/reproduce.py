"""
The reproduction of KB4528489's cause 1: with a TLS_DHE suite and no EMS, about 1 handshake in 256 fails.

One side strips the leading zero bytes of the Diffie-Hellman secret Z before it becomes the premaster secret, as
RFC 5246 8.1.2 has it; the other keeps them. That a side which keeps them without EMS strips them with EMS is an
assumption: the article says that EMS on both sides repairs the failure, and not why. (EMS itself changes the label
and the seed of the PRF only.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tlslab.behaviour import Client, Server
from tlslab.experiment import Experiment
from tlslab.progress import Progress
from tlslab.result import Result

__all__ = ["CONDITIONS", "Condition", "Reproduction", "reproduce"]


@dataclass(frozen=True, slots=True)
class Condition:
    """One row of the reproduction: two behaviours, what they are in words, and how their trials are run."""

    name: str
    client: Client
    server: Server
    fidelity: str = "wire"


CONDITIONS = (
    Condition(
        "DHE, no EMS",
        Client(ems="off"),
        Server(ems="off", premaster_zeros="keep"),
    ),
    Condition(
        "DHE, no EMS, by classes",
        Client(ems="off"),
        Server(ems="off", premaster_zeros="keep"),
        fidelity="class",
    ),
    Condition(
        "DHE, EMS on both sides",
        Client(),
        Server(premaster_zeros="keep"),
    ),
    Condition(
        "DHE, EMS on the client only",
        Client(),
        Server(ems="off", premaster_zeros="keep"),
    ),
    Condition(
        "no TLS_DHE suite on the client, no EMS",
        Client(ems="off", without_suites=["TLS_DHE_*"]),
        Server(ems="off", premaster_zeros="keep"),
    ),
    Condition(
        "DHE, no EMS, both sides keep zeros",
        Client(ems="off", premaster_zeros="keep"),
        Server(ems="off", premaster_zeros="keep"),
    ),
)

#: A result less likely than this, were the theory true, is no reproduction of it.
SIGNIFICANCE = 1e-6


@dataclass(frozen=True)
class Reproduction:
    """
    The results of a reproduction.

    Attributes
    ----------
    results
        Each condition with its result.
    """

    results: tuple[tuple[Condition, Result], ...]

    @property
    def ok(self) -> bool:
        """Whether each observed rate is consistent with the one that theory expects."""
        return all(result.p_value is not None and result.p_value >= SIGNIFICANCE for _, result in self.results)

    @property
    def interrupted(self) -> bool:
        """Whether it was told to stop before the end."""
        return any(result.stopped_by == "interrupted" for _, result in self.results)

    def to_dict(self) -> dict[str, Any]:
        """Give everything, as ``tlslab reproduce --json`` prints it."""
        experiments = [{"name": condition.name, **result.to_dict()} for condition, result in self.results]
        return {"experiments": experiments, "ok": self.ok}


def reproduce(
    *,
    trials: int = 20_000,
    class_trials: int = 1_000_000,
    seed: int = 1,
    threads: int = 0,
    progress: Progress = None,
) -> Reproduction:
    """
    Run cause 1 under its conditions.

    Parameters
    ----------
    trials
        How many for each condition that is run byte for byte.
    class_trials
        How many for the condition that is run by classes.
    seed
        The seed of all randomness.
    threads
        How many threads; 0 for as many as there are processors.
    progress
        Whether progress bars are shown; None shows them on a terminal and in Jupyter.
    """
    results = []
    for condition in CONDITIONS:
        experiment = Experiment(condition.client, condition.server)
        result = experiment.run(
            class_trials if condition.fidelity == "class" else trials,
            seed=seed,
            fidelity=condition.fidelity,
            threads=threads,
            progress=progress,
        )
        results.append((condition, result))
        if result.stopped_by == "interrupted":
            break
    return Reproduction(tuple(results))
