"""What a probe found."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tlslab.errors import RunError
from tlslab.probe.profile import Profile, learn
from tlslab.shown import Shown

if TYPE_CHECKING:
    from tlslab.probe.advice import Advice

__all__ = ["ENDED", "Finding", "Report", "told_of"]


@dataclass(frozen=True, slots=True)
class Finding(Shown):
    """
    Something found out about a peer.

    Attributes
    ----------
    id
        Its name: ``"leading-zeros"``, ``"ems"``, and so on.
    defect
        Whether it is a defect; None where that is not decided, or does not arise.
    value
        What was found, in one word.
    summary
        The same in words.
    rule
        The rule that it is about.
    who
        Who must repair a defect.
    cells
        What was found in each version and suite, where it may differ.
    reason
        What kept it from being found out as a whole, where something did: connections that ran out of time.
    evidence
        The connections that tell, each with its seed, version, suite and outcome.
    """

    id: str
    defect: bool | None
    value: str
    summary: str
    rule: str
    who: str
    cells: tuple[Mapping[str, Any], ...]
    reason: str | None
    evidence: tuple[Mapping[str, Any], ...]

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Finding:
        """Read what :meth:`to_dict` gave."""
        return cls(
            **{name: document[name] for name in ("id", "defect", "value", "summary", "rule", "who")},
            cells=tuple(document.get("cells", ())),
            reason=document.get("reason"),
            evidence=tuple(document["evidence"]),
        )

    def to_dict(self) -> dict[str, Any]:
        """Give everything as JSON has it."""
        return {
            "id": self.id,
            "defect": self.defect,
            "value": self.value,
            "summary": self.summary,
            "rule": self.rule,
            "who": self.who,
            "cells": [dict(cell) for cell in self.cells],
            "reason": self.reason,
            "evidence": [dict(connection) for connection in self.evidence],
        }


@dataclass(frozen=True, slots=True)
class Report(Shown):
    """
    What a probe found. Its text is a report for people.

    Attributes
    ----------
    target
        The peer's address.
    side
        Which side was judged, ``"server"`` or ``"client"``.
    seed
        The seed of the first connection; each has its own, the next number.
    rate
        At most so many connections were made a second; None where it was the client that made them.
    ended
        Why it ended: ``"complete"``, ``"max_connections"``, ``"max_time"``, ``"interrupted"`` or ``"unreachable"``.
    reason
        Why the peer could not be reached any more, where it could not.
    findings
        What was found.
    connections
        All connections, in order.
    """

    target: str
    side: str
    seed: int
    rate: float | None
    ended: str
    reason: str | None
    findings: tuple[Finding, ...]
    connections: tuple[Mapping[str, Any], ...]

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Report:
        """
        Read what :meth:`to_dict` gave.

        Raises
        ------
        RunError
            It is no report.
        """
        try:
            ended = document["ended"]
            (ended, reason) = next(iter(ended.items())) if isinstance(ended, Mapping) else (ended, None)
            return cls(
                target=document["target"],
                side=document["side"],
                seed=int(document["seed"]),
                rate=document["rate"],
                ended=ended,
                reason=reason,
                findings=tuple(Finding.from_dict(finding) for finding in document["findings"]),
                connections=tuple(document["connections"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError, StopIteration) as error:
            raise RunError(f"not a report of a probe: {error!r}") from error

    @classmethod
    def from_json(cls, text: str) -> Report:
        """
        Read what :meth:`to_json` gave.

        Raises
        ------
        RunError
            It is no report.
        """
        try:
            return cls.from_dict(json.loads(text))
        except json.JSONDecodeError as error:
            raise RunError(f"not a report of a probe: {error}") from error

    @property
    def defects(self) -> int:
        """How many of the findings are defects."""
        return sum(finding.defect is True for finding in self.findings)

    @property
    def advice(self) -> tuple[Advice, ...]:
        """What to do about the defects, in KB4528489's order."""
        # Imported here, since what it says of Windows takes long to read.
        from tlslab.probe.advice import advice

        return advice({finding.id: finding for finding in self.findings})

    def profile(self, *sources: str) -> Profile:
        """
        Give the peer as knobs, as far as it was found out.

        Parameters
        ----------
        *sources
            Where this is known from: the commands that found it out.
        """
        return learn(self, *sources)

    def finding(self, name: str) -> Finding:
        """
        Give a finding by its id.

        Raises
        ------
        RunError
            There is none.
        """
        for finding in self.findings:
            if finding.id == name:
                return finding
        raise RunError(f"there is no finding {name!r}; there is {', '.join(finding.id for finding in self.findings)}")

    def changes(self, earlier: Report) -> dict[str, tuple[str | None, str | None]]:
        """Give the findings whose value is another than in an earlier report, each with both values."""
        before = {finding.id: finding.value for finding in earlier.findings}
        now = {finding.id: finding.value for finding in self.findings}
        return {
            name: (before.get(name), now.get(name)) for name in {**before, **now} if before.get(name) != now.get(name)
        }

    def to_dict(self) -> dict[str, Any]:
        """Give everything, as ``tlslab probe --json`` prints it."""
        return {
            "target": self.target,
            "side": self.side,
            "seed": str(self.seed),
            "rate": self.rate,
            "ended": self.ended if self.reason is None else {self.ended: self.reason},
            "defects": self.defects,
            "findings": [finding.to_dict() for finding in self.findings],
            "advice": [one.to_dict() for one in self.advice],
            "connections": [dict(connection) for connection in self.connections],
        }

    def to_json(self) -> str:
        """Give everything as JSON."""
        return json.dumps(self.to_dict())

    def __repr__(self) -> str:
        return f"<Report: {self.side} {self.target}, {self._defects()} in {len(self.connections)} connections>"

    def __str__(self) -> str:
        """Tell people what was found, which rule it breaks, who must repair it, and what to do until then."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        number = len(self.connections)
        rate = "" if self.rate is None else f", at most {self.rate:g} a second"
        where = f"server {self.target}" if self.side == "server" else f"client that came to {self.target}"
        yield f"{where}, {number} connections{rate}, seed {self.seed}"
        if told := ENDED.get(self.ended):
            yield told if self.reason is None else f"{told}: {self.reason}"
        yield ""
        for finding in self.findings:
            yield f"{_MARK[finding.defect]}  {finding.id}: {finding.summary}"
            if finding.reason is not None:
                yield f"        {finding.reason}"
            if finding.defect:
                yield f"        rule   {finding.rule}"
                yield f"        repair {finding.who}"
                yield from (f"        seen   {told_of(connection)}" for connection in finding.evidence[:3])
        for number, one in enumerate(self.advice, 1):
            yield ""
            yield f"{number}. {one.what} ({one.source})"
            for place, lines in one.lines.items():
                yield f"   {place}"
                yield from (f"     {line}" for line in lines)
        yield ""
        yield self._defects()

    def _defects(self) -> str:
        return f"{self.defects} defect{'' if self.defects == 1 else 's'}"


_MARK = {True: "DEFECT", False: "ok    ", None: "-     "}

#: Why a probe ended, in words, where it did not come to its end.
ENDED = {
    "max_connections": "stopped at the most connections allowed: what was not asked is undecided",
    "max_time": "stopped when the time allowed was up: what was not asked is undecided",
    "interrupted": "interrupted: this is what was found until then",
    "unreachable": "the peer went away, and this is what was found until then",
}


def told_of(connection: Mapping[str, Any]) -> str:
    """Say in a line what a connection of a report was made for, and how it ended."""
    chosen = connection.get("chosen") or {}
    exchange = connection.get("exchange") or {}
    purpose = connection["purpose"] if "purpose" in connection else connection["aim"]
    words = [
        purpose if isinstance(purpose, str) else " ".join(f"{name} {value}" for name, value in purpose.items()),
        str(chosen.get("version", connection.get("version"))),
        str(chosen.get("suite", "no suite")),
        "EMS" if chosen.get("ems") else "no EMS",
    ]
    if exchange:
        words.append(f"{exchange['zeros']} zero bytes")
    return (
        f"connection {connection['connection']}, seed {connection['seed']}: {', '.join(words)}: {connection['outcome']}"
    )
