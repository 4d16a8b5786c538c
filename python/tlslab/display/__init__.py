"""How objects show themselves: as HTML in a notebook, and as text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tlslab import words
from tlslab.behaviour import Behaviour
from tlslab.connection import Connection, Message, Outcome, Transfer
from tlslab.display import behaviour, connection, live, report, result, windows
from tlslab.live import LiveConnection, LiveMessage
from tlslab.probe import Finding, Report
from tlslab.result import Result
from tlslab.windows import Platform, Platforms, Profile

__all__ = ["html", "text"]

_HTML: dict[type, Callable[[Any], str]] = {
    Behaviour: behaviour.behaviour,
    Connection: connection.connection,
    Message: connection.message,
    Outcome: connection.outcome,
    Transfer: connection.transfer,
    LiveConnection: live.live_connection,
    LiveMessage: live.live_message,
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
    LiveConnection: live.live_text,
    Result: words.result,
    Platforms: windows.platforms_text,
}


def html(shown: object) -> str:
    """Give an object as HTML that needs no script and no network, with its style sheet."""
    return _of(_HTML, shown)(shown)


def text(shown: object) -> str:
    """Give an object as text."""
    return _of(_TEXT, shown)(shown)


def _of(table: dict[type, Callable[[Any], str]], shown: object) -> Callable[[Any], str]:
    return next((table[kind] for kind in type(shown).__mro__ if kind in table), str)
