"""What one side offers and the other declines: extensions, and hellos with nothing in common."""

from __future__ import annotations

import pytest

import tlslab as tl

from . import lab
from .cells import VERSIONS, Cell, Suite, Version
from .conftest import GetPeer
from .peer import Offer
from .registry import PEERS

NAMES = [peer.name for peer in PEERS]
SUITE = Suite("DHE_RSA", "AES_128_CBC_SHA")


@pytest.mark.parametrize("etm", [False, True])
@pytest.mark.parametrize("ems", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_a_peers_server_declines_extensions(get_peer: GetPeer, name: str, ems: bool, etm: bool) -> None:
    offered = Cell("TLSv1.2", SUITE, ems=True, etm=True, curve=None)
    with get_peer(name).serve(Offer("TLSv1.2", "DHE_RSA", ems, etm)) as listening:
        connection = tl.connect(lab.client(offered), listening.address, data=b"hello\n", timeout=10.0, seed=1)
    assert connection.outcome.kind == "established", f"{connection.outcome}: {listening.refusal()}"
    assert lab.differences(Cell("TLSv1.2", SUITE, ems, etm, None), connection) == []
    assert connection.received == listening.reply_to(b"hello\n")


@pytest.mark.parametrize("etm", [False, True])
@pytest.mark.parametrize("ems", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_the_labs_server_declines_extensions(get_peer: GetPeer, name: str, ems: bool, etm: bool) -> None:
    offered = Cell("TLSv1.2", SUITE, ems=True, etm=True, curve=None)
    with tl.serve(lab.server(Offer("TLSv1.2", "DHE_RSA", ems, etm))) as serving:
        heard = get_peer(name).connect(serving.port, offered, b"hello\n")
        (connection,) = lab.wait_for(serving, 1)
    assert heard.received == b"hello\n", f"{connection.outcome}: {heard.words}"
    assert lab.differences(Cell("TLSv1.2", SUITE, ems, etm, None), connection) == []
    assert (heard.ems, heard.etm) in {(ems, etm), (None, None)}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", NAMES)
def test_no_suite_in_common(get_peer: GetPeer, name: str, version: Version) -> None:
    peer = get_peer(name)
    cell = Cell(version, SUITE, ems=True, etm=True, curve=None)
    with peer.serve(Offer(version, "RSA")) as listening:
        connection = tl.connect(lab.client(cell), listening.address, timeout=10.0, seed=1)
    assert (connection.outcome.alert, connection.outcome.sender) == ("handshake_failure", "server")
    with tl.serve(lab.server(Offer(version, "RSA"))) as serving:
        heard = peer.connect(serving.port, cell, b"never\n")
        (connection,) = lab.wait_for(serving, 1)
    assert not heard.established
    assert (connection.outcome.alert, connection.outcome.sender) == ("handshake_failure", "server")


@pytest.mark.parametrize("name", NAMES)
def test_no_version_in_common(get_peer: GetPeer, name: str) -> None:
    peer = get_peer(name)
    cell = Cell("TLSv1.0", SUITE, ems=True, etm=True, curve=None)
    with peer.serve(Offer("TLSv1.2", "DHE_RSA")) as listening:
        connection = tl.connect(lab.client(cell), listening.address, timeout=10.0, seed=1)
    assert (connection.outcome.alert, connection.outcome.sender) == ("protocol_version", "server")
    with tl.serve(lab.server(Offer("TLSv1.2", "DHE_RSA"))) as serving:
        heard = peer.connect(serving.port, cell, b"never\n")
        (connection,) = lab.wait_for(serving, 1)
    assert not heard.established
    assert (connection.outcome.alert, connection.outcome.sender) == ("protocol_version", "server")
