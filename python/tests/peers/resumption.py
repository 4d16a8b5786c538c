"""Meetings of the lab with a peer, of two connections that share a session: set up, told in words, and predicted."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import tlslab as tl

from . import lab
from .cells import VERSIONS, Cell, Suite, Version
from .peer import Offer, Peer

Role = Literal["server", "client"]
Kind = Literal["session_id", "ticket"]
Echo = Literal["session", "hello", "omit"]

#: The peer's role; the lab has the other.
ROLES: tuple[Role, ...] = ("server", "client")
KINDS: tuple[Kind, ...] = ("session_id", "ticket")

#: A suite of every version, with a key exchange that takes little time.
_SUITE = Suite("ECDHE_RSA", "AES_128_CBC_SHA")

#: The lab goes along with everything, so that the peer decides.
_YIELDING: dict[Role, dict[str, str]] = {
    "client": {"offer_without_ems": "offer", "offer_downgrade": "offer", "resumed_ems_check": "ignore"},
    "server": {"resume_upgrade": "resume", "resume_downgrade": "resume", "resume_legacy": "resume"},
}


@dataclass(frozen=True, order=True)
class Meeting:
    """
    What two connections are set to.

    Whether the server uses EMS, whether the client does in the first and in the second, and when the lab's server says
    so in an abbreviated handshake.
    """

    role: Role
    version: Version
    kind: Kind
    server_ems: bool
    first_ems: bool
    hello_ems: bool
    echo: Echo = "session"

    @property
    def session_ems(self) -> bool:
        """Whether the first connection leaves a session with EMS."""
        return self.server_ems and self.first_ems

    @property
    def cells(self) -> tuple[Cell, Cell]:
        """What the client is set to in each connection."""
        first, second = (
            Cell(self.version, _SUITE, ems, etm=False, curve="secp256r1") for ems in (self.first_ems, self.hello_ems)
        )
        return first, second

    @property
    def offer(self) -> Offer:
        """What the server is set to."""
        return Offer(self.version, _SUITE.kx, self.server_ems, etm=False, tickets=self.kind == "ticket")

    def matches(self, part: dict[str, Any]) -> bool:
        """Whether each of these is what the meeting has."""
        return all(getattr(self, name) == value for name, value in part.items())


def meetings(role: Role, version: Version, kind: Kind) -> Iterator[Meeting]:
    """Give every meeting with a peer in one role, version and kind of session."""
    for server_ems in (True, False):
        for first_ems in (True, False):
            for hello_ems in (True, False):
                # An extension that was not offered is never answered, whatever the server is set to.
                told = role == "client" and server_ems and hello_ems
                echoes: tuple[Echo, ...] = ("session", "hello", "omit") if told else ("session",)
                for echo in echoes:
                    yield Meeting(role, version, kind, server_ems, first_ems, hello_ems, echo)


def all_meetings() -> Iterator[Meeting]:
    """Give every meeting with a peer."""
    for role in ROLES:
        for version in VERSIONS:
            for kind in KINDS:
                yield from meetings(role, version, kind)


def client(meeting: Meeting, cell: Cell, knobs: dict[str, str]) -> tl.Client:
    """Set a client to one connection."""
    return tl.Client.from_dict({**lab.client(cell).to_dict(), "resumption": meeting.kind, **knobs})


def server(meeting: Meeting, knobs: dict[str, str]) -> tl.Server:
    """Set a server to a meeting."""
    set_to = {"resumption": meeting.kind, "resumed_ems_echo": meeting.echo}
    return tl.Server.from_dict({**lab.server(meeting.offer).to_dict(), **set_to, **knobs})


def labs_client(meeting: Meeting, cell: Cell) -> tl.Client:
    """Set the lab's client to one connection with a peer."""
    return client(meeting, cell, _YIELDING["client"])


def labs_server(meeting: Meeting) -> tl.Server:
    """Set the lab's server to a meeting with a peer."""
    return server(meeting, _YIELDING["server"])


def describe(meeting: Meeting, connection: tl.Connection) -> str:
    """Say in words what the second connection came to."""
    outcome = connection.outcome
    if outcome.established is None or outcome.failed:
        return f"{outcome.sender} {outcome.kind}" + (f" {outcome.alert}" if outcome.alert else "")
    way = "resumed" if outcome.established["resumed"] else "full"
    words = f"{way} {'with' if outcome.established['ems'] else 'without'} EMS"
    # A client that is a peer may have offered nothing, which the server's trace tells.
    offered = any(event["event"] == "resumption_decided" for event in connection.trace)
    return words if meeting.role == "server" or offered else f"{words}, nothing offered"


def simulate(meeting: Meeting, knobs: dict[str, str]) -> str:
    """Say what a simulated peer with these knobs comes to."""
    by_role = {**_YIELDING, meeting.role: knobs}
    first, second = meeting.cells
    experiment = tl.Experiment(
        client(meeting, first, by_role["client"]),
        server(meeting, by_role["server"]),
        scenario={"name": "meeting", "connections": [{}, {"client": {"ems": "on" if second.ems else "off"}}]},
    )
    return describe(meeting, experiment.replay_all(1, 0)[1])


def by_the_rfc(meeting: Meeting) -> str:
    """Say what a peer comes to that keeps RFC 7627 5.3, as the lab's defaults do. A server without EMS need not."""
    return simulate(meeting, {}) if meeting.role == "client" or meeting.server_ems else "says nothing"


@functools.cache
def profiles() -> dict[str, Any]:
    """Give the profiles, by the peers' names."""
    profiles: dict[str, Any] = json.loads(Path(__file__).with_name("resumption_profiles.json").read_text())
    return profiles


def predict(peer: type[Peer], meeting: Meeting) -> str:
    """Say what the knobs of the peer's profile predict."""
    return simulate(meeting, profiles()[peer.name][meeting.role])


#: What an entry says, beside which meetings it is about.
_OF_THE_ENTRY = ("seen", "because", "depends_on_version")


def difference(peer: type[Peer], meeting: Meeting) -> dict[str, Any] | None:
    """Give what the profile says of a meeting that its knobs cannot say."""
    for entry in profiles()[peer.name]["differences"]:
        if meeting.matches({name: value for name, value in entry.items() if name not in _OF_THE_ENTRY}):
            found: dict[str, Any] = entry
            return found
    return None


def expected(peer: type[Peer], meeting: Meeting) -> list[str]:
    """Say what the whole profile predicts, with what its knobs cannot say; several where it depends on the version."""
    entry = difference(peer, meeting)
    by_knobs = [] if entry and not entry.get("depends_on_version") else [predict(peer, meeting)]
    return [*by_knobs, *([str(entry["seen"])] if entry else [])]
