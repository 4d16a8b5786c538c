"""``tlslab bench``."""

from __future__ import annotations

import argparse

from tlslab.bench import Bench, Row, bench
from tlslab.cli import options, render
from tlslab.cli.codes import FINE, INTERRUPTED

__all__ = ["EXAMPLE", "SUMMARY", "add_options", "run"]

SUMMARY = "measure how fast the lab is, beside OpenSSL and tlslite-ng"
EXAMPLE = "tlslab bench --group ffdhe2048 --seconds 2"


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    command.add_argument(
        "--group",
        action="append",
        dest="groups",
        metavar="NAME",
        help="a group, such as ffdhe3072; more than one by repeating it (default: ffdhe2048)",
    )
    command.add_argument(
        "--seconds",
        type=float,
        default=2.0,
        metavar="S",
        help="how long each row is measured, all rounds together (default: %(default)s)",
    )
    command.add_argument(
        "--rounds",
        type=int,
        default=3,
        metavar="N",
        help="how often each row is measured; the median counts (default: %(default)s)",
    )
    command.add_argument(
        "--threads", type=int, default=1, metavar="N", help="how many threads the lab works on (default: %(default)s)"
    )
    command.add_argument(
        "--scaling", action="store_true", help="measure the lab on 1, 2, 4, ... threads, to one for each processor"
    )
    options.add_json(command)


def run(arguments: argparse.Namespace) -> int:
    """Measure and print; an interrupt prints what was measured until then."""
    done = bench(
        groups=arguments.groups or ["ffdhe2048"],
        seconds=arguments.seconds,
        rounds=arguments.rounds,
        threads=arguments.threads,
        scaling=arguments.scaling,
    )
    print(done.to_json() if arguments.json else text(done))
    return INTERRUPTED if done.interrupted else FINE


def text(done: Bench) -> str:
    """Give the rows as a table for people, and what there is to know about them."""
    cores = f"{done.machine['cores']} processor{'s' if done.machine['cores'] > 1 else ''}"
    versions = ", ".join(_version(name, version) for name, version in done.versions.items() if version)
    head = ("what", "kernel", "group", "threads", "per second and thread", "times OpenSSL", "audit")
    parts = [
        f"{done.machine['cpu']}, {cores}, {done.machine['system']}\n{versions}",
        render.table(head, [_cells(row) for row in done.rows]),
    ]
    if any(row.audit_seconds is not None for row in done.rows):
        parts.append(
            "class and census count the trials alone; the audit at the end of a run takes the seconds beside them,"
            "\nhowever many trials there were."
        )
    parts += [
        f"{one.what} {one.kernel} {one.group}: {one.factor:.2f} times as many a second on 2 threads as on 1"
        for one in done.scaling
    ]
    parts += [f"{one.what} {one.group} was not measured: {one.reason}" for one in done.skipped]
    if done.interrupted:
        parts.append("Interrupted: this is what was measured until then.")
    return "\n\n".join(parts)


def _version(name: str, version: str) -> str:
    return version if version.lower().startswith(name) else f"{name} {version}"


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.what,
        row.kernel or "",
        row.group,
        str(row.threads),
        f"{row.per_second:,.0f}",
        "" if row.ratio_to_openssl is None else f"{row.ratio_to_openssl:,.1f}",
        "" if row.audit_seconds is None else f"{row.audit_seconds:.1f} s",
    )
