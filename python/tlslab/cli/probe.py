"""``tlslab probe``."""

from __future__ import annotations

import argparse
import ipaddress
import json
import shlex
import socket
import sys

from tlslab._tlslab import __version__
from tlslab.cli import options
from tlslab.cli.codes import FAILURE, FINE, INTERRUPTED, USAGE
from tlslab.errors import PeerConnectionError, RunError
from tlslab.files import WholeFile
from tlslab.peer import STARTTLS
from tlslab.probe import RATE, TIMEOUT, ClientProbe, Report, most_connections, probe
from tlslab.probe.listen import PATIENCE

__all__ = ["EXAMPLE", "SUMMARY", "add_options", "run"]

SUMMARY = "find the defects of a server, or of a client, by a short series of connections; exit 1 if there are any"
EXAMPLE = "tlslab probe 127.0.0.1:4433"


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options of ``tlslab probe``."""
    command.add_argument("address", metavar="HOST:PORT", nargs="?", help="the server")
    _add_listen(command)
    command.add_argument("--versions", metavar="V+V", help="the versions to try, joined by + (default: all)")
    command.add_argument(
        "--suites", metavar="S+S", help="the suites to try, joined by + (default: all of DHE and DH_anon)"
    )
    command.add_argument(
        "--starttls", choices=STARTTLS, help="how TLS is asked for; with ftp, data connections are tried too"
    )
    command.add_argument("--server-name", metavar="NAME", help="for the server_name extension (default: a host's name)")
    command.add_argument("--cert", metavar="FILE", help="the lab's certificate chain, PEM, for a server that asks")
    command.add_argument("--key", metavar="FILE", help="its private key, PEM")
    command.add_argument(
        "--rate", type=float, default=RATE, metavar="N", help="connections a second at most (default: %(default)s)"
    )
    command.add_argument("--max-connections", type=int, metavar="N", help="most connections (default: what it takes)")
    command.add_argument("--yes", action="store_true", help="go ahead although the host is not this one")
    command.add_argument(
        "--timeout",
        type=float,
        default=TIMEOUT,
        metavar="SECONDS",
        help="how long each connection may take (default: %(default)s)",
    )
    command.add_argument(
        "--max-time", type=float, metavar="SECONDS", help="begin no connection after so much time (default: no limit)"
    )
    command.add_argument(
        "--recheck", metavar="REPORT", help="an earlier report, as --json printed it: also say what has changed since"
    )
    command.add_argument(
        "--save-profile", metavar="FILE", help="where to write the peer as knobs, for --client @FILE and --server @FILE"
    )
    options.add_seed(command)
    options.add_json(command)


def _add_listen(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("a client in place of a server")
    group.add_argument(
        "--listen", type=int, nargs="?", const=0, metavar="PORT", help="wait for a client and judge it; 0 picks a port"
    )
    group.add_argument("--host", default="127.0.0.1", metavar="H", help="where to listen (default: %(default)s)")
    group.add_argument(
        "--patience",
        type=float,
        default=PATIENCE,
        metavar="SECONDS",
        help="how long the client is waited for, each time (default: %(default)s)",
    )
    group.add_argument(
        "--sequential",
        action="store_true",
        help="go on with a client that takes only groups that it knows, until a Z has a leading zero byte by chance: "
        "256 connections on average, and as many with EMS, with a chance of error of 1 in 1000 each way",
    )


def run(arguments: argparse.Namespace) -> int:
    """Judge a server, or a client."""
    if (arguments.address is None) == (arguments.listen is None):
        raise RunError("give the server's HOST:PORT, or --listen for a client")
    earlier = None if arguments.recheck is None else _read(arguments.recheck)
    report = _probe_server(arguments) if arguments.listen is None else _probe_client(arguments)
    _show(report, earlier, as_json=arguments.json)
    if arguments.save_profile is not None:
        _save(report, arguments.save_profile)
    if report.ended == "interrupted":
        return INTERRUPTED
    if report.defects:
        return FAILURE
    return USAGE if report.ended == "unreachable" else FINE


def _probe_client(arguments: argparse.Namespace) -> Report:
    listening = ClientProbe(
        host=arguments.host,
        port=arguments.listen,
        cert=arguments.cert,
        key=arguments.key,
        patience=arguments.patience,
        timeout=arguments.timeout,
    )
    most = f"at most {arguments.max_connections} times" if arguments.max_connections else "again and again"
    print(f"listening on {listening.address}: have the client connect {most}", file=sys.stderr, flush=True)
    return listening.run(
        seed=arguments.seed,
        max_connections=arguments.max_connections,
        max_time=arguments.max_time,
        sequential=arguments.sequential,
    )


def _probe_server(arguments: argparse.Namespace) -> Report:
    versions, suites = options.joined(arguments.versions), options.joined(arguments.suites)
    most = most_connections(versions=versions, suites=suites, starttls=arguments.starttls)
    if arguments.max_connections is not None:
        most = min(most, arguments.max_connections)
    print(f"at most {most} connections to {arguments.address}, {arguments.rate:g} a second", file=sys.stderr)
    if not arguments.yes and not _is_loopback(arguments.address):
        raise RunError(f"{arguments.address} is not this host: say --yes if you may probe it")
    return probe(
        arguments.address,
        versions=versions,
        suites=suites,
        server_name=arguments.server_name,
        starttls=arguments.starttls,
        cert=arguments.cert,
        key=arguments.key,
        rate=arguments.rate,
        max_connections=arguments.max_connections,
        max_time=arguments.max_time,
        timeout=arguments.timeout,
        seed=arguments.seed,
    )


def _show(report: Report, earlier: Report | None, *, as_json: bool) -> None:
    changes = None if earlier is None else report.changes(earlier)
    if as_json:
        document = report.to_dict()
        if changes is not None:
            document["changes"] = {name: list(values) for name, values in changes.items()}
        print(json.dumps(document))
        return
    print(report)
    if changes is not None:
        print("\nsince the earlier report" if changes else "\nnothing has changed since the earlier report")
        for name, (before, now) in changes.items():
            print(f"  {name}: {before} before, {now} now")


def _save(report: Report, path: str) -> None:
    command = f"{shlex.join(['tlslab', *sys.argv[1:]])}, by tlslab {__version__} with seed {report.seed}"
    with WholeFile(path) as file:
        file.write(json.dumps(report.profile(command).to_dict(), indent=2).encode() + b"\n")


def _read(path: str) -> Report:
    try:
        return Report.from_json(options.read(path))
    except RunError as error:
        raise RunError(f"{path}: {error}") from error


def _is_loopback(address: str) -> bool:
    """Whether every address that the host has is one of this machine alone."""
    host, _, port = address.rpartition(":")
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise PeerConnectionError(
            f"{address!r} is no address: {error}; give HOST:PORT, as in 127.0.0.1:4433"
        ) from error
    return bool(found) and all(ipaddress.ip_address(str(one[4][0]).partition("%")[0]).is_loopback for one in found)
