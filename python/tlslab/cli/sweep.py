"""``tlslab sweep``."""

from __future__ import annotations

import argparse
from typing import Any

from tlslab.axes import COMBINATIONS
from tlslab.behaviour import Client, Server
from tlslab.cli import options
from tlslab.cli.codes import FINE, INTERRUPTED
from tlslab.errors import BehaviourError, RunError
from tlslab.experiment import CHOICES
from tlslab.sweep import sweep

__all__ = ["EXAMPLE", "SUMMARY", "add_options", "add_tasks", "of_tasks", "run"]

SUMMARY = "run an experiment for each combination of knobs, groups and scenarios, and print the table"
EXAMPLE = (
    "tlslab sweep --vary ems=off,on --vary server.premaster_zeros=strip,keep --groups modp768,modp1024 \\\n"
    "    --trials 2000 --seed 1"
)


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_tasks(command)
    options.add_trials(command, default=10_000)
    options.add_seed(command)
    command.add_argument(
        "--fidelity", choices=CHOICES, default="auto", help="how trials are run (default: %(default)s)"
    )
    command.add_argument("--max-failures", type=int, metavar="N", help="stop a cell at its so-many-th failure")
    command.add_argument("--precision", type=float, metavar="SHARE", help="stop a cell once its rate is so well known")
    command.add_argument("--path", metavar="FILE", help="keep what is done there, and go on from what it has")
    options.add_json(command)


def add_tasks(command: argparse.ArgumentParser) -> None:
    """Add the options that say what is run."""
    options.add_client(command)
    options.add_server(command)
    command.add_argument(
        "--vary",
        action="append",
        default=[],
        metavar="KNOB=V,V,...",
        help="a knob, client.NAME, server.NAME or NAME of both, and its values, whose lists are joined by +",
    )
    command.add_argument(
        "--combine",
        choices=COMBINATIONS,
        default="grid",
        help="each value with each of the others, or in lockstep (default: %(default)s)",
    )
    command.add_argument("--groups", metavar="NAME,...", help="groups, one after the other as the server's only one")
    command.add_argument(
        "--scenario",
        action="append",
        metavar="NAME",
        help="full, resume, ftps, or @FILE.json; may be given several times (default: full)",
    )
    options.add_signatures(command)


def of_tasks(arguments: argparse.Namespace) -> dict[str, Any]:
    """Give what the options say is run, as the keywords of :func:`tlslab.tasks`."""
    return {
        "client": options.client(arguments),
        "server": options.server(arguments),
        "knobs": dict(_varied(text) for text in arguments.vary),
        "combine": arguments.combine,
        "groups": None if arguments.groups is None else arguments.groups.split(","),
        "scenario": [options.scenario_of(text) for text in arguments.scenario or ["full"]],
        "signatures": arguments.signatures,
    }


def run(arguments: argparse.Namespace) -> int:
    """Run the cells."""
    done = sweep(
        **of_tasks(arguments),
        trials=arguments.trials,
        seed=arguments.seed,
        fidelity=arguments.fidelity,
        max_failures=arguments.max_failures,
        precision=arguments.precision,
        path=arguments.path,
        workers=arguments.threads,
    )
    print(done.to_json() if arguments.json else done.show())
    return INTERRUPTED if done.interrupted else FINE


def _varied(text: str) -> tuple[str, list[Any]]:
    """Give a knob and its values from ``KNOB=V,V``."""
    name, equals, values = text.partition("=")
    if not equals or not values:
        raise RunError(f"--vary is KNOB=V,V,... and not {text!r}")
    return name, [_value(name, value) for value in values.split(",")]


def _value(name: str, text: str) -> Any:  # noqa: ANN401 - as the knob has it
    side, dot, knob = name.rpartition(".")
    last: BehaviourError | None = None
    for one in (Client, Server):
        if dot and one.side != side:
            continue
        try:
            return getattr(one.from_assignments(f"{knob}={text}"), knob)
        except BehaviourError as error:
            last = error
    raise last or BehaviourError(f"{name}: a knob is client.NAME, server.NAME, or NAME of both")
