"""
The remedies of KB4528489 and KB4557473, in their order, and one against which KB4528489 advises.

A remedy is data: what it does to the knobs of each side. Whether it repairs anything is found out by
:func:`tlslab.mitigate`, and is written down nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tlslab.behaviour import Behaviour
from tlslab.experiment import Experiment

__all__ = ["REMEDIES", "Remedy"]

_Side = TypeVar("_Side", bound=Behaviour)


@dataclass(frozen=True, slots=True)
class Remedy:
    """
    Something that is done against a failure.

    Attributes
    ----------
    name
        Its short name.
    what
        What is done, in words.
    source
        Who says so.
    client, server
        What becomes of a side's knobs: a value is set; of a mapping of old values to new ones, the one that fits is
        set, if any does; a list is added to the list that is there.
    ftp
        What becomes of each side's rules where the application is FTP, by side, in the same way.
    """

    name: str
    what: str
    source: str
    client: Mapping[str, Any] = field(default_factory=dict)
    server: Mapping[str, Any] = field(default_factory=dict)
    ftp: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def apply(self, experiment: Experiment) -> Experiment:
        """
        Give the experiment with the remedy applied to both sides.

        Raises
        ------
        BehaviourError
            It leaves a side that cannot be, such as one without any suite.
        """
        scenario = experiment.scenario
        for plan in scenario["connections"]:
            for side, changes in self.ftp.items() if "ftp" in plan else ():
                rules = plan["ftp"][side]
                rules |= {name: _changed(rules[name], change) for name, change in changes.items()}
        return Experiment(
            _applied(experiment.client, self.client),
            _applied(experiment.server, self.server),
            scenario=scenario,
            signatures=experiment.signatures,
        )


def _applied(side: _Side, changes: Mapping[str, Any]) -> _Side:
    knobs = {name: _changed(getattr(side, name), change) for name, change in changes.items()}
    return side.from_dict({**side.to_dict(), **knobs})


def _changed(old: Any, change: Any) -> Any:  # noqa: ANN401 - each knob has a type of its own
    if isinstance(change, Mapping):
        return change.get(old, old)
    if isinstance(change, list):
        return [*old, *(item for item in change if item not in old)]
    return change


_EMS_ON = {"ems": {"off": "on"}}
_ZEROS_BY_THE_RFC = {"premaster_zeros": "strip", "premaster_zeros_ems": "strip", "short_public_value": "accept"}

_NO_MATTER = dict.fromkeys(("require_522", "require_425", "require_450", "break_close", "break_alert"), "any")

#: KB4528489's two for cause 1 in its order; KB4557473's; the makers' updates for causes 2 and 3; one advised against.
REMEDIES = (
    Remedy("ems", "EMS on both sides", "KB4528489", client=_EMS_ON, server=_EMS_ON),
    Remedy("no_dhe", "no TLS_DHE_* suite on the client", "KB4528489", client={"without_suites": ["TLS_DHE_*"]}),
    Remedy(
        "leading_zeros",
        "the leading-zero update on both sides",
        "KB4557473",
        client=_ZEROS_BY_THE_RFC,
        server=_ZEROS_BY_THE_RFC,
    ),
    Remedy(
        "certificate",
        "a certificate asked for in every full handshake",
        "KB4528489",
        server={"request_certificate": {"never": "full", "after_declined_resumption": "full"}},
    ),
    Remedy(
        "ftp",
        "FTP data connections taken, resumed or not",
        "KB4528489",
        ftp={
            "server": {"data_sessions": _NO_MATTER},
            "client": {"data_sessions": dict.fromkeys(("insist", "break_close", "break_alert"), "resume")},
        },
    ),
    Remedy("no_ems", "EMS off on the client", "KB4528489 advises against it", client={"ems": "off"}),
)
