"""A connection as the rungs of a ladder: its messages, and between them what each side made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tlslab.connection import Connection, Message

__all__ = ["Flight", "Note", "Rung", "flights", "name_of", "rungs", "zero_bytes"]

Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Flight:
    """Where a flight begins: its number, and its bytes on the wire where those are known."""

    number: int
    size: int | None


@dataclass(frozen=True, slots=True)
class Note:
    """
    What a side made of what it had got.

    Attributes
    ----------
    text
        What happened, in words.
    tone
        ``"zero"`` for what became of leading zeros, ``"changed"`` for an edit, ``"alert"``, ``"good"`` or none.
    z, premaster
        The secret, and the premaster secret that was made of it, in hexadecimal.
    """

    text: str
    tone: str = ""
    z: str | None = None
    premaster: str | None = None


@dataclass(frozen=True, slots=True)
class Rung:
    """
    A rung of a ladder.

    Attributes
    ----------
    side
        Whose message, or note, it is.
    message
        The message; None for a note.
    protected
        Whether the message was encrypted; None where it is a real peer's, since the trace does not tell.
    flight
        The flight that begins with the message.
    note
        The note, where it is one.
    """

    side: str
    message: Message | None = None
    protected: bool | None = None
    flight: Flight | None = None
    note: Note | None = None


def rungs(connection: Connection) -> Iterator[Rung]:
    """Give the rungs of a connection in order."""
    messages = iter(connection.messages)
    began = iter(flights(connection))
    simulated = {event["side"] for event in connection.trace}
    last = None
    for event in connection.trace:
        kind, side = event["event"], event["side"]
        sender = side if kind == "sent" else _PEER[side]
        if kind == "sent" or (kind == "received" and sender not in simulated):
            flight = next(began, None) if sender != last else None
            last = sender
            yield Rung(sender, next(messages), event.get("protected"), flight)
        elif kind in _NOTES:
            note = _NOTES[kind](event)
            if note is not None:
                yield Rung(side, note=note)


def flights(connection: Connection) -> list[Flight]:
    """Give the flights: messages of one side in a row, with their bytes on the wire where those are known."""
    sizes: list[list[Any]] = []
    for sender, data in connection.flights:
        if not sizes or sizes[-1][0] != sender:
            sizes.append([sender, 0])
        sizes[-1][1] += len(data)
    senders = [message.sender for message in connection.messages]
    began = [sender for at, sender in enumerate(senders) if at == 0 or senders[at - 1] != sender]
    # They differ where records were dropped, or crossed each other on the way.
    known = [sender for sender, _ in sizes] == began
    return [Flight(at + 1, sizes[at][1] if known else None) for at in range(len(began))]


def name_of(message: Message) -> str:
    """Give the name of a message; an alert with its level and description."""
    if message.name != "Alert":
        return message.name
    return f"Alert {message.fields['level']} {message.fields['description']}"


def zero_bytes(data: str) -> int:
    """Give the number of leading zero bytes of a byte string in hexadecimal."""
    return (len(data) - len(data.lstrip("0"))) // 2


def _of_secret(event: Event) -> Note:
    """Say what became of the leading zeros of a secret."""
    z, premaster = event["z"], event["premaster"]
    zeros, change = zero_bytes(z), (len(premaster) - len(z)) // 2
    of_peer = ""
    if event["event"] == "diffie_hellman" and _number(event["peer_used"]) != _number(event["peer_public"]):
        of_peer = "; the peer's public value was not taken as it arrived"
    if change > 0:
        what, tone = f"Z of {len(z) // 2} bytes gains {_bytes(change)} in front", "zero"
    elif not zeros and not change:
        what, tone = f"Z of {len(z) // 2} bytes, with no leading zero", ""
    else:
        kept = "keeps" if not change else "loses" if -change == zeros else f"loses {-change} of"
        what = f"Z begins with {zeros} zero byte{'' if zeros == 1 else 's'} and {kept} {'it' if zeros == 1 else 'them'}"
        tone = "zero"
    return Note(what + of_peer, "zero" if of_peer else tone, z, premaster)


def _of_offer(event: Event) -> Note:
    return Note(f"offers a session made {_ems(event)} ({event['kind']})")


def _of_resumption(event: Event) -> Note | None:
    # A server's own is told by what it decided.
    return Note(f"takes up a session made {_ems(event)}: there is no Z") if event["side"] == "client" else None


def _of_decision(event: Event) -> Note:
    return Note(_DECISIONS[event["decision"]].format(_REASONS.get(event["reason"], event["reason"])))


def _of_signature(event: Event) -> Note | None:
    return None if event["good"] else Note("the signature does not fit the bytes that it is over", "alert")


def _of_agreement(event: Event) -> Note:
    agreed = event["agreed"]
    how = "abbreviated handshake" if agreed["resumed"] else "full handshake"
    return Note(f"established: {how}, {_ems(agreed)}", "good")


_NOTES: dict[str, Callable[[Event], Note | None]] = {
    "diffie_hellman": _of_secret,
    "ecdh": _of_secret,
    "public_value_refused": lambda _: Note("refuses the peer's public value", "alert"),
    "session_offered": _of_offer,
    "session_resumed": _of_resumption,
    "resumption_decided": _of_decision,
    "verified": _of_signature,
    "client_authenticated": lambda _: Note("knows who the client is, by its certificate", "good"),
    "dropped": lambda event: Note(f"{event['message']['type']}: dropped by an edit", "changed"),
    "record_edited": lambda event: Note(
        f"record {event['record']}: changed by an edit, as {event['stage']}", "changed"
    ),
    "established": _of_agreement,
    "refused": lambda event: Note(str(event["reason"]), "alert"),
}

_DECISIONS = {
    "resume": "resumes the session: {}",
    "full": "declines the session, and goes on in full: {}",
    "abort": "gives up because of the session: {}",
}

_REASONS = {
    "match": "session and hello fit",
    "unknown": "nobody knows it",
    "expired": "it is too old",
    "ticket_refused": "the ticket is not to be read",
    "version": "the version is another",
    "suite": "its suite is not at hand",
    "server_name": "it is another server's",
    "upgrade": "it has no EMS, and the hello has",
    "downgrade": "it has EMS, and the hello has none",
    "legacy": "neither it nor the hello has EMS",
}

_PEER = {"client": "server", "server": "client"}


def _ems(document: Event) -> str:
    return "with EMS" if document["ems"] else "without EMS"


def _bytes(count: int) -> str:
    return f"{count} zero byte{'' if count == 1 else 's'}"


def _number(data: str) -> int:
    return int(data or "0", 16)
