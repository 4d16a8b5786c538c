"""Sessions: what a connection to a real server leaves for resumption."""

from __future__ import annotations

import json
from typing import Any

from tlslab import _tlslab

__all__ = ["Session"]


class Session:
    """
    What a connection left, to be offered by a later one: see :attr:`Connection.session` and :func:`connect`.

    A session holds the master secret of its connections; keep it as such. It is immutable, and equal to one with the
    same content.
    """

    __slots__ = ("_document", "_json")

    def __init__(self, text: str) -> None:
        self._json = _tlslab.canonical_session(text)
        self._document: dict[str, Any] = json.loads(self._json)

    @classmethod
    def from_json(cls, text: str) -> Session:
        """
        Give the session that :meth:`to_json` wrote.

        Raises
        ------
        RunError
            The text is no session, or one of another version of the lab.
        """
        return cls(text)

    def to_json(self) -> str:
        """Give the session as JSON, with its secret."""
        return self._json

    @property
    def kind(self) -> str:
        """By what it is offered: ``"session_id"`` (RFC 5246 7.4.1.2) or ``"ticket"`` (RFC 5077)."""
        (kind,) = self._document["handle"]
        return str(kind)

    @property
    def ems(self) -> bool:
        """Whether its master secret is an extended one (RFC 7627)."""
        return bool(self._document["session"]["ems"])

    @property
    def version(self) -> str:
        """The version of its connections, such as ``"TLSv1.2"``."""
        return str(self._document["session"]["version"])

    @property
    def suite(self) -> str:
        """The cipher suite of its connections."""
        return str(self._document["session"]["suite"])

    @property
    def server_name(self) -> str | None:
        """The server's name under which it was made; it is offered under no other (RFC 6066 3)."""
        name: str | None = self._document["session"]["server_name"]
        return name

    @property
    def client_certificate(self) -> str | None:
        """The SHA-256 of the certificate by which the client has authenticated, in hexadecimal; None if it has not."""
        fingerprint: str | None = self._document["session"]["client_certificate"]
        return fingerprint

    def __eq__(self, other: object) -> bool:
        return self._json == other._json if isinstance(other, Session) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._json)

    def __repr__(self) -> str:
        ems = "with" if self.ems else "without"
        return f"<Session: by {self.kind}, {self.version} {self.suite}, {ems} EMS>"
