"""Experiments before they are run, and groups."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tlslab.display.behaviour import differences
from tlslab.display.markup import Html, tag
from tlslab.display.sheet import Mark, Sheet
from tlslab.display.style import badge, fold, panel
from tlslab.words import odds

if TYPE_CHECKING:
    from tlslab.behaviour import Behaviour
    from tlslab.experiment import Experiment
    from tlslab.groups import Group

__all__ = ["experiment", "experiment_text", "group"]


def experiment(one: Experiment) -> Html:
    """Show an experiment."""
    scenario = one.scenario
    return panel(
        ["Experiment ", badge(_size(one))],
        _side(one.client),
        _side(one.server),
        fold(f"scenario: {scenario['name']}", tag("pre", json.dumps(scenario, indent=2))),
    )


def experiment_text(one: Experiment) -> str:
    """Give an experiment as text."""
    return f"{_size(one)}, scenario {one.scenario['name']}\n{one.client.show()}\n{one.server.show()}"


def group(one: Group) -> Sheet:
    """Show a group."""
    rows = [[f"{count} or more", odds(chance)] for count, chance in enumerate(one.leading_zeros, 1)]
    title = f"Group {one.name or ''}".rstrip()
    head = ["leading zero bytes of a value", "chance"]
    return Sheet(title, Mark(f"{one.bits} bits"), head, rows, [f"p = {one.p:x}", f"g = {one.g:x}"])


def _size(one: Experiment) -> str:
    count = len(one.scenario["connections"])
    return f"{count} connection{'' if count == 1 else 's'} a trial"


def _side(one: Behaviour) -> list[Html | None]:
    return [tag("h4", type(one).__name__), differences(one) or tag("p", "as the RFCs say", class_="muted")]
