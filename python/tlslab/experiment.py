"""Experiments: many trials of one scenario, with honest statistics."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tlslab import _tlslab
from tlslab.behaviour import Client, Server
from tlslab.connection import Connection
from tlslab.numbers import MOST_THREADS, draw_seed, whole_number
from tlslab.parts.drive import Outlook, drive
from tlslab.parts.job import Rules, block_size, document_of, job_of
from tlslab.parts.run import Run
from tlslab.progress import Bar, Progress
from tlslab.result import Result
from tlslab.shown import Shown

if TYPE_CHECKING:
    from concurrent.futures import Executor

__all__ = ["Experiment", "kernels", "plan"]

#: How trials are run.
FIDELITIES = ("wire", "class", "census")

#: What a run may be asked for: a fidelity, or the lab's choice.
CHOICES = ("auto", *FIDELITIES)


class Experiment(Shown):
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
        self.client: Client = client
        self.server: Server = server
        self.signatures: str = signatures

    @property
    def scenario(self) -> dict[str, Any]:
        """The scenario as a mapping."""
        scenario: dict[str, Any] = json.loads(self._scenario)
        return scenario

    @property
    def scenario_json(self) -> str:
        """The scenario as canonical JSON."""
        return self._scenario

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
        executor: Executor | None = None,
        block: int | None = None,
        progress: Progress = None,
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
            more. ``"census"``: as by classes, hundreds of times faster, for groups whose order is known; its trials are
            others, with full-length exponents, and independent in pairs only, which its interval allows for.
            ``"auto"``: by classes where that is allowed and there are more than 20,000 trials, else at wire fidelity.
        threads
            How many threads; 0 for as many as there are processors. With an executor, those of a block, and 0 is one.
        digest
            Whether the result has a SHA-256 over all bytes of all trials; at wire fidelity only, without an executor.
        kernel
            The kernel of the batch engine, one of :func:`kernels`; None for the fastest. It changes the speed alone.
        memory_budget
            How much memory the engine's tables may take, in bytes.
        max_failures
            Stop at the trial that is the so-many-th failure; the interval is the negative binomial's then. Neither this
            nor `precision` is for a census.
        precision
            Stop once half the width of the rate's confidence sequence is at most this share of the rate, 0.1 for 10 %;
            looked at every 1,024 trials.
        seconds
            Stop after so much time. How many trials that are varies from run to run.
        executor
            Where blocks of trials are run: any :class:`concurrent.futures.Executor` of threads, processes or other
            machines. The result is the same, but for its timing; a block that is lost with its worker is run again.
        block
            Trials of a block with an executor; None for some seconds' worth.
        progress
            Whether a progress bar is shown; None shows one on a terminal and in Jupyter. Or a function that is called
            now and then with the trials done and, but for a census, those that failed; a KeyboardInterrupt from it is
            an interrupt.

        Raises
        ------
        RunError
            There is nothing to run, or it cannot be run.
        """
        if fidelity not in CHOICES:
            raise _tlslab.RunError(f"fidelity is one of {', '.join(CHOICES)}, not {fidelity!r}")
        if trials < 1:
            raise _tlslab.RunError(f"an experiment runs at least one trial, not {trials}")
        if executor is not None:
            return self._run_on(
                executor,
                trials,
                rules=Rules(max_failures, precision),
                block=block,
                seed=draw_seed(seed),
                fidelity=fidelity,
                threads=threads or 1,
                digest=digest,
                kernel=kernel,
                memory_budget=memory_budget,
                seconds=seconds,
                progress=progress,
            )
        if block is not None:
            raise _tlslab.RunError("block= is the size of what an executor is given; there is none")
        with Bar(trials, progress) as bar:
            text = _tlslab.run_experiment(
                self.client.to_json(),
                self.server.to_json(),
                self._scenario,
                signatures=self.signatures,
                trials=whole_number("the number of trials", trials),
                seed=draw_seed(seed),
                threads=whole_number("threads", threads, most=MOST_THREADS),
                digest=digest,
                fidelity=fidelity,
                kernel=kernel,
                memory_budget=whole_number("memory_budget", memory_budget),
                max_failures=None if max_failures is None else whole_number("max_failures", max_failures),
                precision=precision,
                seconds=seconds,
                progress=bar.update,
            )
        return Result(self, document_of(text))

    def _run_on(
        self,
        executor: Executor,
        trials: int,
        *,
        rules: Rules,
        block: int | None,
        seed: int,
        fidelity: str,
        threads: int,
        digest: bool,
        kernel: str | None,
        memory_budget: int,
        seconds: float | None,
        progress: Progress,
    ) -> Result:
        if digest:
            raise _tlslab.RunError(
                "a digest is made of the bytes of all trials in their order; run it without an executor"
            )
        job = job_of(
            self,
            seed=seed,
            trials=trials,
            fidelity=fidelity,
            rules=rules,
            kernel=kernel,
            memory_budget=memory_budget,
            threads=threads,
        )
        run = Run(job, trials, rules, block=block_size(block))
        with Bar(trials, progress) as bar:
            drive([run], executor=executor, outlook=Outlook(progress=bar.update, seconds=seconds))
        return Result(self, run.report())

    def replay(self, seed: int, trial: int, *, fidelity: str = "wire") -> Connection:
        """
        Run one trial again, byte for byte, and give its last connection.

        Parameters
        ----------
        seed, trial
            The trial's name; `trial` is its index.
        fidelity
            That of the run which it was in: the trials of ``"wire"`` and ``"class"`` are the same ones, and those of a
            ``"census"`` have exponents of their own.

        Raises
        ------
        RunError
            The seed or the index is none, or the experiment cannot be run at that fidelity.
        """
        return self.replay_all(seed, trial, fidelity=fidelity)[-1]

    def replay_all(self, seed: int, trial: int, *, fidelity: str = "wire") -> list[Connection]:
        """Run one trial again, and give all its connections, up to the first that failed."""
        if fidelity not in FIDELITIES:
            raise _tlslab.RunError(f"the fidelity of a run is one of {', '.join(FIDELITIES)}, not {fidelity!r}")
        text = _tlslab.replay_trial(
            self.client.to_json(),
            self.server.to_json(),
            self._scenario,
            signatures=self.signatures,
            seed=draw_seed(seed),
            index=whole_number("a trial's index", trial),
            fidelity=fidelity,
        )
        return [Connection(connection, seed) for connection in json.loads(text)["connections"]]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Experiment):
            return NotImplemented
        return self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def _identity(self) -> tuple[Client, Server, str, str]:
        return self.client, self.server, self._scenario, self.signatures

    def __repr__(self) -> str:
        return f"Experiment({self.client!r}, {self.server!r}, scenario={self.scenario['name']!r})"


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
