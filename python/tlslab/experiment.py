"""Experiments: many trials of one scenario, with honest statistics."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

from tlslab import _tlslab
from tlslab.behaviour import Client, Server
from tlslab.connection import Connection, draw_seed

__all__ = ["Experiment", "Result", "kernels", "plan"]


class Experiment:
    """
    A client, a server and a scenario, to be tried many times.

    Parameters
    ----------
    client, server
        How the two act.
    scenario
        ``"full"`` (one full handshake, one message each way, close_notify) or a scenario as a mapping.
    signatures
        ``"simulated"``: ServerKeyExchange is signed by a keyed hash as long as a real signature, over the same
        bytes; ``"real"``: by the certificate's key. Knobs about the zeros of RSA signatures always get real ones;
        a result says which it were.

    Raises
    ------
    RunError
        The scenario does not exist or is malformed.

    Examples
    --------
    >>> import tlslab as tl
    >>> exp = tl.Experiment(tl.Client(ems="off"), tl.Server(ems="off", premaster_zeros="keep"))
    >>> res = exp.run(2000, seed=1, progress=False)
    >>> res.trials, res.failures
    (2000, 7)
    >>> res.replay(res.failed_trials[0]).outcome.cause
    'Z'
    """

    __slots__ = ("_scenario", "client", "server", "signatures")

    def __init__(
        self,
        client: Client,
        server: Server,
        *,
        scenario: str | Mapping[str, Any] = "full",
        signatures: str = "simulated",
    ) -> None:
        text = scenario if isinstance(scenario, str) else json.dumps(scenario)
        self._scenario = _tlslab.canonical_scenario(text)
        self.client = client
        self.server = server
        self.signatures = signatures

    @property
    def scenario(self) -> dict[str, Any]:
        """The scenario as a mapping."""
        scenario: dict[str, Any] = json.loads(self._scenario)
        return scenario

    def run(
        self,
        trials: int,
        *,
        seed: int | None = None,
        fidelity: str = "auto",
        threads: int = 0,
        digest: bool = False,
        kernel: str | None = None,
        memory_budget: int = 64 << 20,
        max_failures: int | None = None,
        precision: float | None = None,
        seconds: float | None = None,
        progress: bool | Callable[[int, int], None] | None = None,
    ) -> Result:
        """
        Run trials 0 to `trials` - 1, or until a rule stops the run.

        An interrupt (Ctrl-C, or the interrupt button of Jupyter) ends the run within a second; the result then has
        the trials that were done, and ``stopped_by`` says ``"interrupted"``.

        Parameters
        ----------
        trials
            How many, at most.
        seed
            The seed of all randomness, 0 to 2**64 - 1; None draws one, and the result names it. The same seed gives
            the same trials on any number of threads and any machine.
        fidelity
            ``"wire"``: every trial byte for byte through the endpoints. ``"class"``: Diffie-Hellman for every trial,
            the endpoints once for each class of trial (how many leading bytes of Z, and of the public values, are
            zero), and an audit that replays a sample of each class in full; refused where an outcome may depend on
            more. ``"auto"``: by classes where that is allowed and there are more than 20,000 trials, else at wire
            fidelity.
        threads
            How many threads; 0 for as many as there are processors.
        digest
            Whether the result has a SHA-256 over all bytes of all trials; at wire fidelity only.
        kernel
            The kernel of the batch engine, one of :func:`kernels`; None for the fastest. It changes the speed alone.
        memory_budget
            How much memory the engine's tables may take, in bytes.
        max_failures
            Stop at the trial that is the so-many-th failure; the interval is the negative binomial's then.
        precision
            Stop once half the width of the rate's confidence sequence is at most this share of the rate, 0.1 for 10 %;
            looked at every 1,024 trials.
        seconds
            Stop after so much time. How many trials that are varies from run to run.
        progress
            Whether a progress bar is shown; None shows one on a terminal and in Jupyter. Or a function that is called
            some 20 times a second with how many trials were done and how many of them failed; when it raises
            KeyboardInterrupt, that is an interrupt.

        Raises
        ------
        RunError
            There is nothing to run, or it cannot be run.
        """
        if fidelity not in ("auto", "wire", "class"):
            raise _tlslab.RunError(f"fidelity is 'auto', 'wire' or 'class', not {fidelity!r}")
        if trials < 1:
            raise _tlslab.RunError(f"an experiment runs at least one trial, not {trials}")
        with _Bar(trials, False if callable(progress) else progress) as bar:
            text = _tlslab.run_experiment(
                self.client.to_json(),
                self.server.to_json(),
                self._scenario,
                signatures=self.signatures,
                trials=trials,
                seed=draw_seed(seed),
                threads=threads,
                digest=digest,
                fidelity=fidelity,
                kernel=kernel,
                memory_budget=memory_budget,
                max_failures=max_failures,
                precision=precision,
                seconds=seconds,
                progress=progress if callable(progress) else bar.update,
            )
        return Result(self, json.loads(text))

    def replay(self, seed: int, trial: int) -> Connection:
        """
        Run one trial again, byte for byte, and give its last connection.

        Parameters
        ----------
        seed, trial
            The trial's name; `trial` is its index.
        """
        return self.replay_all(seed, trial)[-1]

    def replay_all(self, seed: int, trial: int) -> list[Connection]:
        """Run one trial again, and give all its connections, up to the first that failed."""
        text = _tlslab.replay_trial(
            self.client.to_json(),
            self.server.to_json(),
            self._scenario,
            signatures=self.signatures,
            seed=draw_seed(seed),
            index=draw_seed(trial),
        )
        return [Connection(connection, seed) for connection in json.loads(text)["connections"]]

    def __repr__(self) -> str:
        return f"Experiment({self.client!r}, {self.server!r}, scenario={self.scenario['name']!r})"


class Result:
    """
    What a run has to tell.

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
        The exact two-sided binomial test of the expected rate; None without one.
    outcomes, causes
        Trials by outcome, such as ``"alert:bad_record_mac:server"``; failed trials by cause.
    failed_trials
        The indices of the failed trials, the first 10,000 at most.
    stopped_by
        ``"trials"``, ``"max_failures"``, ``"precision"``, ``"seconds"`` or ``"interrupted"``.
    classes, audited
        At class fidelity, the classes that occurred, and how many trials were replayed in full.
    signatures
        ``"simulated"`` or ``"real"``: how ServerKeyExchange was signed.
    digest
        The SHA-256 over all trials' bytes, if it was asked for.
    """

    __slots__ = ("_document", "experiment")

    def __init__(self, experiment: Experiment, document: dict[str, Any]) -> None:
        self.experiment = experiment
        self._document = document

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
        """The exact two-sided binomial test of the expected rate."""
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
        """Which interval is valid: ``"clopper_pearson"``, ``"negative_binomial"`` or ``"confidence_sequence"``."""
        return str(self._document["interval_kind"])

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
        The classes of trials that occurred, at class fidelity.

        Each has its ``zeros`` (connection by connection, of ``z`` and of both public values), ``trials``,
        ``outcome``, ``audited``, and ``audit_can_have_missed``: with a confidence of 0.95 no more than this share of
        it is otherwise.
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
        ``max_failures``, a confidence sequence after ``precision`` or an interrupt.

        Raises
        ------
        RunError
            There are no trials, or `confidence` is not between 0 and 1.
        """
        return _tlslab.interval(self._document["interval_kind"], self.failures, self.trials, confidence)

    def replay(self, trial: int) -> Connection:
        """Run one of the trials again, byte for byte, and give its last connection."""
        return self.experiment.replay(self.seed, trial)

    def to_dict(self) -> dict[str, Any]:
        """Give everything, as ``tlslab run --json`` prints it."""
        return dict(self._document)

    def to_json(self) -> str:
        """Give everything as JSON."""
        return json.dumps(self._document)

    def __repr__(self) -> str:
        if not self.trials:
            return f"<Result: no trials, {self.stopped_by}>"
        low, high = self.interval()
        theory = "" if self.expected_rate is None else f", expected {self.expected_rate:.6f}"
        return (
            f"<Result: {self.failures} of {self.trials} failed, rate {self.rate:.6f} [{low:.6f}, {high:.6f}]{theory}>"
        )


