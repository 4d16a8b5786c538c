"""``tlslab check``."""

from __future__ import annotations

import argparse
import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

from tlslab.check import SECONDS, check
from tlslab.check.junit import to_junit
from tlslab.cli import options
from tlslab.cli.codes import FAILURE, FINE, INTERRUPTED
from tlslab.files import WholeFile
from tlslab.peer import STARTTLS
from tlslab.probe import TIMEOUT

__all__ = ["EXAMPLE", "SUMMARY", "add_options", "run"]

SUMMARY = "start a server or a client, make every probe of it that needs no luck, and exit 1 on what is not expected"
EXAMPLE = """tlslab check --server 'openssl s_server -accept {port} -cert cert.pem -key key.pem' --junit tls.xml
  tlslab check --client 'openssl s_client -connect localhost:{port}' --expected expected.toml"""


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options of ``tlslab check``."""
    peer = command.add_mutually_exclusive_group(required=True)
    peer.add_argument("--server", metavar="COMMAND", help="a server's command; {port} is the port to listen on")
    peer.add_argument("--client", metavar="COMMAND", help="a client's command; {port} is the port to connect to")
    command.add_argument("--expected", metavar="FILE", help="expected failures with their reasons, TOML")
    command.add_argument("--junit", metavar="FILE", help="where to write the cases as JUnit's XML")
    command.add_argument(
        "--seconds",
        type=float,
        default=SECONDS,
        metavar="S",
        help="how long it may take; what was not asked by then is an error (default: %(default)s)",
    )
    command.add_argument(
        "--timeout",
        type=float,
        default=TIMEOUT,
        metavar="SECONDS",
        help="how long each connection may take (default: %(default)s)",
    )
    group = command.add_argument_group("what a server is asked")
    group.add_argument("--versions", metavar="V+V", help="the versions to try, joined by + (default: all)")
    group.add_argument("--suites", metavar="S+S", help="the suites to try (default: all of DHE and DH_anon)")
    group.add_argument("--starttls", choices=STARTTLS, help="how TLS is asked for")
    command.add_argument(
        "--sequential",
        action="store_true",
        help="run a client that takes only groups that it knows until a Z has a leading zero byte by chance: 256 times "
        "on average, and as many with EMS, for which --seconds has to allow",
    )
    options.add_seed(command)
    options.add_json(command)


def run(arguments: argparse.Namespace) -> int:
    """Check a server or a client."""
    with _termination_interrupts():
        checked = check(
            server=arguments.server,
            client=arguments.client,
            expected=arguments.expected,
            versions=options.joined(arguments.versions),
            suites=options.joined(arguments.suites),
            starttls=arguments.starttls,
            sequential=arguments.sequential,
            seconds=arguments.seconds,
            timeout=arguments.timeout,
            seed=arguments.seed,
        )
    print(checked.to_json() if arguments.json else checked)
    if arguments.junit is not None:
        with WholeFile(arguments.junit) as file:
            file.write(to_junit(checked))
    if checked.report.ended == "interrupted":
        return INTERRUPTED
    return FINE if checked.ok else FAILURE


@contextlib.contextmanager
def _termination_interrupts() -> Iterator[None]:
    """Have SIGTERM do what Ctrl-C does: a CI that gives up on a job must leave no peer behind."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
