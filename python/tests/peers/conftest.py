"""Fixtures for tests with real peers."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from . import material as material_
from .material import Material
from .peer import Peer
from .registry import BY_NAME
from .table import Table

GetPeer = Callable[[str], Peer]


@pytest.fixture(scope="session")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    """Make the certificates and keys of this run."""
    return material_.make(tmp_path_factory.mktemp("material"))


@pytest.fixture(scope="session")
def get_peer(material: Material) -> GetPeer:
    """Get peers by name. A missing one skips the test, and fails it under CI, where all must be there."""

    def get(name: str) -> Peer:
        peer = BY_NAME[name]
        if reason := peer.missing():
            if os.environ.get("CI") == "true":
                pytest.fail(reason)
            pytest.skip(reason)
        return peer(material)

    return get


@pytest.fixture(scope="session")
def table() -> Table:
    """Collect what this run sees of the matrix."""
    return Table()
