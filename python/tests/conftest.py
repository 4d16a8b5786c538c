"""Options of the whole test run."""

from __future__ import annotations

import signal

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that rewrites generated documents."""
    parser.addoption(
        "--write-docs",
        action="store_true",
        help="rewrite docs/peers.md and docs/resumption-peers.md from what this run saw",
    )


def pytest_configure() -> None:
    """Heed Ctrl-C, which what a shell starts in the background ignores, and all that it starts in turn."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
