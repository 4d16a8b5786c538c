"""``tlslab attack``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from typing import Any

from tlslab.attacks import Attacker, Handshake, TripleHandshake, triple_handshake
from tlslab.cli import options, render
from tlslab.cli.codes import FAILURE, FINE

__all__ = ["EXAMPLE", "SUMMARY", "add_commands"]

SUMMARY = "put an attacker between a client and a server"
EXAMPLE = "tlslab attack triple-handshake --client ems=off,offer_without_ems=offer --server ems=off"


def add_commands(parser: argparse.ArgumentParser) -> None:
    """Add the commands to the parser of ``tlslab attack``."""
    subparsers = parser.add_subparsers(dest="attack_command", required=True, metavar="COMMAND")
    command = options.add_command(
        subparsers,
        "triple-handshake",
        run,
        "run the Triple Handshake attack, which RFC 7627 is against; exit 1 if it succeeds, 0 if it fails",
        "tlslab attack triple-handshake --server ems=off,resume_legacy=resume "
        "--client ems=off,offer_without_ems=offer,renegotiation=secure,certificates=rsa",
    )
    options.add_client(command)
    options.add_server(command)
    for name, choices, about in (
        ("key-exchange", ("rsa", "dhe"), "by which key exchange the attacker makes both premaster secrets the same"),
        ("randoms", ("forward", "own"), "whose randoms it has in handshake 1"),
        ("session", ("forward", "own"), "whose session id or ticket it hands out in handshake 1"),
        ("ems", ("forward", "withhold"), "whether it tells each side that the other knows EMS"),
        ("finished", ("forward", "own"), "whose Finished messages it has in handshake 2"),
    ):
        command.add_argument(f"--{name}", choices=choices, default=choices[0], help=f"{about} (default: %(default)s)")
    command.add_argument("--sends", metavar="TEXT", help="what the attacker says to the server as the client")
    command.add_argument("--client-sends", metavar="TEXT", help="what the client says once it has authenticated")
    command.add_argument(
        "--renegotiates",
        choices=["server", "client"],
        default="server",
        help="who begins handshake 3 (default: %(default)s)",
    )
    command.add_argument(
        "--request-certificate",
        choices=["knob", "never", "full", "after_declined_resumption", "always"],
        help="when the server asks for a certificate in it; knob leaves it to the server's own, as it always is where "
        "the client begins (default: full)",
    )
    options.add_seed(command)
    command.add_argument("--verbose", "-v", action="store_true", help="show the messages of both connections")
    options.add_json(command)


def run(arguments: argparse.Namespace) -> int:
    """Run the attack; an attack that succeeds is a failure found."""
    told: dict[str, Any] = {
        name: getattr(arguments, name) for name in ("key_exchange", "randoms", "session", "ems", "finished")
    }
    if arguments.sends is not None:
        told["sends"] = arguments.sends.encode()
    asked: Any = arguments.request_certificate or ("full" if arguments.renegotiates == "server" else "knob")
    done = triple_handshake(
        options.client(arguments),
        options.server(arguments),
        attacker=Attacker(**told),
        renegotiates=arguments.renegotiates,
        request_certificate=None if asked == "knob" else asked,
        client_sends=None if arguments.client_sends is None else arguments.client_sends.encode(),
        seed=arguments.seed,
    )
    print(done.to_json() if arguments.json else "\n".join(_lines(done, verbose=arguments.verbose)))
    return FAILURE if done.succeeded else FINE


def _lines(done: TripleHandshake, *, verbose: bool) -> Iterator[str]:
    if verbose:
        for number, legs in enumerate(done.connections, 1):
            for side, leg in (("client", legs.client), ("server", legs.server)):
                yield f"connection {number}, at the {side}\n{leg.ladder()}\n"
    yield "the attack succeeded" if done.succeeded else f"the attack failed at {done.failed_at}"
    yield ""
    yield render.table(("step", "reached"), [(step, "yes" if yes else "no") for step, yes in done.steps.items()])
    yield ""
    head = ("handshake", "at the client", "at the server", "the same")
    yield render.table(head, [_row(handshake) for handshake in done.handshakes])
    yield ""
    for refusal in done.refusals:
        yield f"connection {refusal.connection}, the {refusal.party}: {refusal.reason}"
    if done.attributed is not None:
        whose = done.attributed.client_certificate
        sender = "nobody in particular" if whose is None else f"the client with certificate {whose[:16]}..."
        yield f"the server takes this to be from {sender}:\n  {done.attributed.data!r}"
    yield f"seed {done.seed}"


def _row(handshake: Handshake) -> tuple[str, str, str, str]:
    same = handshake.same or {}
    alike = ", ".join(name for name, is_same in same.items() if is_same)
    return str(handshake.number), _way(handshake.client), _way(handshake.server), alike or "nothing"


def _way(agreed: Mapping[str, Any] | None) -> str:
    if agreed is None:
        return "not finished"
    return f"{'resumed' if agreed['resumed'] else 'full'}, {'with' if agreed['ems'] else 'without'} EMS"
