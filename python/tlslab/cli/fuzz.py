"""``tlslab fuzz``."""

from __future__ import annotations

import argparse
import json

from tlslab import fuzz
from tlslab.cli import options, seeded
from tlslab.cli.codes import FAILURE, FINE, INTERRUPTED
from tlslab.errors import RunError

__all__ = ["EXAMPLE", "SUMMARY", "add_options", "run"]

SUMMARY = "make up scenarios, and look for one that an oracle objects to; exit 1 if there is any"
EXAMPLE = "tlslab fuzz --server ems=off,premaster_zeros=keep --seconds 10 --seed 1 --folder found"


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options of ``tlslab fuzz``."""
    options.add_client(command)
    options.add_server(command)
    command.add_argument("--seconds", type=float, metavar="S", help="how long")
    command.add_argument("--trials", type=int, metavar="N", help="how many inputs (default: 10,000, or --seconds)")
    command.add_argument("--oracles", metavar="NAME+NAME", help="which oracles judge (default: all)")
    command.add_argument("--any-knobs", action="store_true", help="set any knob to any value: a search for panics")
    command.add_argument("--threads", type=int, metavar="N", help="threads (default: one for each processor)")
    command.add_argument("--folder", metavar="DIR", help="keep findings and corpus there, and begin with its corpus")
    command.add_argument("--connect", metavar="HOST:PORT", help="try a real server, whose profile --server is")
    command.add_argument("--exec", metavar="COMMAND", help="start one, and again where it ends: './server {port}'")
    command.add_argument("--findings", type=int, metavar="N", help="stop after so many findings")
    command.add_argument("--replay", metavar="FILE", help="run the input of a finding again, and show what happens")
    command.add_argument("--seeded", metavar="NAME", help="look for a seeded bug, or for all: how long it takes")
    command.add_argument("--seeds", type=int, default=1, metavar="N", help="with how many seeds (default: 1)")
    command.add_argument("--export", metavar="OUT", help="write what each side sends in --folder's corpus as raw seeds")
    command.add_argument("--list-oracles", action="store_true", help="list the oracles and their rules")
    options.add_seed(command)
    options.add_json(command)


def run(arguments: argparse.Namespace) -> int:
    """Run a campaign, or one of its inputs again."""
    if arguments.list_oracles:
        for oracle in fuzz.oracles():
            print(f"{oracle.name:24}{oracle.rule}")
        return FINE
    if arguments.replay is not None:
        return _replay(arguments)
    if arguments.seeded is not None:
        return _seeded(arguments)
    if arguments.export is not None:
        return _export(arguments)
    found = fuzz.campaign(
        client=options.client(arguments),
        server=options.server(arguments),
        oracles=None if arguments.oracles is None else arguments.oracles.split("+"),
        any_knobs=arguments.any_knobs,
        trials=arguments.trials,
        seconds=arguments.seconds,
        findings=arguments.findings,
        seed=arguments.seed,
        threads=arguments.threads,
        folder=arguments.folder,
        peer=arguments.connect,
        command=arguments.exec,
    )
    print(json.dumps(found.to_dict()) if arguments.json else _render(found))
    if found.interrupted:
        return INTERRUPTED
    return FAILURE if found.findings else FINE


def _seeded(arguments: argparse.Namespace) -> int:
    first = 1 if arguments.seed is None else arguments.seed
    seeds = range(first, first + arguments.seeds)
    hunts = [
        seeded.hunt(bug, seeds, seconds=arguments.seconds, threads=arguments.threads)
        for bug in seeded.bugs(arguments.seeded)
    ]
    if arguments.json:
        found = {hunt.bug.name: [campaign.to_dict() for campaign in hunt.found] for hunt in hunts}
        print(json.dumps({"seeds": len(seeds), "found": found}))
    else:
        print(seeded.table(hunts))
    return FINE if all(hunt.succeeded for hunt in hunts) else FAILURE


def _replay(arguments: argparse.Namespace) -> int:
    again = fuzz.replay(arguments.replay)
    if arguments.json:
        connections = [connection.to_dict() for connection in again.connections]
        print(json.dumps({"objections": dict(again.objections), "connections": connections}))
    else:
        for connection in again.connections:
            print(connection.ladder())
        for oracle, what in again.objections.items():
            print(f"{oracle}: {what}")
    return FAILURE if again.objections else FINE


def _export(arguments: argparse.Namespace) -> int:
    if arguments.folder is None:
        raise RunError("--export takes the corpus of --folder; give both")
    seeds = fuzz.export(arguments.folder, arguments.export)
    print(json.dumps({"seeds": seeds}) if arguments.json else f"{seeds} seeds in {arguments.export}")
    return FINE


def _render(found: fuzz.Campaign) -> str:
    lines = [
        f"{found.executions:,} inputs, {found.per_second:,.0f} a second, seed {found.seed}; "
        f"{found.established:.0%} established in their first connection, {found.features:,} features, "
        f"{len(found.corpus):,} inputs in the corpus"
    ]
    if found.reached:
        reached = [f"{name} {count / found.executions:.0%}" for name, count in found.reached.items()]
        lines.append(f"how far inputs got: {', '.join(reached)}")
    for finding in found.findings:
        lines += ["", f"{finding.oracle}: {finding.what}", f"  rule: {finding.rule}", f"  input {finding.execution:,}"]
        if finding.file is not None:
            lines.append(f"  again: tlslab fuzz --replay {finding.file}")
        else:
            lines.append(f"  {json.dumps(finding.input)}")
    if not found.findings:
        lines.append("no oracle has objected")
    return "\n".join(lines)
