"""TCP peers that hang, close, reset or send what is no TLS: an outcome within the time limit."""

from __future__ import annotations

import resource
import socket
import time
from contextlib import suppress

import pytest

import tlslab as tl

from . import hostile
from .cells import cells_of
from .conftest import GetPeer
from .peer import Offer

#: What the lab may answer to bytes that are no TLS.
ALERTS = {"unexpected_message", "decode_error", "record_overflow", "protocol_version", "illegal_parameter"}
QUIET = [
    pytest.param(hostile.silent, {"timed_out"}, id="silent"),
    pytest.param(hostile.half_a_record, {"timed_out"}, id="half_a_record"),
    pytest.param(hostile.close_at_once, {"closed"}, id="close_at_once"),
    pytest.param(hostile.reset, {"closed"}, id="reset"),
]
LOUD = [
    hostile.garbage,
    hostile.endless_garbage,
    hostile.endless_record,
    hostile.endless_handshake_message,
]
ENDLESS = [hostile.endless_empty_records, hostile.endless_warnings]

#: The seconds that a connection is given, and the most that it may overrun: closing lingers for half of one.
LIMIT, OVERRUN = 1.5, 1.5


def timed_connect(port: int) -> tl.Connection:
    start = time.monotonic()
    connection = tl.connect(tl.Client(), f"127.0.0.1:{port}", data=b"x", receive=1, timeout=LIMIT, seed=1)
    assert time.monotonic() - start < LIMIT + OVERRUN
    return connection


@pytest.mark.parametrize(("act", "kinds"), QUIET)
def test_a_server_that_stops_talking(act: hostile.Act, kinds: set[str]) -> None:
    with hostile.Hostile(act) as server:
        connection = timed_connect(server.port)
    assert connection.outcome.kind in kinds, connection.outcome
    assert connection.established is None


@pytest.mark.parametrize("act", LOUD, ids=lambda act: str(act.__name__))
def test_a_server_that_sends_what_is_no_tls(act: hostile.Act) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with hostile.Hostile(act) as server:
        connection = timed_connect(server.port)
    assert connection.outcome.kind == "alert", connection.outcome
    assert connection.outcome.sender == "client"
    assert connection.outcome.alert in ALERTS
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 64 * 1024, f"{grown} KiB of memory for a stream that should be cut off"


@pytest.mark.parametrize("act", ENDLESS, ids=lambda act: str(act.__name__))
def test_a_server_that_sends_nothing_of_use_for_ever(act: hostile.Act) -> None:
    with hostile.Hostile(act) as server:
        connection = timed_connect(server.port)
    assert connection.outcome.kind in {"alert", "timed_out"}
    assert connection.established is None


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    with pytest.raises(tl.TlslabError, match=rf"127\.0\.0\.1:{port}"):
        tl.connect(tl.Client(), f"127.0.0.1:{port}", timeout=LIMIT)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.1:70000", "", "no such host:443", ":::"])
def test_no_address(address: str) -> None:
    with pytest.raises(tl.TlslabError, match=r"address|connect"):
        tl.connect(tl.Client(), address, timeout=LIMIT)


def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
        with pytest.raises(tl.TlslabError, match=str(port)), tl.serve(tl.Server(), port=port, mode="echo"):
            pass


BAD_CLIENTS = [
    hostile.reset,
    hostile.garbage,
    hostile.half_a_record,
    hostile.endless_record,
    hostile.endless_handshake_message,
]


@pytest.mark.parametrize("act", BAD_CLIENTS, ids=lambda act: str(act.__name__))
def test_a_server_outlives_bad_clients(get_peer: GetPeer, act: hostile.Act) -> None:
    (cell, *_) = cells_of("TLSv1.2", "DHE_RSA")
    offer = Offer("TLSv1.2", "DHE_RSA")
    server = tl.Server(suites=[str(cell.suite)], groups=[offer.group.name])
    with tl.serve(server, port=0, mode="echo", timeout=LIMIT) as serving:
        for _ in range(2):
            with socket.create_connection(("127.0.0.1", serving.port)) as connection, suppress(OSError):
                connection.settimeout(LIMIT + OVERRUN)
                connection.sendall(b"\x16")
                act(connection)
        heard = get_peer("python-ssl").connect(serving.port, cell, b"still there?\n")
    assert heard.received == b"still there?\n", heard.words


def test_an_idle_client_does_not_keep_others_out(get_peer: GetPeer) -> None:
    (cell, *_) = cells_of("TLSv1.2", "DHE_RSA")
    server = tl.Server(suites=[str(cell.suite)], groups=["ffdhe2048"])
    with (
        tl.serve(server, port=0, mode="echo") as serving,
        socket.create_connection(("127.0.0.1", serving.port)),
    ):
        heard = get_peer("python-ssl").connect(serving.port, cell, b"next, please\n")
    assert heard.received == b"next, please\n", heard.words


def test_stopping_a_server_does_not_wait_for_its_clients() -> None:
    serving = tl.serve(tl.Server(), port=0, mode="echo")
    with serving, socket.create_connection(("127.0.0.1", serving.port)):
        time.sleep(0.1)
        start = time.monotonic()
        serving.stop()
        assert time.monotonic() - start < 2.0
