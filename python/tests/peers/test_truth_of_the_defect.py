"""The premise of the lab, with real peers: a kept zero byte of Z costs the handshake, nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pytest

import tlslab as tl

from . import lab
from .cells import VERSIONS, Cell, Suite, Version, suites_of
from .conftest import GetPeer
from .material import Group
from .peer import Listening, Offer

SERVERS = ("openssl", "gnutls")

#: One suite for each kind of cipher.
SUITES = {suite.kind: suite for suite in suites_of("TLSv1.2", "DHE_RSA")}
COLUMNS = [
    pytest.param(version, suite, id=f"{version}-{suite.protection}")
    for version in VERSIONS
    for suite in SUITES.values()
    if suite in suites_of(version, "DHE_RSA")
]

#: A safe prime of 129 bytes with the top byte 01: written in its length, Z starts with a zero byte in
#: 2^1024/p = 61 % of all handshakes. Made by `openssl prime -generate -safe -bits 1025 -hex`.
OFTEN_SHORT = Group(
    "often-short",
    prime=int(
        "01A70A58BCB0639AF985D7FDC148AA3BA22B4FD96488FDDF1AA87E028656AD67"
        "C0E12243D96D299411DA5C78212B3E4D3EFFE0CCAFB65187070447E6264DA61B"
        "6290DBC2CC7D620F2FC021C1EDF10BFCD2E66A9ED4489DA276A10968253E0E9D"
        "E319194689B92FEAA5D3A8379271DE14924E558F2AD3C5A0EDB007DAC1523EFF"
        "1B",
        16,
    ),
    generator=4,
)

#: Safe primes just above a byte boundary: in their length, practically every Z starts with a zero byte.
ALWAYS_SHORT = [2**1024 + 1657867, 2**2048 + 10029811]


@pytest.fixture(params=SERVERS)
def openssl_or_gnutls(request: pytest.FixtureRequest) -> str:
    """Name a peer that checks a DHE exchange by itself."""
    return str(request.param)


Zeros = Literal["keep", "strip"]


def client(version: Version, suite: Suite, zeros: Zeros) -> tl.Client:
    return tl.Client(versions=[version], suites=[str(suite)], ems="off", premaster_zeros=zeros)


def ping(behaviour: tl.Client, listening: Listening, seed: int, chosen_zeros: int | None = None) -> tl.Connection:
    return tl.connect(
        behaviour,
        listening.address,
        data=b"ping\n",
        receive=5,
        timeout=10.0,
        chosen_zeros=chosen_zeros,
        seed=seed,
    )


def assert_refused_by_mac(connection: tl.Connection) -> None:
    outcome = connection.outcome
    assert (outcome.kind, outcome.alert, outcome.code) == ("alert", "bad_record_mac", 20), outcome
    assert outcome.sender == "server"


def assert_established(connection: tl.Connection, listening: Listening) -> None:
    assert connection.outcome.kind == "established", f"{connection.outcome}: {listening.refusal()}"
    assert connection.received == listening.reply_to(b"ping\n")


def zeros_of(connection: tl.Connection) -> int:
    z = bytes.fromhex(connection.secrets["z"])
    return len(z) - len(z.lstrip(b"\0"))


@pytest.mark.parametrize(("version", "suite"), COLUMNS)
def test_a_client_that_keeps_the_zero_byte_fails_where_there_is_one(
    get_peer: GetPeer, openssl_or_gnutls: str, version: Version, suite: Suite
) -> None:
    keeper = client(version, suite, "keep")
    with get_peer(openssl_or_gnutls).serve(Offer(version, "DHE_RSA", ems=False)) as listening:
        for zeros in (0, 1, 0, 1):
            connection = ping(keeper, listening, seed=zeros, chosen_zeros=zeros)
            assert zeros_of(connection) == zeros
            if zeros:
                assert_refused_by_mac(connection)
            else:
                assert_established(connection, listening)


@pytest.mark.parametrize(("version", "suite"), COLUMNS)
def test_a_client_that_strips_zero_bytes_never_fails(
    get_peer: GetPeer, openssl_or_gnutls: str, version: Version, suite: Suite
) -> None:
    stripper = client(version, suite, "strip")
    with get_peer(openssl_or_gnutls).serve(Offer(version, "DHE_RSA", ems=False)) as listening:
        for zeros in (0, 1, 2):
            connection = ping(stripper, listening, seed=zeros, chosen_zeros=zeros)
            assert zeros_of(connection) == zeros
            assert_established(connection, listening)


@pytest.mark.parametrize("version", VERSIONS)
def test_by_chance_exactly_the_handshakes_with_a_zero_byte_fail(
    get_peer: GetPeer, openssl_or_gnutls: str, version: Version
) -> None:
    keeper = client(version, suites_of(version, "DHE_RSA")[0], "keep")
    failures = 0
    with get_peer(openssl_or_gnutls).serve(Offer(version, "DHE_RSA", ems=False, group=OFTEN_SHORT)) as listening:
        for seed in range(20):
            connection = ping(keeper, listening, seed)
            if zeros_of(connection):
                assert_refused_by_mac(connection)
                failures += 1
            else:
                assert_established(connection, listening)
    # The chance of one kind only is 0.61^20 + 0.39^20, or 1 in 20,000 with the peer's own randomness.
    assert 0 < failures < 20


@pytest.mark.parametrize("version", VERSIONS)
def test_ordinary_handshakes_fail_only_with_a_zero_byte(
    get_peer: GetPeer, openssl_or_gnutls: str, version: Version
) -> None:
    keeper = client(version, suites_of(version, "DHE_RSA")[0], "keep")
    with get_peer(openssl_or_gnutls).serve(Offer(version, "DHE_RSA", ems=False)) as listening:
        for seed in range(20):
            connection = ping(keeper, listening, seed)
            if zeros_of(connection):
                assert_refused_by_mac(connection)
            else:
                assert_established(connection, listening)


def honest_cells() -> Iterator[Cell]:
    for suite in SUITES.values():
        for ems in (False, True):
            yield Cell("TLSv1.2", suite, ems, True if suite.is_cbc else None, None)


@pytest.mark.parametrize("prime", ALWAYS_SHORT, ids=["2^1024", "2^2048"])
@pytest.mark.parametrize("zeros", ["keep", "strip"])
@pytest.mark.parametrize("name", ["openssl", "python-ssl"])
def test_a_server_that_keeps_the_zero_byte_fails_with_every_client(
    get_peer: GetPeer, name: str, zeros: Zeros, prime: int
) -> None:
    peer = get_peer(name)
    server = tl.Server(
        versions=["TLSv1.2"],
        suites=[str(suite) for suite in suites_of("TLSv1.2", "DHE_RSA")],
        groups=[{"p": f"{prime:x}", "g": "04"}],
        premaster_zeros=zeros,
        premaster_zeros_ems=zeros,
    )
    with tl.serve(server, port=0, mode="echo") as serving:
        for number, cell in enumerate(honest_cells()):
            heard = peer.connect(serving.port, cell, b"ping\n")
            connection = lab.wait_for(serving, number + 1)[-1]
            assert connection.secrets["z"].startswith("00")
            if zeros == "keep":
                assert not heard.established
                assert_refused_by_mac(connection)
            else:
                assert heard.established, heard.words
                assert heard.received == b"ping\n"
