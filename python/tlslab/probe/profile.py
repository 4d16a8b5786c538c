"""What a probe found out, as knobs: a peer that can be simulated from then on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tlslab.behaviour import Client, Server

if TYPE_CHECKING:
    from tlslab.probe.report import Finding, Report

__all__ = ["Profile", "learn"]

_VERSIONS = ("TLSv1.0", "TLSv1.1", "TLSv1.2")

#: Knobs that a finding tells one by one, by its words for them.
_KNOBS: dict[str, dict[str, tuple[str, dict[str, str]]]] = {
    "server": {
        "short-public-value": ("short_public_value", {}),
        "yc-checks": ("public_value_check", {}),
        "ys-reuse": ("exponent_reuse", {"reused": "within_trial"}),
        "ems": ("ems", {}),
        "client-certificate": ("request_certificate", {}),
        "renegotiation": ("renegotiation", {}),
    },
    "client": {
        "short-public-value": ("short_public_value", {}),
        "group": ("group_check", {"any": "none", "refuses": "named"}),
        "ems": ("ems", {}),
        "resumption": ("resumption", {}),
        "resumption-echo": ("resumed_ems_check", {}),
        "resumption-upgrade": ("offer_without_ems", {}),
        "client-certificate": ("certificate_answer", {"certificate": "fitting", "empty": "fitting", "nothing": "omit"}),
        "certificate-in-resumption": ("resumed_certificate_request", {}),
        "renegotiation": ("renegotiation", {}),
    },
}

#: What no knob says.
_WITHOUT_KNOB = ("mixed", "partial", "abort", "in_renegotiation")

#: Nothing was found.
_OPEN = ("undecided", "not_applicable")


@dataclass(frozen=True, slots=True)
class Profile:
    """
    A peer as knobs, as far as a probe has found them out. What it was not seen to do is as the lab does it.

    Attributes
    ----------
    behaviour
        How it acts.
    differences
        What was found and no knob says.
    sources
        The commands that found it out.
    """

    behaviour: Client | Server
    differences: tuple[Mapping[str, Any], ...]
    sources: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Give everything as ``tlslab probe --save-profile`` writes it, and as ``from_json`` reads it."""
        return {
            "sources": list(self.sources),
            self.behaviour.side: self.behaviour.to_dict(),
            "differences": [dict(difference) for difference in self.differences],
        }


def learn(report: Report, *sources: str) -> Profile:
    """Make a profile of what a probe found out."""
    knobs: dict[str, Any] = {}
    differences = []
    for finding, name, value in _told(report):
        if value in _WITHOUT_KNOB:
            differences.append({"finding": finding.id, "seen": finding.value, "because": "no knob says it"})
        elif value not in _OPEN:
            knobs[name] = value
    knobs |= _of_a_server(report) if report.side == "server" else {}
    behaviour = (Server if report.side == "server" else Client).from_dict(knobs)
    return Profile(behaviour, tuple(differences), sources)


def _told(report: Report) -> Iterator[tuple[Finding, str, Any]]:
    """Give each finding with the knob that it is about, and that knob's value."""
    for finding in report.findings:
        if finding.id in ("leading-zeros", "leading-zeros-ems"):
            name = "premaster_zeros_ems" if finding.id.endswith("ems") else "premaster_zeros"
            yield finding, name, _zeros(finding)
        elif told := _KNOBS[report.side].get(finding.id):
            name, words = told
            yield finding, name, words.get(finding.value, finding.value)


def _zeros(finding: Finding) -> str | dict[str, str]:
    """Give what becomes of zeros, for each version where it differs."""
    if finding.value != "mixed":
        return finding.value
    seen: dict[str, set[str]] = {version: set() for version in _VERSIONS}
    for cell in finding.cells:
        seen[cell["version"]] |= {cell["value"]} - set(_OPEN)
    if any(len(values) > 1 for values in seen.values()):
        return "mixed"
    return {version: next(iter(values), "strip") for version, values in seen.items()}


def _of_a_server(report: Report) -> dict[str, Any]:
    chosen = [(one["version"], one["chosen"]["suite"]) for one in report.connections if "chosen" in one]
    knobs: dict[str, Any] = {"versions": [version for version in _VERSIONS if version in dict(chosen)]}
    surveyed = [one["chosen"]["suite"] for one in report.connections if _is_survey(one)]
    knobs |= (
        {"suites": list(dict.fromkeys(surveyed))} if surveyed else {"without_suites": ["TLS_DHE_*", "TLS_DH_anon_*"]}
    )
    if not chosen:
        knobs = {}
    return knobs | _groups(report) | _resumption(report)


def _is_survey(connection: Mapping[str, Any]) -> bool:
    return connection["purpose"] == "survey" and "chosen" in connection and "exchange" in connection


def _groups(report: Report) -> dict[str, Any]:
    names = [one["exchange"]["group"] for one in report.connections if "exchange" in one]
    named = [name for name in dict.fromkeys(names) if not name.startswith("custom")]
    return {"groups": named} if named else {}


def _resumption(report: Report) -> dict[str, Any]:
    knobs: dict[str, Any] = {}
    by = {"session_id": report.finding("resumption-ids"), "ticket": report.finding("resumption-tickets")}
    if all(finding.value in _OPEN for finding in by.values()):
        return knobs
    left = [kind for kind, finding in by.items() if finding.value not in ("none", *_OPEN)]
    knobs["resumption"] = "both" if len(left) > 1 else next(iter(left), "none")
    for finding in by.values():
        for cell in finding.cells:
            name = _POLICIES.get((cell["session_ems"], cell["ems"]))
            if name is not None and cell["value"] in ("resume", "full", "abort"):
                knobs.setdefault(name, cell["value"])
    return knobs


#: The knob of each cell of RFC 7627 5.3, by whether the session and the ClientHello have EMS.
_POLICIES = {(False, True): "resume_upgrade", (True, False): "resume_downgrade", (False, False): "resume_legacy"}
