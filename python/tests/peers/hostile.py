"""TCP peers that do not speak TLS, or stop speaking at all."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from contextlib import suppress

from .thread_server import ThreadServer

Act = Callable[[socket.socket], None]


class Hostile(ThreadServer):
    """Does one bad thing to each connection."""

    def __init__(self, act: Act) -> None:
        super().__init__()
        self._act = act

    def echo(self, connection: socket.socket) -> None:
        self._act(connection)


def silent(connection: socket.socket) -> None:
    """Accept, and say nothing until the other side goes."""
    drain(connection)


def close_at_once(connection: socket.socket) -> None:
    """Close without a word, in TCP's orderly way."""
    connection.recv(65536)


def reset(connection: socket.socket) -> None:
    """Reset the connection: SO_LINGER with a time of zero makes close() send RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def garbage(connection: socket.socket) -> None:
    """Answer with bytes that are no record."""
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    drain(connection)


def endless_garbage(connection: socket.socket) -> None:
    """Send bytes that are no record for as long as they are taken."""
    flood(connection, b"", b"\xff" * 65536)


def half_a_record(connection: socket.socket) -> None:
    """Announce a record of 16,384 bytes, and send half of it."""
    connection.sendall(b"\x16\x03\x03\x40\x00" + bytes(8192))
    drain(connection)


def endless_record(connection: socket.socket) -> None:
    """Send a record whose length no record may have, and go on for as long as it is taken."""
    flood(connection, b"\x16\x03\x03\xff\xff", bytes(65536))


def endless_handshake_message(connection: socket.socket) -> None:
    """Send a ServerHello of 2^24 - 1 bytes in good records, and go on for as long as they are taken."""
    flood(connection, b"\x16\x03\x03\x00\x04\x02\xff\xff\xff", b"\x16\x03\x03\x40\x00" + bytes(16384))


def endless_empty_records(connection: socket.socket) -> None:
    """Send empty handshake records for as long as they are taken."""
    flood(connection, b"", b"\x16\x03\x03\x00\x00" * 4096)


def endless_warnings(connection: socket.socket) -> None:
    """Send warning alerts for as long as they are taken."""
    flood(connection, b"", b"\x15\x03\x03\x00\x02\x01\x70" * 4096)


def drain(connection: socket.socket) -> None:
    """Read until the other side closes."""
    with suppress(OSError):
        while connection.recv(65536):
            pass


def flood(connection: socket.socket, head: bytes, body: bytes) -> None:
    """Send `head`, then `body` again and again until the other side takes no more."""
    with suppress(OSError):
        connection.sendall(head)
        while True:
            connection.sendall(body)
