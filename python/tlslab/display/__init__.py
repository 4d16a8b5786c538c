"""How objects show themselves: as HTML in a notebook, and as text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from tlslab import fuzz, words
from tlslab.attacks import TripleHandshake
from tlslab.behaviour import Behaviour
from tlslab.collection import Collection
from tlslab.connection import Connection, Message, Outcome, Transfer
from tlslab.diagnose import Diagnosis
from tlslab.display import behaviour, connection, experiment, live, report, result, studies, windows
from tlslab.display.sheet import Sheet
from tlslab.experiment import Experiment
from tlslab.groups import Group
from tlslab.live import LiveConnection, LiveMessage
from tlslab.look_alikes import LookAlikes
from tlslab.mitigation import Mitigation
from tlslab.probe import Finding, Report
from tlslab.result import Result
from tlslab.rival import Rival
from tlslab.sweep import Sweep
from tlslab.windows import Platform, Platforms, Profile

__all__ = ["html", "text"]

_Shown = TypeVar("_Shown")

_HTML: dict[type, Callable[[Any], str]] = {
    Behaviour: behaviour.behaviour,
    Connection: connection.connection,
    Message: connection.message,
    Outcome: connection.outcome,
    Transfer: connection.transfer,
    LiveConnection: live.live_connection,
    LiveMessage: live.live_message,
    Experiment: experiment.experiment,
    Result: result.result,
    Report: report.report,
    Finding: report.finding,
    Platform: windows.platform,
    Platforms: windows.platforms,
    Profile: windows.profile,
}

_TEXT: dict[type, Callable[[Any], str]] = {
    Behaviour: behaviour.text,
    Connection: Connection.ladder,
    Transfer: connection.transfer_text,
    LiveConnection: live.live_text,
    Experiment: experiment.experiment_text,
    Result: words.result,
    Finding: report.finding_text,
    Platform: windows.platform_text,
    Platforms: windows.platforms_text,
    Profile: windows.profile_text,
}

#: What is a table with a verdict, for either.
_SHEETS: dict[type, Callable[[Any], Sheet]] = {
    Sweep: studies.sweep,
    Collection: studies.collection,
    Mitigation: studies.mitigation,
    LookAlikes: studies.look_alikes,
    Rival: studies.rival,
    TripleHandshake: studies.triple_handshake,
    fuzz.Campaign: studies.campaign,
    fuzz.Finding: studies.finding,
    Diagnosis: studies.diagnosis,
    Group: experiment.group,
}


def html(shown: object) -> str:
    """Give an object as HTML that needs no script and no network, with its style sheet."""
    if sheet := _of(_SHEETS, shown):
        return sheet(shown).html()
    if page := _of(_HTML, shown):
        return page(shown)
    raise TypeError(f"{type(shown).__name__} does not show itself")


def text(shown: object) -> str:
    """Give an object as text."""
    if sheet := _of(_SHEETS, shown):
        return sheet(shown).text()
    return (_of(_TEXT, shown) or str)(shown)


def _of(table: dict[type, Callable[[Any], _Shown]], shown: object) -> Callable[[Any], _Shown] | None:
    """Give what a table has for the kind of an object, or for the nearest kind that it is of."""
    return next((table[kind] for kind in type(shown).__mro__ if kind in table), None)
