"""The peers against each other: what the harness says of them is true before the lab is at one end."""

from __future__ import annotations

import pytest

from .cells import KEY_EXCHANGES, cells_of
from .conftest import GetPeer
from .peer import Offer
from .registry import PEERS

NAMES = [peer.name for peer in PEERS]


@pytest.mark.parametrize("kx", KEY_EXCHANGES)
@pytest.mark.parametrize("client_name", NAMES)
@pytest.mark.parametrize("server_name", NAMES)
def test_two_peers_agree_as_set(get_peer: GetPeer, server_name: str, client_name: str, kx: str) -> None:
    server, client = get_peer(server_name), get_peer(client_name)
    cells = [cell for cell in cells_of("TLSv1.2", kx) if cell.suite.protection == "AES_128_CBC_SHA"]
    cells = [cell for cell in cells if not server.cannot(cell) and not client.cannot(cell)]
    assert cells
    with server.serve(Offer("TLSv1.2", kx)) as listening:
        for cell in cells:
            heard = client.connect(listening.port, cell, b"to be echoed\n")
            assert heard.established, f"{cell}: {heard.words} / {listening.refusal()}"
            assert heard.received == listening.reply_to(b"to be echoed\n"), cell
            assert heard.ems in (None, cell.ems), cell
            assert heard.etm in (None, cell.etm), cell


@pytest.mark.parametrize("name", NAMES)
def test_a_server_that_is_set_to_decline_extensions_declines_them(get_peer: GetPeer, name: str) -> None:
    (cell, *_) = (c for c in cells_of("TLSv1.2", "DHE_RSA") if c.ems and c.etm)
    with get_peer(name).serve(Offer("TLSv1.2", "DHE_RSA", ems=False, etm=False)) as listening:
        heard = get_peer("tlslite-ng").connect(listening.port, cell, b"hello\n")
    assert heard.established, heard.words
    assert (heard.ems, heard.etm) == (False, False)


@pytest.mark.parametrize("server_name", NAMES)
@pytest.mark.parametrize("client_name", NAMES)
def test_a_refusal_is_quoted(get_peer: GetPeer, server_name: str, client_name: str) -> None:
    (cell, *_) = cells_of("TLSv1.2", "RSA")
    with get_peer(server_name).serve(Offer("TLSv1.2", "ECDHE_RSA")) as listening:
        heard = get_peer(client_name).connect(listening.port, cell, b"hello\n")
        assert not heard.established
        assert heard.words
