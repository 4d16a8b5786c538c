"""What the commands print for people."""

from __future__ import annotations

from collections.abc import Sequence

from tlslab.causes import CAUSES
from tlslab.reproduce import Reproduction, Row
from tlslab.result import Result, is_sound


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out rows of text; the first column is to the left, the others to the right."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]

    def line(row: Sequence[str]) -> str:
        first, *rest = (
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        return "  ".join([first, *rest]).rstrip()

    return "\n".join([line(head), line(["-" * width for width in widths]), *map(line, rows)])


def odds(rate: float | None) -> str:
    """Give a rate as people say it: ``1 in 256``."""
    if rate is None:
        return "unknown"
    if rate == 0:
        return "never"
    return "always" if rate == 1 else f"1 in {1 / rate:.0f}" if rate < 0.1 else f"{rate:.1%}"


def failures(result: Result) -> list[str]:
    """Give the outcomes that are failures: not established, a client that was refused, a transfer not complete."""
    return [name for name in result.outcomes if not is_sound(name)]


def result(result: Result) -> str:
    """Give a result in full."""
    lines = [
        f"client     {result.experiment.client!r}",
        f"server     {result.experiment.server!r}",
        f"seed       {result.seed}",
        f"trials     {result.trials} at {result.fidelity} fidelity, {result.signatures} signatures",
    ]
    if result.exponents == "full_length_sums":
        lines.append("           full-length exponents, and trials that are independent in pairs")
    if result.stopped_by == "interrupted":
        lines.append("           interrupted: this is what was done until then")
    elif result.stopped_by != "trials":
        lines.append(f"           stopped by {result.stopped_by}")
    if result.trials:
        low, high = result.interval()
        lines += [
            f"failures   {result.failures}, {odds(result.rate)}",
            f"rate       {result.rate:.6f}, 95% interval [{low:.6f}, {high:.6f}] ({result.interval_kind})",
        ]
        if result.expected_rate is None or result.p_value is None:
            lines.append("expected   unknown: theory does not tell for these knobs")
        else:
            test = "Chebyshev's bound" if result.interval_kind == "variance" else "exact, two-sided"
            lines.append(f"expected   {result.expected_rate:.6f}, p-value {result.p_value:.4f} ({test})")
    for one in result.classes:
        zeros = "; ".join(", ".join(f"{name} {count}" for name, count in each.items()) for each in one["zeros"])
        missed = one["audit_can_have_missed"]
        audit = "not audited" if missed is None else f"{one['audited']} replayed, may be otherwise {missed:.1e}"
        share = one["expected_share"]
        theory = "" if share is None else f", theory {share * result.trials:.1f}"
        theory += "" if one["p_value"] is None else f", p-value {one['p_value']:.4f}"
        lines.append(f"class      {one['trials']:>9}  zero bytes: {zeros}: {one['outcome']}{theory} ({audit})")
    lines += [f"outcome    {count:>9}  {outcome}" for outcome, count in result.outcomes.items()]
    lines += [f"cause      {count:>9}  {cause}" for cause, count in result.causes.items()]
    if result.failed_trials:
        shown = ", ".join(map(str, result.failed_trials[:8]))
        more = ", ..." if result.failures > 8 else ""
        lines.append(f"failed     trials {shown}{more}")
    if result.digest:
        lines.append(f"digest     {result.digest}")
    return "\n".join(lines)


def reproduction(reproduction: Reproduction) -> str:
    """Give the table of a reproduction, and what it means."""
    head = ("condition", "trials", "failures", "observed", "95% interval", "theory", "p-value", "verdict", "failure")
    return "\n\n".join([table(head, [_cells(row) for row in reproduction.rows]), *_meaning(reproduction)])


def _cells(row: Row) -> tuple[str, ...]:
    result, cause = row.result, row.condition.cause
    low, high = result.interval() if result.trials else (0.0, 1.0)
    return (
        row.condition.name if cause is None else f"{cause:<2} {row.condition.name}",
        str(result.trials),
        str(result.failures),
        odds(result.rate),
        f"{low:.5f} to {high:.5f}",
        odds(result.expected_rate),
        "" if result.p_value is None else f"{result.p_value:.3f}",
        row.verdict or "",
        ", ".join(failures(result)),
    )


def _meaning(reproduction: Reproduction) -> list[str]:
    """Say in plain words what the rows show."""
    words = [
        "The first rows are single handshakes. The server keeps the leading zero bytes of the Diffie-Hellman secret,"
        "\nthe client strips them (in the last, both keep them). They disagree whenever the secret starts with a zero"
        "\nbyte; the server cannot read the client's Finished then, and answers with alert 20, bad_record_mac."
    ]
    for cause in CAUSES:
        rows = [row for row in reproduction.rows if row.condition.cause == cause.name]
        if rows:
            repairs = [row.condition.name.removeprefix("after it, ") for row in rows if row.verdict == "repairs"]
            words.append(
                f"{cause.name:<2} {cause.what}. The update {_of_update(rows)}.\n   Repaired by: "
                + ("; ".join(repairs) or "nothing that was tried")
                + "."
            )
    words.append(
        "That EMS on both sides repairs cause 1 is Microsoft's finding (KB4528489) and an assumption here: the"
        "\nsimulated server strips zeros with EMS (premaster_zeros_ems=strip); tlslab rival has the other reading. A"
        "\nverdict holds the update against the row before it, and a remedy against the update."
    )
    if reproduction.interrupted:
        return [*words, "Interrupted: these are the trials that were done until then."]
    return [*words, _judgement(reproduction)]


def _of_update(rows: list[Row]) -> str:
    verdicts = [row.verdict for row in rows if row.condition.name == "after the update"]
    return verdicts[0] or "" if verdicts else "was not run"


def _judgement(reproduction: Reproduction) -> str:
    if reproduction.ok:
        return "Every observed rate is consistent with theory, and every cause comes with the update and is repaired."
    missing = [cause.name for cause in CAUSES if not reproduction.emerges(cause.name)]
    if missing:
        return f"NOT shown: that cause {', '.join(missing)} comes with the update and is repaired."
    return "An observed rate is NOT consistent with theory."
