"""Connections to step through: what was sent so far, and the message that comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tlslab.display.connection import fields, so_far
from tlslab.display.markup import Html, tag
from tlslab.display.style import badge, panel

if TYPE_CHECKING:
    from tlslab.live import LiveConnection, LiveMessage

__all__ = ["live_connection", "live_message", "live_text"]


def live_connection(one: LiveConnection) -> Html:
    """Show a connection that is going on: its ladder, and what is about to be sent."""
    pending = one.pending
    if pending is None:
        state = badge("over") if one.is_over else badge("not begun")
        return panel(["Live connection ", state], so_far(one.connection), _end(one))
    return panel(
        ["Live connection ", badge("going on", "zero")], so_far(one.connection), tag("h4", "Next"), _pending(pending)
    )


def _end(one: LiveConnection) -> Html | None:
    return tag("p", str(one.connection.outcome)) if one.is_over else None


def live_message(one: LiveMessage) -> Html:
    """Show a message that is about to be sent."""
    return panel([f"{one.sender}: {one.name} ", badge("about to be sent", "zero")], _pending(one))


def live_text(one: LiveConnection) -> str:
    """Give what was sent so far, and what is about to be, as text."""
    pending = one.pending
    if pending is None:
        return one.connection.ladder()
    # How it ended is not known yet.
    *ladder, _ = one.connection.ladder().splitlines()
    return "\n".join([*ladder, "", "next:", pending.show()])


def _pending(one: LiveMessage) -> Html:
    messages = one.messages
    if not messages:
        return tag("p", f"{one.sender} sends nothing in place of {one.name}")
    shown = []
    for message in messages:
        shown += [tag("p", f"{one.sender} is about to send {message['type']}"), fields(message)]
    return tag("div", shown)
