"""
How fast the lab is, beside other implementations, in one run on one machine.

What is measured, and what is comparable with what, is in ``docs/benchmarks.md``.
"""

from __future__ import annotations

import contextlib
import functools
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tlslab import groups as named_groups
from tlslab.bench import lab
from tlslab.bench.contender import Contender, MissingError
from tlslab.errors import RunError
from tlslab.progress import is_watched

__all__ = ["Bench", "Row", "Scaling", "Skipped", "bench"]

#: The row that the others are compared with.
REFERENCE = "openssl DHE-RSA"


@dataclass(frozen=True, slots=True)
class Row:
    """
    One thing that was measured.

    Attributes
    ----------
    what
        A fidelity of the lab, or another implementation and its key exchange.
    kernel
        The kernel of the lab's batch engine; None for others.
    group
        The group's name.
    threads
        How many threads it worked on.
    per_second
        Handshakes a second and thread, the median of the rounds; at class and census fidelity trials, without their
        audit.
    ratio_to_openssl
        How many times as fast it is as OpenSSL's DHE-RSA with the same group in the same run; None without that.
    audit_seconds
        What the audit of a run takes besides, however many trials there are: measured once for a fidelity and a
        group, on as many threads, with the fastest kernel, which hardly matters to it. None where there is no audit,
        or none was measured.
    """

    what: str
    kernel: str | None
    group: str
    threads: int
    per_second: float
    ratio_to_openssl: float | None
    audit_seconds: float | None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row that there could not be, and why."""

    what: str
    group: str
    reason: str


@dataclass(frozen=True, slots=True)
class Scaling:
    """How many times as many handshakes a second there were in all on two threads as on one."""

    what: str
    kernel: str
    group: str
    factor: float


@dataclass(frozen=True)
class Bench:
    """
    What was measured.

    Attributes
    ----------
    rows
        The rows, group by group.
    skipped
        What could not be measured.
    scaling
        The gain of a second thread, if it was asked for.
    machine, versions
        What it was measured on, and with.
    interrupted
        Whether it was told to stop before the end: rows may lack, or rest on fewer rounds.
    """

    rows: tuple[Row, ...]
    skipped: tuple[Skipped, ...]
    scaling: tuple[Scaling, ...]
    machine: dict[str, Any]
    versions: dict[str, str | None]
    interrupted: bool

    def to_dict(self) -> dict[str, Any]:
        """Give everything, as ``tlslab bench --json`` prints it."""
        return asdict(self)

    def to_json(self) -> str:
        """Give everything as JSON."""
        return json.dumps(self.to_dict())


def bench(
    *,
    groups: Sequence[str] = ("ffdhe2048",),
    seconds: float = 2.0,
    rounds: int = 3,
    threads: int = 1,
    scaling: bool = False,
    progress: bool | None = None,
) -> Bench:
    """
    Measure the lab, OpenSSL and, if it is installed, tlslite-ng, one after the other and again.

    An interrupt (Ctrl-C) ends it; the result then has what was measured until then.

    Parameters
    ----------
    groups
        The names of the groups.
    seconds
        How long each row is measured, all rounds together.
    rounds
        How often each row is measured. Rows take turns, so that other work on the machine meets all alike, and the
        median counts.
    threads
        How many threads the lab works on.
    scaling
        Whether the lab is measured on 1 thread, on 2, 4, ... and on as many as there are processors, too, with its
        fastest kernel.
    progress
        Whether a progress bar is shown; None shows one on a terminal and in Jupyter.

    Raises
    ------
    BehaviourError
        No group has this name.
    RunError
        There is nothing to measure, or no time to do so, or more threads than processors.

    Examples
    --------
    >>> import tlslab as tl
    >>> done = tl.bench(groups=["modp768"], seconds=0.03, rounds=1, progress=False)
    >>> {row.what for row in done.rows} >= {"wire", "class"}
    True
    """
    _check(groups, seconds, rounds, threads)
    measured = _Measured()
    interrupted = False
    try:
        for group in dict.fromkeys(groups):
            measured.add(group, threads, _thread_counts(threads) if scaling else ())
        audits = measured.audits_to_make(threads)
        with _bar(len(measured.samples) * rounds + len(audits), progress) as tick:
            for _ in range(rounds):
                for contender, samples in measured.samples.items():
                    samples.append(contender.measure(seconds / rounds))
                    tick()
            for trials in audits:
                measured.audits[trials.what, trials.group, threads] = trials.audit()
                tick()
    except KeyboardInterrupt:
        interrupted = True
    from tlslab.bench.machine import machine, versions

    rows = measured.rows()
    return Bench(rows, tuple(measured.skipped), _scaling(rows), machine(), versions(), interrupted=interrupted)


@dataclass
class _Measured:
    """The rows in the making."""

    samples: dict[Contender, list[float]] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)
    audits: dict[tuple[str, str, int], float] = field(default_factory=dict)

    def add(self, group: str, threads: int, others: tuple[int, ...]) -> None:
        """Add the contenders of a group, those that can be had."""
        # Imported here, like the machine below: `import tlslab` would take a third longer for what few call.
        from tlslab.bench import openssl, tlslite_ng

        for trials in lab.contenders(group, threads, others):
            self.samples[trials] = []
        for what in openssl.SUITES:
            self._add(what, group, functools.partial(openssl.contender, what))
        self._add(tlslite_ng.WHAT, group, tlslite_ng.contender)

    def _add(self, what: str, group: str, make: Callable[[str], Contender]) -> None:
        try:
            self.samples[make(group)] = []
        except MissingError as missing:
            self.skipped.append(Skipped(what, group, str(missing)))

    def audits_to_make(self, threads: int) -> list[lab.Trials]:
        """Give one contender on so many threads for each fidelity that has an audit, and each group."""
        lab_rows = [one for one in self.samples if isinstance(one, lab.Trials) and one.threads == threads]
        # The last of each is the one with the fastest kernel.
        return list({(one.what, one.group): one for one in lab_rows if one.is_audited}.values())

    def rows(self) -> tuple[Row, ...]:
        """Give the rows of all that was measured at least once."""
        import statistics

        rates = {contender: statistics.median(samples) for contender, samples in self.samples.items() if samples}
        reference = {contender.group: rate for contender, rate in rates.items() if contender.what == REFERENCE}
        return tuple(
            Row(
                what=one.what,
                kernel=one.kernel,
                group=one.group,
                threads=one.threads,
                per_second=rate,
                ratio_to_openssl=rate / reference[one.group] if one.group in reference else None,
                audit_seconds=self.audits.get((one.what, one.group, one.threads)),
            )
            for one, rate in rates.items()
        )


def _check(groups: Sequence[str], seconds: float, rounds: int, threads: int) -> None:
    """Refuse what cannot be measured, before any work."""
    if not groups:
        raise RunError("name at least one group to measure")
    for group in groups:
        named_groups.named(group)
    if not (math.isfinite(seconds) and seconds > 0):
        raise RunError(f"a row is measured for more than 0 seconds, not {seconds}")
    if rounds < 1:
        raise RunError(f"a row is measured in at least one round, not {rounds}")
    from tlslab.bench.machine import cores

    if not 1 <= threads <= cores():
        raise RunError(f"threads is 1 to {cores()}, the processors that there are, not {threads}")


def _thread_counts(threads: int) -> tuple[int, ...]:
    """Give 1, 2, 4, ... and the number of processors, but for `threads`, which is measured anyway."""
    from tlslab.bench.machine import cores

    most = cores()
    powers = [1 << power for power in range(most.bit_length()) if 1 << power <= most]
    return tuple(number for number in dict.fromkeys([*powers, most]) if number != threads)


def _scaling(rows: tuple[Row, ...]) -> tuple[Scaling, ...]:
    """Compare one thread and two, wherever both were measured."""
    rates = {(row.what, row.kernel, row.group, row.threads): row.per_second for row in rows}
    return tuple(
        Scaling(what, kernel, group, factor=2 * rates[what, kernel, group, 2] / rate)
        for (what, kernel, group, threads), rate in rates.items()
        if threads == 1 and kernel is not None and (what, kernel, group, 2) in rates
    )


@contextlib.contextmanager
def _bar(total: int, shown: bool | None) -> Iterator[Callable[[], object]]:
    """Give a function to be called after each of `total` measurements."""
    if not (is_watched() if shown is None else shown):
        yield lambda: None
        return
    # Imported here, since importing it takes longer than all of tlslab.
    from tqdm.auto import tqdm

    with tqdm(total=total, unit="measurement", leave=False) as bar:
        yield bar.update
