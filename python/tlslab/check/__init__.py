"""Checks: a peer's command is started, probed and held against the failures that are expected of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypedDict

from tlslab.check.command import Command, free_port
from tlslab.check.expected import Expected, check_names, read_expected
from tlslab.check.peers import ClientPeer, Peer, ServerPeer
from tlslab.check.report import Case, Check, cases
from tlslab.errors import PeerConnectionError, RunError
from tlslab.probe import TIMEOUT, ClientProbe, Report, probe
from tlslab.progress import Bar, Progress, Watcher

__all__ = ["SECONDS", "Case", "Check", "Expected", "check", "read_expected"]

#: As long may a check take, in seconds, if nothing else is said.
SECONDS = 30.0

#: Seconds that a peer has to listen, or to connect.
_PATIENCE = 10.0

#: Connections a second: the peer is one's own, and on this machine.
_RATE = 1000.0

#: As many connections a check makes as a rule, for the progress bar.
_MOST_AS_A_RULE = 100


def check(
    *,
    server: str | None = None,
    client: str | None = None,
    expected: str | Path | None = None,
    versions: Iterable[str] | None = None,
    suites: Iterable[str] | None = None,
    starttls: str | None = None,
    sequential: bool = False,
    seconds: float = SECONDS,
    timeout: float = TIMEOUT,
    seed: int | None = None,
    progress: Progress = None,
) -> Check:
    """
    Start a peer, make every probe of it that needs no luck, and say what is not as it is expected.

    Parameters
    ----------
    server, client
        The peer's command, one of both, split as a shell would; ``{port}`` in it stands for the port of 127.0.0.1 on
        which it is to listen, or to which it is to connect. A server that ends after a connection is started anew; a
        client is run once for each connection. It is ended in any case, with all that it has started.
    expected
        A file of expected failures, as :func:`read_expected` reads it.
    versions, suites, starttls
        What a server is asked, as for :func:`tlslab.probe`.
    sequential
        Whether a client that takes only groups that it knows is run until Z has a leading zero byte by chance: 256
        times on average, and as many with EMS, which takes more than the usual time.
    seconds
        No connection is begun after so much time, and what was not asked until then is an error.
    timeout
        How long each connection may take, in seconds.
    seed
        The seed of the first connection; each has its own, the next number. None draws one.
    progress
        Whether a progress bar is shown; None shows it on a terminal and in Jupyter.

    Returns
    -------
    Check
        What was found. Where it was interrupted, its report says so, and what was found until then.

    Raises
    ------
    RunError
        The peer cannot be started, does not listen or does not connect; a bad command, or a bad file of expected
        failures.

    Examples
    --------
    >>> import sys, tlslab as tl
    >>> keeping = f"{sys.executable} -m tlslab serve --port {{port}} --server ems=off,premaster_zeros=keep"
    >>> checked = tl.check(server=keeping, versions=["TLSv1.2"], seed=1)
    >>> checked.ok, checked.case("leading-zeros").status, checked.case("leading-zeros").value
    (False, 'failed', 'keep')
    """
    if (server is None) == (client is None):
        raise RunError("give the command of a server, or that of a client")
    known = {} if expected is None else read_expected(expected)
    command, port = Command(server or client or ""), free_port()
    began = time.monotonic()
    limits: _Limits = {"seed": seed, "max_time": seconds}
    if server is not None:
        peer: Peer = ServerPeer(command, port)
        asked: _Asked = {"versions": versions, "suites": suites, "starttls": starttls, "timeout": timeout}
        report = _run(peer, progress, lambda watch: _probe_server(port, asked, limits, watch))
    else:
        listening = ClientProbe(patience=_PATIENCE, timeout=timeout)
        peer = ClientPeer(command, int(listening.address.rpartition(":")[2]), listening)
        report = _run(peer, progress, lambda watch: _probe_client(listening, sequential, limits, watch))
    judged = cases(report, peer.crashes, known.get(report.side, {}))
    if expected is not None:
        check_names(expected, report.side, known[report.side], [case.name for case in judged])
    return Check(command.text, round(time.monotonic() - began, 3), judged, report, peer.printed)


class _Limits(TypedDict):
    seed: int | None
    max_time: float


class _Asked(TypedDict):
    versions: Iterable[str] | None
    suites: Iterable[str] | None
    starttls: str | None
    timeout: float


def _run(peer: Peer, progress: Progress, judge: Callable[[Watcher], Report]) -> Report:
    """Judge a peer while it is kept coming, and end it."""
    try:
        with Bar(_MOST_AS_A_RULE, progress, unit="connection") as bar, peer:

            def watch(connections: int, failures: int | None) -> None:
                peer.watch(connections, failures)
                bar.update(connections, failures)

            return judge(watch)
    except RunError as error:
        printed = "\n".join(peer.printed.splitlines()[-20:])
        raise RunError(f"{error}\n{printed}" if printed else str(error)) from error


def _probe_server(port: int, asked: _Asked, limits: _Limits, watch: Watcher) -> Report:
    try:
        return probe(f"127.0.0.1:{port}", **asked, **limits, rate=_RATE, patience=_PATIENCE, progress=watch)
    except PeerConnectionError as error:
        raise RunError(f"the peer does not listen on port {port} within {_PATIENCE:g} s: {error}") from error


def _probe_client(listening: ClientProbe, sequential: bool, limits: _Limits, watch: Watcher) -> Report:
    report = listening.run(**limits, sequential=sequential, progress=watch)
    if report.ended == "unreachable" and not report.connections:
        raise RunError(f"the peer does not connect to {listening.address} within {_PATIENCE:g} s")
    return report
