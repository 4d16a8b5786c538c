"""The commands: each reads its options, calls the package, prints, and gives an exit code."""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from tlslab.archive import load
from tlslab.behaviour import knobs as list_knobs
from tlslab.capture import Capture
from tlslab.cli import ftp, options, pictures, render
from tlslab.cli.codes import FAILURE, FINE, INTERRUPTED
from tlslab.connection import Connection, handshake
from tlslab.errors import BundleError, RunError
from tlslab.experiment import Experiment
from tlslab.numbers import draw_seed
from tlslab.peer import Serving, connect, serve
from tlslab.reproduce import reproduce
from tlslab.result import Result
from tlslab.vectors import vectors

# How many bytes a server keeps of a connection: of one that is captured, as many as of any that is recorded.
_KEPT_BYTES = 64 << 10
_CAPTURED_BYTES = 4 << 20


def run_reproduce(arguments: argparse.Namespace) -> int:
    """Reproduce KB4528489."""
    done = reproduce(
        trials=arguments.trials,
        class_trials=arguments.class_trials,
        seed=draw_seed(arguments.seed),
        threads=arguments.threads,
    )
    print(json.dumps(done.to_dict()) if arguments.json else render.reproduction(done))
    if done.interrupted:
        return INTERRUPTED
    return FINE if done.ok else FAILURE


def run_handshake(arguments: argparse.Namespace) -> int:
    """Run one connection in memory, or those of a scenario."""
    client, server, edits = options.client(arguments), options.server(arguments), options.edits(arguments)
    scenario = options.scenario(arguments)
    if edits and scenario != "full":
        raise RunError("--edits is for a single connection; those of a scenario stand in its connections")
    seed = draw_seed(arguments.seed)
    with options.capture(arguments) as capture:
        if scenario == "full":
            connections = [handshake(client, server, seed=seed, edits=edits)]
        else:
            connections = Experiment(client, server, scenario=scenario, signatures="real").replay_all(seed, 0)
        capture.add(connections)
    if scenario == "full":
        return _show_connection(connections[0], arguments)
    _show_connections(connections, {"seed": str(seed)}, arguments)
    return FINE if connections[-1].outcome.succeeded else FAILURE


def run_experiment(arguments: argparse.Namespace) -> int:
    """Run an experiment."""
    if arguments.bundle is not None and Path(arguments.bundle).exists():
        raise BundleError(f"{arguments.bundle} exists already; a bundle is a new folder")
    with pictures.plotting(arguments.plot) as plot:
        result = _experiment(arguments).run(
            arguments.trials,
            seed=arguments.seed,
            fidelity=arguments.fidelity,
            threads=arguments.threads,
            digest=arguments.digest,
            kernel=arguments.kernel,
            memory_budget=arguments.memory_budget << 20,
            max_failures=arguments.max_failures,
            precision=arguments.precision,
            seconds=arguments.seconds,
        )
        if arguments.bundle is not None:
            result.to_bundle(arguments.bundle)
        print(result.to_json() if arguments.json else render.result(result))
        plot(result)
    return INTERRUPTED if result.stopped_by == "interrupted" else FINE


def run_replay(arguments: argparse.Namespace) -> int:
    """Run one trial again."""
    if arguments.result is not None:
        experiment, seed, fidelity = _experiment_of_result(arguments.result)
    elif arguments.seed is None:
        raise RunError("a trial is named by its seed and index: give --seed, or --result with a run's JSON")
    else:
        experiment, seed, fidelity = _experiment(arguments), arguments.seed, arguments.fidelity
    with options.capture(arguments) as capture:
        connections = experiment.replay_all(seed, arguments.trial, fidelity=fidelity)
        capture.add(connections)
    _show_connections(connections, {"seed": str(seed), "trial": arguments.trial}, arguments)
    return FINE


def run_connect(arguments: argparse.Namespace) -> int:
    """Connect to a real server."""
    with options.capture(arguments) as capture:
        connection = _connect(arguments)
        capture.add([connection])
    return _show_connection(connection, arguments)


def _connect(arguments: argparse.Namespace) -> Connection:
    connection = ftp.run_connect(arguments) if ftp.transfers(arguments) else _connect_plainly(arguments)
    if arguments.session_out is not None:
        if connection.session is None:
            print(f"no session was left, and {arguments.session_out} is not written", file=sys.stderr)
        else:
            options.write_session(arguments.session_out, connection.session)
    return connection


def _connect_plainly(arguments: argparse.Namespace) -> Connection:
    if ftp.asks(arguments):
        raise RunError("--list, --retrieve and --store are for --starttls ftp")
    return connect(
        options.named_client(arguments),
        arguments.address,
        starttls=arguments.starttls,
        renegotiations=arguments.renegotiate,
        data=options.data(arguments),
        receive=arguments.receive,
        timeout=arguments.timeout,
        seed=arguments.seed,
        chosen_zeros=arguments.chosen_zeros,
        session=options.session(arguments),
        cert=arguments.cert,
        key=arguments.key,
    )


