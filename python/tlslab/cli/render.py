"""What the commands print for people."""

from __future__ import annotations

from tlslab.causes import CAUSES
from tlslab.reproduce import Reproduction, Row
from tlslab.result import Result
from tlslab.words import is_sound, odds, result, table

__all__ = ["failures", "odds", "reproduction", "result", "table"]


def failures(result: Result) -> list[str]:
    """Give the outcomes that are failures: not established, a client that was refused, a transfer not complete."""
    return [name for name in result.outcomes if not is_sound(name)]


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
