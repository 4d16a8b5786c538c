"""Results in words, for HTML and for a terminal."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tlslab.result import Result

__all__ = ["is_sound", "odds", "of_stop", "of_test", "result", "table", "zeros_of"]


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, left: Collection[int] = (0,)) -> str:
    """Lay out rows of text; the columns at the positions `left` are to the left, the others to the right."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]

    def line(row: Sequence[str]) -> str:
        cells = (
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        return "  ".join(cells).rstrip()

    return "\n".join([line(head), line(["-" * width for width in widths]), *map(line, rows)])


def odds(rate: float | None) -> str:
    """Give a rate as people say it: ``1 in 256``."""
    if rate is None:
        return "unknown"
    if rate == 0:
        return "never"
    return "always" if rate == 1 else f"1 in {1 / rate:.0f}" if rate < 0.1 else f"{rate:.1%}"


def is_sound(outcome: str) -> bool:
    """Whether an outcome is no failure: established, the client not refused, each transfer complete."""
    connection, _, ftp = outcome.partition(":ftp:")
    established = connection.startswith("established") and not connection.endswith(":refused")
    return established and ftp in ("", "complete")


def of_stop(result: Result) -> str:
    """Say what ended a run, and how its trials hang together, where that is worth a word."""
    said = []
    if result.exponents == "full_length_sums":
        said.append("full-length exponents, and trials that are independent in pairs")
    if result.stopped_by == "interrupted":
        said.append("interrupted: this is what was done until then")
    elif result.stopped_by != "trials":
        said.append(f"stopped by {result.stopped_by}")
    return "; ".join(said)


def of_test(result: Result) -> str:
    """Name the test that gives the p-value."""
    return "Chebyshev's bound" if result.interval_kind == "variance" else "exact, two-sided"


def zeros_of(one: Mapping[str, Any]) -> str:
    """Say which leading bytes are zero in a class of trials, connection by connection."""
    return "; ".join(", ".join(f"{name} {count}" for name, count in each.items()) for each in one["zeros"])


def result(result: Result) -> str:
    """Give a result in full."""
    lines = [
        f"client     {result.experiment.client!r}",
        f"server     {result.experiment.server!r}",
        f"seed       {result.seed}",
        f"trials     {result.trials} at {result.fidelity} fidelity, {result.signatures} signatures",
    ]
    lines += [f"           {said}" for said in of_stop(result).split("; ") if said]
    if result.trials:
        low, high = result.interval()
        lines += [
            f"failures   {result.failures}, {odds(result.rate)}",
            f"rate       {result.rate:.6f}, 95% interval [{low:.6f}, {high:.6f}] ({result.interval_kind})",
        ]
        if result.expected_rate is None or result.p_value is None:
            lines.append("expected   unknown: theory does not tell for these knobs")
        else:
            lines.append(f"expected   {result.expected_rate:.6f}, p-value {result.p_value:.4f} ({of_test(result)})")
    lines += [_class(one, result.trials) for one in result.classes]
    lines += [f"outcome    {count:>9}  {outcome}" for outcome, count in result.outcomes.items()]
    lines += [f"cause      {count:>9}  {cause}" for cause, count in result.causes.items()]
    if result.failed_trials:
        shown = ", ".join(map(str, result.failed_trials[:8]))
        more = ", ..." if result.failures > 8 else ""
        lines.append(f"failed     trials {shown}{more}")
    if result.digest:
        lines.append(f"digest     {result.digest}")
    return "\n".join(lines)


def _class(one: Mapping[str, Any], trials: int) -> str:
    missed, share = one["audit_can_have_missed"], one["expected_share"]
    audit = "not audited" if missed is None else f"{one['audited']} replayed, may be otherwise {missed:.1e}"
    theory = "" if share is None else f", theory {share * trials:.1f}"
    theory += "" if one["p_value"] is None else f", p-value {one['p_value']:.4f}"
    return f"class      {one['trials']:>9}  zero bytes: {zeros_of(one)}: {one['outcome']}{theory} ({audit})"
