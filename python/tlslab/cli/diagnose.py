"""``tlslab diagnose``."""

from __future__ import annotations

import argparse
import sys

from tlslab.cli import options
from tlslab.cli.codes import FAILURE, FINE
from tlslab.diagnose import Diagnosis, Explanation, Observation, diagnose

__all__ = ["EXAMPLE", "SUMMARY", "add_options", "run"]

SUMMARY = "say what explains failures, by captures, exported events, registry files and counts"
EXAMPLE = "tlslab diagnose --failures 400 --connections 100000"


#: The evidence is given of so many explanations, and so many names in a row, where people read; JSON has them all.
MOST_EXPLAINED, MOST_NAMES = 6, 4


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    command.add_argument(
        "files",
        nargs="*",
        metavar="FILE",
        help="a capture (pcap, pcapng), an export of the Event Viewer (XML, CSV), or a .reg file",
    )
    command.add_argument("--failures", type=int, metavar="N", help="how many connections failed, where it was counted")
    command.add_argument("--connections", type=int, metavar="M", help="how many there were")
    command.add_argument("--keylog", metavar="FILE", help="a key log (SSLKEYLOGFILE) of connections in the captures")
    command.add_argument("--known-good", choices=["client", "server"], help="a side that is known to be without defect")
    options.add_json(command)


def run(arguments: argparse.Namespace) -> int:
    """Diagnose."""
    found = diagnose(
        *arguments.files,
        failures=arguments.failures,
        connections=arguments.connections,
        keylog=arguments.keylog,
        known_good=arguments.known_good,
    )
    for words in found.incomplete:
        print(f"tlslab diagnose: {words}; what comes before is used", file=sys.stderr)
    print(found.to_json() if arguments.json else text(found))
    return FAILURE if found.defect else FINE


def text(found: Diagnosis) -> str:
    """Give the diagnosis for people."""
    parts = [_list("Seen:", found.seen), _verdict(found)]
    brief = len(found.explanations) > MOST_EXPLAINED
    parts.append("\n".join(line for one in found.explanations for line in _explanation(one, brief=brief)))
    parts.append(_list("What would decide:", tuple(map(_observation, found.would_decide))))
    parts.append(_list("What this cannot show:", found.cannot_know if found.explanations else ()))
    return "\n\n".join(part for part in parts if part)


def _verdict(found: Diagnosis) -> str:
    if not found.explanations:
        return "Nothing failed that would have to be explained."
    if not found.undecided:
        return "Explained by:"
    if found.defect:
        return f"A defect, and undecided which: these {len(found.explanations)} cannot be told apart."
    return f"Undecided: these {len(found.explanations)} cannot be told apart."


def _explanation(one: Explanation, *, brief: bool) -> list[str]:
    side = {"client": " (the client is to be repaired)", "server": " (the server is to be repaired)"}
    evidence = () if brief else one.evidence
    return [f"- {one.id}: {one.what}{side.get(one.side or '', '')}", *(f"    {words}" for words in evidence)]


def _observation(one: Observation) -> str:
    return "\n".join([f"{one.what}:", *(f"    {shown}: {_names(names)}" for shown, names in one.shows.items())])


def _names(names: tuple[str, ...]) -> str:
    first = ", ".join(names[:MOST_NAMES])
    return f"{first} and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else first


def _list(title: str, lines: tuple[str, ...]) -> str:
    return "\n".join([title, *(f"- {line}" for line in lines)]) if lines else ""
