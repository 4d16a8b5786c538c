"""
Windows as Microsoft's articles KB4528489 and KB4557473 describe it.

Platforms and their updates, profiles of how a Windows acts, and what it shows when a connection fails. What goes beyond
the articles is an assumption, and is listed as one.

>>> import tlslab as tl
>>> old = tl.windows.profile("Windows Server 2012 R2", registry={"DisableClientExtendedMasterSecret": 1})
>>> new = tl.windows.profile("Windows Server 2019")
>>> tl.Experiment(old.client, new.server).run(2000, seed=1, progress=False).outcomes["alert:bad_record_mac:server"]
7
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from os import PathLike
from pathlib import Path
from typing import Any, Literal

from tlslab import _tlslab
from tlslab.behaviour import Client, Server
from tlslab.connection import Outcome

__all__ = [
    "Disagreement",
    "Platform",
    "Profile",
    "Source",
    "Symptom",
    "Update",
    "disagreements",
    "enforced_since",
    "kb",
    "platforms",
    "profile",
    "read_reg",
    "show",
    "sources",
    "symptoms",
    "updates",
]


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
    def _read(cls, document: Mapping[str, Any]) -> Update:
        return cls(**{**document, "platforms": tuple(document["platforms"])})


@dataclass(frozen=True, slots=True)
class Platform:
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
    def _read(cls, document: Mapping[str, Any]) -> Platform:
        by_edition = document["enforced_since_by_edition"]
        return cls(
            name=document["name"],
            updates=tuple(kb(update["kb"]) for update in document["updates"]),
            assumed_updates=tuple(kb(update["kb"]) for update in document["assumed_updates"]),
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
class Profile:
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
        The short names of the sources; :func:`sources` gives them in full.
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


def platforms() -> list[str]:
    """Give the names of the platforms, in the article's order."""
    return [platform["name"] for platform in _catalogue()["platforms"]]


def updates() -> list[Update]:
    """Give the updates that bring the enforcement, in the article's order."""
    return [Update._read(update) for update in _catalogue()["updates"]]


def sources() -> dict[str, Source]:
    """Give what the catalogue is made from, by short names."""
    return {name: Source(name, **source) for name, source in _catalogue()["sources"].items()}


def disagreements() -> list[Disagreement]:
    """Give what the two articles say differently."""
    return [Disagreement(**disagreement) for disagreement in _catalogue()["disagreements"]]


def show(name: str) -> Platform:
    """
    Give all that is known of a platform.

    Parameters
    ----------
    name
        Its name; case, commas, hyphens, the service pack and words such as "version" and "Microsoft" do not matter.

    Raises
    ------
    CatalogueError
        There is no such platform; the message names those that come nearest.

    Examples
    --------
    >>> import tlslab as tl
    >>> [update.kb for update in tl.windows.show("windows server 2012 r2").updates]
    ['KB4520005', 'KB4519990']
    """
    return Platform._read(json.loads(_tlslab.windows_platform(name)))


def kb(number: str | int) -> Update:
    """
    Give all that is known of an update.

    Parameters
    ----------
    number
        Its number, with or without ``KB``.

    Raises
    ------
    CatalogueError
        There is no such update; the message names those that come nearest.

    Examples
    --------
    >>> import tlslab as tl
    >>> tl.windows.kb(4517389).platforms
    ('Windows 10, version 1903',)
    """
    return Update._read(json.loads(_tlslab.windows_update(str(number))))


def enforced_since(name: str) -> date:
    """
    Give the date of the first updates of a platform that enforce Extended Master Secret for resumption, in UTC.

    Raises
    ------
    CatalogueError
        There is no such platform.

    Examples
    --------
    >>> import tlslab as tl
    >>> str(tl.windows.enforced_since("Windows 10 1903"))
    '2019-10-08'
    """
    return show(name).enforced_since


