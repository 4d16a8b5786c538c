"""``tlslab collect`` and ``tlslab combine``."""

from __future__ import annotations

import argparse

from tlslab.cli import options, sweep
from tlslab.cli.codes import FINE, INTERRUPTED
from tlslab.collect import collect
from tlslab.collection import combine
from tlslab.experiment import CHOICES
from tlslab.tasks import tasks

__all__ = [
    "COMBINE_EXAMPLE",
    "COMBINE_SUMMARY",
    "EXAMPLE",
    "SUMMARY",
    "add_combine_options",
    "add_options",
    "run",
    "run_combine",
]

SUMMARY = "add trials to a file until each task has enough; killed at any moment, it goes on from there"
EXAMPLE = (
    "tlslab collect trials.jsonl --client ems=off --vary server.premaster_zeros=strip,keep --groups modp768 \\\n"
    "    --max-trials 50000 --seed 1"
)
COMBINE_SUMMARY = "put files of tlslab collect together, as those of several machines"
COMBINE_EXAMPLE = "tlslab combine one.jsonl two.jsonl --into all.jsonl"


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options of ``tlslab collect``."""
    command.add_argument("path", metavar="FILE", help="the file that is added to")
    sweep.add_tasks(command)
    command.add_argument("--max-trials", type=int, required=True, metavar="N", help="trials of a task in the end")
    command.add_argument("--max-failures", type=int, metavar="N", help="or so many failures")
    command.add_argument(
        "--precision", type=float, metavar="SHARE", help="or a rate that is so well known, such as 0.1"
    )
    command.add_argument(
        "--threads", type=int, default=0, metavar="N", help="threads (default: one for each processor)"
    )
    command.add_argument(
        "--fidelity", choices=CHOICES, default="auto", help="how trials are run; auto: by classes where that is allowed"
    )
    options.add_seed(command)
    options.add_json(command)


def add_combine_options(command: argparse.ArgumentParser) -> None:
    """Add the options of ``tlslab combine``."""
    command.add_argument("paths", nargs="+", metavar="FILE", help="the files")
    command.add_argument("--into", required=True, metavar="FILE", help="the file to be made")
    options.add_json(command)


def run(arguments: argparse.Namespace) -> int:
    """Collect."""
    done = collect(
        tasks(**sweep.of_tasks(arguments)),
        path=arguments.path,
        max_trials=arguments.max_trials,
        max_failures=arguments.max_failures,
        precision=arguments.precision,
        seed=arguments.seed,
        fidelity=arguments.fidelity,
        workers=arguments.threads,
    )
    print(done.to_json() if arguments.json else done.show())
    return INTERRUPTED if done.interrupted else FINE


def run_combine(arguments: argparse.Namespace) -> int:
    """Put files together."""
    done = combine(arguments.paths, arguments.into)
    print(done.to_json() if arguments.json else done.show())
    return FINE
