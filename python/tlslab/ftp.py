"""
FTP over TLS (RFC 4217), and cause 3 of KB4528489.

>>> import tlslab as tl
>>> with tl.ftp.serve(tl.Server(), files={"readme.txt": b"hello"}) as serving:
...     connection = tl.ftp.connect(tl.Client(), serving.address, retrieve=["readme.txt"])
>>> connection.outcome.ftp, connection.transfers[0].received
('complete', b'hello')
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tlslab import _tlslab, windows
from tlslab.behaviour import Client, Server
from tlslab.connection import Connection
from tlslab.experiment import Experiment
from tlslab.numbers import draw_seed
from tlslab.peer import Serving, read_identities
from tlslab.peer import serve as serve_any
from tlslab.session import Session

__all__ = ["CLIENT_RULES", "SERVER_RULES", "Row", "connect", "scenario", "serve", "table"]

#: What a client does about the sessions of its data connections.
CLIENT_RULES = ("resume", "full", "resume_with_ems_only", "insist", "break_close", "break_alert")

#: What a server demands of them.
SERVER_RULES = ("any", "require_522", "require_425", "require_450", "break_close", "break_alert")


def serve(
    server: Server,
    *,
    files: Mapping[str, bytes] | None = None,
    data_sessions: str = "any",
    host: str = "127.0.0.1",
    port: int = 0,
    cert: str | Path | None = None,
    key: str | Path | None = None,
    timeout: float = 60.0,
    max_connections: int = 64,
    seed: int | None = None,
) -> Serving:
    """
    Serve real FTP clients: explicit TLS, anonymous, passive, protected data connections alone.

    Parameters
    ----------
    server
        How the server acts in TLS.
    files
        Contents by paths, at most 1,000 files of 64 MiB together. Clients can store more; all share them.
    data_sessions
        One of :data:`SERVER_RULES`.
    host, port, cert, key, max_connections, seed
        As for :func:`tlslab.serve`.
    timeout
        How long one control connection may take, its transfers included, in seconds.

    Returns
    -------
    Serving
        Its ``connections`` are control connections, with their transfers; its ``files`` are what there is now.

    Raises
    ------
    PeerConnectionError
        The port cannot be listened on.
    RunError
        No such rule, or too many files.
    """
    return serve_any(
        server,
        mode="ftp",
        files=files,
        data_sessions=data_sessions,
        host=host,
        port=port,
        cert=cert,
        key=key,
        timeout=timeout,
        max_connections=max_connections,
        seed=seed,
    )


def connect(
    client: Client,
    address: str,
    *,
    list: str | None = None,  # noqa: A002 - the command's name
    retrieve: Iterable[str] = (),
    store: Mapping[str, bytes] | None = None,
    data_sessions: str = "resume",
    timeout: float = 30.0,
    seed: int | None = None,
    session: Session | None = None,
    cert: str | Path | None = None,
    key: str | Path | None = None,
) -> Connection:
    """
    Connect to a real FTP server, secure the connection by AUTH TLS, log in as anonymous, and transfer.

    Parameters
    ----------
    client
        How the client acts in TLS.
    address
        ``"host:port"``.
    list
        A directory to list first; ``""`` is the one that the server begins in.
    retrieve
        Paths of files to fetch.
    store
        Contents of files to leave there, by their paths.
    data_sessions
        One of :data:`CLIENT_RULES`.
    timeout
        How long all of it may take, in seconds.
    seed
        The seed of the client's randomness; None draws one.
    session, cert, key
        As for :func:`tlslab.connect`: what an earlier connection left, for the control connection to resume, and files
        with the client's certificate chain and its key.

    Returns
    -------
    Connection
        The control connection, with its ``transfers``, whatever came of them, and the ``session`` that it left.

    Raises
    ------
    PeerConnectionError
        There is no connection at all.
    RunError
        No such rule, or a path with an end of line in it.
    """
    seed = draw_seed(seed)
    actions = [] if list is None else [("LIST", list, b"")]
    actions += [("RETR", path, b"") for path in retrieve]
    actions += [("STOR", path, data) for path, data in (store or {}).items()]
    identities = read_identities(cert, key)
    text, left = _tlslab.ftp_connect(
        client.to_json(),
        address,
        seed=seed,
        data_sessions=data_sessions,
        actions=actions,
        timeout=timeout,
        session=None if session is None else session.to_json(),
        identity=identities[0] if identities else None,
    )
    return Connection(json.loads(text), seed, session=None if left is None else Session(left))


def scenario(*, client: str = "resume", server: str = "any") -> str:
    """
    Give the scenario ``ftps`` with these rules, as :class:`tlslab.Experiment` takes it.

    Parameters
    ----------
    client, server
        Of :data:`CLIENT_RULES` and :data:`SERVER_RULES`.

    Examples
    --------
    >>> import tlslab as tl
    >>> strict = tl.ftp.scenario(server="require_522")
    >>> experiment = tl.Experiment(tl.Client(resumption="none"), tl.Server(), scenario=strict)
    >>> experiment.run(5, seed=1, progress=False).outcomes
    {'established:full:ems:ftp:reply_522': 5}
    """
    document: dict[str, Any] = json.loads(_tlslab.canonical_scenario("ftps"))
    (control,) = document["connections"]
    control["ftp"]["client"] = {"data_sessions": client}
    control["ftp"]["server"] = {"data_sessions": server}
    return json.dumps(document)


@dataclass(frozen=True, slots=True)
class Row:
    """
    One combination of the table of cause 3, run.

    Attributes
    ----------
    windows
        Which side is the Windows: ``"client"`` or ``"server"``.
    updated
        Whether it has the update of KB4528489.
    peer_ems
        Whether the other side, which is no Windows, has Extended Master Secret.
    server_rule, client_rule
        What they make of the sessions of data connections.
    resumed
        Whether the first data connection resumed a session.
    ends
        How each transfer ended, a listing, a download and an upload; see :attr:`tlslab.Outcome.ftp`.
    data
        How the first data connection ended in TLS; None where there was none.
    """

    windows: str
    updated: bool
    peer_ems: bool
    server_rule: str
    client_rule: str
    resumed: bool
    ends: tuple[str, ...]
    data: str | None

    @property
    def failed(self) -> bool:
        """Whether a transfer failed."""
        return any(end != "complete" for end in self.ends)

    def to_dict(self) -> dict[str, Any]:
        """Give everything, as ``tlslab windows ftps --json`` prints it."""
        return {**asdict(self), "failed": self.failed}


def table(
    platform: str = "Windows 10, version 1903",
    *,
    server_rules: Iterable[str] = ("any", "require_522", "require_425", "break_close"),
    client_rules: Iterable[str] = ("resume", "insist", "break_close"),
    seed: int = 1,
) -> tuple[Row, ...]:
    """
    Run FTP over TLS between a Windows and another system, before and after the update, under all rules.

    The other system resumes sessions without Extended Master Secret, as those of the article do; where it has EMS it
    keeps all else of RFC 7627.

    Parameters
    ----------
    platform
        The Windows, as for :func:`tlslab.windows.profile`.
    server_rules, client_rules
        The rules to combine.
    seed
        The seed of all randomness.

    Returns
    -------
    tuple of Row
        What came of each combination, byte for byte.

    Examples
    --------
    >>> import tlslab as tl
    >>> rows = tl.ftp.table(server_rules=["require_522"], client_rules=["resume"])
    >>> [(row.updated, row.ends[0]) for row in rows if row.windows == "client" and not row.peer_ems]
    [(False, 'complete'), (True, 'reply_522')]
    """
    rules = [*itertools.product(server_rules, client_rules)]
    return tuple(
        _run(role, updated, peer_ems, rule, profile, seed)
        for role in ("client", "server")
        for rule in rules
        for peer_ems in (False, True)
        for updated, profile in _profiles(platform)
    )


def _profiles(platform: str) -> Iterator[tuple[bool, windows.Profile]]:
    for updated in (False, True):
        yield updated, windows.profile(platform, updated=updated)


def _run(role: str, updated: bool, peer_ems: bool, rules: tuple[str, str], profile: windows.Profile, seed: int) -> Row:
    server_rule, client_rule = rules
    if role == "client":
        client, server = profile.client, Server(ems="on" if peer_ems else "off", resume_legacy="resume")
    else:
        client = Client(ems="on" if peer_ems else "off", offer_without_ems="offer")
        server = profile.server
    experiment = Experiment(client, server, scenario=scenario(client=client_rule, server=server_rule))
    (control,) = experiment.replay_all(seed, 0)
    transfers = control.transfers
    first = transfers[0].connection if transfers else None
    return Row(
        windows=role,
        updated=updated,
        peer_ems=peer_ems,
        server_rule=server_rule,
        client_rule=client_rule,
        resumed=bool(transfers and transfers[0].resumed),
        ends=tuple(transfer.end for transfer in transfers),
        data=None if first is None else str(first.outcome),
    )
