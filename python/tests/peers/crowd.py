"""
A crowd at the lab's server: as many honest clients as hostile ones, all at once, for so many seconds.

The server is a process of its own, so that its memory and its threads can be counted (Linux, by /proc).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import signal
import ssl
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

#: How long an honest client waits for its page, in seconds. That it is in vain is what must not happen.
PATIENCE = 60.0

#: How often an honest client comes back, and a hostile one at the earliest, in seconds.
PAUSE = 2.0

#: A ClientHello of which the first bytes are enough: a record and a handshake message that are longer than what comes.
BEGINNING = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500)

#: What is thrown by connections that the server closes, or will not have.
CLOSED = (OSError, ssl.SSLError, asyncio.IncompleteReadError, asyncio.TimeoutError)

Address = tuple[str, int]
Hostile = Callable[[Address, random.Random], Awaitable[None]]


@dataclass(frozen=True)
class Report:
    """
    What the crowd saw.

    Attributes
    ----------
    served
        How many pages the honest clients got.
    unserved
        What the honest clients got instead, if anything, and how often.
    attacks
        How many connections each kind of hostile client made.
    slowest
        The longest that an honest client waited for its page, in seconds.
    peak_memory
        The most memory that the server had at once, in bytes.
    threads
        The server's threads: at first, the most, and after the crowd had left.
    exit_code
        The server's, after SIGTERM.
    """

    served: int
    unserved: dict[str, int]
    attacks: dict[str, int]
    slowest: float
    peak_memory: int
    threads: tuple[int, int, int]
    exit_code: int


@dataclass
class _Seen:
    served: int = 0
    unserved: Counter[str] = field(default_factory=Counter)
    attacks: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    most_threads: int = 0


def run(*, clients: int, seconds: float, slots: int) -> Report:
    """Let `clients`, every other one hostile, at a server that takes `slots` at the same time."""
    argv = [sys.executable, "-m", "tlslab", "serve", "--mode", "http", "--max-connections", str(slots)]
    argv += ["--server", "resumption=both", "--seed", "1"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout is not None
            host, port = server.stdout.readline().removeprefix("listening on ").split(":")
            seen, at_first = _Seen(), _status(server.pid, "Threads")
            asyncio.run(_crowd((host, int(port)), clients, seconds, server.pid, seen))
            left = _settle(server.pid, at_first)
            peak = _status(server.pid, "VmHWM") * 1024
            server.send_signal(signal.SIGTERM)
            code = server.wait(PATIENCE)
        finally:
            server.kill()
    return Report(
        served=seen.served,
        unserved=dict(seen.unserved),
        attacks=dict(seen.attacks),
        slowest=seen.slowest,
        peak_memory=peak,
        threads=(at_first, seen.most_threads, left),
        exit_code=code,
    )


async def _crowd(address: Address, clients: int, seconds: float, pid: int, seen: _Seen) -> None:
    until = time.monotonic() + seconds
    hostile = [silent, slow, garbage, endless_records, endless_messages, deaf]
    tasks = [
        _honest(address, until, random.Random(number), seen)
        if number % 2 == 0
        else _hostile(hostile[number // 2 % len(hostile)], address, until, random.Random(number), seen)
        for number in range(clients)
    ]
    await asyncio.gather(_watch(pid, until, seen), *tasks)


async def _watch(pid: int, until: float, seen: _Seen) -> None:
    while time.monotonic() < until:
        seen.most_threads = max(seen.most_threads, _status(pid, "Threads"))
        await asyncio.sleep(0.2)


async def _honest(address: Address, until: float, rng: random.Random, seen: _Seen) -> None:
    made = _context()
    await asyncio.sleep(rng.uniform(0, PAUSE))
    while time.monotonic() < until:
        start = time.monotonic()
        try:
            page = await asyncio.wait_for(_page(address, made), PATIENCE)
        except CLOSED as error:
            seen.unserved[f"{type(error).__name__}: {error}"] += 1
        else:
            seen.served += b"\r\n\r\nrequest: GET /honest\n" in page
            seen.unserved.update([] if b"request: GET /honest\n" in page else [f"page {page[:40]!r}"])
            seen.slowest = max(seen.slowest, time.monotonic() - start)
        await asyncio.sleep(PAUSE)


async def _page(address: Address, made: ssl.SSLContext) -> bytes:
    reader, writer = await asyncio.open_connection(*address, ssl=made)
    try:
        writer.write(b"GET /honest HTTP/1.0\r\n\r\n")
        return await reader.read()
    finally:
        writer.close()
        with suppress(*CLOSED):
            await writer.wait_closed()


async def _hostile(act: Hostile, address: Address, until: float, rng: random.Random, seen: _Seen) -> None:
    while (left := until - time.monotonic()) > 0:
        seen.attacks[getattr(act, "__name__", "?")] += 1
        with suppress(*CLOSED):
            await asyncio.wait_for(act(address, rng), left)
        await asyncio.sleep(min(rng.uniform(0, PAUSE), max(0.0, until - time.monotonic())))


async def silent(address: Address, _rng: random.Random) -> None:
    """Connect, and say nothing until the server has enough of it."""
    await _talk(address, lambda _writer: asyncio.sleep(PATIENCE))


async def slow(address: Address, _rng: random.Random) -> None:
    """Send a ClientHello, a byte at a time."""

    async def act(writer: asyncio.StreamWriter) -> None:
        for byte in BEGINNING:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.1)

    await _talk(address, act)


async def garbage(address: Address, rng: random.Random) -> None:
    """Send bytes without sense, for as long as they are taken."""
    await _talk(address, lambda writer: _flood(writer, rng.randbytes(4096)))


async def endless_records(address: Address, _rng: random.Random) -> None:
    """Send warnings, and records without content, for as long as they are taken."""
    await _talk(
        address, lambda writer: _flood(writer, b"\x15\x03\x01\x00\x02\x01\x5a" + b"\x16\x03\x01\x00\x00" * 1000)
    )


async def endless_messages(address: Address, _rng: random.Random) -> None:
    """Send a ClientHello of 16 MiB, as far as it is taken."""
    header = b"\x16\x03\x01\x40\x00" + b"\x01\xff\xff\xff" + bytes((1 << 14) - 4)
    await _talk(address, lambda writer: _flood(writer, header))


async def deaf(address: Address, _rng: random.Random) -> None:
    """Handshake, ask again and again, and never read an answer."""
    reader, writer = await asyncio.open_connection(*address, ssl=_context())
    # From here on nothing is read from the socket.
    transport = writer.transport
    with suppress(AttributeError, RuntimeError):
        transport.pause_reading()  # type: ignore[attr-defined] # of transports that read
    del reader
    try:
        await _flood(writer, b"GET /deaf HTTP/1.1\r\nHost: x\r\n\r\n" * 100)
    finally:
        transport.abort()


async def _talk(address: Address, act: Callable[[asyncio.StreamWriter], Awaitable[object]]) -> None:
    """Act, until the server closes."""
    reader, writer = await asyncio.open_connection(*address)
    acting = asyncio.ensure_future(act(writer))
    try:
        while await reader.read(65536):
            pass
    finally:
        acting.cancel()
        with suppress(asyncio.CancelledError, *CLOSED):
            await acting
        writer.transport.abort()


async def _flood(writer: asyncio.StreamWriter, data: bytes) -> None:
    while True:
        writer.write(data)
        await writer.drain()
        # Others want to live too.
        await asyncio.sleep(0.01)


def _context() -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    return made


def _status(pid: int, name: str) -> int:
    """Give a number of /proc/PID/status."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    return int(fields[name].split()[0])


def _settle(pid: int, threads: int) -> int:
    """Wait until the server has no more threads than at first, and give how many it has."""
    until = time.monotonic() + PATIENCE
    while (left := _status(pid, "Threads")) > threads and time.monotonic() < until:
        time.sleep(0.1)
    return left


def main() -> int:
    """Let a crowd at a server, and print what it saw; 1 if the server did not stand it."""
    parser = argparse.ArgumentParser(description="A crowd at the lab's server.")
    parser.add_argument("--clients", type=int, default=500, help="half of them hostile (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=60.0, help="for how long (default: %(default)s)")
    parser.add_argument("--slots", type=int, default=300, help="how many the server takes (default: %(default)s)")
    parser.add_argument("--memory", type=int, default=1, help="MiB that it may use for a slot (default: %(default)s)")
    options = parser.parse_args()
    report = run(clients=options.clients, seconds=options.seconds, slots=options.slots)
    print(json.dumps(asdict(report), indent=2))
    stood = (
        not report.unserved
        and report.served > 0
        and report.peak_memory <= options.slots * options.memory << 20
        and report.threads[2] <= report.threads[0]
        and report.exit_code == 0
    )
    return 0 if stood else 1


if __name__ == "__main__":
    sys.exit(main())
