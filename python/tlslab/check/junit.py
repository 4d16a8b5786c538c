"""A check as JUnit's XML, which every CI shows."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from tlslab.check.report import Case, Check

__all__ = ["to_junit"]

#: What XML 1.0 has no place for.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

#: The element of a case that did not simply pass.
_ELEMENTS = {"failed": "failure", "fixed": "failure", "error": "error", "expected": "skipped", "skipped": "skipped"}


def to_junit(check: Check) -> bytes:
    """Give a check as JUnit's XML: a suite of its cases, with what the peer printed."""
    side = check.report.side
    elements = [_ELEMENTS.get(case.status) for case in check.cases]
    counts = {
        "tests": str(len(check.cases)),
        "failures": str(elements.count("failure")),
        "errors": str(elements.count("error")),
        "skipped": str(elements.count("skipped")),
        "time": f"{check.seconds:.3f}",
    }
    suites = ElementTree.Element("testsuites", counts)
    suite = ElementTree.SubElement(suites, "testsuite", {"name": f"tlslab check {side}", **counts})
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in (("command", check.command), ("seed", str(check.report.seed))):
        ElementTree.SubElement(properties, "property", {"name": name, "value": _clean(value)})
    for case in check.cases:
        _add(suite, f"tlslab.{side}", case)
    ElementTree.SubElement(suite, "system-out").text = _clean(check.output)
    ElementTree.indent(suites)
    written: bytes = ElementTree.tostring(suites, encoding="utf-8", xml_declaration=True)
    return written


def _add(suite: ElementTree.Element, classname: str, case: Case) -> None:
    element = ElementTree.SubElement(suite, "testcase", {"classname": classname, "name": case.name, "time": "0"})
    if (tag := _ELEMENTS.get(case.status)) is not None:
        told = ElementTree.SubElement(element, tag, {"message": _clean(case.message), "type": case.value})
        told.text = _clean("\n".join(case.details))


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
