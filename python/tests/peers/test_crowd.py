"""A small crowd for a short time; `make crowd` has the large one."""

import sys

import pytest

from . import crowd


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory and threads are read from /proc")
def test_honest_clients_are_served_while_hostile_ones_hold_the_slots() -> None:
    report = crowd.run(clients=48, seconds=5, slots=16)
    assert report.unserved == {}
    assert report.served >= 24
    assert len(report.attacks) == 6
    at_first, most, left = report.threads
    assert left <= at_first < most <= at_first + 16
    assert report.peak_memory < 64 << 20
    assert report.exit_code == 0
