"""Resumption with each peer in both roles, against what its profile predicts; the table in the docs that says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import tlslab as tl

from . import lab, resumption
from .cells import VERSIONS, Version
from .conftest import GetPeer
from .peer import Peer
from .registry import PEERS
from .resumption import KINDS, Kind, Meeting
from .resumption_table import ResumptionTable

DOCUMENT = Path(__file__).parents[3] / "docs" / "resumption-peers.md"
NAMES = [peer.name for peer in PEERS]


@pytest.fixture(scope="module")
def observed() -> ResumptionTable:
    """Collect what this run sees."""
    return ResumptionTable()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", NAMES)
def test_the_labs_client_resumes_at_a_peers_server(
    get_peer: GetPeer, observed: ResumptionTable, name: str, version: Version, kind: Kind
) -> None:
    peer = get_peer(name)
    for server_ems in (True, False):
        meetings = [m for m in resumption.meetings("server", version, kind) if m.server_ems == server_ems]
        with peer.serve(meetings[0].offer) as listening:
            for meeting in meetings:
                first, second = _connect_twice(meeting, listening.address)
                assert first.session is not None, f"{meeting}: {first.outcome}, the peer says: {listening.refusal()}"
                assert (first.session.kind, first.session.ems) == (kind, meeting.session_ems), meeting
                observed.record(peer, meeting, resumption.describe(meeting, second))
    _check(observed, peer, resumption.meetings("server", version, kind))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", NAMES)
def test_a_peers_client_resumes_at_the_labs_server(
    get_peer: GetPeer, observed: ResumptionTable, name: str, version: Version, kind: Kind
) -> None:
    peer = get_peer(name)
    for meeting in resumption.meetings("client", version, kind):
        if reason := peer.cannot_resume(*meeting.cells):
            observed.record_as_impossible(peer, meeting, reason)
            continue
        with tl.serve(resumption.labs_server(meeting), timeout=20.0) as serving:
            words = peer.resume(serving.port, *meeting.cells, tickets=kind == "ticket")
            first, second = lab.wait_for(serving, 2)
        assert first.established is not None, f"{meeting}: {first.outcome}, the peer says: {words}"
        assert (first.established["resumed"], first.established["ems"]) == (None, meeting.session_ems), meeting
        observed.record(peer, meeting, resumption.describe(meeting, second))
    _check(observed, peer, resumption.meetings("client", version, kind))


def test_every_difference_is_one(observed: ResumptionTable) -> None:
    if observed.missing():
        pytest.skip("not all meetings were run, or some failed")
    for name, profile in resumption.profiles().items():
        for entry in profile["differences"]:
            if entry.get("depends_on_version"):
                continue
            assert observed.explained_by(name, entry), f"{name}: the knobs say it too: {entry}"


def test_the_committed_table_is_what_this_run_saw(observed: ResumptionTable, request: pytest.FixtureRequest) -> None:
    if missing := observed.missing():
        pytest.skip(f"{missing} meetings were not run, or failed")
    if request.config.getoption("--write-docs"):
        DOCUMENT.write_text(observed.render(), encoding="utf-8")
    committed = DOCUMENT.read_text(encoding="utf-8")
    if observed.versions() not in committed:
        pytest.skip(f"the committed table is about other versions than these:\n{observed.versions()}")
    assert committed == observed.render(), "run `make resumption-table`"


def _connect_twice(meeting: Meeting, address: str) -> tuple[tl.Connection, tl.Connection]:
    """Connect twice, offering in the second what the first left."""
    connections: list[tl.Connection] = []
    for number, cell in enumerate(meeting.cells):
        client = resumption.labs_client(meeting, cell)
        session = connections[0].session if connections else None
        connections.append(tl.connect(client, address, data=b"line\n", seed=number, session=session))
    return connections[0], connections[1]


def _check(observed: ResumptionTable, peer: Peer, meetings: Iterator[Meeting]) -> None:
    """Hold what was seen against the profile."""
    wrong = [
        f"{meeting}: {seen}, not {' or '.join(expected)}"
        for meeting in meetings
        if (seen := observed.seen(peer.name, meeting)) is not None
        and seen not in (expected := resumption.expected(type(peer), meeting))
    ]
    assert not wrong, "\n".join(wrong)
