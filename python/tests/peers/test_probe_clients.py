"""What a probe says about real clients."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import tlslite.keyexchange

import tlslab as tl

from .cells import Cell, suites_of
from .conftest import GetPeer
from .peer import Peer


@contextlib.contextmanager
def coming(peer: Peer, cell: Cell, address: str) -> Iterator[None]:
    """Have a peer connect again and again, whatever becomes of it."""
    stopping = threading.Event()

    def come() -> None:
        port = int(address.rpartition(":")[2])
        while not stopping.is_set():
            with contextlib.suppress(Exception):
                peer.connect(port, cell, b"ping\n")

    caller = threading.Thread(target=come)
    caller.start()
    try:
        yield
    finally:
        stopping.set()
        caller.join(60)


def probe(peer: Peer, cell: Cell, **options: Any) -> tl.Report:  # noqa: ANN401 - keywords of another function
    listening = tl.ClientProbe(patience=30)
    with coming(peer, cell, listening.address):
        report = listening.run(seed=1, progress=False, **options)
        del listening
    return report


def dhe(*, ems: bool) -> Cell:
    suite = next(suite for suite in suites_of("TLSv1.2", "DHE_RSA") if not suite.is_cbc)
    return Cell("TLSv1.2", suite, ems, None, None)


@pytest.mark.parametrize("ems", [True, False], ids=["ems", "no-ems"])
@pytest.mark.parametrize("name", ["openssl", "tlslite-ng", "python-ssl"])
def test_a_real_client_strips_zeros(get_peer: GetPeer, name: str, ems: bool) -> None:
    report = probe(get_peer(name), dhe(ems=ems))
    assert report.finding("group").value == "any"
    assert report.finding("leading-zeros").value == "strip"
    assert report.finding("leading-zeros-ems").value == ("strip" if ems else "not_applicable")
    assert report.finding("short-public-value").value == "accept"
    assert report.finding("ems").value == ("on" if ems else "off")


def test_gnutls_lists_groups_and_takes_others_from_a_server_that_knows_no_lists(get_peer: GetPeer) -> None:
    report = probe(get_peer("gnutls"), dhe(ems=True))
    assert report.finding("group").value == "any"
    assert report.finding("leading-zeros").value == "strip"
    assert report.finding("leading-zeros-ems").value == "strip"


@pytest.mark.parametrize("ems", [True, False], ids=["ems", "no-ems"])
def test_tlslite_ng_without_its_stripping_is_found_out(
    get_peer: GetPeer, ems: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange = tlslite.keyexchange.FFDHKeyExchange
    strip = exchange.calc_shared_key

    def keep(self: Any, *arguments: object) -> bytearray:  # noqa: ANN401 - untyped there
        return bytearray(strip(self, *arguments).rjust((self.prime.bit_length() + 7) // 8, b"\0"))

    monkeypatch.setattr(exchange, "calc_shared_key", keep)
    report = probe(get_peer("tlslite-ng"), dhe(ems=ems))
    assert report.finding("leading-zeros").value == "keep"
    assert report.finding("leading-zeros-ems").value == ("keep" if ems else "not_applicable")
