"""Connections: what happened in one run of two endpoints, or of one endpoint and a real peer."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any

from tlslab import _tlslab
from tlslab.behaviour import Client, Server
from tlslab.binding import ChannelBinding
from tlslab.capture import to_keylog, to_pcap
from tlslab.files import WholeFile
from tlslab.session import Session
from tlslab.shown import Shown

__all__ = ["Connection", "Message", "Outcome", "Transfer", "handshake"]

#: More threads than that are a mistake.
MOST_THREADS = 1024


@dataclass(frozen=True, slots=True)
class Outcome(Shown):
    """
    How a connection ended.

    Attributes
    ----------
    kind
        ``"established"``, ``"alert"``, ``"closed"`` or ``"timed_out"``.
    alert, code
        The fatal alert's name and number.
    sender
        ``"client"`` or ``"server"``: who sent the alert, or closed; None where the wire between them was dropped.
    at
        What the sender was waiting for, or dealing with, when it did; None where that is a real peer.
    cause
        What caused the failure, judged by the trace alone: ``"Z"``, ``"public_value"``, ``"signature"``,
        ``"ecdh"``, ``"rsa"``, ``"ems"``, ``"session"``, ``"negotiation"``, ``"edit"``, or None where the trace does not
        tell.
    established
        What a finished handshake agreed on: version, suite, ems, resumed (``"session_id"``, ``"ticket"``, or None after
        a full handshake), encrypt_then_mac, alpn, client_certificate (the SHA-256, in hexadecimal, of the certificate
        by which the client has authenticated, or None). After a renegotiation it is the last handshake's.
    refused
        ``"no_client_certificate"`` where the handshake was fine and the server's application refused the client, which
        a scenario can have it do; else None.
    ftp
        How the transfers over a control connection of FTP ended, the first failure telling: ``"complete"``,
        ``"reply_522"`` and other replies, ``"not_resumed"``, ``"truncated"``, ``"data_failed"``, ``"protocol"``,
        ``"closed"``, ``"timed_out"``; None for other connections.
    """

    kind: str
    alert: str | None = None
    code: int | None = None
    sender: str | None = None
    at: str | None = None
    cause: str | None = None
    established: Mapping[str, Any] | None = None
    refused: str | None = None
    ftp: str | None = None

    @property
    def failed(self) -> bool:
        """Whether the connection failed, or a transfer over it."""
        return self.kind != "established" or self.ftp not in (None, "complete")

    @property
    def succeeded(self) -> bool:
        """Whether the connection came to what it was made for: it did not fail, and the client was not refused."""
        return not self.failed and self.refused is None

    def __str__(self) -> str:
        return self._of_connection() + (f"; FTP: {self.ftp}" if self.ftp else "")

    def _of_connection(self) -> str:
        if self.kind == "established" and self.established is not None:
            ems = "with" if self.established["ems"] else "without"
            resumed = self.established["resumed"]
            way = f" by resumption ({resumed})" if resumed else ""
            refused = "; refused by the application: no client certificate" if self.refused else ""
            return f"established{way}, {self.established['version']} {self.established['suite']}, {ems} EMS{refused}"
        if self.kind == "alert":
            where = f", while it expected {self.at}" if self.at else ""
            why = f"; the cause is {self.cause}" if self.cause else ""
            return f"the {self.sender} sent fatal alert {self.code}, {self.alert}{where}{why}"
        if self.kind == "closed":
            return f"the {self.sender} closed the connection" if self.sender else "the connection was lost"
        return "timed out"


@dataclass(frozen=True, slots=True)
class Message(Shown):
    """
    A message that was sent.

    Attributes
    ----------
    sender
        ``"client"`` or ``"server"``.
    name
        ``"ClientHello"``, ``"ChangeCipherSpec"``, ``"Alert"``, ...
    bytes
        The message before it was protected; a handshake message with its header.
    fields
        Its fields by their RFC names; byte strings in hexadecimal.
    edited
        Whether an edit made it what it is.
    """

    sender: str
    name: str
    bytes: bytes
    fields: Mapping[str, Any]
    edited: bool = False

    def show(self) -> str:
        """Give the fields and the bytes as text."""
        return _show(self.sender, self.name, self.fields, self.bytes.hex())


class Connection(Shown):
    """
    What happened in one connection.

    Attributes
    ----------
    outcome
        How it ended.
    seed
        The seed of the lab's randomness in it.
    messages
        The messages that were sent, in order.
    received
        The application data that arrived from a real peer; empty for simulated connections.
    session
        What a later connection to the same real server can resume, if there is anything; None for all others.
    """

    __slots__ = ("_document", "messages", "outcome", "received", "seed", "session")

    def __init__(self, document: Mapping[str, Any], seed: int | None, *, session: Session | None = None) -> None:
        self._document = document
        self.session: Session | None = session
        self.seed: int | None = seed
        self.outcome: Outcome = Outcome(**document["outcome"])
        self.messages: list[Message] = [
            Message(
                sender=message["sender"],
                name=message["name"],
                bytes=bytes.fromhex(message["bytes"]),
                fields=message["fields"],
                edited=message["edited"],
            )
            for message in document["messages"]
        ]
        self.received: bytes = bytes.fromhex(document.get("received", ""))

    @property
    def established(self) -> Mapping[str, Any] | None:
        """What a finished handshake agreed on: see :class:`Outcome`."""
        return self.outcome.established

    @property
    def channel_binding(self) -> ChannelBinding | None:
        """
        What the last finished handshake gives to bind something to, as the lab's endpoint has it.

        It is the client's where both are the lab's; None where no handshake was finished.
        """
        bindings = self.channel_bindings("client") or self.channel_bindings("server")
        return bindings[-1] if bindings else None

    def channel_bindings(self, side: str) -> list[ChannelBinding]:
        """Give what each finished handshake gives to bind something to, as one side has it; empty for a real peer."""
        return [
            ChannelBinding(event["binding"])
            for event in self.trace
            if event["event"] == "established" and event["side"] == side
        ]

    @property
    def note(self) -> str | None:
        """What a person should know of it: that the real peer seems to speak no TLS, or refused to renegotiate."""
        said: str | None = self._document.get("note")
        return said

    @property
    def trace(self) -> list[dict[str, Any]]:
        """Everything that happened at the lab's endpoints, in order."""
        events: list[dict[str, Any]] = self._document["trace"]
        return events

    @property
    def flights(self) -> list[tuple[str, bytes]]:
        """The bytes that crossed, in order, each with its sender."""
        return [(flight["sender"], bytes.fromhex(flight["bytes"])) for flight in self._document["flights"]]

    @property
    def transfers(self) -> list[Transfer]:
        """The transfers over a control connection of FTP, each with its data connection."""
        return [Transfer.read(one, self.seed) for one in self._document.get("ftp", {}).get("transfers", ())]

    @property
    def dialogue(self) -> list[tuple[str, str]]:
        """What was said on a control connection of FTP: who, and what."""
        return [(line["sender"], line["text"]) for line in self._document.get("ftp", {}).get("dialogue", ())]

    @property
    def said(self) -> list[tuple[str, bytes]]:
        """What was said in clear to a real server before TLS began: who, and what."""
        return [(one["sender"], bytes.fromhex(one["bytes"])) for one in self._document.get("said", ())]

    @property
    def error(self) -> str | None:
        """What was wrong with what a server of FTP said, in words."""
        said: str | None = self._document.get("ftp", {}).get("error")
        return said

    @property
    def truncated(self) -> bool:
        """Whether more happened than is kept: 10,000 events and 4 MiB, from the beginning on."""
        return bool(self._document["truncated"])

    @property
    def secrets(self) -> dict[str, str]:
        """
        The secrets of the lab's endpoint, the client's where both are the lab's, in hexadecimal.

        ``z``, ``premaster``, ``master_secret``, ``key_block``, as far as they were computed;
        :meth:`secrets_of` gives one side's.
        """
        return self.secrets_of("client") or self.secrets_of("server")

    def secrets_of(self, side: str) -> dict[str, str]:
        """Give the secrets that one side computed; empty for a real peer."""
        found: dict[str, str] = {}
        for event in self.trace:
            if event["side"] == side:
                for name, field in _SECRETS.get(event["event"], {}).items():
                    found[name] = event[field]
        return found

    def to_dict(self) -> dict[str, Any]:
        """Give everything, as ``tlslab handshake --json`` prints it."""
        return {"seed": str(self.seed), **self._document}

    def to_json(self) -> str:
        """Give everything as JSON."""
        return json.dumps(self.to_dict())

    def to_pcap(self, path: str | PathLike[str], *, secrets: bool = False) -> None:
        """Write it as a pcapng file, with its keys in it or not; see :func:`tlslab.to_pcap`."""
        to_pcap([self], path, secrets=secrets)

    def to_keylog(self, path: str | PathLike[str], *, premasters: bool = False) -> None:
        """Write its keys in the format of ``SSLKEYLOGFILE``; see :func:`tlslab.to_keylog`."""
        to_keylog([self], path, premasters=premasters)

    def to_svg(self, path: str | PathLike[str] | None = None, *, theme: str = "light") -> str:
        """
        Give the ladder diagram as one SVG picture, such as a paper takes.

        Parameters
        ----------
        path
            Where it is written too, if anywhere.
        theme
            ``"light"`` or ``"dark"``.

        Raises
        ------
        RunError
            There is no such theme, or the file cannot be written.
        """
        from tlslab.display.connection import svg

        if theme not in ("light", "dark"):
            raise _tlslab.RunError(f"a theme is light or dark, not {theme!r}")
        picture = svg(self, theme=theme)
        if path is not None:
            with WholeFile(path) as file:
                file.write(picture.encode())
        return picture

    def ladder(self) -> str:
        """
        Give the messages as a ladder diagram in text, and before them what was said in clear.

        Between them stands what matters of what a side made of them: what became of leading zeros, what it refused.
        """
        from tlslab.display.rungs import name_of, rungs

        lines = [f"{'client':<{_LADDER}}server"]
        lines += [_rung(sender, label) for sender, data in self.said for label in _in_clear(data)]
        for rung in rungs(self):
            if rung.message is not None:
                edited = " *edited*" if rung.message.edited else ""
                lines.append(_rung(rung.side, f"{name_of(rung.message)} ({len(rung.message.bytes)}){edited}"))
            elif rung.note is not None and rung.note.tone not in ("", "good"):
                lines.append(f"  {rung.side}: {rung.note.text}")
        lines.append(str(self.outcome))
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<Connection: {self.outcome}>"


