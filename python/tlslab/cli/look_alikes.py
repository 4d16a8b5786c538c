"""``tlslab look-alikes``."""

from __future__ import annotations

import argparse

from tlslab.cli import options, render
from tlslab.cli.codes import FINE, INTERRUPTED
from tlslab.look_alikes import LookAlikes, Row, look_alikes
from tlslab.numbers import draw_seed

__all__ = ["EXAMPLE", "SUMMARY", "add_options", "run"]

SUMMARY = "run other mistakes with leading zeros, and say what tells them from cause 1 of KB4528489"
EXAMPLE = "tlslab look-alikes"


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    options.add_trials(command, default=8192)
    command.add_argument("--seed", type=int, default=1, metavar="N", help="the seed (default: %(default)s)")
    options.add_json(command)


def run(arguments: argparse.Namespace) -> int:
    """Run them all."""
    done = look_alikes(trials=arguments.trials, seed=draw_seed(arguments.seed), threads=arguments.threads)
    print(done.to_json() if arguments.json else text(done))
    return INTERRUPTED if done.interrupted else FINE


def text(done: LookAlikes) -> str:
    """Give the table for people."""
    head = ("defect", "trials", "failures", "95% interval", "theory", "alert", "sender", "told apart by")
    parts = [render.table(head, [_cells(number, row) for number, row in enumerate(done.rows, 1)])]
    if done.interrupted:
        parts.append("Interrupted: these are the trials that were done until then.")
    return "\n\n".join(parts)


def _cells(number: int, row: Row) -> tuple[str, ...]:
    result, signs = row.result, row.signs
    low, high = result.interval() if result.trials else (0.0, 1.0)
    return (
        f"{number:>2} {row.look_alike.what}",
        str(result.trials),
        str(result.failures),
        f"{low:.5f} to {high:.5f}",
        render.odds(result.expected_rate),
        ", ".join(map(str, signs.alerts)),
        ", ".join(signs.senders),
        "" if number == 1 else ", ".join(row.apart_by) or "nothing",
    )
