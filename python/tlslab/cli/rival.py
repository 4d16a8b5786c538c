"""``tlslab rival``."""

from __future__ import annotations

import argparse

from tlslab.cli import options, render
from tlslab.cli.codes import FINE, INTERRUPTED
from tlslab.numbers import draw_seed
from tlslab.rival import Rival, Visit, rival

__all__ = ["EXAMPLE", "SUMMARY", "add_options", "run"]

SUMMARY = "run the rival hypothesis of cause 1: the same defect before the update, hidden by resumption"
EXAMPLE = "tlslab rival --connections 8"


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    command.add_argument(
        "--connections", type=int, default=8, metavar="N", help="how many a visit has (default: %(default)s)"
    )
    options.add_trials(command, default=8192)
    command.add_argument("--seed", type=int, default=1, metavar="N", help="the seed (default: %(default)s)")
    options.add_json(command)


def run(arguments: argparse.Namespace) -> int:
    """Run both hypotheses."""
    done = rival(
        connections=arguments.connections,
        trials=arguments.trials,
        seed=draw_seed(arguments.seed),
        threads=arguments.threads,
    )
    print(done.to_json() if arguments.json else text(done))
    return INTERRUPTED if done.interrupted else FINE


def text(done: Rival) -> str:
    """Give the table for people."""
    head = ("zeros kept: situation", "visits", "failed", "of visits", "key exchanges", "of an exchange", "95% interval")
    parts = [
        f"A visit is {done.connections} connections one after the other, or those up to the first that fails.",
        render.table(head, [_cells(visit) for visit in done.visits]),
    ]
    if done.interrupted:
        parts.append("Interrupted: these are the trials that were done until then.")
    return "\n\n".join(parts)


def _cells(visit: Visit) -> tuple[str, ...]:
    result = visit.result
    low, high = visit.interval_of_an_exchange() if result.trials else (0.0, 1.0)
    return (
        f"{visit.defect}: {visit.situation}",
        str(result.trials),
        str(result.failures),
        render.odds(result.rate),
        str(visit.exchanges),
        render.odds(visit.rate_of_an_exchange),
        f"{low:.5f} to {high:.5f}",
    )
