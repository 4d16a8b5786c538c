"""``tlslab windows symptoms``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from tlslab import windows
from tlslab.causes import CAUSES, cause
from tlslab.cli import options
from tlslab.cli.codes import FINE
from tlslab.connection import Outcome
from tlslab.errors import RunError
from tlslab.experiment import Experiment
from tlslab.numbers import draw_seed
from tlslab.remedies import REMEDIES

__all__ = ["EXAMPLE", "SUMMARY", "add_options", "run"]

SUMMARY = "show what a Windows shows when a connection ended so, or when it fails by a cause of KB4528489"
EXAMPLE = """tlslab windows symptoms --outcome alert:bad_record_mac:server --side client
  tlslab windows symptoms --cause 2a --seed 1
  tlslab windows symptoms --cause 2a --remedy certificate --seed 1"""


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options of the command, but for ``--json``."""
    command.add_argument(
        "--outcome",
        metavar="OUTCOME",
        help="a label such as alert:bad_record_mac:server, or a file with the JSON of an outcome or a connection; "
        "without it a trial is run, and its last connection is looked at",
    )
    command.add_argument(
        "--side", choices=["client", "server"], default="client", help="which side the Windows is (default: client)"
    )
    command.add_argument(
        "--lang", choices=["en", "ja"], default="en", help="the language, where the article has it (default: en)"
    )
    command.add_argument(
        "--cause",
        choices=[one.name for one in CAUSES],
        help="run a Windows client and the peer of a cause; letters are readings of one cause",
    )
    options.add_updated(command)
    options.add_client(command)
    options.add_server(command)
    options.add_scenario(command)
    command.add_argument(
        "--remedy", choices=[remedy.name for remedy in REMEDIES], help="what is done about it (tlslab mitigate)"
    )
    options.add_seed(command)
    command.add_argument("--trial", type=int, default=0, metavar="N", help="the trial's index (default: %(default)s)")


def run(arguments: argparse.Namespace) -> int:
    """Show what a Windows shows."""
    outcome = _run(arguments) if arguments.outcome is None else _given(arguments.outcome)
    found = windows.symptoms(outcome, arguments.side, lang=arguments.lang)
    if arguments.json:
        print(json.dumps([symptom.to_dict() for symptom in found]))
        return FINE
    if isinstance(outcome, Outcome):
        print(f"the connection ended so: {outcome}")
    if not found:
        print("nothing: the connection did not fail")
    for symptom in found:
        number = f" {symptom.event}" if symptom.event else ""
        language = f", {symptom.lang} only" if symptom.lang != arguments.lang else ""
        print(f"{symptom.kind}{number}: {symptom.text} ({symptom.source}{language})")
        if symptom.assumption:
            print(f"    assumed: {symptom.assumption}")
    return FINE


def _run(arguments: argparse.Namespace) -> Outcome:
    """Run one trial, and give how its last connection ended."""
    experiment = _experiment(arguments)
    for remedy in REMEDIES:
        if remedy.name == arguments.remedy:
            experiment = remedy.apply(experiment)
    return experiment.replay(draw_seed(arguments.seed), arguments.trial).outcome


def _experiment(arguments: argparse.Namespace) -> Experiment:
    given = arguments.client or arguments.server
    if arguments.cause is None and not given:
        raise RunError("give an --outcome, a --cause, or a --client and a --server")
    if arguments.cause is None:
        scenario = options.scenario(arguments)
        return Experiment(options.client(arguments), options.server(arguments), scenario=scenario)
    if given:
        raise RunError("a --cause has both sides, so --client and --server go without one")
    return cause(arguments.cause).experiment(updated=arguments.updated is not False)


def _given(outcome: str) -> str:
    """Give a label, or the JSON of the outcome in a file: of an outcome alone, or of a connection."""
    if not (outcome.endswith(".json") or Path(outcome).is_file()):
        return outcome
    document = options.read_json(outcome)
    if not isinstance(document, dict):
        raise RunError(f"{outcome} is no JSON of an outcome")
    return json.dumps(document.get("outcome", document))
