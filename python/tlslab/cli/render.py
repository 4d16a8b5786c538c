"""What the commands print for people."""

from __future__ import annotations

from collections.abc import Sequence

from tlslab.reproduce import Reproduction
from tlslab.result import Result


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
    """Give the outcomes that are failures: whatever is not established, and a client that was refused."""
    return [name for name in result.outcomes if not name.startswith("established") or name.endswith(":refused")]


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
    rows = []
    for condition, result in reproduction.results:
        if result.trials:
            low, high = result.interval()
            interval = f"{low:.5f} to {high:.5f}"
            p_value = "" if result.p_value is None else f"{result.p_value:.3f}"
        else:
            interval = p_value = ""
        rows.append(
            (
                condition.name,
                str(result.trials),
                str(result.failures),
                odds(result.rate),
                interval,
                odds(result.expected_rate),
                p_value,
                ", ".join(outcome for outcome in result.outcomes if not outcome.startswith("established")),
            )
        )
    head = ("condition", "trials", "failures", "observed", "95% interval", "theory", "p-value", "failure")
    return "\n\n".join([table(head, rows), *_meaning(reproduction)])


def _meaning(reproduction: Reproduction) -> list[str]:
    """Say in plain words what the rows show."""
    by_name = {condition.name: result for condition, result in reproduction.results}
    failing = [name for name, result in by_name.items() if result.failures]
    sound = [name for name, result in by_name.items() if result.trials and not result.failures]
    words = [
        "The server keeps the leading zero bytes of the Diffie-Hellman secret, the client strips them (all rows but"
        "\nthe last). They disagree whenever the secret starts with a zero byte; the server cannot read the client's"
        "\nFinished then, and answers with alert 20, bad_record_mac."
    ]
    if failing:
        words.append(
            "Failed now and then: " + "; ".join(f"{name} ({odds(by_name[name].rate)})" for name in failing) + "."
        )
    if sound:
        words.append("Never failed: " + "; ".join(sound) + ".")
    words.append(
        "That EMS on both sides repairs it is Microsoft's finding (KB4528489) and an assumption here: the simulated"
        "\nserver strips zeros with EMS (premaster_zeros_ems=strip). When both sides keep zeros nothing fails: the"
        "\nfault is disagreement, not zeros."
    )
    verdict = (
        "Every observed rate is consistent with theory."
        if reproduction.ok
        else "An observed rate is NOT consistent with theory."
    )
    if reproduction.interrupted:
        verdict = "Interrupted: these are the trials that were done until then."
    return [*words, verdict]
