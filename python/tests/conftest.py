"""Options of the whole test run."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that rewrites generated documents."""
    parser.addoption(
        "--write-docs",
        action="store_true",
        help="rewrite docs/peers.md and docs/resumption-peers.md from what this run saw",
    )
