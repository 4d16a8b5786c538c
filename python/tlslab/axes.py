"""What a sweep varies: knobs by name, on grids, in lockstep, in lists or by a sampler, made into behaviours."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

from tlslab.behaviour import Behaviour, Client, Server, knobs
from tlslab.errors import BehaviourError, RunError
from tlslab.groups import Group

__all__ = ["COMBINATIONS", "Knobs", "Point", "Sampler", "as_cell", "points", "settings"]

#: Draws the knobs of a cell.
Sampler: TypeAlias = Callable[[random.Random], Mapping[str, Any]]

#: What is varied: lists of values by knob, a list of settings, or a sampler.
Knobs: TypeAlias = "Mapping[str, Sequence[Any]] | Sequence[Mapping[str, Any]] | Sampler"

#: How lists of values are combined.
COMBINATIONS = ("grid", "zip")


@dataclass(frozen=True, slots=True)
class Point:
    """
    A client and a server of a sweep, and what makes them these.

    Attributes
    ----------
    labels
        What varies, by name, with the values of this point.
    client, server
        The behaviours.
    """

    labels: Mapping[str, Any]
    client: Client
    server: Server


def settings(varied: Knobs, *, combine: str, samples: int | None, seed: int) -> list[dict[str, Any]]:
    """
    Give the settings of knobs that are swept over, cell by cell.

    Raises
    ------
    RunError
        Lists that are empty, or of different lengths though they are combined in lockstep; samples without a sampler.
    BehaviourError
        A name that is no knob.
    """
    if combine not in COMBINATIONS:
        raise RunError(f"combine is one of {', '.join(COMBINATIONS)}, not {combine!r}")
    if callable(varied):
        if samples is None or samples < 1:
            raise RunError("a sampler is asked for samples=N cells, at least one")
        # Not for secrets: the same seed gives the same cells.
        draws = random.Random(seed)
        found = [dict(varied(draws)) for _ in range(samples)]
    elif samples is not None:
        raise RunError("samples is for a sampler: knobs= takes a function of a random.Random that gives a cell's knobs")
    elif isinstance(varied, Mapping):
        found = _combined(varied, combine)
    else:
        found = [dict(one) for one in varied]
        if not found:
            raise RunError("the list of settings is empty: there is nothing to sweep over")
    for one in found:
        for name in one:
            _sides(name)
    return found


def points(clients: Iterable[Client], servers: Iterable[Server], found: Sequence[Mapping[str, Any]]) -> Iterator[Point]:
    """
    Give each client with each server under each of the settings.

    Raises
    ------
    BehaviourError
        A value that a knob does not take, or knobs that contradict each other.
    """
    several_clients, several_servers = list(clients), list(servers)
    for (client, server), setting in itertools.product(itertools.product(several_clients, several_servers), found):
        labels: dict[str, Any] = {}
        if len(several_clients) > 1:
            labels["client"] = client.to_dict()
        if len(several_servers) > 1:
            labels["server"] = server.to_dict()
        knobs_of: dict[str, dict[str, Any]] = {"client": {}, "server": {}}
        for name, value in setting.items():
            for side, knob in _sides(name):
                knobs_of[side][knob] = value
        yield Point(
            {**labels, **{name: _plain(value) for name, value in setting.items()}},
            Client.from_dict({**client.to_dict(), **knobs_of["client"]}) if knobs_of["client"] else client,
            Server.from_dict({**server.to_dict(), **knobs_of["server"]}) if knobs_of["server"] else server,
        )


def _combined(varied: Mapping[str, Sequence[Any]], combine: str) -> list[dict[str, Any]]:
    for name, values in varied.items():
        if isinstance(values, (str, bytes, Mapping, Group)) or not isinstance(values, Sequence) or not len(values):
            raise RunError(f"{name} is swept over a list of values, at least one, and not over {values!r}")
    if combine == "zip":
        lengths = {name: len(values) for name, values in varied.items()}
        if len(set(lengths.values())) > 1:
            each = ", ".join(f"{name} {length}" for name, length in lengths.items())
            raise RunError(f"lists that are combined in lockstep are of one length, and these are not: {each}")
        rows: Iterable[tuple[Any, ...]] = zip(*varied.values(), strict=True) if varied else [()]
    else:
        rows = itertools.product(*varied.values())
    return [dict(zip(varied, row, strict=True)) for row in rows]


@cache
def _knobs(side: str) -> frozenset[str]:
    return frozenset(str(knob["name"]) for knob in knobs(side))


@cache
def _sides(name: str) -> tuple[tuple[str, str], ...]:
    """Give the sides and the knob of a name: ``client.ems``, ``server.ems``, or ``ems`` of whoever has it."""
    side, dot, knob = name.rpartition(".")
    asked = [side] if dot else [one.side for one in (Client, Server)]
    if dot and side not in ("client", "server"):
        raise BehaviourError(
            f"there is no side {side!r} in {name!r}: a knob is client.NAME, server.NAME, or NAME of both"
        )
    found = tuple((one, knob) for one in asked if knob in _knobs(one))
    if not found:
        valid = sorted(set().union(*(_knobs(one) for one in asked)))
        import difflib  # Takes long, and nobody else needs it.

        nearest = difflib.get_close_matches(knob, valid, n=1, cutoff=0.5)
        hint = f"did you mean {nearest[0]!r}? " if nearest else ""
        whose = "a " + " or a ".join(asked)
        raise BehaviourError(f"{whose} has no knob {knob!r}; {hint}the knobs are {', '.join(valid)}")
    return found


def _plain(value: object) -> object:
    """Give a value as a label has it: what is not text, a number or a truth value, as JSON."""
    if isinstance(value, Group):
        prime = f"{value.p:x}"
        return value.name or f"{value.bits} bits, {prime[:4]}..{prime[-4:]}"
    if isinstance(value, Behaviour):
        return value.to_dict()
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def as_cell(value: object) -> str | float | bool | None:
    """Give a label as a cell of a table: lists are joined by ``+``, what is left becomes JSON."""
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "+".join(value)
    return json.dumps(value, sort_keys=True)
