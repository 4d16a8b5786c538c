"""Probes: a short, bounded series of connections that finds a peer's defects."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable
from pathlib import Path

from tlslab import _tlslab
from tlslab.numbers import draw_seed, whole_number
from tlslab.peer import read_identities
from tlslab.probe.listen import ClientProbe
from tlslab.probe.profile import Profile
from tlslab.probe.report import Finding, Report
from tlslab.progress import Bar, Progress

__all__ = ["RATE", "TIMEOUT", "ClientProbe", "Finding", "Profile", "Report", "most_connections", "probe"]

#: Connections a second, if nothing else is said.
RATE = 10.0

#: Seconds for each connection, if nothing else is said.
TIMEOUT = 5.0


def probe(
    address: str,
    *,
    versions: Iterable[str] | None = None,
    suites: Iterable[str] | None = None,
    server_name: str | None = None,
    starttls: str | None = None,
    cert: str | Path | None = None,
    key: str | Path | None = None,
    rate: float = RATE,
    max_connections: int | None = None,
    max_time: float | None = None,
    timeout: float = TIMEOUT,
    patience: float = 0.0,
    seed: int | None = None,
    progress: Progress = None,
) -> Report:
    """
    Judge a server: what it does with leading zeros, with EMS, with public values and groups.

    The client sees the server's public value first, and chooses its own exponent so that Z has a leading zero byte: no
    luck is needed, and one connection decides. No peer is asked more often than it takes, nor faster than `rate`.

    Parameters
    ----------
    address
        ``"host:port"``.
    versions
        The versions that are tried; None for all from TLS 1.0 to 1.2.
    suites
        The suites that are tried, those of finite-field Diffie-Hellman among them; None for all that the lab speaks.
    server_name
        What the server_name extension says; None for the address's host, if that is a name.
    starttls
        The protocol in which TLS is asked for, as for :func:`connect`. With ``"ftp"`` data connections are tried too.
    cert, key
        Files with the client's certificate chain and its key, PEM, for a server that asks.
    rate
        At most so many connections a second.
    max_connections
        No more than these; None for as many as it takes, which :func:`most_connections` tells.
    max_time
        No connection is begun after so many seconds; None for as long as it takes.
    timeout
        How long each connection may take, in seconds. One that takes longer is no evidence, and is made once more.
    patience
        How long a server that does not listen is waited for, in seconds, each time: one that is about to start, or that
        starts anew for each connection.
    seed
        The seed of the first connection; each has its own, the next number. None draws one, and the report names it.
    progress
        Whether a progress bar is shown; None shows it on a terminal and in Jupyter.

    Returns
    -------
    Report
        What was found. Where it was interrupted, or the server went away, it says so, and what was found until then.

    Raises
    ------
    PeerConnectionError
        Not even the first connection could be made.
    RunError
        No such version, suite, rate or protocol.

    Examples
    --------
    >>> import tlslab as tl
    >>> with tl.serve(tl.Server(ems="off", premaster_zeros="keep", versions=["TLSv1.2"])) as serving:
    ...     report = tl.probe(serving.address, rate=1000, seed=1, progress=False)
    >>> report.defects, report.finding("leading-zeros").value
    (1, 'keep')
    """
    server_name = server_name if server_name is not None else _name(address)
    plan = _plan(versions, suites, server_name, starttls)
    most = _tlslab.probe_plan(plan)
    seed = draw_seed(seed)
    allowed = most if max_connections is None else whole_number("max_connections", max_connections, most=(1 << 16) - 1)
    with Bar(min(most, allowed), progress, unit="connection") as bar:
        text = _tlslab.probe_server(
            address,
            plan=plan,
            seed=seed,
            rate=rate,
            max_connections=allowed,
            max_time=max_time,
            timeout=timeout,
            patience=patience,
            identity=next(iter(read_identities(cert, key)), None),
            starttls=starttls,
            progress=bar.update,
        )
    return Report.from_dict({"target": address, "rate": rate, **json.loads(text)})


def most_connections(
    *, versions: Iterable[str] | None = None, suites: Iterable[str] | None = None, starttls: str | None = None
) -> int:
    """
    Give how many connections a probe of a server makes at most. As a rule it makes far fewer.

    Parameters
    ----------
    versions, suites, starttls
        As for :func:`probe`.
    """
    return _tlslab.probe_plan(_plan(versions, suites, None, starttls))


def _plan(
    versions: Iterable[str] | None, suites: Iterable[str] | None, server_name: str | None, starttls: str | None
) -> str:
    plan: dict[str, object] = {"server_name": server_name, "transfers": starttls == "ftp"}
    if versions is not None:
        plan["versions"] = list(versions)
    if suites is not None:
        plan["suites"] = list(suites)
    return json.dumps(plan)


def _name(address: str) -> str | None:
    """Give the host of an address, if it is a name: an IP address is none (RFC 6066 3)."""
    host = address.rpartition(":")[0].strip("[]")
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host or None
    return None
