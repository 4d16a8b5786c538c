"""The lab as one end of a cell of the matrix, and what it has to say about a connection."""

from __future__ import annotations

import time
from typing import Literal

import tlslab as tl

from .cells import CURVES, Cell, suites_of
from .peer import PATIENCE, Offer, PeerError

_CURVE_NAMES = {29: "x25519", 23: "secp256r1"}


def client(cell: Cell) -> tl.Client:
    """Set a client to exactly the cell."""
    return tl.Client(
        versions=[cell.version],
        suites=[str(cell.suite)],
        ems=_switch(cell.ems),
        encrypt_then_mac=_switch(cell.etm is not False),
        curves=list(cell.curves_offered),
    )


def server(offer: Offer) -> tl.Server:
    """Set a server to what the peers' servers are set to."""
    return tl.Server(
        versions=[offer.version],
        suites=[str(suite) for suite in suites_of(offer.version, offer.kx)],
        ems=_switch(offer.ems),
        encrypt_then_mac=_switch(offer.etm),
        curves=list(CURVES),
        groups=[offer.group.name],
    )


def differences(cell: Cell, connection: tl.Connection) -> list[str]:
    """List what in an established connection is not as the cell says."""
    expected = {
        "version": cell.version,
        "suite": str(cell.suite),
        "ems": cell.ems,
        "encrypt_then_mac": bool(cell.etm),
    }
    established = connection.established or {}
    wrong = [
        f"{name} is {established.get(name)!r}, not {value!r}"
        for name, value in expected.items()
        if established.get(name) != value
    ]
    if (curve := _curve(connection)) != cell.curve:
        wrong.append(f"the curve is {curve}, not {cell.curve}")
    wrong += [f"the {side}'s messages do not encode to the bytes they came in" for side in _not_lossless(connection)]
    return wrong


def _not_lossless(connection: tl.Connection) -> list[str]:
    """
    List the sides whose handshake messages, decoded and encoded again, are not the bytes that crossed.

    Up to a side's ChangeCipherSpec its records are in the clear, so the bytes can be had without the codec.
    """
    wrong = []
    for side in ("client", "server"):
        crossed = _clear_handshake(b"".join(data for sender, data in connection.flights if sender == side))
        sent = [message for message in connection.messages if message.sender == side]
        until = [message.name for message in sent].index("ChangeCipherSpec")
        if crossed != b"".join(message.bytes for message in sent[:until]):
            wrong.append(side)
    return wrong


def _clear_handshake(stream: bytes) -> bytes:
    """Give the handshake bytes of a stream of records up to the first of another type."""
    handshake = b""
    while stream[:1] == b"\x16":
        end = 5 + int.from_bytes(stream[3:5], "big")
        handshake += stream[5:end]
        stream = stream[end:]
    return handshake


def wait_for(serving: tl.Serving, count: int) -> list[tl.Connection]:
    """Wait until a server has finished `count` connections: it does so a little after its client."""
    deadline = time.monotonic() + PATIENCE
    while len(connections := serving.connections) < count:
        if time.monotonic() > deadline:
            raise PeerError(f"the lab's server finished {len(connections)} of {count} connections")
        time.sleep(0.005)
    return connections


def _curve(connection: tl.Connection) -> str | None:
    """Read the curve off ServerKeyExchange: after its header, `named_curve` and the curve (RFC 8422 5.4)."""
    if "ECDHE" not in str((connection.established or {}).get("suite")):
        return None
    (key_exchange,) = (m.bytes for m in connection.messages if m.name == "ServerKeyExchange")
    kind, number = key_exchange[4], int.from_bytes(key_exchange[5:7], "big")
    return _CURVE_NAMES.get(number, hex(number)) if kind == 3 else f"of curve type {kind}"


def _switch(on: bool) -> Literal["on", "off"]:
    return "on" if on else "off"
