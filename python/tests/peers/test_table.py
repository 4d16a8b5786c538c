"""The table tells what passed, what a peer refused and in which words, and what is missing."""

from __future__ import annotations

import dataclasses

from .cells import KEY_EXCHANGES, VERSIONS, Cell, Suite, cells_of
from .registry import PEERS
from .table import ROLES, Table

CELL = Cell("TLSv1.0", Suite("RSA", "AES_128_CBC_SHA"), ems=False, etm=False, curve=None)
OTHER = dataclasses.replace(CELL, etm=True)


def test_a_refusal_is_quoted_beside_what_passed() -> None:
    table = Table()
    table.record("gnutls", "client", CELL)
    table.record("gnutls", "client", OTHER, "No supported cipher suites have been found.")
    document = table.render()
    assert "| ok 1 refused 1 [1] |" in document
    assert "1. gnutls client: “No supported cipher suites have been found.”" in document
    assert "1 connections passed, 1 were refused by the peer." in document


def test_what_was_not_run_or_failed_is_missing() -> None:
    table = Table()
    cells = [cell for version in VERSIONS for kx in KEY_EXCHANGES for cell in cells_of(version, kx)]
    assert table.missing() == len(PEERS) * len(ROLES) * len(cells)
    for peer in PEERS:
        for role in ROLES:
            for cell in cells:
                table.record(peer.name, role, cell)
    assert table.missing() == 0
