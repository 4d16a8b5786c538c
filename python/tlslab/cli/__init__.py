"""The command line, ``tlslab``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from tlslab._tlslab import __version__
from tlslab.cli import (
    attack,
    bench,
    check,
    collect,
    commands,
    diagnose,
    ftp,
    fuzz,
    look_alikes,
    mitigate,
    options,
    pictures,
    probe,
    rival,
    sweep,
    verify,
    windows,
)
from tlslab.cli.codes import FINE, INTERRUPTED, USAGE
from tlslab.errors import TlslabError
from tlslab.experiment import CHOICES, FIDELITIES
from tlslab.peer import STARTTLS

__all__ = ["main", "parser"]


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run the command line.

    Parameters
    ----------
    arguments
        The words after the program's name; by default those of this process.

    Returns
    -------
    int
        The exit code: 0 fine, 1 a defect or failure was found or an attack succeeded, 2 usage or environment error,
        130 interrupted.
    """
    parsed = parser().parse_args(arguments)
    try:
        code: int = parsed.run(parsed)
    except TlslabError as error:
        print(f"tlslab {parsed.command}: {error}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has seen enough. What Python would still flush at its end goes nowhere.
        sys.stderr.close()
        return FINE
    return code


def parser() -> argparse.ArgumentParser:
    """Give the parser of the whole command line."""
    whole = argparse.ArgumentParser(
        prog="tlslab", description="A scriptable lab for TLS 1.0 to 1.2: simulate, measure, connect, serve."
    )
    whole.add_argument("--version", action="version", version=f"tlslab {__version__}")
    subparsers = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, run: Callable[[argparse.Namespace], int], summary: str, example: str) -> argparse.ArgumentParser:
        return options.add_command(subparsers, name, run, summary, example)

    reproduce = add(
        "reproduce",
        commands.run_reproduce,
        "reproduce the causes of KB4528489: before the update, after it, and with each remedy",
        "tlslab reproduce",
    )
    options.add_trials(reproduce, default=20_000)
    reproduce.add_argument(
        "--class-trials",
        type=int,
        default=1_000_000,
        metavar="N",
        help="how many trials by classes (default: %(default)s)",
    )
    reproduce.add_argument("--seed", type=int, default=1, metavar="N", help="the seed (default: %(default)s)")
    options.add_json(reproduce)

    handshake = add(
        "handshake",
        commands.run_handshake,
        "run one connection in memory, or a scenario, and show the messages",
        "tlslab handshake --client ems=off --server ems=off,premaster_zeros=keep --seed 7",
    )
    options.add_client(handshake)
    options.add_server(handshake)
    options.add_seed(handshake)
    options.add_scenario(handshake)
    handshake.add_argument("--edits", metavar="FILE", help="a JSON list of edits to what either side sends")
    options.add_capture(handshake)
    pictures.add_svg(handshake)
    _add_verbose(handshake)
    options.add_json(handshake)

    run = add(
        "run",
        commands.run_experiment,
        "run many trials and count how they end",
        "tlslab run --client ems=off --server ems=off,premaster_zeros=keep --trials 20000 --seed 1",
    )
    options.add_client(run)
    options.add_server(run)
    options.add_experiment(run)
    options.add_trials(run, default=10_000)
    options.add_seed(run)
    run.add_argument(
        "--fidelity",
        choices=CHOICES,
        default="auto",
        help="how trials are run: byte for byte, by classes, or as a census of classes (default: %(default)s)",
    )
    run.add_argument("--kernel", choices=["portable", "avx2", "ifma"], help="the batch engine's (default: the fastest)")
    run.add_argument(
        "--memory-budget",
        type=int,
        default=64,
        metavar="MIB",
        help="what the batch engine's tables may take (default: %(default)s MiB)",
    )
    run.add_argument("--max-failures", type=int, metavar="N", help="stop at the so-many-th failure")
    run.add_argument(
        "--precision", type=float, metavar="SHARE", help="stop once the rate is known to this share of it, such as 0.1"
    )
    run.add_argument("--seconds", type=float, metavar="S", help="stop after so much time")
    run.add_argument("--bundle", metavar="FOLDER", help="write a folder for a paper, which tlslab verify checks")
    run.add_argument("--digest", action="store_true", help="compute a SHA-256 over all bytes of all trials")
    pictures.add_plot(run)
    options.add_json(run)

    sweep.add_options(add("sweep", sweep.run, sweep.SUMMARY, sweep.EXAMPLE))
    collect.add_options(add("collect", collect.run, collect.SUMMARY, collect.EXAMPLE))
    collect.add_combine_options(add("combine", collect.run_combine, collect.COMBINE_SUMMARY, collect.COMBINE_EXAMPLE))

    verify.add_options(add("verify", verify.run, verify.SUMMARY, verify.EXAMPLE))

    look_alikes.add_options(add("look-alikes", look_alikes.run, look_alikes.SUMMARY, look_alikes.EXAMPLE))

    rival.add_options(add("rival", rival.run, rival.SUMMARY, rival.EXAMPLE))

    mitigation = add("mitigate", mitigate.run, mitigate.SUMMARY, mitigate.EXAMPLE)
    mitigate.add_options(mitigation)
    options.add_json(mitigation)

    diagnose.add_options(add("diagnose", diagnose.run, diagnose.SUMMARY, diagnose.EXAMPLE))

    replay = add(
        "replay",
        commands.run_replay,
        "run one trial of an experiment again, byte for byte",
        "tlslab replay --client ems=off --server ems=off,premaster_zeros=keep --seed 1 --trial 340",
    )
    options.add_client(replay)
    options.add_server(replay)
    options.add_experiment(replay)
    options.add_seed(replay)
    replay.add_argument("--trial", type=int, required=True, metavar="N", help="the trial's index")
    replay.add_argument(
        "--fidelity",
        choices=FIDELITIES,
        default="wire",
        help="that of the run: a census has trials of its own (default: %(default)s)",
    )
    replay.add_argument(
        "--result", metavar="FILE", help="the JSON of a run: its behaviours, scenario, seed and fidelity"
    )
    options.add_capture(replay)
    pictures.add_svg(replay)
    _add_verbose(replay)
    options.add_json(replay)

    connect = add(
        "connect",
        commands.run_connect,
        "connect to a real server",
        "tlslab connect 127.0.0.1:4433 --client ems=off --data hello\n"
        "  printf 'GET / HTTP/1.0\\r\\n\\r\\n' | tlslab connect 127.0.0.1:4433 --sni localhost --data -\n"
        "  tlslab connect 127.0.0.1:25 --starttls smtp",
    )
    connect.add_argument("address", metavar="HOST:PORT", help="the server")
    options.add_client(connect)
    connect.add_argument("--sni", metavar="NAME", help="the server's name, as the knob server_name")
    connect.add_argument(
        "--starttls",
        choices=STARTTLS,
        help="ask for TLS in this protocol; ftp also logs in and transfers",
    )
    connect.add_argument(
        "--renegotiate", type=int, default=0, metavar="N", help="renegotiate N times once the handshake is done"
    )
    connect.add_argument(
        "--data", default="", metavar="TEXT", help="what to send once the handshake is done; - for what is on stdin"
    )
    connect.add_argument(
        "--receive",
        type=int,
        metavar="N",
        help="how many bytes to wait for then (default: as many as were sent)",
    )
    connect.add_argument(
        "--chosen-zeros",
        type=int,
        choices=range(3),
        metavar="N",
        help="over DHE, choose the exponent so that Z has exactly N leading zero bytes, 0 to 2",
    )
    connect.add_argument(
        "--cert", metavar="FILE", help="the client's certificate chain, PEM, for a server that asks for one"
    )
    connect.add_argument("--key", metavar="FILE", help="its private key, PEM")
    connect.add_argument("--session-in", metavar="FILE", help="the session to resume, as --session-out wrote it")
    connect.add_argument(
        "--session-out", metavar="FILE", help="where to write what can be resumed; it holds the master secret"
    )
    ftp.add_connect(connect)
    options.add_capture(connect)
    pictures.add_svg(connect)
    _add_timeout(connect, default=10.0)
    options.add_seed(connect)
    _add_verbose(connect)
    options.add_json(connect)

    serve = add(
        "serve",
        commands.run_serve,
        "serve real clients, until interrupted",
        "tlslab serve --port 4433 --server ems=off,premaster_zeros=keep\n"
        "  tlslab serve --starttls smtp --mode talk\n"
        "  tlslab serve --mode http --cert rsa.pem --key rsa.key --cert ec.pem --key ec.key --connections 100",
    )
    serve.add_argument("--host", default="127.0.0.1", metavar="H", help="where to listen (default: %(default)s)")
    serve.add_argument("--port", type=int, default=0, metavar="N", help="the port; 0 picks one (default)")
    serve.add_argument("--starttls", choices=STARTTLS, help="clients ask for TLS in this protocol")
    serve.add_argument(
        "--mode",
        choices=["echo", "talk", "http", "ftp"],
        default="echo",
        help="what to answer: the same, as the protocol of --starttls has it, a page that describes the connection, "
        "or FTP (default: %(default)s)",
    )
    serve.add_argument(
        "--cert",
        metavar="FILE",
        action="append",
        default=[],
        help="a certificate chain, PEM; twice for one of RSA and one of ECDSA; the lab's own if left out",
    )
    serve.add_argument(
        "--key", metavar="FILE", action="append", default=[], help="its private key, PEM; as often as --cert"
    )
    ftp.add_serve(serve)
    options.add_capture(serve)
    options.add_server(serve)
    _add_timeout(serve, default=60.0)
    _add_limits(serve)
    options.add_seed(serve)
    options.add_json(serve)

    check.add_options(add("check", check.run, check.SUMMARY, check.EXAMPLE))
    probe.add_options(add("probe", probe.run, probe.SUMMARY, probe.EXAMPLE))
    fuzz.add_options(add("fuzz", fuzz.run, fuzz.SUMMARY, fuzz.EXAMPLE))

    vectors = add(
        "vectors",
        commands.run_vectors,
        "print known-answer tests as JSON, in the manner of Wycheproof",
        "tlslab vectors --seed 1 > vectors.json",
    )
    vectors.add_argument("--seed", type=int, default=1, metavar="N", help="the seed (default: %(default)s)")

    bench.add_options(add("bench", bench.run, bench.SUMMARY, bench.EXAMPLE))

    knobs = add("knobs", commands.run_knobs, "list the knobs of a side", "tlslab knobs server")
    knobs.add_argument("side", choices=["client", "server"])
    options.add_json(knobs)

    windows.add_commands(
        add(
            "windows",
            windows.run_list,
            "Windows as KB4528489 describes it: platforms, updates, profiles, symptoms",
            'tlslab windows show "Windows 10 1903"',
        )
    )
    attack.add_commands(add("attack", attack.run, attack.SUMMARY, attack.EXAMPLE))
    return whole