def run_serve(arguments: argparse.Namespace) -> int:
    """Serve real clients until SIGINT or SIGTERM, or as many as it is to serve."""
    with (
        options.capture(arguments) as capture,
        serve(
            options.server(arguments),
            host=arguments.host,
            port=arguments.port,
            starttls=arguments.starttls,
            mode=arguments.mode,
            files=ftp.files(arguments.files),
            data_sessions=arguments.data_sessions,
            cert=arguments.cert,
            key=arguments.key,
            timeout=arguments.timeout,
            handshake_timeout=arguments.handshake_timeout,
            idle_timeout=arguments.idle_timeout,
            max_bytes=arguments.max_bytes,
            kept_bytes=_CAPTURED_BYTES if capture.wanted else _KEPT_BYTES,
            max_connections=arguments.max_connections,
            connections=arguments.connections,
            seed=arguments.seed,
        ) as serving,
        _stop_signals() as stop,
    ):
        listening = {"listening": serving.address}
        print(json.dumps(listening) if arguments.json else f"listening on {serving.address}", flush=True)
        seen = 0
        while not stop.wait(0.1) and not serving.done:
            seen = _log_connections(serving, seen, capture)
        serving.stop()
        _log_connections(serving, seen, capture)
    return FINE


def run_vectors(arguments: argparse.Namespace) -> int:
    """Print known-answer vectors."""
    print(json.dumps(vectors(seed=arguments.seed), indent=2))
    return FINE


def run_knobs(arguments: argparse.Namespace) -> int:
    """List the knobs of a side."""
    table = list_knobs(arguments.side)
    if arguments.json:
        print(json.dumps(table))
        return FINE
    for knob in table:
        print(f"{knob['name']} = {json.dumps(knob['default'])}\n    {knob['doc']}")
        for choice in _choices(knob["kind"]):
            print(f"    {choice['value']}: {choice['doc']}")
    return FINE


@contextlib.contextmanager
def _stop_signals() -> Iterator[threading.Event]:
    """Give an event that SIGINT and SIGTERM set; afterwards they do what they did before."""
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _choices(kind: dict[str, Any]) -> list[dict[str, str]]:
    """Give the words that a kind of knob takes, in lists and alternatives too."""
    inner = kind.get("of", [])
    choices: list[dict[str, str]] = list(kind.get("values", []))
    for one in inner if isinstance(inner, list) else [inner]:
        choices += _choices(one)
    return choices


def _log_connections(serving: Serving, seen: int, capture: Capture) -> int:
    """Say how the connections ended that have finished since; of those to be captured, all is needed."""
    if not capture.wanted:
        outcomes, seen = serving.outcomes_after(seen)
    else:
        connections, seen = serving.connections_after(seen)
        capture.add(connections)
        outcomes = [connection.outcome for connection in connections]
    for outcome in outcomes:
        print(outcome, file=sys.stderr)
    return seen


def _experiment(arguments: argparse.Namespace) -> Experiment:
    scenario = options.scenario(arguments)
    client, server = options.client(arguments), options.server(arguments)
    return Experiment(client, server, scenario=scenario, signatures=arguments.signatures)


def _experiment_of_result(path: str) -> tuple[Experiment, int, str]:
    """Give the experiment, the seed and the fidelity of a run's JSON, or of a saved result."""
    try:
        result = load(path)
    except BundleError as error:
        raise RunError(f"{path} is no JSON of `tlslab run --json`: {error}") from error
    if not isinstance(result, Result):
        raise RunError(f"{path} has several results; --result takes one")
    return result.experiment, result.seed, result.fidelity


def _show_connection(connection: Connection, arguments: argparse.Namespace) -> int:
    _draw(connection, arguments)
    if arguments.json:
        document = connection.to_dict()
        if arguments.command == "connect":
            document["received"] = connection.received.decode(errors="replace")
        print(json.dumps(document))
    elif connection.dialogue:
        print(ftp.show(connection))
    else:
        print(_ladder(connection, arguments.verbose))
        if connection.note:
            print(connection.note)
        if connection.received:
            print(f"received: {connection.received.decode(errors='replace')}")
    return FAILURE if connection.outcome.failed else FINE


def _show_connections(connections: list[Connection], names: dict[str, Any], arguments: argparse.Namespace) -> None:
    _draw(connections[-1], arguments)
    if arguments.json:
        print(json.dumps({**names, "connections": [connection.to_dict() for connection in connections]}))
    else:
        print("\n\n".join(_ladder(connection, arguments.verbose) for connection in connections))


def _draw(connection: Connection, arguments: argparse.Namespace) -> None:
    if arguments.svg is not None:
        connection.to_svg(arguments.svg)


def _ladder(connection: Connection, verbose: bool) -> str:
    shown = "\n\n".join(message.show() for message in connection.messages) + "\n\n" if verbose else ""
    return shown + connection.ladder() + f"\nseed {connection.seed}"
