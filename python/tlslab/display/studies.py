"""Studies made of several experiments or runs: sweeps, remedies, rivals, attacks, campaigns, diagnoses and more."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tlslab.display.sheet import Cell, Mark, Sheet
from tlslab.table import labelled
from tlslab.words import is_sound, odds

if TYPE_CHECKING:
    from tlslab import fuzz
    from tlslab.attacks import TripleHandshake
    from tlslab.collection import Collected, Collection
    from tlslab.diagnose import Diagnosis
    from tlslab.look_alikes import LookAlikes
    from tlslab.mitigation import Mitigation
    from tlslab.result import Result
    from tlslab.rival import Rival
    from tlslab.sweep import Sweep

__all__ = [
    "campaign",
    "collection",
    "diagnosis",
    "finding",
    "look_alikes",
    "mitigation",
    "rival",
    "sweep",
    "triple_handshake",
]

_INTERRUPTED = "Interrupted: this is what was done until then."

#: What `_rate` gives.
_RATE_HEAD = ("trials", "failed", "rate", "95% interval")

#: Where its figures stand after one column, but for the odds, which are words.
_RATE = (1, 2, 4)

#: The tones of a remedy's verdicts.
_VERDICTS = {"repairs": "good", "helps": "zero", "undecided": "zero", "makes it worse": "alert"}


def sweep(one: Sweep) -> Sheet:
    """Show the cells of a sweep."""
    labels = labelled([cell.labels for cell in one])
    names = [name for name, values in labels.items() if len(set(values)) > 1]
    rows: list[list[Cell]] = [
        [
            *(str(labels[name][at]) for name in names),
            *_rate(cell.result),
            odds(cell.result.expected_rate),
            "" if cell.p_holm is None else f"{cell.p_holm:.3f}",
            ", ".join(outcome for outcome in cell.result.outcomes if not is_sound(outcome)),
        ]
        for at, cell in enumerate(one)
    ]
    failed = sum(cell.result.failures > 0 for cell in one)
    verdict = Mark(f"{failed} of {len(one)} cells with failures", "alert" if failed else "good")
    head = [*names, *_RATE_HEAD, "theory", "p (Holm)", "failure"]
    notes = [
        *(f"{name}: {values[0]}" for name, values in labels.items() if name not in names),
        f"seed {one.seed}",
        *_interrupted(one.interrupted),
    ]
    return Sheet("Sweep", verdict, head, rows, notes, numbers=tuple(range(len(names), len(head) - 1)))


def collection(one: Collection) -> Sheet:
    """Show what has been collected, task by task."""
    rows: list[list[Cell]] = [
        [
            row.name or repr(row.experiment),
            str(len(row.results)),
            *_rate(row),
            odds(row.results[0].expected_rate),
        ]
        for row in one
    ]
    head = ["task", "seeds", *_RATE_HEAD, "theory"]
    verdict = Mark(f"{sum(row.trials for row in one):,} trials")
    return Sheet("Collection", verdict, head, rows, _interrupted(one.interrupted), numbers=tuple(range(1, len(head))))


def mitigation(one: Mitigation) -> Sheet:
    """Show what became of two sides under each remedy."""
    rows: list[list[Cell]] = [["without any", *_rate(one.before), ""]]
    notes = []
    for attempt in one.attempts:
        mark = Mark(attempt.verdict, _VERDICTS.get(attempt.verdict, ""))
        rows.append([attempt.remedy.what, *_rate(attempt.result), mark])
        if told := attempt.reason or "; ".join(attempt.costs):
            notes.append(f"{attempt.remedy.what}: {told}")
    repairs = len(one.repairs)
    verdict = Mark(f"{repairs} remed{'y repairs' if repairs == 1 else 'ies repair'} it", "good" if repairs else "alert")
    if not one.before.failures:
        verdict = Mark("nothing to repair", "good")
    head = ["remedy", *_RATE_HEAD, "verdict"]
    return Sheet("Mitigation", verdict, head, rows, [*notes, *_interrupted(one.interrupted)], numbers=_RATE)


def look_alikes(one: LookAlikes) -> Sheet:
    """Show what tells other mistakes from cause 1."""
    rows = [
        [
            row.look_alike.what,
            *_rate(row.result),
            ", ".join(f"{alert} by {sender}" for alert in row.signs.alerts for sender in row.signs.senders),
            "" if row is one.rows[0] else ", ".join(row.apart_by) or "nothing",
        ]
        for row in one.rows
    ]
    head = ["defect", *_RATE_HEAD, "alert", "told apart by"]
    return Sheet(
        "Look-alikes of cause 1", Mark(f"{len(rows)} defects"), head, rows, _interrupted(one.interrupted), numbers=_RATE
    )


def rival(one: Rival) -> Sheet:
    """Show both hypotheses, with resumption and without."""
    rows = [
        [
            f"{visit.defect}: {visit.situation}",
            *_rate(visit.result),
            str(visit.exchanges),
            odds(visit.rate_of_an_exchange),
        ]
        for visit in one.visits
    ]
    head = ["zeros kept: situation", "visits", "failed", "of visits", "95% interval", "key exchanges", "of an exchange"]
    verdict = Mark(f"{one.connections} connections a visit")
    return Sheet("Rival hypotheses", verdict, head, rows, _interrupted(one.interrupted), numbers=(*_RATE, 5))


def triple_handshake(one: TripleHandshake) -> Sheet:
    """Show how far an attack got."""
    verdict = Mark("the attack succeeded", "alert") if one.succeeded else Mark(f"failed at {one.failed_at}", "good")
    rows = [[step.replace("_", " "), Mark("reached", "alert") if got else "-"] for step, got in one.steps.items()]
    notes = [
        f"Handshake {each.number}, the same on both sides: {_holding(each.same)}"
        for each in one.handshakes
        if each.same is not None
    ]
    notes += [f"Connection {each.connection}, the {each.party}: {each.reason}" for each in one.refusals]
    return Sheet("Triple Handshake", verdict, ["step of the attack", ""], rows, [*notes, f"seed {one.seed}"])


def campaign(one: fuzz.Campaign) -> Sheet:
    """Show what a campaign came to."""
    count = len(one.findings)
    verdict = Mark(f"{count} finding{'' if count == 1 else 's'}", "alert" if count else "good")
    rows = [[each.oracle, each.what, each.rule, f"{each.execution:,}"] for each in one.findings]
    notes = [
        f"{one.executions:,} inputs, {one.per_second:,.0f} a second, seed {one.seed}; {one.established:.0%} "
        f"established in their first connection; {one.features:,} features, {len(one.corpus):,} inputs in the corpus",
        *_interrupted(one.interrupted),
    ]
    return Sheet("Fuzzing", verdict, ["oracle", "what happened", "rule", "after inputs"], rows, notes, numbers=(3,))


def finding(one: fuzz.Finding) -> Sheet:
    """Show an input to which an oracle objects."""
    rows = [
        ["what happened", one.what],
        ["rule", one.rule],
        ["found after", f"{one.execution:,} inputs"],
        ["kept in", "memory alone" if one.file is None else str(one.file)],
    ]
    notes = [f"{name}: {json.dumps(value)}" for name, value in one.input.items()]
    return Sheet("Finding", Mark(one.oracle, "alert"), ["", ""], rows, notes)


def diagnosis(one: Diagnosis) -> Sheet:
    """Show what explains the evidence."""
    if not one.explanations:
        verdict = Mark("nothing to explain", "good")
    else:
        verdict = Mark("undecided", "zero") if one.undecided else Mark("explained", "alert" if one.defect else "good")
    rows = [
        [each.id, each.what, each.side or "-", odds(each.rate), f"{each.weight:.3f}", "; ".join(each.evidence)]
        for each in one.explanations
    ]
    head = ["explanation", "what it is", "whose", "rate", "weight", "evidence"]
    notes = [
        *(f"Seen: {seen}" for seen in one.seen),
        *(f"Would decide: {each.what}" for each in one.would_decide),
        *(f"This cannot show: {each}" for each in one.cannot_know if one.explanations),
        *(f"Not whole: {each}" for each in one.incomplete),
    ]
    return Sheet("Diagnosis", verdict, head, rows, notes, numbers=(4,))


def _rate(result: Result | Collected | None) -> list[str]:
    """Give trials, failures, rate and interval, as far as they are there."""
    if result is None or not result.trials:
        return [""] * 4
    low, high = result.interval()
    return [f"{result.trials:,}", f"{result.failures:,}", odds(result.rate), f"{low:.5f} to {high:.5f}"]


def _holding(facts: Mapping[str, bool]) -> str:
    """Name the facts that hold."""
    return ", ".join(name for name, holds in facts.items() if holds) or "nothing"


def _interrupted(is_so: bool) -> list[str]:
    return [_INTERRUPTED] if is_so else []
