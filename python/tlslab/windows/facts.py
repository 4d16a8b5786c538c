"""What Microsoft's articles tell of Windows, as immutable values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from tlslab import _tlslab
from tlslab.behaviour import Client, Server
from tlslab.shown import Shown

__all__ = ["Disagreement", "Platform", "Profile", "Source", "Symptom", "Update"]


@dataclass(frozen=True, slots=True)
class Source:
    """
    Something that facts are from.

    Attributes
    ----------
    name
        Its short name, such as ``"KB4528489"``.
    title, url
        Its title and address.
    """

    name: str
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Update:
    """
    An update that brings the enforcement of Extended Master Secret.

    Attributes
    ----------
    kb
        Its number, ``"KBnnnnnnn"``.
    kind
        ``"cumulative"``, ``"monthly rollup"`` or ``"security-only"``.
    platforms
        The platforms that it is for.
    in_later_updates
        Whether every later update of this kind contains it.
    cve
        The vulnerability that it is for.
    source
        The source's short name.
    """

    kb: str
    kind: str
    platforms: tuple[str, ...]
    in_later_updates: bool
    cve: str
    source: str

    def to_dict(self) -> dict[str, Any]:
        """Give everything, as ``tlslab windows kb --json`` prints it."""
        return asdict(self)

    @classmethod
    def of(cls, number: str | int) -> Update:
        """Give the update of a number, as :func:`tlslab.windows.kb` does."""
        return cls.from_dict(json.loads(_tlslab.windows_update(str(number))))

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Update:
        """Read the form of :meth:`to_dict`."""
        return cls(**{**document, "platforms": tuple(document["platforms"])})


@dataclass(frozen=True, slots=True)
class Platform(Shown):
    """
    A Windows to which KB4528489 applies.

    Attributes
    ----------
    name
        Its name.
    updates
        The updates that the article lists for it.
    assumed_updates
        Further ones that it is taken to get.
    enforced_since
        The date of the first updates that enforce Extended Master Secret for resumption, in UTC.
    enforced_since_by_edition
        That date as the ``"en"`` and the ``"ja"`` edition of the article have it.
    cve
        The vulnerability that the enforcement is for.
    leading_zero_update
        Since when it has the leading-zero update of KB4557473: ``"from_release"``, ``"never"``, or the date of the
        first of its updates with it.
    assumptions
        What goes beyond the articles.
    sources
        The short names of the sources.
    """

    name: str
    updates: tuple[Update, ...]
    assumed_updates: tuple[Update, ...]
    enforced_since: date
    enforced_since_by_edition: Mapping[str, date]
    cve: str
    leading_zero_update: str
    assumptions: tuple[str, ...]
    sources: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Give everything, as ``tlslab windows show --json`` prints it."""
        document: dict[str, Any] = json.loads(_tlslab.windows_platform(self.name))
        return document

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Platform:
        """Read the form of :meth:`to_dict`."""
        by_edition = document["enforced_since_by_edition"]
        return cls(
            name=document["name"],
            updates=tuple(Update.of(update["kb"]) for update in document["updates"]),
            assumed_updates=tuple(Update.of(update["kb"]) for update in document["assumed_updates"]),
            enforced_since=date.fromisoformat(document["enforced_since"]),
            enforced_since_by_edition={edition: date.fromisoformat(day) for edition, day in by_edition.items()},
            cve=document["cve"],
            leading_zero_update=document["leading_zero_update"],
            assumptions=tuple(document["assumptions"]),
            sources=tuple(document["sources"]),
        )


@dataclass(frozen=True, slots=True)
class Disagreement:
    """
    Something that the two articles say differently.

    Attributes
    ----------
    about
        What it is about.
    says
        What each says, in short, by the article's number.
    here
        What the lab makes of it.
    """

    about: str
    says: Mapping[str, str]
    here: str


@dataclass(frozen=True, slots=True)
class Profile(Shown):
    """
    How a Windows acts.

    Attributes
    ----------
    platform
        The platform.
    updated
        Whether the updates of the catalogue, or later ones, are installed.
    ems_enforced
        Whether it enforces Extended Master Secret for resumption.
    leading_zero_update
        Whether it has the leading-zero update of KB4557473.
    reading
        What a system without that update mistreats: ``"Z"`` or ``"public_value"``.
    registry
        The registry values that are set.
    client, server
        How it acts as a client, and as a server.
    assumptions
        What goes beyond the articles.
    sources
        The short names of the sources; :func:`tlslab.windows.sources` gives them in full.
    """

    platform: Platform
    updated: bool
    ems_enforced: bool
    leading_zero_update: bool
    reading: str
    registry: Mapping[str, int]
    client: Client
    server: Server
    assumptions: tuple[str, ...]
    sources: tuple[str, ...]

    @property
    def name(self) -> str:
        """The platform's name."""
        return self.platform.name

    def to_dict(self) -> dict[str, Any]:
        """Give everything, as ``tlslab windows profile --json`` prints it."""
        return {
            "name": self.name,
            "updated": self.updated,
            "ems_enforced": self.ems_enforced,
            "leading_zero_update": self.leading_zero_update,
            "reading": self.reading,
            "registry": dict(self.registry),
            "client": self.client.to_dict(),
            "server": self.server.to_dict(),
            "assumptions": list(self.assumptions),
            "sources": list(self.sources),
        }


@dataclass(frozen=True, slots=True)
class Symptom:
    """
    Something that a Windows shows when a connection fails.

    Attributes
    ----------
    kind
        ``"behaviour"``, ``"message"``, ``"code"`` or ``"event"``.
    text
        Its words.
    lang
        Their language: ``"en"`` where the article has no other.
    source
        The source's short name.
    code
        The error's code, such as ``"0x8009030f"``.
    event
        The number of the SCHANNEL event: 36887 for an alert that was received, 36888 for one that was generated.
    alert
        The alert's number, where the connection ended by one.
    assumption
        What goes beyond the source; None where it speaks of this very alert.
    """

    kind: str
    text: str
    lang: str
    source: str
    code: str | None = None
    event: int | None = None
    alert: int | None = None
    assumption: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Give everything, as ``tlslab windows symptoms --json`` prints it."""
        return asdict(self)
