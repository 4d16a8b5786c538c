"""Reports of probes: findings, what shows them, and what to do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tlslab.display.markup import Child, Html, join, tag
from tlslab.display.style import badge, data_table, fold, panel

if TYPE_CHECKING:
    from tlslab.probe.advice import Advice
    from tlslab.probe.report import Finding, Report

__all__ = ["finding", "finding_text", "report"]

#: No more connections are listed.
MOST_CONNECTIONS = 300


def report(one: Report) -> Html:
    """Show a report."""
    from tlslab.probe.report import ENDED, told_of

    rate = "" if one.rate is None else f", at most {one.rate:g} a second"
    ended = ENDED.get(one.ended)
    advice = [tag("h4", "What to do"), [_advice(number, each) for number, each in enumerate(one.advice, 1)]]
    listed = "\n".join(told_of(each) for each in one.connections[:MOST_CONNECTIONS])
    more = len(one.connections) - MOST_CONNECTIONS
    return panel(
        [f"Probe of {one.side} {one.target} ", _defects(one.defects)],
        tag("p", f"{len(one.connections)} connections{rate}, seed {one.seed}", class_="muted"),
        None if ended is None else tag("p", badge(ended if one.reason is None else f"{ended}: {one.reason}", "zero")),
        tag("table", [_row(each) for each in _by_weight(one)]),
        advice if one.advice else None,
        fold("all connections", tag("pre", listed + (f"\n... and {more} more" if more > 0 else ""))),
    )


def finding(one: Finding) -> Html:
    """Show a finding."""
    return panel([one.id, " ", _mark(one)], tag("p", one.summary), _details(one))


def finding_text(one: Finding) -> str:
    """Give a finding as text."""
    from tlslab.probe.report import told_of

    judged = {True: "defect", False: "fine", None: "open"}[one.defect]
    lines = [f"{one.id}, {judged}: {one.summary}", f"rule: {one.rule}"]
    lines += [f"who must repair it: {one.who}"] if one.defect else []
    return "\n".join([*lines, *(f"seen: {told_of(each)}" for each in one.evidence[:MOST_CONNECTIONS])])


def _by_weight(one: Report) -> list[Finding]:
    """Give the findings, defects first."""
    return sorted(one.findings, key=lambda finding: finding.defect is not True)


def _row(one: Finding) -> Html:
    name = tag("code", one.id, class_="name")
    if one.defect is not True and not one.cells:
        return tag("tr", tag("td", _mark(one)), tag("td", name), tag("td", one.summary))
    return tag("tr", tag("td", _mark(one)), tag("td", name), tag("td", fold(one.summary, _details(one))))


def _details(one: Finding) -> Html:
    from tlslab.probe.report import told_of

    rows: list[list[Child]] = [["rule", one.rule], ["who must repair it", one.who if one.defect else None]]
    columns = list(dict.fromkeys(name for cell in one.cells for name in cell))
    cells: list[list[Child]] = [[_plain(cell.get(name)) for name in columns] for cell in one.cells]
    seen = [told_of(each) for each in one.evidence[:MOST_CONNECTIONS]]
    return join(
        [
            data_table(["", ""], [row for row in rows if row[1]]),
            data_table(columns, cells) if cells else None,
            tag("pre", "\n".join(seen)) if seen else None,
        ]
    )


def _advice(number: int, one: Advice) -> Html:
    lines = [[tag("p", place, class_="muted"), tag("pre", "\n".join(text))] for place, text in one.lines.items()]
    return join([tag("p", f"{number}. {one.what} ", tag("span", f"({one.source})", class_="muted")), lines])


def _mark(one: Finding) -> Html:
    if one.defect is None:
        return badge("open")
    return badge("defect", "alert") if one.defect else badge("fine", "good")


def _defects(count: int) -> Html:
    return badge(f"{count} defect{'' if count == 1 else 's'}", "alert" if count else "good")


def _plain(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: ""}[value]
    return value if isinstance(value, str) else json.dumps(value)
