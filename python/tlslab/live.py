"""Connections to step through, message by message, and to change on the way."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tlslab import _tlslab
from tlslab.behaviour import Client, Server
from tlslab.connection import Connection
from tlslab.numbers import draw_seed
from tlslab.shown import Shown

__all__ = ["LiveConnection", "LiveMessage", "open_connection"]


class LiveMessage(Shown):
    """
    A message that is about to be sent. The next :meth:`LiveConnection.step` sends it, as it is then.

    Attributes
    ----------
    sender
        ``"client"`` or ``"server"``.
    name
        ``"ClientHello"``, ``"ChangeCipherSpec"``, ``"Alert"``, ...
    """

    __slots__ = ("_live", "_turn", "name", "sender")

    def __init__(self, live: LiveConnection, turn: int, sender: str, name: str) -> None:
        self._live = live
        self._turn = turn
        self.sender: str = sender
        self.name: str = name

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of the message by their RFC names; empty if it was dropped."""
        messages = self.messages
        return messages[0] if messages else {}

    @property
    def messages(self) -> list[dict[str, Any]]:
        """What will be sent: this message, or what takes its place; nothing if it was dropped."""
        return self._live._pending(self._turn)

    def show(self) -> str:
        """Give what will be sent as text: the fields of each message, the byte strings in hexadecimal."""
        messages = self.messages
        if not messages:
            return f"{self.sender} sends nothing in place of {self.name}"
        return "\n".join(f"{self.sender} sends {json.dumps(message, indent=2)}" for message in messages)

    def set(self, path: str, value: object) -> LiveMessage:
        """
        Set one field.

        Parameters
        ----------
        path
            Where it is: names and positions joined by dots, such as ``"extensions.0.ticket"``.
        value
            Its value, as :attr:`fields` has it.

        Raises
        ------
        EditError
            There is no such field, or it does not take the value.
        """
        return self._edit({"set_field": {"path": path, "value": value}})

    def replace(self, message: Mapping[str, Any] | None = None, **fields: object) -> LiveMessage:
        """Replace the whole message by another, or some of its fields by other values."""
        if message is not None:
            self._edit({"replace": {"message": dict(message)}})
        for name, value in fields.items():
            self.set(name, value)
        return self

    def drop(self) -> LiveMessage:
        """Send nothing in its place."""
        return self._edit("drop")

    def duplicate(self) -> LiveMessage:
        """Send it twice."""
        return self._edit("duplicate")

    def swap(self) -> LiveMessage:
        """Send it after the message that follows it."""
        return self._edit("swap")

    def insert_before(self, message: Mapping[str, Any]) -> LiveMessage:
        """Send another message before it."""
        return self._edit({"insert_before": {"message": dict(message)}})

    def insert_after(self, message: Mapping[str, Any]) -> LiveMessage:
        """Send another message after it."""
        return self._edit({"insert_after": {"message": dict(message)}})

    def xor(self, at: int, data: bytes) -> LiveMessage:
        """Combine its bytes from ``at`` on with others by exclusive or; 0 is the first byte of its header."""
        return self._edit({"xor": {"at": at, "bytes": data.hex()}})

    def truncate(self, length: int) -> LiveMessage:
        """Send only its first ``length`` bytes, header included; the length in the header stays."""
        return self._edit({"truncate": {"length": length}})

    def append(self, data: bytes) -> LiveMessage:
        """Send bytes after its last; the length in its header stays."""
        return self._edit({"append": {"bytes": data.hex()}})

    def _edit(self, change: object) -> LiveMessage:
        self._live._edit(self._turn, change)
        return self

    def __repr__(self) -> str:
        return f"<{self.sender}: {self.name}>"


class LiveConnection(Shown):
    """
    A simulated connection that advances one message at a time; :func:`open` makes one.

    Attributes
    ----------
    seed
        The seed of all its randomness.
    pending
        The message that is about to be sent; None before the first step, and once the connection is over.
    is_over
        Whether it is over.
    """

    def __init__(
        self,
        client: Client,
        server: Server,
        *,
        seed: int | None = None,
        edits: Iterable[Mapping[str, Any]] = (),
    ) -> None:
        self.client = client
        self.server = server
        self.seed: int = draw_seed(seed)
        self._earlier = list(edits)
        self._native = _tlslab.Live(client.to_json(), server.to_json(), self.seed, json.dumps(self._earlier))
        self._turn = 0
        self.pending: LiveMessage | None = None
        self.is_over: bool = False

    def step(self) -> LiveMessage | None:
        """
        Send the message that was shown, let the peer deal with it, and show the next one.

        Returns
        -------
        LiveMessage or None
            The message that is about to be sent; None once the connection is over.
        """
        text = self._native.step()
        self._turn += 1
        self.is_over = text is None
        if text is None:
            self.pending = None
        else:
            pending = json.loads(text)
            name = _name(pending["messages"][0]) if pending["messages"] else "nothing"
            self.pending = LiveMessage(self, self._turn, pending["sender"], name)
        return self.pending

    def __iter__(self) -> Iterator[LiveMessage]:
        while (message := self.step()) is not None:
            yield message

    def run(self) -> Connection:
        """Step to the end, and give what happened."""
        for _ in self:
            pass
        return self.connection

    @property
    def edits(self) -> list[dict[str, Any]]:
        """All changes so far, as edits: ``tl.handshake(client, server, seed=..., edits=...)`` runs them again."""
        by_hand: list[dict[str, Any]] = json.loads(self._native.edits())
        return [*(dict(edit) for edit in self._earlier), *by_hand]

    @property
    def connection(self) -> Connection:
        """What happened so far."""
        return Connection(json.loads(self._native.connection()), self.seed)

    def __repr__(self) -> str:
        state = "over" if self.is_over else "not begun" if self.pending is None else f"next is {self.pending!r}"
        return f"<LiveConnection: {state}>"

    def _pending(self, turn: int) -> list[dict[str, Any]]:
        self._check(turn)
        text = self._native.pending()
        messages: list[dict[str, Any]] = json.loads(text)["messages"] if text else []
        return messages

    def _edit(self, turn: int, change: object) -> None:
        self._check(turn)
        self._native.edit(json.dumps(change))

    def _check(self, turn: int) -> None:
        if turn != self._turn:
            raise _tlslab.EditError(
                "this message has been sent already; only the one that the last step gave can change"
            )


def open_connection(
    client: Client, server: Server, *, seed: int | None = None, edits: Iterable[Mapping[str, Any]] = ()
) -> LiveConnection:
    """
    Open a simulated connection to step through.

    Parameters
    ----------
    client, server
        How the two act.
    seed
        The seed of all randomness, 0 to 2**64 - 1; None draws one, and the connection names it.
    edits
        Changes that are made on the way, besides those made by hand.

    Examples
    --------
    >>> import tlslab as tl
    >>> live = tl.open(tl.Client(), tl.Server(), seed=7)
    >>> hello = live.step()
    >>> hello.name
    'ClientHello'
    >>> hello.set("client_version", "TLSv1.1").fields["client_version"]
    'TLSv1.1'
    >>> live.run().outcome.alert  # the client notices, by what the server's random says (RFC 8446 4.1.3)
    'illegal_parameter'
    """
    return LiveConnection(client, server, seed=seed, edits=edits)


def _name(message: Mapping[str, Any]) -> str:
    name: str = message["type"]
    return name
