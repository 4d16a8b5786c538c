"""More application data than fits a record, both ways, with the peers that echo any bytes."""

from __future__ import annotations

import random

import pytest

import tlslab as tl

from . import lab
from .cells import VERSIONS, Cell, Suite, Version, suites_of
from .conftest import GetPeer
from .peer import Offer

COLUMNS = [
    pytest.param(version, suite, id=f"{version}-{suite.protection}")
    for version in VERSIONS
    for suite in suites_of(version, "DHE_RSA")
]
DATA = random.Random(1).randbytes(100_001)


@pytest.mark.parametrize(("version", "suite"), COLUMNS)
def test_the_labs_client_sends_much(get_peer: GetPeer, version: Version, suite: Suite) -> None:
    cell = Cell(version, suite, ems=True, etm=True if suite.is_cbc else None, curve=None)
    with get_peer("python-ssl").serve(Offer(version, "DHE_RSA")) as listening:
        connection = tl.connect(lab.client(cell), listening.address, data=DATA, timeout=20.0, seed=1)
    assert connection.received == DATA


@pytest.mark.parametrize(("version", "suite"), COLUMNS)
def test_the_labs_server_echoes_much(get_peer: GetPeer, version: Version, suite: Suite) -> None:
    cell = Cell(version, suite, ems=True, etm=False if suite.is_cbc else None, curve=None)
    with tl.serve(lab.server(Offer(version, "DHE_RSA"))) as serving:
        heard = get_peer("python-ssl").connect(serving.port, cell, DATA)
    assert heard.received == DATA
