"""What a run has to tell."""

from __future__ import annotations

import json
import os
from array import array
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tlslab import _tlslab
from tlslab.behaviour import Client, Server
from tlslab.connection import Connection
from tlslab.numbers import MOST_THREADS, whole_number
from tlslab.parts.job import Job
from tlslab.progress import Bar, Progress
from tlslab.shown import Shown
from tlslab.trials import Trials, trials_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tlslab.experiment import Experiment

__all__ = ["Result"]


#: What a document has to have, to be that of a result.
_NEEDED = {
    *("client", "server", "scenario", "seed", "fidelity", "exponents", "signatures", "trials", "failures", "rate"),
    *("interval_kind", "expected_rate", "p_value", "outcomes", "causes", "failed_trials", "audited", "stopped_by"),
}

#: The memory of the batch engine's tables where it is trials that memory is for, in bytes.
_SMALL_BUDGET = 16 << 20


class Result(Shown):
    """
    What a run has to tell. Two are equal if they tell the same, however long it took.

    Attributes
    ----------
    experiment
        What was run.
    seed
        The seed.
    trials, failures
        How many were run, and how many of them failed.
    rate
        Failures to trials; None without trials.
    expected_rate
        The rate that theory expects; None where it does not tell.
    p_value
        The exact two-sided binomial test of the expected rate, or a census' (Chebyshev's bound); None without one.
    outcomes, causes
        Trials by outcome, such as ``"alert:bad_record_mac:server"``; failed trials by cause.
    failed_trials
        The indices of the failed trials, the first 10,000 at most; :meth:`all_failed_trials` finds the others.
    stopped_by
        ``"trials"``, ``"max_failures"``, ``"precision"``, ``"seconds"`` or ``"interrupted"``.
    classes, audited
        At class and census fidelity, the classes that occurred, and how many trials were replayed in full.
    exponents
        ``"drawn"`` by the endpoints, as their knobs ask for; or ``"full_length_sums"``, a census'.
    signatures
        ``"simulated"`` or ``"real"``: how ServerKeyExchange was signed.
    digest
        The SHA-256 over all trials' bytes, if it was asked for.
    """

    __slots__ = ("_document", "experiment")

    def __init__(self, experiment: Experiment, document: dict[str, Any]) -> None:
        self.experiment: Experiment = experiment
        self._document = document

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Result:
        """
        Read a result from what :meth:`to_dict` gives; nothing is run.

        Raises
        ------
        TlslabError
            What is said of the experiment makes none.
        KeyError
            It lacks something.
        """
        from tlslab.experiment import Experiment

        experiment = Experiment(
            Client.from_dict(document["client"]),
            Server.from_dict(document["server"]),
            scenario=document["scenario"],
            signatures=document["signatures"],
        )
        missing = _NEEDED - document.keys()
        if missing:
            raise KeyError(f"a result has no {', '.join(sorted(missing))}")
        return cls(experiment, dict(document))

    @property
    def version(self) -> str | None:
        """The version of tlslab that ran it; None where that was not written down."""
        version = self._document.get("version")
        return None if version is None else str(version)

    @property
    def seed(self) -> int:
        """The seed."""
        return int(self._document["seed"])

    @property
    def trials(self) -> int:
        """How many trials were run."""
        return int(self._document["trials"])

    @property
    def failures(self) -> int:
        """How many of them failed."""
        return int(self._document["failures"])

    @property
    def rate(self) -> float | None:
        """Failures to trials."""
        return _optional(self._document["rate"])

    @property
    def expected_rate(self) -> float | None:
        """The rate that theory expects."""
        return _optional(self._document["expected_rate"])

    @property
    def p_value(self) -> float | None:
        """The exact two-sided binomial test of the expected rate, or a census'."""
        return _optional(self._document["p_value"])

    @property
    def outcomes(self) -> dict[str, int]:
        """Trials by outcome."""
        return dict(self._document["outcomes"])

    @property
    def causes(self) -> dict[str, int]:
        """Failed trials by cause."""
        return dict(self._document["causes"])

    @property
    def failed_trials(self) -> list[int]:
        """The indices of the failed trials, the first 10,000 at most."""
        return list(self._document["failed_trials"])

    @property
    def stopped_by(self) -> str:
        """Why the run ended."""
        return str(self._document["stopped_by"])

    @property
    def interval_kind(self) -> str:
        """
        Which interval is valid.

        ``"clopper_pearson"``, ``"negative_binomial"``, ``"confidence_sequence"``, or ``"variance"`` of a census.
        """
        return str(self._document["interval_kind"])

    @property
    def exponents(self) -> str:
        """Where the exponents of Diffie-Hellman are from."""
        return str(self._document["exponents"])

    @property
    def signatures(self) -> str:
        """How ServerKeyExchange was signed."""
        return str(self._document["signatures"])

    @property
    def fidelity(self) -> str:
        """How trials were run."""
        return str(self._document["fidelity"])

    @property
    def classes(self) -> list[dict[str, Any]]:
        """
        The classes of trials that occurred, at class and census fidelity.

        Each has its ``zeros`` (connection by connection, of ``z`` and of both public values), ``trials``,
        ``expected_share`` and ``p_value`` (None where theory does not tell), ``outcome``, ``audited``, and
        ``audit_can_have_missed``: with a confidence of 0.95 no more than this share of it is otherwise.
        """
        return list(self._document.get("classes", []))

    @property
    def audited(self) -> int:
        """How many trials were replayed in full to audit the classes."""
        return int(self._document["audited"])

    @property
    def digest(self) -> str | None:
        """The SHA-256 over all trials' bytes, in hexadecimal."""
        digest = self._document.get("digest")
        return None if digest is None else str(digest)

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """
        Give an interval of the rate that is valid under the rule that stopped the run.

        Clopper-Pearson where the number of trials was fixed or a matter of time, the negative binomial's after
        ``max_failures``, a confidence sequence after ``precision`` or an interrupt; of a census, Chebyshev's.

        Raises
        ------
        RunError
            There are no trials, or `confidence` is not between 0 and 1.
        """
        return _tlslab.interval(self._document["interval_kind"], self.failures, self.trials, confidence)

    def replay(self, trial: int) -> Connection:
        """Run one of the trials again, byte for byte, and give its last connection."""
        return self.experiment.replay(self.seed, trial, fidelity=self.fidelity)

    def all_failed_trials(
        self, *, start: int = 0, stop: int | None = None, threads: int = 0, progress: Progress = None
    ) -> array[int]:
        """
        Find the indices of all failed trials by running the trials again, without an audit.

        Parameters
        ----------
        start, stop
            Only those among the trials `start` to `stop` - 1; None for the last trial that was run.
        threads, progress
            As for :meth:`Experiment.run`.

        Returns
        -------
        array.array
            The indices in order, as 64-bit numbers (type code ``"Q"``, 8 bytes each): ``numpy.asarray`` takes it as
            it is.

        Raises
        ------
        RunError
            `start` and `stop` are no part of the run.
        KeyboardInterrupt
            It was interrupted.
        """
        start, stop = self._range(start, stop)
        failed = array("Q")
        with Bar(stop - start, progress) as bar:
            indices = _tlslab.failed_trials(
                self.experiment.client.to_json(),
                self.experiment.server.to_json(),
                json.dumps(self.experiment.scenario),
                signatures=self.signatures,
                seed=self.seed,
                fidelity=self.fidelity,
                start=start,
                stop=stop,
                threads=whole_number("threads", threads, most=MOST_THREADS),
                progress=bar.update,
            )
        failed.frombytes(indices)
        return failed

    def plot(self, kind: str | None = None) -> Figure:
        """
        Plot it.

        Parameters
        ----------
        kind
            ``"convergence"``, ``"zeros"`` or ``"waiting"``, as :mod:`tlslab.plot` has them. None takes convergence
            where the indices of all failures are kept, and else, where there are classes, zeros.

        Returns
        -------
        matplotlib.figure.Figure
            The figure: ``savefig`` writes it, a notebook shows it.

        Raises
        ------
        RunError
            There is no such kind, or nothing of that kind to plot.
        MissingLibraryError
            There is no matplotlib: ``tlslab[plot]``.
        """
        from tlslab import plot

        kinds: dict[str, Callable[[Result], Figure]] = {
            "convergence": plot.convergence,
            "zeros": plot.zeros,
            "waiting": plot.waiting,
        }
        if kind is None:
            kind = "zeros" if self.classes and self.failures > len(self.failed_trials) else "convergence"
        if kind not in kinds:
            raise _tlslab.RunError(f"a plot of a result is one of {', '.join(kinds)}, not {kind!r}")
        return kinds[kind](self)

    def each_trial(
        self, *, start: int = 0, stop: int | None = None, threads: int = 0, progress: Progress = None
    ) -> Trials:
        """
        Give what each trial came to, as arrays of NumPy, by running the trials again without an audit.

        Parameters
        ----------
        start, stop
            Only the trials `start` to `stop` - 1; None for the last trial that was run.
        threads, progress
            As for :meth:`Experiment.run`.

        Returns
        -------
        Trials
            Their ``index``, ``class_`` and ``outcome``, each an array of shape (n,).

        Raises
        ------
        RunError
            `start` and `stop` are no part of the run.
        MissingLibraryError
            NumPy is not installed: ``tlslab[numpy]``.
        KeyboardInterrupt
            It was interrupted.

        Examples
        --------
        >>> import tlslab as tl
        >>> server = tl.Server(ems="off", premaster_zeros="keep", groups=["modp768"])
        >>> result = tl.Experiment(tl.Client(ems="off"), server).run(2000, seed=1, progress=False)
        >>> trials = result.each_trial(progress=False)
        >>> [int(index) for index in trials.index[trials.failed]] == result.failed_trials
        True
        """
        start, stop = self._range(start, stop)
        job = Job(
            client=self.experiment.client.to_json(),
            server=self.experiment.server.to_json(),
            scenario=self.experiment.scenario_json,
            signatures=self.signatures,
            seed=self.seed,
            fidelity=self.fidelity,
            # What is kept of the trials is to be the larger part of the memory.
            memory_budget=_SMALL_BUDGET,
            threads=whole_number("threads", threads, most=MOST_THREADS),
        )
        return trials_of(job, start, stop, progress)

    def _range(self, start: int, stop: int | None) -> tuple[int, int]:
        stop = self.trials if stop is None else stop
        if not 0 <= start <= stop <= self.trials:
            raise _tlslab.RunError(f"the run has the trials 0 to {self.trials - 1}; {start} to {stop} is no part of it")
        return start, stop

    def methods(self) -> str:
        """Give what a paper says of it: what was run, what came out, and how it can be run again."""
        from tlslab.bundle import methods

        return methods(self)

    def to_bundle(self, path: str | os.PathLike[str]) -> Path:
        """
        Write a folder for a paper: behaviours, scenario, seed, version, data, a sentence on methods, and a figure.

        :func:`tlslab.verify` runs it again and compares.

        Parameters
        ----------
        path
            The folder; it must not exist. The figure is there if matplotlib is (``tlslab[plot]``).

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        BundleError
            The folder exists already, or cannot be written; then nothing of it is there.
        """
        from tlslab.bundle import write_bundle

        return write_bundle(self, path)

    def to_dict(self) -> dict[str, Any]:
        """Give everything, as ``tlslab run --json`` prints it."""
        return dict(self._document)

    def to_json(self) -> str:
        """Give everything as JSON."""
        return json.dumps(self._document)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Result):
            return NotImplemented
        return self._comparable() == other._comparable()

    def __hash__(self) -> int:
        return hash((self.experiment.client, self.experiment.server, self.seed, self.trials, self.failures))

    def _comparable(self) -> dict[str, Any]:
        """Give everything but how long it took, which is no part of what was found."""
        return {name: value for name, value in self._document.items() if name != "timing"}

    def __repr__(self) -> str:
        if not self.trials:
            return f"<Result: no trials, {self.stopped_by}>"
        low, high = self.interval()
        theory = "" if self.expected_rate is None else f", expected {self.expected_rate:.6f}"
        return (
            f"<Result: {self.failures} of {self.trials} failed, rate {self.rate:.6f} [{low:.6f}, {high:.6f}]{theory}>"
        )


def _optional(value: float | None) -> float | None:
    return None if value is None else float(value)
