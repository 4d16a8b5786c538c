"""
Diagnosis: what explains failures, by captures, exported events, registry files and counts.

Each explanation is something that the lab can run: a defect of a side, from :mod:`tlslab.look_alikes`, or a cause of
KB4528489, from :mod:`tlslab.causes`. The lab runs it under the conditions of the evidence, watches it as the evidence
was watched, and so gives the likelihood of what was seen. Nothing here says how any of them ends.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from math import exp, log
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from tlslab import _tlslab
from tlslab.look_alikes import LOOK_ALIKES
from tlslab.shown import Shown

__all__ = ["Diagnosis", "Explanation", "Observation", "diagnose"]

#: What is at most so many times less likely than the best explanation cannot be told from it.
#: Twenty to one is strong evidence by Kass and Raftery's scale.
APART = 20.0

#: Knobs that say under what a defect shows, and not what it is.
_SETTINGS = ("suites", "curves", "groups", "versions", "certificates")

#: What an observation would be that could decide, by the name under which it is predicted.
_OBSERVATIONS = {
    "capture": "a capture of connections that fail: how they end",
    "short_value": "a capture of connections that fail: which values are short",
    "client_replaced": "another client, known to be good, in place of this one",
    "server_replaced": "another server, known to be good, in place of this one",
    "ems": "Extended Master Secret on both sides",
    "key_exchange": "suites of another key exchange alone, such as TLS_ECDHE_* in place of TLS_DHE_*",
    "premaster": "the premaster secrets of both sides where it fails, from their key logs or from a lab's probe",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """
    Something that would explain failures.

    Attributes
    ----------
    id
        Its short name.
    what
        What it is, in words.
    side
        Whose defect it is: ``"client"``, ``"server"``, ``"both"``, or None where that is unknown.
    rate
        The rate at which connections fail by it, where it shows; None where that was not asked or is unknown.
    log_likelihood
        The natural logarithm of the evidence's likelihood, but for a factor that all have.
    weight
        Its share in the likelihoods of all.
    evidence
        What speaks for it or against it, in words.
    """

    id: str
    what: str
    side: str | None
    rate: float | None
    log_likelihood: float
    weight: float
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Observation:
    """
    An observation that would tell explanations apart.

    Attributes
    ----------
    what
        What would be observed.
    shows
        What it would show, each with the short names of the explanations that predict it.
    """

    what: str
    shows: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Diagnosis(Shown):
    """
    What explains the evidence.

    Attributes
    ----------
    explanations
        Those that the evidence cannot tell apart, the likeliest first; none where nothing failed.
    others
        The other explanations, the likeliest first.
    connections, failures, unserved
        Connections of captures whose end was seen; those of them that failed; those whose handshake was fine, and which
        the server then closed without an answer.
    seen
        What was seen, in words.
    would_decide
        Observations that would tell the explanations apart.
    cannot_know
        What such evidence cannot show.
    incomplete
        Files that break off or are damaged, and where; what comes before is used.
    """

    explanations: tuple[Explanation, ...]
    others: tuple[Explanation, ...]
    connections: int
    failures: int
    unserved: int
    seen: tuple[str, ...]
    would_decide: tuple[Observation, ...]
    cannot_know: tuple[str, ...]
    incomplete: tuple[str, ...]

    @property
    def undecided(self) -> bool:
        """Whether the evidence leaves more than one explanation."""
        return len(self.explanations) > 1

    @property
    def defect(self) -> bool:
        """Whether a defect was found: the evidence leaves no explanation that is none."""
        return bool(self.explanations) and all(one.side is not None for one in self.explanations)

    def to_dict(self) -> dict[str, Any]:
        """Give everything, as ``tlslab diagnose --json`` prints it."""
        return {"defect": self.defect, "undecided": self.undecided, **asdict(self)}

    def to_json(self) -> str:
        """Give everything as JSON."""
        return json.dumps(self.to_dict())

    def __str__(self) -> str:
        if not self.explanations:
            return "nothing failed that would have to be explained"
        names = "; or ".join(one.what for one in self.explanations)
        return f"undecided: {names}" if self.undecided else names


@dataclass(frozen=True, slots=True)
class _Candidate:
    """An explanation as the lab runs it."""

    what: str
    client: Mapping[str, Any] = field(default_factory=dict)
    server: Mapping[str, Any] = field(default_factory=dict)
    name: str | None = None
    scenario: str | None = None
    side: str | None = None

    @property
    def defects(self) -> dict[str, dict[str, Any]]:
        """The knobs that are defects, by side."""
        sides = {"client": self.client, "server": self.server}
        return {
            side: {knob: value for knob, value in knobs.items() if knob not in _SETTINGS}
            for side, knobs in sides.items()
        }

    @property
    def sides(self) -> tuple[str, ...]:
        if self.side is not None:
            return (self.side,)
        return tuple(side for side, knobs in self.defects.items() if knobs)

    @property
    def id(self) -> str:
        if self.name is not None:
            return self.name
        knobs = [f"{side}.{knob}={value}" for side, found in self.defects.items() for knob, value in found.items()]
        curves = ["".join(knobs.get("curves", ())) for knobs in (self.client, self.server)]
        return "+".join([*knobs, *filter(None, curves)])

    def to_dict(self) -> dict[str, Any]:
        return {"id": self.id, "client": self.client, "server": self.server, "scenario": self.scenario}


#: A fault that is none of the lab's explanations.
_UNKNOWN = "unknown"

#: What keeps two sides from an agreement, in every connection.
_DISAGREEMENTS = (
    _Candidate("the server requires EMS, and the client does not offer it", {"ems": "off"}, {"ems": "required"}),
    _Candidate("the client requires EMS, and the server does not have it", {"ems": "required"}, {"ems": "off"}),
    _Candidate(
        "the server speaks no version of the client's",
        {"versions": ["TLSv1.2"]},
        {"versions": ["TLSv1.0"]},
        name="no_common_version",
        side="server",
    ),
    _Candidate(
        "the server has no suite of the client's",
        {"suites": ["TLS_DHE_RSA_WITH_AES_128_CBC_SHA"]},
        {"suites": ["TLS_RSA_WITH_AES_128_CBC_SHA"]},
        name="no_common_suite",
        side="server",
    ),
)


def _candidates() -> list[_Candidate]:
    # Imported here, since the causes need Windows' profiles, which take long to read.
    from tlslab.causes import CAUSES

    zeros = [_Candidate(one.what, one.client_knobs, one.server_knobs) for one in LOOK_ALIKES]
    causes = []
    for one in CAUSES:
        if one.name == "1":
            continue  # It is the first of the look-alikes, and shows in each connection by itself.
        experiment = one.experiment(updated=True)
        causes.append(
            _Candidate(
                f"cause {one.name}: {one.what}",
                experiment.client.to_dict(),
                experiment.server.to_dict(),
                name=f"cause_{one.name}",
                scenario=json.dumps(experiment.scenario),
                side="client" if "for an FTP client that insists" in one.what else "server",
            )
        )
    return [*zeros, *_DISAGREEMENTS, *causes]


def diagnose(
    *files: str | PathLike[str],
    failures: int | None = None,
    connections: int | None = None,
    keylog: str | PathLike[str] | None = None,
    known_good: str | None = None,
) -> Diagnosis:
    """
    Say what explains failures.

    Parameters
    ----------
    files
        Evidence: captures (pcap or pcapng, of any size), events 36887 and 36888 as the Event Viewer exports them (XML
        or CSV), ``.reg`` files.
    failures, connections
        How many of how many connections failed, where that was counted. They are taken to have a ``TLS_DHE_*`` suite
        and no EMS.
    keylog
        A key log (``SSLKEYLOGFILE``) of connections in the captures, of one side or of both; lines
        ``PMS_CLIENT_RANDOM`` show what a side makes of Z. Those that captures embed are used anyway.
    known_good
        ``"client"`` or ``"server"``: a side that is known to be without defect.

    Returns
    -------
    Diagnosis
        The set of explanations that the evidence cannot tell apart.

    Raises
    ------
    EvidenceError
        A file cannot be read, or is no evidence. One that breaks off or is damaged is used as far as it goes.
    RunError
        There is no evidence at all, or the counts or the side make no sense.

    Examples
    --------
    >>> diagnose(failures=400, connections=100_000).defect
    True
    """
    counts = _counts(failures, connections)
    if known_good not in (None, "client", "server"):
        raise _tlslab.RunError(f"known_good is 'client' or 'server', not {known_good!r}")
    if not files and counts is None:
        raise _tlslab.RunError("there is no evidence: give files, or failures and connections")
    keys = _read(keylog)
    evidence = {fspath(path): json.loads(_tlslab.read_evidence(path, keys)) for path in files}
    captures = [one for one in evidence.values() if one["kind"] == "capture"]
    exports = [one for one in evidence.values() if one["kind"] == "events"]
    case = {
        "connections": [one for capture in captures for one in capture["connections"]],
        "events": [one for export in exports for one in export["events"]],
        "counts": counts,
    }
    candidates = [one for one in _candidates() if known_good not in one.sides]
    documents = json.dumps([candidate.to_dict() for candidate in candidates])
    weighing = json.loads(_tlslab.weigh_evidence(json.dumps(case), documents, APART))
    ranked = _rank(candidates, weighing)
    predictions = {one["id"]: one["predicted"] for one in weighing["explanations"] if "predicted" in one}
    alike = [_with_rate(one, predictions) for one in ranked if one.id in predictions]
    unknown = next(one for one in ranked if one.id == _UNKNOWN)
    fails = weighing["failures"] or case["events"] or (counts or {}).get("failures")
    is_close = unknown.log_likelihood > ranked[0].log_likelihood - log(APART)
    if alike or fails:
        # That connections go unserved has reasons of its own, too.
        alike = sorted([*alike, *([unknown] if is_close or not alike else [])], key=lambda one: -one.log_likelihood)
    return Diagnosis(
        explanations=tuple(alike),
        others=tuple(one for one in ranked if one.id not in {each.id for each in alike}),
        connections=weighing["connections"],
        failures=weighing["failures"],
        unserved=weighing["unserved"],
        seen=tuple(_seen(evidence, weighing, counts)),
        would_decide=tuple(_would_decide(alike, predictions)),
        cannot_know=tuple(_cannot_know(bool(captures), bool(exports), counts is not None)),
        incomplete=tuple(f"{path}: {one['broken']}" for path, one in evidence.items() if one.get("broken")),
    )


def _read(keylog: str | PathLike[str] | None) -> str:
    if keylog is None:
        return ""
    try:
        return Path(keylog).read_text(errors="replace")
    except OSError as error:
        raise _tlslab.EvidenceError(f"cannot read {fspath(keylog)}: {error}") from error


def _counts(failures: int | None, connections: int | None) -> dict[str, int] | None:
    if failures is None and connections is None:
        return None
    if failures is None or connections is None:
        raise _tlslab.RunError("failures and connections are given together, or neither")
    if not 0 <= failures <= connections < 1 << 53:
        raise _tlslab.RunError(f"{failures} failures in {connections} connections make no sense")
    return {"failures": failures, "connections": connections}


def _rank(candidates: Iterable[_Candidate], weighing: Mapping[str, Any]) -> list[Explanation]:
    """Give all explanations, the likeliest first."""
    unknown = weighing["unknown_fault"]
    logs = {one["id"]: one["log_likelihood"] for one in weighing["explanations"]} | {_UNKNOWN: unknown}
    best = max(logs.values())
    total = sum(exp(one - best) for one in logs.values())
    weights = {name: exp(one - best) / total for name, one in logs.items()}
    explanations = [
        Explanation(
            id=one.id,
            what=one.what,
            side=one.sides[0] if len(one.sides) == 1 else "both",
            rate=None,
            log_likelihood=logs[one.id],
            weight=weights[one.id],
            evidence=(_against(logs[one.id], unknown),),
        )
        for one in candidates
    ]
    what = "a fault that is none of these: it strikes connections at a rate and in a way of its own"
    explanations.append(Explanation(_UNKNOWN, what, None, None, unknown, weights[_UNKNOWN], ()))
    return sorted(explanations, key=lambda one: -one.log_likelihood)


def _with_rate(one: Explanation, predictions: Mapping[str, Mapping[str, Any]]) -> Explanation:
    if one.id not in predictions:
        return one
    rate = predictions[one.id]["rate"]
    return replace(one, rate=rate, evidence=(*one.evidence, _expects(rate)))


def _against(log_likelihood: float, unknown: float) -> str:
    ratio = exp(min(abs(log_likelihood - unknown), 700.0))
    words = f"{ratio:.3g} times" if ratio < 1e6 else "more than a million times"
    than = "more likely" if log_likelihood >= unknown else "less likely"
    return f"the evidence is {words} {than} under it than under a fault that is unknown to the lab"


def _expects(rate: float) -> str:
    if rate == 1:
        return "each connection fails by it where it shows"
    return f"1 in {1 / rate:.3g} connections fails by it where it shows" if rate else "no connection fails by it alone"


def _seen(evidence: Mapping[str, Any], weighing: Mapping[str, Any], counts: Mapping[str, int] | None) -> Iterable[str]:
    if weighing["connections"]:
        yield f"{weighing['failures']} of {weighing['connections']} connections failed"
    for ended in weighing["endings"]:
        first = ended["first"]
        where = f", first {first['client']} to {first['server']}" if first else ""
        yield f"{ended['count']} times: {ended['how']}{where}"
    if weighing["unserved"]:
        yield f"{weighing['unserved']} were closed without an answer, though the handshake was fine"
    for path, one in evidence.items():
        if one["kind"] == "capture":
            if one["not_tls"] or one["incomplete"]:
                yield (
                    f"{path}: {one['not_tls']} TCP connections without TLS, and {one['incomplete']} of whose handshake "
                    "too little was captured, are passed over"
                )
            if one["other_versions"]:
                yield f"{path}: {one['other_versions']} connections of TLS 1.3 or SSL 3.0 are passed over"
            if one["packets"] and one["passed_over"] == one["packets"]:
                yield f"{path}: none of its {one['packets']} packets has TCP in it"
        elif one["kind"] == "events":
            for event in one["events"]:
                seen = event["seen"]
                yield f"{path}: alert {seen['alert']} was {seen['direction']} {event['count']} times"
        else:
            yield from _registry(path, one["values"])
    if counts is not None:
        yield f"{counts['failures']} failures in {counts['connections']} connections were counted"


def _registry(path: str, values: Mapping[str, int]) -> Iterable[str]:
    off = [name for name, value in values.items() if value and name.startswith("Disable")]
    for name in off:
        yield f"{path}: {name} is set, so EMS is off on that side; set it to 0 (KB4528489)"
    if not off:
        yield f"{path}: EMS is not disabled there"


def _would_decide(alike: Iterable[Explanation], predictions: Mapping[str, Mapping[str, Any]]) -> Iterable[Observation]:
    """Give the observations of which the explanations predict different things."""
    for name, what in _OBSERVATIONS.items():
        shows: dict[str, tuple[str, ...]] = {}
        for one in alike:
            for predicted in predictions.get(one.id, {}).get("observations", ()):
                if predicted["of"] == name:
                    shows[predicted["shows"]] = (*shows.get(predicted["shows"], ()), one.id)
        if len(shows) > 1:
            yield Observation(what, shows)


def _cannot_know(captures: bool, events: bool, counts: bool) -> Iterable[str]:
    if captures:
        yield "a capture hides Z, and with it which side kept or stripped its zeros"
        yield "what an application says under protection, such as a reply of FTP or a demand for a certificate"
    if events:
        yield "events tell neither the suite nor the peer, nor how many connections there were"
    if counts:
        yield "counts tell neither how connections failed nor their suites: TLS_DHE_* without EMS is assumed"
