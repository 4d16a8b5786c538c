"""Behaviours: what differs from the RFCs first, then everything else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tlslab.display.markup import Child, Html, join, tag
from tlslab.display.style import badge, data_table, fold, panel, prose

if TYPE_CHECKING:
    from tlslab.behaviour import Behaviour

__all__ = ["behaviour", "differences", "text"]

#: Of a list, as many items are shown, and of a text as many characters.
_MOST_ITEMS, _MOST_CHARACTERS = 8, 64


def behaviour(one: Behaviour) -> Html:
    """Show a behaviour."""
    changed = len(one.to_dict())
    label = badge("as the RFCs say", "good") if not changed else badge(_knobs(changed), "zero")
    rest = [[_name(name), _shown(default), prose(_first(doc))] for name, _, default, doc in _rest(one)]
    return panel(
        [type(one).__name__, " ", label],
        differences(one),
        fold(f"{len(rest)} knobs at their defaults", data_table(["knob", "value", "what it is about"], rest)),
        tag("p", "identity ", tag("code", one.identity), class_="muted"),
    )


def differences(one: Behaviour) -> Html | None:
    """Show the knobs that differ from their defaults."""
    rows: list[list[Child]] = [
        [_name(name), _shown(value), _shown(default, class_="muted"), prose(_first(doc))]
        for name, value, default, doc in _changed(one)
    ]
    return data_table(["knob", "value", "default", "what it is about"], rows) if rows else None


def text(one: Behaviour) -> str:
    """Give a behaviour as text."""
    lines = [f"{one.side}: {_knobs(len(one.to_dict()))}" if one.to_dict() else f"{one.side}: as the RFCs say"]
    for name, value, default, doc in _changed(one):
        lines += [f"  {name} = {_value(value)}  (default {_value(default)})", f"      {_first(doc)}"]
    lines += ["defaults", *(f"  {name} = {_value(default)}" for name, _, default, _ in _rest(one))]
    return "\n".join(lines)


def _changed(one: Behaviour) -> list[tuple[str, Any, Any, str]]:
    return [knob for knob in _table(one) if knob[0] in one.to_dict()]


def _rest(one: Behaviour) -> list[tuple[str, Any, Any, str]]:
    return [knob for knob in _table(one) if knob[0] not in one.to_dict()]


def _table(one: Behaviour) -> list[tuple[str, Any, Any, str]]:
    """Give each knob's name, value, default and documentation."""
    from tlslab.behaviour import knobs

    values = one.to_dict()
    return [(knob["name"], values.get(knob["name"]), knob["default"], knob["doc"]) for knob in knobs(one.side)]


def _name(knob: str) -> Html:
    return tag("code", knob, class_="name")


def _knobs(count: int) -> str:
    return f"{count} knob{'' if count == 1 else 's'} other than the RFCs' defaults"


def _first(doc: str) -> str:
    """Give the first paragraph of a documentation."""
    return " ".join(doc.split("\n\n")[0].split())


def _shown(value: object, **attributes: str) -> Child:
    """Show a knob's value; of a list one item a line."""
    if not isinstance(value, list):
        return tag("code", _value(value), **attributes)
    items = [tag("div", tag("code", _value(item), **attributes)) for item in value[:_MOST_ITEMS]]
    more = len(value) - _MOST_ITEMS
    return [items or tag("span", "none", class_="muted"), tag("div", f"and {more} more") if more > 0 else None]


def _value(value: object) -> str:
    """Give a value in one line."""
    if isinstance(value, list):
        return ", ".join(map(_value, value)) or "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_value(item)}" for name, item in value.items())
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:12]} ... {text[-12:]} ({len(text)} characters)"


def beside(client: Behaviour, server: Behaviour) -> Html:
    """Show what differs at two sides, in short."""

    def short(one: Behaviour) -> Child:
        knobs: Mapping[str, Any] = one.to_dict()
        if not knobs:
            return "as the RFCs say"
        return [tag("div", tag("code", f"{name}={_value(value)}")) for name, value in knobs.items()]

    return join(data_table(["client", "server"], [[short(client), short(server)]]))
