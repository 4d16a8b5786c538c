"""Plots of trials in their order: how the rate settles, and how long a failure lets wait."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from tlslab import _tlslab
from tlslab.errors import RunError
from tlslab.plot.figure import OBSERVED, THEORY, new_figure, whole_decades, without_frame
from tlslab.result import Result

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["convergence", "waiting"]

#: At so many places the rate is looked at.
_PLACES = 240


def convergence(result: Result, *, confidence: float = 0.95) -> Figure:
    """
    Plot how the observed rate settles at the expected one as trials go on.

    Parameters
    ----------
    result
        The run. Where more failed than it names (:attr:`Result.failed_trials`), the picture ends at the last of these.
    confidence
        That of the band: a confidence sequence, which holds the true rate at all numbers of trials at once; of a
        census, Chebyshev's interval, which holds it at each.

    Returns
    -------
    matplotlib.figure.Figure
        Trials on a logarithmic axis, the rate with its band, and the expected rate as a line.

    Raises
    ------
    RunError
        There is no matplotlib, or no trial, or `confidence` is not between 0 and 1.

    Examples
    --------
    >>> import tlslab as tl
    >>> server = tl.Server(ems="off", premaster_zeros="keep")
    >>> result = tl.Experiment(tl.Client(ems="off"), server).run(500, seed=1, progress=False)
    >>> tl.plot.convergence(result).axes[0].get_xlabel()
    'trials'
    """
    failed = result.failed_trials
    told = result.trials if result.failures == len(failed) else failed[-1] + 1
    if not told:
        raise RunError("there are no trials to plot")
    is_census = result.interval_kind == "variance"
    kind = "variance" if is_census else "confidence_sequence"
    trials = sorted({round(math.exp(at * math.log(told) / _PLACES)) for at in range(_PLACES + 1)})
    failures = [bisect_left(failed, count) for count in trials]
    rates = [count / of for count, of in zip(failures, trials, strict=True)]
    band = [_tlslab.interval(kind, count, of, confidence) for count, of in zip(failures, trials, strict=True)]

    figure, axes = new_figure(7, 4)
    name = "Chebyshev's interval" if is_census else "confidence sequence"
    lows, highs = [low for low, _ in band], [high for _, high in band]
    axes.fill_between(trials, lows, highs, color=OBSERVED, alpha=0.2, linewidth=0, label=f"{confidence:.0%} {name}")
    axes.plot(trials, rates, color=OBSERVED, label="observed", drawstyle="steps-post")
    expected = result.expected_rate
    if expected is not None:
        axes.axhline(expected, color=THEORY, linestyle="--", label=f"theory, {expected:.6f}")
    # The band begins at all rates that there are: the picture is about where it ends.
    top = max(3 * max(rates[-1], expected or 0.0), 1.1 * highs[-1])
    start = max(1, told // 200)
    axes.set(xscale="log", xlim=(start, max(told, 2)), ylim=(0, min(top, 1.05)))
    axes.set(xlabel="trials", ylabel="rate of failures")
    axes.legend(frameon=False)
    without_frame(axes)
    return figure


def waiting(results: Result | Iterable[Result]) -> Figure:
    """
    Plot how many trials it takes to the first failure, against the geometric law.

    Parameters
    ----------
    results
        One run, in which each failure begins the wait for the next; or several with the same client and server, such as
        come from ``max_failures=1`` and different seeds.

    Returns
    -------
    matplotlib.figure.Figure
        The share of waits that last longer, on a logarithmic axis, where the geometric law is a straight line. A wait
        that no failure ended counts for as long as it was seen (Kaplan and Meier).

    Raises
    ------
    RunError
        There is no matplotlib, or nothing has failed.
    """
    runs = [results] if isinstance(results, Result) else list(results)
    waits = sorted(wait for run in runs for wait in _waits(run))
    if not any(ended for _, ended in waits):
        raise RunError("no trial failed: there is no wait that ended, and nothing to plot")
    lengths, shares = [0], [1.0]
    for at, (length, ended) in enumerate(waits):
        if ended:
            lengths.append(length)
            shares.append(shares[-1] * (1 - 1 / (len(waits) - at)))

    figure, axes = new_figure(7, 4)
    # A logarithmic axis has no 0, which the longest wait brings.
    seen = [(length, share) for length, share in zip(lengths, shares, strict=True) if share > 0]
    longest = waits[-1][0]
    ends = [*(length for length, _ in seen), longest]
    axes.plot(
        ends, [*(share for _, share in seen), seen[-1][1]], color=OBSERVED, drawstyle="steps-post", label="observed"
    )
    rate = runs[0].expected_rate
    if rate:
        law = [longest * at / 100 for at in range(101)]
        axes.plot(
            law,
            [(1 - rate) ** length for length in law],
            color=THEORY,
            linestyle="--",
            label=f"geometric law, 1 in {1 / rate:.0f}",
        )
    axes.set(yscale="log", xlabel="trials until a failure", ylabel="share of waits that last longer", xlim=(0, longest))
    axes.set_ylim(whole_decades(seen[-1][1], 1.0)[0], 1.1)
    axes.legend(frameon=False)
    without_frame(axes)
    return figure


def _waits(run: Result) -> Iterator[tuple[int, bool]]:
    """Give how long each wait of a run is, and whether a failure ended it."""
    ends = [-1, *run.failed_trials]
    yield from ((after - before, True) for before, after in pairwise(ends))
    if run.failures == len(run.failed_trials) and run.trials > ends[-1] + 1:
        yield run.trials - 1 - ends[-1], False
