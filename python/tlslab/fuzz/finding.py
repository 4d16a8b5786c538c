"""Oracles, what they have found, and inputs that are run again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tlslab import _tlslab
from tlslab.behaviour import Client, Server
from tlslab.connection import Connection
from tlslab.fuzz.folder import input_of
from tlslab.shown import Shown

__all__ = ["Evidence", "Finding", "Oracle", "Replay", "SeededBug", "oracles", "replay", "seeded"]


@dataclass(frozen=True)
class Oracle:
    """What must hold, whatever the scenario."""

    name: str
    rule: str


def oracles() -> list[Oracle]:
    """Give all oracles, each with its rule and the section that says so."""
    return [Oracle(**oracle) for oracle in json.loads(_tlslab.fuzz_oracles())]


@dataclass(frozen=True)
class SeededBug:
    """
    A bug that was found in a real stack once, as behaviours: what a campaign has to find.

    Attributes
    ----------
    name
        What it is called.
    client, server
        The sides: one has the bug, the other keeps the RFCs.
    reference
        Who had it, and the rule that it breaks.
    """

    name: str
    client: Client
    server: Server
    reference: str


def seeded() -> list[SeededBug]:
    """Give all seeded bugs."""
    return [
        SeededBug(bug["name"], Client.from_dict(bug["client"]), Server.from_dict(bug["server"]), bug["reference"])
        for bug in json.loads(_tlslab.fuzz_seeded())
    ]


@dataclass(frozen=True)
class Evidence:
    """
    What a function that judges is told: an input, and what came of it.

    Attributes
    ----------
    input
        The input: behaviours, scenario with its edits, and seed, as JSON has them.
    connections
        The connections with their traces, up to the first that failed; none where an endpoint panicked.
    panic
        The words of a panic that ended it, or None.
    """

    input: Mapping[str, Any]
    connections: tuple[Connection, ...]
    panic: str | None

    @classmethod
    def from_json(cls, text: str) -> Evidence:
        """Read it."""
        document = json.loads(text)
        seed = int(document["input"]["seed"])
        connections = tuple(Connection(connection, seed) for connection in document["connections"])
        return cls(document["input"], connections, document["panic"])


@dataclass(frozen=True)
class Finding(Shown):
    """
    An input to which an oracle objects, as small as it could be made.

    Attributes
    ----------
    oracle
        The oracle's name.
    rule
        The rule that was broken.
    what
        What happened.
    execution
        After how many inputs it was found.
    input
        The input: behaviours, scenario and seed, as JSON has them.
    file
        Where it is kept, if it is.
    """

    oracle: str
    rule: str
    what: str
    execution: int
    input: Mapping[str, Any]
    file: Path | None = None

    def replay(self) -> Replay:
        """Run the input again, byte for byte."""
        return _replay(json.dumps(self.input))

    @property
    def edits(self) -> int:
        """How many edits its input has."""
        return sum(len(connection.get("edits", [])) for connection in self.input["scenario"]["connections"])

    def to_dict(self) -> dict[str, Any]:
        """Give it as JSON has it."""
        return {
            "oracle": self.oracle,
            "rule": self.rule,
            "what": self.what,
            "execution": self.execution,
            "input": self.input,
            "file": None if self.file is None else str(self.file),
        }


@dataclass(frozen=True)
class Replay:
    """
    An input that was run again.

    Attributes
    ----------
    objections
        What each oracle that objects says, by its name.
    connections
        The connections, up to the first that failed; none where an endpoint panicked.
    """

    objections: Mapping[str, str]
    connections: tuple[Connection, ...]


def replay(path: str | Path) -> Replay:
    """
    Run the input of a finding, or of a corpus, again.

    Parameters
    ----------
    path
        The file that it is kept in.

    Raises
    ------
    RunError
        The file cannot be read, or is none of this project's.
    """
    return _replay(input_of(Path(path)))


def _replay(text: str) -> Replay:
    document = json.loads(_tlslab.fuzz_replay(text, [oracle.name for oracle in oracles()]))
    seed = int(document["seed"])
    return Replay(
        objections={one["oracle"]: one["what"] for one in document["objections"]},
        connections=tuple(Connection(connection, seed) for connection in document["connections"]),
    )