@dataclass(frozen=True, slots=True)
class Transfer(Shown):
    """
    A transfer of FTP, as the lab's side saw it.

    Attributes
    ----------
    command, path
        ``"LIST"``, ``"NLST"``, ``"RETR"`` or ``"STOR"``, and what it is about.
    end
        How it ended; see :attr:`Outcome.ftp`. It is ``"complete"`` only where a close_notify ended the data and the
        server's reply says so too.
    reply
        The code of the server's last reply to it.
    error
        What is wrong, in words, where words are needed.
    resumed
        By what its data connection resumed a session; None after a full handshake.
    received
        What was received, complete or not.
    connection
        Its data connection, if there was one.
    """

    command: str
    path: str
    end: str
    reply: int | None
    error: str | None
    resumed: str | None
    received: bytes
    connection: Connection | None

    @classmethod
    def read(cls, document: Mapping[str, Any], seed: int | None) -> Transfer:
        """Give the transfer of a JSON document."""
        connection = document["connection"]
        return cls(
            command=document["command"],
            path=document["path"],
            end=document["end"],
            reply=document["reply"],
            error=document.get("error"),
            resumed=document["resumed"],
            received=bytes.fromhex(document["received"]),
            connection=None if connection is None else Connection(connection, seed),
        )


_SECRETS = {
    "diffie_hellman": {"z": "z", "premaster": "premaster"},
    "ecdh": {"z": "z", "premaster": "premaster"},
    "rsa_transport": {"premaster": "premaster"},
    "master_secret": {"master_secret": "master"},
    "session_resumed": {"master_secret": "master"},
    "key_block": {"key_block": "bytes"},
}


