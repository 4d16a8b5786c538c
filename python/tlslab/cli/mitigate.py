"""``tlslab mitigate`` and ``tlslab windows mitigate``."""

from __future__ import annotations

import argparse

from tlslab.causes import CAUSES, cause
from tlslab.cli import options, render
from tlslab.cli.codes import FAILURE, FINE, INTERRUPTED
from tlslab.mitigation import Attempt, Mitigation, mitigate
from tlslab.result import Result

__all__ = ["EXAMPLE", "SUMMARY", "WINDOWS_EXAMPLE", "WINDOWS_SUMMARY", "add_options", "add_windows_options", "run"]

SUMMARY = "try the remedies of KB4528489 on two sides, each as an experiment"
EXAMPLE = "tlslab mitigate --client ems=off --server ems=off,premaster_zeros=keep,groups=modp1024 --seed 1"
WINDOWS_SUMMARY = "try the remedies of KB4528489 on a Windows client and a peer of one of its causes"
WINDOWS_EXAMPLE = 'tlslab windows mitigate "Windows 10 1903" --cause 2a --trials 100 --seed 1'


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options of ``tlslab mitigate``."""
    options.add_client(command)
    options.add_server(command)
    options.add_scenario(command)
    _add_run(command)


def add_windows_options(command: argparse.ArgumentParser) -> None:
    """Add the options of ``tlslab windows mitigate``, but for ``--json``."""
    command.add_argument("name", metavar="NAME", help="the platform's name")
    options.add_updated(command)
    command.add_argument(
        "--cause",
        choices=[one.name for one in CAUSES],
        default="1",
        help="whose peer and scenario (default: %(default)s); letters are readings of one cause",
    )
    _add_run(command)


def run(arguments: argparse.Namespace) -> int:
    """Try the remedies on two sides."""
    tried = mitigate(
        options.client(arguments),
        options.server(arguments),
        scenario=options.scenario(arguments),
        trials=arguments.trials,
        seed=arguments.seed,
        threads=arguments.threads,
    )
    return _show(tried, arguments)


def run_windows(arguments: argparse.Namespace) -> int:
    """Try the remedies on a Windows client."""
    updated = arguments.updated is not False
    experiment = cause(arguments.cause).experiment(updated=updated, platform=arguments.name)
    tried = mitigate(
        experiment.client,
        experiment.server,
        scenario=experiment.scenario,
        trials=arguments.trials,
        seed=arguments.seed,
        threads=arguments.threads,
    )
    return _show(tried, arguments)


def text(tried: Mitigation) -> str:
    """Give the remedies as a table for people, with what they cost."""
    rows = [("none", *_rate(tried.before), "", _failure(tried.before))]
    rows += [
        (one.remedy.what, *_rate(one.result), one.verdict, "" if one.result is None else _failure(one.result))
        for one in tried.attempts
    ]
    head = ("remedy", "trials", "failures", "observed", "95% interval", "verdict", "failure")
    parts = [render.table(head, rows)]
    told = [_told(one) for one in tried.attempts if one.costs or one.reason]
    if told:
        parts.append("What it takes and costs\n" + "\n".join(told))
    parts.append(_advice(tried))
    return "\n\n".join(parts)


def _show(tried: Mitigation, arguments: argparse.Namespace) -> int:
    print(tried.to_json() if arguments.json else text(tried))
    if tried.interrupted:
        return INTERRUPTED
    return FINE if tried.repairs or not tried.before.failures else FAILURE


def _add_run(command: argparse.ArgumentParser) -> None:
    options.add_trials(command, default=8192)
    options.add_seed(command)


def _rate(result: Result | None) -> tuple[str, str, str, str]:
    if result is None or not result.trials:
        return ("", "", "", "")
    low, high = result.interval()
    return (str(result.trials), str(result.failures), render.odds(result.rate), f"{low:.5f} to {high:.5f}")


def _failure(result: Result) -> str:
    return ", ".join(render.failures(result))


def _told(one: Attempt) -> str:
    lines = [one.reason] if one.reason else one.costs
    return "".join([f"  {one.remedy.what} ({one.remedy.source})", *(f"\n    {line}" for line in lines)])


def _advice(tried: Mitigation) -> str:
    if tried.interrupted:
        return "Interrupted: these are the trials that were done until then."
    if not tried.before.failures:
        return "Nothing failed without a remedy, so there is nothing to repair."
    if not tried.repairs:
        undecided = any(attempt.verdict == "undecided" for attempt in tried.attempts)
        return "Whether any remedy repairs it takes more trials." if undecided else "No remedy repairs it."
    first, *others = (attempt.remedy.what for attempt in tried.repairs)
    return f"Repaired by: {first}" + "".join(f"; else {other}" for other in others) + "."
