"""The lab as a contender: an experiment, at each fidelity and with each kernel."""

from __future__ import annotations

import time
from collections.abc import Iterator

from tlslab.behaviour import Client, Server
from tlslab.experiment import FIDELITIES, Experiment, kernels
from tlslab.result import Result

__all__ = ["Trials", "contenders"]

#: More trials than any run gets to: it is time that ends one.
_ENDLESS = 1 << 40

#: Enough for the audit's full sample of the largest class.
_AUDITED = 1 << 15


class Trials:
    """
    Trials of KB4528489's experiment at one fidelity.

    Parameters
    ----------
    fidelity, kernel, group, threads
        How they are run.
    """

    def __init__(self, fidelity: str, kernel: str, group: str, threads: int) -> None:
        self.what = fidelity
        self.kernel: str | None = kernel
        self.group = group
        self.threads = threads
        server = Server(ems="off", premaster_zeros="keep", groups=[group])
        self._experiment = Experiment(Client(ems="off"), server)

    def measure(self, seconds: float) -> float:
        """
        Run trials for about so many seconds, and give how many a second and thread.

        The run is cut while trials go on, so that no audit follows: the audit takes as long after any number of trials.

        Raises
        ------
        KeyboardInterrupt
            The user interrupted the run.
        """
        alarm = _Alarm(seconds)
        result = self._run(_ENDLESS, progress=alarm)
        if not alarm.rang:
            raise KeyboardInterrupt
        elapsed: float = result.to_dict()["timing"]["trials_seconds"]
        return result.trials / elapsed / self.threads

    @property
    def is_audited(self) -> bool:
        """Whether a run ends with an audit: at wire fidelity every trial is the real thing."""
        return self.what != "wire"

    def audit(self) -> float:
        """
        Give how many seconds the audit of a run takes.

        Raises
        ------
        KeyboardInterrupt
            The user interrupted the run.
        """
        result = self._run(_AUDITED, progress=False)
        if result.stopped_by == "interrupted":
            raise KeyboardInterrupt
        seconds: float = result.to_dict()["timing"]["audit_seconds"]
        return seconds

    def _run(self, trials: int, *, progress: bool | _Alarm) -> Result:
        return self._experiment.run(
            trials, seed=1, fidelity=self.what, kernel=self.kernel, threads=self.threads, progress=progress
        )


class _Alarm:
    """Interrupts a run so many seconds after its first trials."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end: float | None = None
        self.rang = False

    def __call__(self, done: int, _failures: int | None) -> None:
        now = time.perf_counter()
        if self._end is None and done:
            self._end = now + self._seconds
        if self._end is not None and now >= self._end:
            self.rang = True
            raise KeyboardInterrupt


def contenders(group: str, threads: int, others: tuple[int, ...] = ()) -> Iterator[Trials]:
    """
    Give the lab's rows of a group.

    Parameters
    ----------
    group
        The group's name.
    threads
        How many threads the kernels are compared on: all of them, but at wire fidelity, where the batch engine has the
        smaller part, the slowest and the fastest only.
    others
        The numbers of threads that the fastest kernel is tried on besides.
    """
    known = kernels()
    for fidelity in FIDELITIES:
        for kernel in dict.fromkeys((known[0], known[-1])) if fidelity == "wire" else known:
            yield Trials(fidelity, kernel, group, threads)
        for number in others:
            yield Trials(fidelity, known[-1], group, number)