def handshake(
    client: Client,
    server: Server,
    *,
    seed: int | None = None,
    edits: Iterable[Mapping[str, Any]] = (),
) -> Connection:
    """
    Run one connection in memory, byte for byte: handshake, one message each way, close_notify.

    Parameters
    ----------
    client, server
        How the two act.
    seed
        The seed of all randomness, 0 to 2**64 - 1; None draws one, and the connection names it.
    edits
        Changes to what either side sends, such as those that :meth:`LiveConnection.edits` gives.

    Returns
    -------
    Connection
        What happened, whatever that is: a failed handshake is no error.

    Raises
    ------
    EditError
        An edit does not fit the message that it selects.

    Examples
    --------
    >>> import tlslab as tl
    >>> tl.handshake(tl.Client(), tl.Server(), seed=7).outcome.kind
    'established'
    """
    seed = draw_seed(seed)
    text = _tlslab.handshake(client.to_json(), server.to_json(), seed, json.dumps(list(edits)))
    return Connection(json.loads(text), seed)


def draw_seed(seed: int | None) -> int:
    """Give the seed, or draw one; refuse what is none."""
    if seed is None:
        return int.from_bytes(os.urandom(8), "big")
    return whole_number("a seed", seed)


def whole_number(name: str, value: int, *, most: int = (1 << 64) - 1) -> int:
    """Give a number of at most 64 bits; refuse what is none."""
    if not 0 <= value <= most:
        limit = "2**64 - 1" if most == (1 << 64) - 1 else str(most)
        raise _tlslab.RunError(f"{name} is a whole number from 0 to {limit}, not {value}")
    return value


#: The width of a ladder, in columns.
_LADDER = 34


def _rung(sender: str, label: str) -> str:
    """Give a line of a ladder."""
    fill = "-" * max(2, _LADDER - len(label) - 2)
    return f"{label} {fill}>" if sender == "client" else f"<{fill} {label}"


def _in_clear(data: bytes) -> list[str]:
    """Give the lines of text, or say how many bytes there are of something else."""
    text = data.decode("latin-1")
    if text.isascii() and text.replace("\r", "").replace("\n", "").isprintable():
        return [f'"{line}"' for line in text.splitlines()]
    return [f"({len(data)} in clear)"]


def _show(sender: str, name: str, fields: Mapping[str, Any], data: str) -> str:
    shown = json.dumps({key: value for key, value in fields.items() if key != "type"}, indent=2)
    return f"{sender} sends {name}, {len(data) // 2} bytes\n{shown}\n{data}"