def _add_timeout(command: argparse.ArgumentParser, *, default: float) -> None:
    command.add_argument(
        "--timeout",
        type=float,
        default=default,
        metavar="SECONDS",
        help="how long a connection may take (default: %(default)s)",
    )


def _add_limits(serve: argparse.ArgumentParser) -> None:
    group = serve.add_argument_group("limits")
    group.add_argument(
        "--handshake-timeout",
        type=float,
        default=10.0,
        metavar="SECONDS",
        help="how long a first handshake may take (default: %(default)s)",
    )
    group.add_argument(
        "--idle-timeout",
        type=float,
        default=30.0,
        metavar="SECONDS",
        help="how long a connection may be silent (default: %(default)s)",
    )
    group.add_argument(
        "--max-bytes",
        type=int,
        default=256 << 20,
        metavar="N",
        help="how many bytes a client may send on one connection (default: %(default)s)",
    )
    group.add_argument(
        "--max-connections",
        type=int,
        default=64,
        metavar="N",
        help="how many connections go on at the same time (default: %(default)s)",
    )
    group.add_argument("--connections", type=int, metavar="N", help="stop after so many connections")


def _add_verbose(command: argparse.ArgumentParser) -> None:
    command.add_argument("--verbose", "-v", action="store_true", help="show the fields and bytes of each message")
