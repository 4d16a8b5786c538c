"""What a check came to, case by case."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tlslab.check.expected import Expected
from tlslab.probe import Finding, Report
from tlslab.probe.report import told_of

__all__ = ["Case", "Check", "cases"]

#: What is not as it should be.
_WRONG = ("failed", "error", "fixed")


@dataclass(frozen=True, slots=True)
class Case:
    """
    Something that a check looked at.

    Attributes
    ----------
    name
        Its name: the id of a finding, or ``"complete"``, ``"handshake"`` or ``"alive"``.
    status
        ``"passed"``; ``"failed"``; ``"expected"``, a failure that is known; ``"fixed"``, one that was expected and does
        not happen any more; ``"error"``, where it could not be found out; ``"skipped"``, where it does not arise.
    value
        What was found, in one word.
    message
        The same in words; of an expected failure, the reason.
    details
        What tells: the rule, who must repair it, and connections.
    """

    name: str
    status: str
    value: str
    message: str
    details: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether it is as it should be."""
        return self.status not in _WRONG

    def to_dict(self) -> dict[str, Any]:
        """Give everything as JSON has it."""
        return {
            "name": self.name,
            "status": self.status,
            "value": self.value,
            "message": self.message,
            "details": list(self.details),
        }


@dataclass(frozen=True, slots=True)
class Check:
    """
    What a check came to. Its text is for people.

    Attributes
    ----------
    command
        The peer's command.
    seconds
        How long it took.
    cases
        What was looked at.
    report
        What the probe found.
    output
        The last of what the peer printed.
    """

    command: str
    seconds: float
    cases: tuple[Case, ...]
    report: Report
    output: str

    @property
    def ok(self) -> bool:
        """Whether everything is as it should be, or as it is expected."""
        return all(case.ok for case in self.cases)

    def case(self, name: str) -> Case:
        """
        Give a case by its name.

        Raises
        ------
        KeyError
            There is none.
        """
        return {case.name: case for case in self.cases}[name]

    def to_dict(self) -> dict[str, Any]:
        """Give everything, as ``tlslab check --json`` prints it."""
        return {
            "command": self.command,
            "side": self.report.side,
            "seconds": self.seconds,
            "ok": self.ok,
            "cases": [case.to_dict() for case in self.cases],
            "report": self.report.to_dict(),
            "output": self.output,
        }

    def to_json(self) -> str:
        """Give everything as JSON."""
        return json.dumps(self.to_dict())

    def __str__(self) -> str:
        """Tell people what is not as it should be, and what is."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        number = len(self.report.connections)
        took = f"{number} connections in {self.seconds:.1f} s, seed {self.report.seed}"
        yield f"{self.report.side} {self.command}: {took}"
        yield ""
        for case in self.cases:
            yield f"{_MARK[case.status]}  {case.name}: {case.message}"
            if not case.ok:
                yield from (f"          {line}" for line in case.details)
        wrong = sum(not case.ok for case in self.cases)
        if wrong and self.output.strip():
            yield ""
            yield "the last that the peer printed:"
            yield from (f"    {line}" for line in self.output.splitlines()[-20:])
        yield ""
        yield f"{wrong} of {len(self.cases)} are not as they should be" if wrong else "all is as it should be"


_MARK = {
    "passed": "ok      ",
    "failed": "FAILED  ",
    "expected": "expected",
    "fixed": "FIXED   ",
    "error": "ERROR   ",
    "skipped": "-       ",
}


def cases(report: Report, crashes: list[int], expected: Mapping[str, Expected]) -> tuple[Case, ...]:
    """Judge a report: what is wrong, and whether that is known."""
    found = [_complete(report), _handshake(report), _alive(crashes), *map(_of_a_finding, report.findings)]
    return tuple(_held_against(case, expected.get(case.name)) for case in found)


def _complete(report: Report) -> Case:
    if report.ended == "complete":
        return Case("complete", "passed", "complete", "all was asked")
    why = report.ended.replace("_", " ") if report.reason is None else report.reason
    return Case("complete", "error", report.ended, f"not all was asked: {why}")


def _handshake(report: Report) -> Case:
    done = sum(bool(connection["established"]) for connection in report.connections)
    if done:
        return Case("handshake", "passed", "finished", f"{done} of {len(report.connections)} handshakes were finished")
    seen = tuple(told_of(connection) for connection in report.connections[:3])
    return Case("handshake", "failed", "none", "no handshake was finished, so that there is nothing to judge", seen)


def _alive(crashes: list[int]) -> Case:
    if not crashes:
        return Case("alive", "passed", "alive", "no signal ended the peer")
    names = ", ".join(signal.Signals(number).name for number in crashes)
    return Case("alive", "failed", "crashed", f"the peer was ended by a signal that nobody sent: {names}")


def _of_a_finding(finding: Finding) -> Case:
    case = Case(finding.id, "passed", finding.value, finding.summary)
    if finding.defect:
        seen = tuple(f"seen   {told_of(connection)}" for connection in finding.evidence[:3])
        details = (f"rule   {finding.rule}", f"repair {finding.who}", *seen)
        return replace(case, status="failed", details=details)
    if finding.reason is not None:
        return replace(case, status="error", details=(finding.reason,))
    return case if finding.defect is False else replace(case, status="skipped")


def _held_against(case: Case, expected: Expected | None) -> Case:
    if expected is None or case.status == "error":
        return case
    if case.status != "failed":
        message = f"{case.message}: strike it off the expected failures ({expected.reason})"
        return replace(case, status="fixed", message=message)
    if expected.value is not None and expected.value != case.value:
        return replace(case, message=f"{case.message} ({expected.value} is expected, and {case.value} was found)")
    return replace(case, status="expected", message=expected.reason)