def profile(
    name: str,
    *,
    updated: bool | None = None,
    registry: Mapping[str, int] | None = None,
    leading_zero_update: bool | None = None,
    reading: Literal["Z", "public_value"] = "Z",
) -> Profile:
    """
    Give how a platform acts.

    Parameters
    ----------
    name
        The platform's name, as for :func:`show`.
    updated
        Whether the updates of the catalogue, or later ones, are installed; None stands for True, as an assumption.
    registry
        DWORD values of the SCHANNEL key: ``DisableClientExtendedMasterSecret``,
        ``DisableServerExtendedMasterSecret``. :func:`read_reg` reads them from a file.
    leading_zero_update
        Whether it has the leading-zero update of KB4557473; None for what the catalogue says.
    reading
        What a system without that update mistreats, which KB4557473 leaves open: the secret Z, or a peer's short public
        value.

    Raises
    ------
    CatalogueError
        There is no such platform.
    RegistryError
        A registry value that the catalogue does not know, or a number that is no DWORD.

    Examples
    --------
    >>> import tlslab as tl
    >>> tl.windows.profile("Windows 7").client.premaster_zeros
    'keep'
    """
    document = json.loads(
        _tlslab.windows_profile(
            name,
            updated=updated,
            registry=json.dumps(dict(registry or {})),
            leading_zero_update=leading_zero_update,
            reading=reading,
        )
    )
    return Profile(
        platform=Platform._read(document["platform"]),
        updated=document["updated"],
        ems_enforced=document["ems_enforced"],
        leading_zero_update=document["leading_zero_update"],
        reading=document["reading"],
        registry=document["registry"],
        client=Client.from_dict(document["client"]),
        server=Server.from_dict(document["server"]),
        assumptions=tuple(document["assumptions"]),
        sources=tuple(document["sources"]),
    )


def read_reg(file: str | PathLike[str] | bytes) -> dict[str, int]:
    r"""
    Read the SCHANNEL values of a ``.reg`` file, as regedit exports it.

    Parameters
    ----------
    file
        The file's path, or its bytes: UTF-16LE with a byte order mark, or UTF-8.

    Returns
    -------
    dict
        The values that the file leaves where there were none; other keys and values are passed over.

    Raises
    ------
    RegistryError
        The file cannot be read, is too long, or is malformed; the message names the line.

    Examples
    --------
    >>> import tlslab as tl
    >>> key = rb"[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL]"
    >>> value = b'"DisableClientExtendedMasterSecret"=dword:00000001'
    >>> tl.windows.read_reg(b"Windows Registry Editor Version 5.00\n" + key + b"\n" + value)
    {'DisableClientExtendedMasterSecret': 1}
    """
    data = file if isinstance(file, bytes) else _read_file(Path(file))
    try:
        values: dict[str, int] = json.loads(_tlslab.windows_read_reg(data))
    except _tlslab.RegistryError as error:
        where = "" if isinstance(file, bytes) else f"{file}: "
        raise _tlslab.RegistryError(f"{where}{error}") from None
    return values


def symptoms(
    outcome: Outcome | str, side: Literal["client", "server"], *, lang: Literal["en", "ja"] = "en"
) -> list[Symptom]:
    """
    Give what a Windows shows when a connection ended so.

    Parameters
    ----------
    outcome
        How the connection ended: an outcome, or the label under which outcomes are counted, such as
        ``"alert:bad_record_mac:server"``.
    side
        Which side the Windows is.
    lang
        The language, where the article has it; each symptom names its own.

    Returns
    -------
    list of Symptom
        Nothing for a connection that did not fail.

    Raises
    ------
    RunError
        The text is no outcome.

    Examples
    --------
    >>> import tlslab as tl
    >>> for symptom in tl.windows.symptoms("alert:bad_record_mac:server", "server"):
    ...     print(symptom.kind, symptom.code or symptom.event or symptom.text)
    behaviour A TLS connection fails or times out.
    code 0x8009030f
    event 36888
    """
    if isinstance(outcome, Outcome):
        outcome = json.dumps({"kind": outcome.kind, "alert": outcome.alert, "sender": outcome.sender})
    return [Symptom(**symptom) for symptom in json.loads(_tlslab.windows_symptoms(outcome, side, lang))]


def _catalogue() -> dict[str, Any]:
    catalogue: dict[str, Any] = json.loads(_tlslab.windows_catalogue())
    return catalogue


def _read_file(path: Path) -> bytes:
    """Give the bytes of a file, and not many more than may be read."""
    try:
        with path.open("rb") as opened:
            return opened.read(_tlslab.WINDOWS_MAX_REG_BYTES + 1)
    except OSError as error:
        raise _tlslab.RegistryError(f"cannot read {path}: {error}") from error
