"""The whole matrix: the lab against each peer in both roles, and the table in the docs that says so."""

from __future__ import annotations

from pathlib import Path

import pytest

import tlslab as tl

from . import lab
from .cells import KEY_EXCHANGES, VERSIONS, Cell, Version, all_suites, cells_of
from .conftest import GetPeer
from .peer import Listening, Offer, Peer
from .registry import PEERS
from .table import Table

DOCUMENT = Path(__file__).parents[3] / "docs" / "peers.md"
NAMES = [peer.name for peer in PEERS]


@pytest.mark.parametrize("kx", KEY_EXCHANGES)
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", NAMES)
def test_the_labs_client_with_a_peers_server(
    get_peer: GetPeer, table: Table, name: str, version: Version, kx: str
) -> None:
    peer = get_peer(name)
    problems = []
    with peer.serve(Offer(version, kx)) as listening:
        for number, cell in enumerate(cells_of(version, kx)):
            line = f"line {number}\n".encode()
            connection = tl.connect(
                lab.client(cell), listening.address, data=line, receive=len(line), timeout=10.0, seed=number
            )
            if peer.cannot(cell):
                problems += _refused(table, peer, "server", cell, connection.established, listening.refusal())
                continue
            wrong = _wrong_at_the_client(cell, connection, listening, line)
            if wrong:
                problems.append(f"{cell}: {', '.join(wrong)}")
            else:
                table.record(name, "server", cell)
    _report(problems, peer, version, kx)


@pytest.mark.parametrize("kx", KEY_EXCHANGES)
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", NAMES)
def test_a_peers_client_with_the_labs_server(
    get_peer: GetPeer, table: Table, name: str, version: Version, kx: str
) -> None:
    peer = get_peer(name)
    offer = Offer(version, kx)
    cells = list(cells_of(version, kx))
    problems = []
    # Apart, since a client that refuses may connect first or not, and connections are counted below.
    with tl.serve(lab.server(offer), port=0, mode="echo") as serving:
        for cell in filter(peer.cannot, cells):
            heard = peer.connect(serving.port, cell, b"never\n")
            problems += _refused(table, peer, "client", cell, heard.established, heard.words)
    with tl.serve(lab.server(offer), port=0, mode="echo") as serving:
        for number, cell in enumerate(cell for cell in cells if not peer.cannot(cell)):
            line = f"line {number}\n".encode()
            heard = peer.connect(serving.port, cell, line)
            connection = lab.wait_for(serving, number + 1)[-1]
            wrong = [] if heard.established else [f"{connection.outcome}, the peer says: {heard.words}"]
            wrong += lab.differences(cell, connection)
            if heard.received != line:
                wrong.append(f"{heard.received!r} came back")
            if heard.ems not in (None, cell.ems) or heard.etm not in (None, bool(cell.etm)):
                wrong.append(f"the peer says: EMS {heard.ems}, encrypt-then-MAC {heard.etm}")
            if wrong:
                problems.append(f"{cell}: {', '.join(wrong)}")
            else:
                table.record(name, "client", cell)
    _report(problems, peer, version, kx)


def test_the_matrix_has_all_suites_of_the_lab() -> None:
    (default,) = (knob["default"] for knob in tl.knobs("client") if knob["name"] == "suites")
    authenticated = {str(suite) for suite in all_suites() if suite.kx != "DH_anon"}
    assert authenticated == set(default)


def test_the_committed_table_is_what_this_run_saw(table: Table, request: pytest.FixtureRequest) -> None:
    if missing := table.missing():
        pytest.skip(f"{missing} cells of the matrix were not run, or failed")
    if request.config.getoption("--write-docs"):
        DOCUMENT.parent.mkdir(exist_ok=True)
        DOCUMENT.write_text(table.render(), encoding="utf-8")
    committed = DOCUMENT.read_text(encoding="utf-8")
    if table.versions() not in committed:
        pytest.skip(f"the committed table is about other versions than these:\n{table.versions()}")
    assert committed == table.render(), "run `pytest python/tests/peers --write-docs`"


def _wrong_at_the_client(cell: Cell, connection: tl.Connection, listening: Listening, line: bytes) -> list[str]:
    if connection.outcome.kind != "established":
        return [f"{connection.outcome}, the peer says: {listening.refusal()}"]
    wrong = lab.differences(cell, connection)
    if connection.received != listening.reply_to(line):
        wrong.append(f"{connection.received!r} came back")
    return wrong


def _refused(table: Table, peer: Peer, role: str, cell: Cell, established: object, words: str) -> list[str]:
    """Record a refusal that was to be expected; without one, the peer can do more than it is said to."""
    if established:
        return [f"{cell}: established, though it is {peer.cannot(cell)}"]
    table.record(peer.name, role, cell, words)
    return []


def _report(problems: list[str], peer: Peer, version: Version, kx: str) -> None:
    assert not problems, "\n".join(problems)
    reasons = {peer.cannot(cell) for cell in cells_of(version, kx)}
    if None not in reasons:
        pytest.skip(f"{peer.version()} has no {kx} in {version}: {', '.join(map(str, reasons))}")
