"""``tlslab verify``."""

from __future__ import annotations

import argparse
import json

from tlslab._tlslab import __version__
from tlslab.bundle import Verification, verify
from tlslab.cli import options
from tlslab.cli.codes import FAILURE, FINE

__all__ = ["EXAMPLE", "SUMMARY", "add_options", "run"]

SUMMARY = "run the trials of a bundle again, and compare; exit 1 if anything differs"
EXAMPLE = "tlslab run --trials 1000 --seed 1 --bundle paper && tlslab verify paper"


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    command.add_argument("bundle", metavar="FOLDER", help="what Result.to_bundle, or tlslab run --bundle, wrote")
    command.add_argument(
        "--threads", type=int, default=0, metavar="N", help="threads (default: one for each processor)"
    )
    options.add_json(command)


def run(arguments: argparse.Namespace) -> int:
    """Verify a bundle."""
    done = verify(arguments.bundle, threads=arguments.threads)
    print(json.dumps(done.to_dict()) if arguments.json else text(done))
    return FINE if done.same else FAILURE


def text(done: Verification) -> str:
    """Give it for people."""
    result = done.result
    lines = [f"{result.failures} of {result.trials} failed, seed {result.seed}, by tlslab {result.version}"]
    if done.same:
        lines.append(f"the same came out again, by tlslab {__version__}")
    else:
        lines += [f"another result came out, by tlslab {__version__}:", *(f"  {what}" for what in done.differences)]
    return "\n".join(lines)
