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
from datetime import date
from os import PathLike
from pathlib import Path
from typing import Any, Literal

from tlslab import _tlslab
from tlslab.behaviour import Client, Server
from tlslab.connection import Outcome
from tlslab.windows.facts import Disagreement, Platform, Profile, Source, Symptom, Update
from tlslab.windows.table import Platforms

__all__ = [
    "Disagreement",
    "Platform",
    "Platforms",
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
    "table",
    "updates",
]


def platforms() -> list[str]:
    """Give the names of the platforms, in the article's order."""
    return [platform["name"] for platform in _catalogue()["platforms"]]


def table() -> Platforms:
    """
    Give all that is known of all platforms, in the article's order. A notebook shows it as a table.

    Examples
    --------
    >>> import tlslab as tl
    >>> sum(platform.leading_zero_update == "never" for platform in tl.windows.table())
    10
    """
    return Platforms(show(name) for name in platforms())


def updates() -> list[Update]:
    """Give the updates that bring the enforcement, in the article's order."""
    return [Update.from_dict(update) for update in _catalogue()["updates"]]


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
    return Platform.from_dict(json.loads(_tlslab.windows_platform(name)))


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
    return Update.of(number)


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
        platform=Platform.from_dict(document["platform"]),
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
        Nothing for a connection that did not fail, nor a transfer over it, and whose client the server's application
        did not refuse.

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
        fields = ("kind", "alert", "sender", "refused", "ftp")
        outcome = json.dumps({field: getattr(outcome, field) for field in fields})
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
