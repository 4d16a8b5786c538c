"""What the command line does with FTP over TLS."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from tlslab import ftp
from tlslab.cli import options, render
from tlslab.connection import Connection
from tlslab.errors import RunError

#: As a server of FTP keeps no more than so many files, of so many bytes together, no more are read.
MOST_FILES, MOST_BYTES = 1_000, 64 << 20


def add_connect(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``tlslab connect`` that are for FTP."""
    group = parser.add_argument_group("FTP", "with --starttls ftp")
    group.add_argument("--list", metavar="PATH", help='list a directory; "" is where the server begins')
    group.add_argument("--retrieve", action="append", default=[], metavar="PATH", help="fetch a file; may be repeated")
    group.add_argument(
        "--store", nargs=2, action="append", default=[], metavar=("LOCAL", "PATH"), help="leave a file there"
    )
    group.add_argument(
        "--data-sessions",
        choices=ftp.CLIENT_RULES,
        default="resume",
        help="what is made of the sessions of data connections (default: %(default)s)",
    )


def add_serve(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``tlslab serve`` that are for FTP."""
    group = parser.add_argument_group("FTP")
    group.add_argument(
        "--files", metavar="DIRECTORY", help="what is served: a copy of these files, to which clients can add"
    )
    group.add_argument(
        "--data-sessions",
        choices=ftp.SERVER_RULES,
        default="any",
        help="what is demanded of the sessions of data connections (default: %(default)s)",
    )


def transfers(arguments: argparse.Namespace) -> bool:
    """
    Say whether a connection logs in and transfers: by FTP's own rules, or as any other does.

    After AUTH TLS the client either speaks FTP itself, or sends what it is given.
    """
    if arguments.starttls != "ftp":
        return False
    names = ("data", "receive", "renegotiate", "chosen_zeros")
    given = ["--" + name.replace("_", "-") for name in names if getattr(arguments, name) not in (None, "", 0)]
    if given and asks(arguments):
        raise RunError(
            f"{', '.join(given)}: not with --list, --retrieve or --store, for which the client speaks FTP by itself; "
            "without them it sends what --data gives"
        )
    return not given


def asks(arguments: argparse.Namespace) -> bool:
    """Say whether transfers are asked for."""
    return arguments.list is not None or bool(arguments.retrieve or arguments.store)


def run_connect(arguments: argparse.Namespace) -> Connection:
    """Transfer at a real server."""
    return ftp.connect(
        options.named_client(arguments),
        arguments.address,
        list=arguments.list,
        retrieve=arguments.retrieve,
        store={path: _read(Path(local)) for local, path in arguments.store},
        data_sessions=arguments.data_sessions,
        timeout=arguments.timeout,
        seed=arguments.seed,
        session=options.session(arguments),
        cert=arguments.cert,
        key=arguments.key,
    )


def show(connection: Connection) -> str:
    """Give what was said, what was transferred, and how it ended."""
    lines = [f"{sender}: {line}" for sender, text in connection.dialogue for line in text.splitlines()]
    for transfer in connection.transfers:
        resumed = f", resumed by {transfer.resumed}" if transfer.resumed else ""
        why = f": {transfer.error}" if transfer.error else ""
        received = f", {len(transfer.received)} bytes received" if transfer.command != "STOR" else ""
        lines.append(f"{transfer.command} {transfer.path}".rstrip() + f": {transfer.end}{received}{resumed}{why}")
        if transfer.received:
            lines.append(transfer.received.decode(errors="replace").rstrip())
    if connection.error:
        lines.append(connection.error)
    return "\n".join([*lines, str(connection.outcome), f"seed {connection.seed}"])


def files(directory: str | None) -> dict[str, bytes]:
    """Give the contents of all files under a directory, by their paths in it; links are not followed."""
    if directory is None:
        return {}
    root = Path(directory)
    if not root.is_dir():
        raise RunError(f"{directory} is no directory")
    found: dict[str, bytes] = {}
    size = 0
    for path in sorted(root.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        size += path.stat().st_size
        if size > MOST_BYTES or len(found) == MOST_FILES:
            raise RunError(f"{directory}: a server keeps at most {MOST_FILES} files, of {MOST_BYTES} bytes together")
        found[path.relative_to(root).as_posix()] = _read(path)
    return found


def run_table(arguments: argparse.Namespace) -> int:
    """Run the table of cause 3."""
    rows = ftp.table(arguments.platform, seed=arguments.seed)
    print(json.dumps({"rows": [row.to_dict() for row in rows]}) if arguments.json else _table(rows))
    return 0


def _table(rows: Sequence[ftp.Row]) -> str:
    head = ("Windows is", "other side", "server", "client", "before: data, transfers", "after: data, transfers")
    cells: dict[tuple[str, ...], dict[bool, str]] = {}
    for row in rows:
        key = (row.windows, "EMS" if row.peer_ems else "no EMS", row.server_rule, row.client_rule)
        ends = dict.fromkeys(row.ends)
        cells.setdefault(key, {})[row.updated] = f"{'resumed' if row.resumed else 'full'}, {' '.join(ends)}"
    return render.table(head, [(*key, by_state[False], by_state[True]) for key, by_state in cells.items()])


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise RunError(f"cannot read {path}: {error}") from error
