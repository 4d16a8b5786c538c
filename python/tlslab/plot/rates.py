"""Plots of rates: of several results side by side, and of one by the number of leading zero bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from tlslab import _tlslab
from tlslab.errors import RunError
from tlslab.plot.figure import FAILED, OBSERVED, SOUND, THEORY, new_figure, whole_decades, without_frame
from tlslab.result import Result
from tlslab.words import is_sound

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["rates", "zeros"]


def rates(results: Mapping[str, Result] | Iterable[Result], *, confidence: float = 0.95) -> Figure:
    """
    Plot the rates of several results on a logarithmic axis, each with its interval and its expected rate.

    Parameters
    ----------
    results
        The results by their names; without names each is called by its server's first group.
    confidence
        That of the intervals.

    Returns
    -------
    matplotlib.figure.Figure
        A row for each. Where nothing failed, there is but the interval's upper end.

    Raises
    ------
    RunError
        There is no matplotlib, or no result, or one has no trials.
    """
    named = dict(results) if isinstance(results, Mapping) else {_group_of(result): result for result in results}
    if not named:
        raise RunError("there are no results to plot")
    figure, axes = new_figure(7, 1.2 + 0.42 * len(named))
    floor = min(0.3 / max(result.trials, 1) for result in named.values())
    ends = []
    for row, result in enumerate(named.values()):
        low, high = result.interval(confidence)
        ends += [max(low, floor), high]
        rate = result.rate or 0.0
        axes.plot(ends[-2:], [row, row], color=OBSERVED, linewidth=6, alpha=0.3, solid_capstyle="butt")
        if rate:
            axes.plot([rate], [row], "o", color=OBSERVED, clip_on=False)
        else:
            axes.annotate("none failed", (high, row), (6, 0), textcoords="offset points", va="center", fontsize=9)
        if result.expected_rate:
            axes.plot([result.expected_rate], [row], "|", color=THEORY, markersize=16, markeredgewidth=2, clip_on=False)
    axes.plot([], [], "o", color=OBSERVED, label=f"observed, {confidence:.0%} interval")
    axes.plot([], [], "|", color=THEORY, markersize=10, markeredgewidth=2, label="theory")
    axes.set(xscale="log", xlabel="rate of failures", yticks=range(len(named)), yticklabels=list(named))
    axes.set_xlim(*whole_decades(min(ends), max(ends)))
    axes.set_ylim(len(named) - 0.5, -0.5)
    axes.grid(axis="x", alpha=0.3)
    axes.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)
    without_frame(axes)
    return figure


def zeros(result: Result, *, confidence: float = 0.95) -> Figure:
    """
    Plot the shares of trials by the number of leading zero bytes of Z, on a logarithmic axis.

    Parameters
    ----------
    result
        A run by classes, or a census. Where a trial has several secrets, the one with the most zero bytes counts.
    confidence
        That of the intervals, each of one share alone.

    Returns
    -------
    matplotlib.figure.Figure
        The observed shares with their intervals, by whether such trials failed, and the expected ones.

    Raises
    ------
    RunError
        There is no matplotlib, or there are no classes: the run was at wire fidelity.
    """
    if not result.classes:
        raise RunError("there are no classes of trials at wire fidelity; run it with fidelity='class' or 'census'")
    figure, axes = new_figure(7, 4)
    kind = "variance" if result.interval_kind == "variance" else "clopper_pearson"
    expected: dict[int, float | None] = {}
    counted: dict[tuple[int, bool], int] = {}
    for one in result.classes:
        count = max((each["z"] for each in one["zeros"]), default=0)
        fails = not is_sound(one["outcome"])
        counted[count, fails] = counted.get((count, fails), 0) + one["trials"]
        known, share = expected.get(count, 0.0), one["expected_share"]
        expected[count] = None if known is None or share is None else known + share
    for (count, fails), trials in sorted(counted.items()):
        low, high = _tlslab.interval(kind, trials, result.trials, confidence)
        share = trials / result.trials
        color = FAILED if fails else SOUND
        ends = [[share - low], [high - share]]
        axes.errorbar([count], [share], yerr=ends, fmt="x" if fails else "o", color=color, capsize=5)
    lines = [(count, share) for count, share in sorted(expected.items()) if share]
    axes.hlines(
        [share for _, share in lines],
        [count - 0.25 for count, _ in lines],
        [count + 0.25 for count, _ in lines],
        color=THEORY,
        linestyle="--",
    )
    _name(axes, fails={fails for _, fails in counted}, confidence=confidence, theory=bool(lines))
    axes.set(yscale="log", xlabel="leading zero bytes of Z", ylabel="share of trials", xticks=sorted(expected))
    axes.set_xlim(-0.6, max(expected) + 0.6)
    axes.grid(axis="y", alpha=0.3)
    without_frame(axes)
    return figure


def _name(axes: Any, *, fails: set[bool], confidence: float, theory: bool) -> None:  # noqa: ANN401 - matplotlib's axes
    if False in fails:
        axes.plot([], [], "o", color=SOUND, label=f"went well, {confidence:.0%} interval")
    if True in fails:
        axes.plot([], [], "x", color=FAILED, label=f"failed, {confidence:.0%} interval")
    if theory:
        axes.plot([], [], color=THEORY, linestyle="--", label="theory")
    axes.legend(frameon=False)


def _group_of(result: Result) -> str:
    """Name the group of a result's server."""
    group = result.experiment.server.groups[0]
    return group if isinstance(group, str) else f"a prime of {int(group['p'], 16).bit_length()} bits"
