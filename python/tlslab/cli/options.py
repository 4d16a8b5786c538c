"""Options that several commands share."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tlslab import windows
from tlslab.behaviour import Behaviour, Client, Server
from tlslab.capture import Capture
from tlslab.errors import BehaviourError, RunError
from tlslab.files import WholeFile
from tlslab.session import Session

if TYPE_CHECKING:
    # Generic for the type checker alone, and private.
    _SubParsers = argparse._SubParsersAction[argparse.ArgumentParser]

_Side = TypeVar("_Side", bound=Behaviour)


def add_command(
    subparsers: _SubParsers, name: str, run: Callable[[argparse.Namespace], int], summary: str, example: str
) -> argparse.ArgumentParser:
    """Add a command, whose help has an example."""
    command = subparsers.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(run=run)
    return command


def add_client(parser: argparse.ArgumentParser) -> None:
    """Add ``--client``."""
    parser.add_argument(
        "--client",
        default="",
        metavar="K=V,...",
        help="how the client acts: knobs, whose lists are joined by + (tlslab knobs client lists them), or @FILE.json, "
        "or windows:NAME[:updated|:before] (tlslab windows list has the names)",
    )


def add_server(parser: argparse.ArgumentParser) -> None:
    """Add ``--server``."""
    parser.add_argument(
        "--server",
        default="",
        metavar="K=V,...",
        help="how the server acts: knobs, whose lists are joined by + (tlslab knobs server lists them), or @FILE.json, "
        "or windows:NAME[:updated|:before] (tlslab windows list has the names)",
    )


def add_seed(parser: argparse.ArgumentParser) -> None:
    """Add ``--seed``."""
    parser.add_argument("--seed", type=int, metavar="N", help="the seed of all randomness; drawn if left out")


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add ``--json``."""
    parser.add_argument("--json", action="store_true", help="print one JSON document on stdout")


def add_scenario(parser: argparse.ArgumentParser) -> None:
    """Add ``--scenario``."""
    parser.add_argument(
        "--scenario", default="full", metavar="NAME", help="full, resume, ftps, or @FILE.json (default: %(default)s)"
    )


def add_trials(parser: argparse.ArgumentParser, *, default: int) -> None:
    """Add ``--trials`` and ``--threads``."""
    parser.add_argument(
        "--trials", type=int, default=default, metavar="N", help="how many trials (default: %(default)s)"
    )
    parser.add_argument(
        "--threads", type=int, default=0, metavar="N", help="how many threads (default: one for each processor)"
    )


def add_updated(parser: argparse.ArgumentParser) -> None:
    """Add ``--updated`` and ``--not-updated``."""
    updated = parser.add_mutually_exclusive_group()
    updated.add_argument(
        "--updated",
        action="store_const",
        const=True,
        help="the updates of the catalogue, or later ones, are installed (default)",
    )
    updated.add_argument(
        "--not-updated", dest="updated", action="store_const", const=False, help="they are not installed"
    )


def add_capture(parser: argparse.ArgumentParser) -> None:
    """Add ``--pcap``, ``--keylog`` and ``--pcap-secrets``."""
    group = parser.add_argument_group("capture")
    group.add_argument("--pcap", metavar="FILE", help="write what crosses as a pcapng file, with TCP around it")
    group.add_argument("--keylog", metavar="FILE", help="write the keys in the format of SSLKEYLOGFILE")
    group.add_argument("--pcap-secrets", action="store_true", help="embed the keys in the pcapng file")


def add_experiment(parser: argparse.ArgumentParser) -> None:
    """Add what makes an experiment, but for the two sides."""
    add_scenario(parser)
    add_signatures(parser)


def add_signatures(parser: argparse.ArgumentParser) -> None:
    """Add ``--signatures``."""
    parser.add_argument(
        "--signatures",
        choices=["simulated", "real"],
        default="simulated",
        help="how ServerKeyExchange is signed (default: %(default)s, by a keyed hash of the same length)",
    )


def joined(text: str | None) -> list[str] | None:
    """Give the items of a list joined by +."""
    return None if text is None else [item for item in text.split("+") if item]


def client(arguments: argparse.Namespace) -> Client:
    """Give the client that the options describe."""
    return _behaviour(Client, arguments.client)


def named_client(arguments: argparse.Namespace) -> Client:
    """Give the client that the options describe, with the server's name of ``--sni``."""
    described = client(arguments)
    return described if arguments.sni is None else described.replace(server_name=arguments.sni)


def data(arguments: argparse.Namespace) -> bytes:
    """Give the text of ``--data``, or what is on stdin."""
    text: str = arguments.data
    return sys.stdin.buffer.read() if text == "-" else text.encode()


def server(arguments: argparse.Namespace) -> Server:
    """Give the server that the options describe."""
    return _behaviour(Server, arguments.server)


def scenario(arguments: argparse.Namespace) -> str:
    """Give the scenario's name, or its JSON."""
    return scenario_of(arguments.scenario)


def scenario_of(text: str) -> str:
    """Give the scenario that a word of the command line names, or the JSON of the file that it names."""
    return read(text[1:]) if text.startswith("@") else text


def capture(arguments: argparse.Namespace) -> Capture:
    """Give what ``--pcap`` and ``--keylog`` write; it is written once its ``with`` block is left."""
    if arguments.pcap_secrets and arguments.pcap is None:
        raise RunError("--pcap-secrets embeds the keys in the file of --pcap, which is not given")
    return Capture(pcap=arguments.pcap, keylog=arguments.keylog, secrets=arguments.pcap_secrets)


def edits(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Give the edits of ``--edits FILE``."""
    if arguments.edits is None:
        return []
    listed = read_json(arguments.edits)
    if not isinstance(listed, list):
        raise RunError(f"{arguments.edits} is no JSON list of edits")
    return listed


def session(arguments: argparse.Namespace) -> Session | None:
    """Give the session of ``--session-in FILE``."""
    if arguments.session_in is None:
        return None
    try:
        return Session.from_json(read(arguments.session_in))
    except RunError as error:
        raise RunError(f"{arguments.session_in}: {error}") from error


def write_session(path: str, session: Session) -> None:
    """Write a session to ``--session-out FILE``, for the owner's eyes alone: it holds a master secret."""
    with WholeFile(path, private=True) as file:
        file.write(session.to_json().encode() + b"\n")


def read(path: str) -> str:
    """Give the text of a file."""
    try:
        return Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"cannot read {path}: {error}") from error


def read_json(path: str) -> Any:  # noqa: ANN401 - whatever the file holds
    """Give what the JSON of a file says."""
    try:
        return json.loads(read(path))
    except json.JSONDecodeError as error:
        raise RunError(f"{path} is not JSON: {error}") from error


def _behaviour(side: type[_Side], text: str) -> _Side:
    if text.startswith("windows:"):
        return side.from_json(getattr(_windows(text), side.side).to_json())
    if not text.startswith("@"):
        return side.from_assignments(text)
    try:
        return side.from_json(read(text[1:]))
    except BehaviourError as error:
        raise BehaviourError(f"{text[1:]}: {error}") from error


def _windows(text: str) -> windows.Profile:
    """Give the profile of ``windows:NAME[:updated|:before]``."""
    _, name, *state = text.split(":", 2)
    states = {"updated": True, "before": False}
    if state and state[0] not in states:
        raise BehaviourError(f"{text}: after the name comes :updated or :before, not {state[0]!r}")
    return windows.profile(name, updated=states[state[0]] if state else None)
