"""
The rival hypothesis of cause 1 of KB4528489: the defect was there before the update, and resumption hid most of it.

Each key exchange draws a Z and an abbreviated handshake draws none. A client before the update resumes sessions without
EMS, so that of several connections to a server without EMS only the first draws; since the update each does. The defect
is the same; what is counted is how many visits fail, a visit being several connections one after the other.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tlslab.behaviour import Server
from tlslab.experiment import Experiment
from tlslab.progress import Progress
from tlslab.result import Result
from tlslab.shown import Shown

__all__ = ["Rival", "Visit", "rival"]


@dataclass(frozen=True, slots=True)
class Visit:
    """
    What several connections one after the other come to.

    Attributes
    ----------
    defect
        When the server keeps the zeros of Z.
    situation
        What else there is.
    result
        The experiment; each trial is a visit, to its end or to its first failure.
    exchanges
        How many key exchanges a visit has that does not fail.
    """

    defect: str
    situation: str
    result: Result
    exchanges: int

    @property
    def rate_of_an_exchange(self) -> float | None:
        """The rate at which single key exchanges fail, where that of visits is this and each exchange is a draw."""
        return None if self.result.rate is None else self._of_an_exchange(self.result.rate)

    def interval_of_an_exchange(self, confidence: float = 0.95) -> tuple[float, float]:
        """Give an interval of that rate, whose coverage is that of the visits' rate."""
        low, high = self.result.interval(confidence)
        return self._of_an_exchange(low), self._of_an_exchange(high)

    def to_dict(self) -> dict[str, Any]:
        """Give everything as JSON has it."""
        return {
            "name": f"{self.defect}: {self.situation}",
            **self.result.to_dict(),
            "exchanges": self.exchanges,
            "rate_of_an_exchange": self.rate_of_an_exchange,
            "interval_of_an_exchange": self.interval_of_an_exchange() if self.result.trials else None,
        }

    def _of_an_exchange(self, rate: float) -> float:
        return float(1 - (1 - rate) ** (1 / self.exchanges))


@dataclass(frozen=True, slots=True)
class Rival(Shown):
    """
    Both hypotheses, with resumption and without.

    Attributes
    ----------
    visits
        The experiments.
    connections
        How many connections a visit has.
    interrupted
        Whether it was told to stop before the end.
    """

    visits: tuple[Visit, ...]
    connections: int
    interrupted: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Give everything, as ``tlslab rival --json`` prints it."""
        return {"connections": self.connections, "experiments": [visit.to_dict() for visit in self.visits]}

    def to_json(self) -> str:
        """Give everything as JSON."""
        return json.dumps(self.to_dict())


def rival(
    *, connections: int = 8, trials: int = 8192, seed: int = 1, threads: int = 0, progress: Progress = None
) -> Rival:
    """
    Run both hypotheses of cause 1 before the update and after it, with resumption and without, and with EMS.

    The server keeps the zeros of Z without EMS alone, or always; it knows EMS in the last two situations only, and
    resumes whatever it is offered. The client is a Windows.

    Parameters
    ----------
    connections
        How many connections a visit has.
    trials
        How many visits in each situation.
    seed
        The seed of all randomness. The same in each situation, so that first connections are the same draws.
    threads
        How many threads; 0 for as many as there are processors.
    progress
        Whether progress bars are shown; None shows them on a terminal and in Jupyter.

    Raises
    ------
    RunError
        A visit without connections, or with too many.
    """
    # Imported here, since Windows' profiles take long to read.
    from tlslab.causes import PLATFORM
    from tlslab.windows import profile

    before, after = (profile(PLATFORM, updated=updated).client for updated in (False, True))
    situations = [
        ("before the update", before, "off"),
        ("before the update, no resumption", before.replace(resumption="none"), "off"),
        ("after the update", after, "off"),
        ("after the update, EMS on both sides", after, "on"),
        ("after the update, EMS on both sides, no resumption", after.replace(resumption="none"), "on"),
    ]
    scenario = {"name": f"a visit of {connections}", "connections": [{}] * connections}
    visits: list[Visit] = []
    for defect, with_ems in (("zeros kept without EMS", "strip"), ("zeros always kept", "keep")):
        keeper = {"premaster_zeros": "keep", "premaster_zeros_ems": with_ems, "groups": ["modp1024"]}
        for situation, client, ems in situations:
            server = Server.from_dict({**keeper, "ems": ems, "resume_legacy": "resume"})
            experiment = Experiment(client, server, scenario=scenario)
            result = experiment.run(trials, seed=seed, threads=threads, progress=progress)
            visits.append(Visit(defect, situation, result, _exchanges(result)))
            if result.stopped_by == "interrupted":
                return Rival(tuple(visits), connections, interrupted=True)
    return Rival(tuple(visits), connections)


def _exchanges(result: Result) -> int:
    """Count the full handshakes of the first visit that did not fail."""
    failed = set(result.failed_trials)
    sound = next((trial for trial in range(result.trials) if trial not in failed), 0)
    connections = result.experiment.replay_all(result.seed, sound)
    return sum(one.established is not None and one.established["resumed"] is None for one in connections) or 1
