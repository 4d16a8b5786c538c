"""Captures of a real server's traffic, as dumpcap records it on the loopback interface."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import tlslab as tl

from .conftest import GetPeer
from .peer import PATIENCE, Offer
from .process import Process

#: Of so many connections one has a Z with a leading zero byte; the client chooses it, and luck is not waited for.
CONNECTIONS, EVERY = 240, 120


@contextmanager
def recording(port: int, path: Path) -> Iterator[None]:
    """Record what crosses a port of the loopback interface."""
    found = shutil.which("dumpcap")
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no `dumpcap` command on this machine")
        pytest.skip("no `dumpcap` command on this machine")
    with Process([found, "-i", "lo", "-f", f"tcp port {port}", "-w", str(path)]) as process:
        if process.search(r"File: .*") is None:
            pytest.skip(f"dumpcap may not record here: {process.output[-200:]}")
        yield
        # What was captured last is written a moment later.
        settled(path)


def settled(path: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    size = -1
    while path.stat().st_size != size and time.monotonic() < deadline:
        size = path.stat().st_size
        time.sleep(1.5)


@pytest.mark.parametrize("keeps", [True, False], ids=["keeping client", "stripping client"])
def test_a_real_server_s_traffic_tells_the_side_that_errs(get_peer: GetPeer, tmp_path: Path, keeps: bool) -> None:
    client = tl.Client(
        ems="off", premaster_zeros="keep" if keeps else "strip", suites=["TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"]
    )
    path = tmp_path / "lo.pcapng"
    with (
        get_peer("openssl").serve(Offer("TLSv1.2", "DHE_RSA", ems=False)) as listening,
        recording(listening.port, path),
    ):
        for number in range(CONNECTIONS):
            zeros = 0 if number % EVERY else 1
            tl.connect(client, listening.address, data=b"hello\n", chosen_zeros=zeros, seed=number)
    found = tl.diagnose(path)
    assert found.connections == CONNECTIONS
    assert found.incomplete == ()
    if not keeps:
        assert (found.failures, found.explanations) == (0, ())
        return
    assert found.failures == CONNECTIONS // EVERY
    assert {one.id for one in found.explanations[:2]} == {"client.premaster_zeros=keep", "server.premaster_zeros=keep"}
    assert tl.diagnose(path, known_good="server").explanations[0].side == "client"