def plan(rate: float, *, power: float = 0.95, alpha: float = 0.05, against: float = 0.0) -> int:
    """
    Give the number of trials that an experiment needs.

    Parameters
    ----------
    rate
        The rate that is supposed to be the true one.
    power
        With what probability the experiment is to succeed.
    alpha
        The level of the exact two-sided test of `against`.
    against
        The rate that is to be rejected. 0, the default, is rejected by a single failure: the answer is the least n
        with ``1 - (1 - rate)**n >= power``, and `alpha` has no effect.

    Raises
    ------
    RunError
        A probability that is none, or two rates that are the same.

    Examples
    --------
    >>> import tlslab as tl
    >>> tl.plan(1 / 256)
    766
    """
    return _tlslab.plan(rate, power, alpha, against)


def kernels() -> list[str]:
    """Give the kernels of the batch engine that this CPU has, the slowest first."""
    return _tlslab.kernels()


def _optional(value: float | None) -> float | None:
    return None if value is None else float(value)


class _Bar:
    """A progress bar, or none."""

    def __init__(self, trials: int, shown: bool | None) -> None:
        self._trials = trials
        self._shown = is_watched() if shown is None else shown
        self._bar: Any = None

    def __enter__(self) -> _Bar:
        if self._shown:
            # Imported here, since importing it takes longer than all of tlslab.
            from tqdm.auto import tqdm

            self._bar = tqdm(total=self._trials, unit="trial")
        return self

    @property
    def update(self) -> Callable[[int, int], None]:
        def update(done: int, failures: int) -> None:
            if self._bar is not None:
                self._bar.n = done
                self._bar.set_postfix(failures=failures)

        return update

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()


def is_watched() -> bool:
    """Whether someone is there to look at a progress bar: on a terminal, and in Jupyter."""
    return sys.stderr.isatty() or "ipykernel" in sys.modules
