"""Captures, as tshark dissects and decrypts them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import tlslab as tl

VERSIONS = ("TLSv1.0", "TLSv1.1", "TLSv1.2")

#: A suite of each protection, whether it encrypts before the MAC, and the versions that have it.
PROTECTIONS = (
    ("TLS_DHE_RSA_WITH_AES_128_CBC_SHA", False, VERSIONS),
    ("TLS_DHE_RSA_WITH_AES_256_CBC_SHA", True, VERSIONS),
    ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", True, ("TLSv1.2",)),
    ("TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", False, ("TLSv1.2",)),
    ("TLS_RSA_WITH_AES_256_GCM_SHA384", False, ("TLSv1.2",)),
    ("TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256", False, ("TLSv1.2",)),
)

RENEGOTIATING: list[dict[str, Any]] = [{"renegotiates": {"by": "client"}}]

#: An alert before the keys are used, and one under protection.
PLAIN_ALERT = {
    "side": "client",
    "select": {"message": "Finished"},
    "change": {"set_field": {"path": "verify_data", "value": "000102030405060708090a0b"}},
}
PROTECTED_ALERT = {
    "side": "server",
    "select": {"message": "ApplicationData"},
    "change": {"replace": {"message": {"type": "Alert", "level": "fatal", "description": "internal_error"}}},
}

WAYS: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "full": ("session_id", [{}]),
    "resumed by id": ("session_id", [{}, {}]),
    "resumed by ticket": ("ticket", [{}, {}]),
    "renegotiated": ("session_id", RENEGOTIATING),
    "plain alert": ("session_id", [{"edits": [PLAIN_ALERT]}]),
    "protected alert": ("session_id", [{"edits": [PROTECTED_ALERT]}]),
}

CLIENT_HELLO = "1"


@dataclass
class Seen:
    """What tshark shows of a TCP stream."""

    data: bytes = b""
    handshake: list[str] = field(default_factory=list)
    #: How many Finished are decrypted as far as their contents.
    verify_data: int = 0
    alerts: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def tshark() -> str:
    found = shutil.which("tshark")
    if found is None:
        reason = "no `tshark` command on this machine"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def rows(tshark: str, pcap: Path, *fields: str, options: Sequence[str] = ()) -> list[list[str]]:
    """Give fields of each packet, as tshark has them."""
    argv = [tshark, "-r", str(pcap), "-T", "fields", *options]
    for name in fields:
        argv += ["-e", name]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


def dissect(tshark: str, pcap: Path, *options: str) -> dict[int, Seen]:
    """Give what tshark shows of each TCP stream, TLS over all their ports."""
    fields = (
        "tcp.stream",
        "data.data",
        "tls.handshake.type",
        "tls.handshake.verify_data",
        "tls.alert_message.desc",
        "_ws.malformed",
        "ip.checksum.status",
        "tcp.checksum.status",
        "tcp.analysis.flags",
    )
    checks = ("-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE")
    seen: dict[int, Seen] = defaultdict(Seen)
    for row in rows(tshark, pcap, *fields, options=("-d", "tls.port==443,data", *checks, *options)):
        stream, data, handshake, verify_data, alerts, malformed, ip, tcp, flags = row
        one = seen[int(stream)]
        one.data += b"".join(bytes.fromhex(part) for part in data.split(",") if part)
        one.handshake += [part for part in handshake.split(",") if part]
        one.verify_data += len(verify_data.split(",")) if verify_data else 0
        one.alerts += [part for part in alerts.split(",") if part]
        if malformed or flags or "0" in ip or "0" in tcp:
            one.complaints.append(" ".join(row))
    return dict(seen)


def cells() -> Iterator[tuple[str, tl.Experiment]]:
    for suite, etm, versions in PROTECTIONS:
        for version in versions:
            for ems in ("off", "on"):
                for way, (resumption, connections) in WAYS.items():
                    knobs = {"versions": [version], "suites": [suite], "ems": ems, "resumption": resumption}
                    knobs |= {"encrypt_then_mac": "on" if etm else "off", "renegotiation": "secure"}
                    client = tl.Client.from_dict({**knobs, "offer_without_ems": "offer"})
                    server = tl.Server.from_dict({**knobs, "resume_legacy": "resume"})
                    scenario = {"name": way, "connections": connections}
                    name = f"{version} {suite} EtM {etm} EMS {ems}, {way}"
                    yield name, tl.Experiment(client, server, scenario=scenario, signatures="real")


@pytest.mark.parametrize("embedded", [False, True], ids=["key log", "embedded secrets"])
def test_tshark_decrypts_the_matrix(tshark: str, tmp_path: Path, embedded: bool) -> None:
    pcap, keylog = tmp_path / "matrix.pcapng", tmp_path / "matrix.keys"
    expected: list[tuple[str, tl.Connection]] = []
    with tl.Capture(pcap=pcap, keylog=keylog, secrets=embedded) as capture:
        for seed, (name, experiment) in enumerate(cells()):
            connections = experiment.replay_all(seed, 0)
            capture.add(connections)
            expected += [(f"{name}, connection {number}", one) for number, one in enumerate(connections)]
    seen = dissect(tshark, pcap, *([] if embedded else ["-o", f"tls.keylog_file:{keylog}"]))
    assert sorted(seen) == list(range(len(expected)))
    for stream, (name, connection) in enumerate(expected):
        assert_shows(seen[stream], connection, name)
    ways = {str(one.outcome.established["resumed"]) for _, one in expected if one.outcome.established}
    assert ways == {"None", "session_id", "ticket"}


def assert_shows(seen: Seen, connection: tl.Connection, name: str) -> None:
    assert not seen.complaints, name
    sent = [message for message in connection.messages if message.name == "ApplicationData"]
    data = b"".join(message.bytes for message in sent)
    assert seen.data == data, name
    finished = sum(message.name == "Finished" for message in connection.messages)
    assert seen.verify_data == finished, name
    hellos = sum(message.name == "ClientHello" for message in connection.messages)
    assert seen.handshake.count(CLIENT_HELLO) == hellos, name
    alerts = [message.bytes[1] for message in connection.messages if message.name == "Alert"]
    assert seen.alerts == [str(code) for code in alerts], name


def test_tshark_cannot_read_without_keys(tshark: str, tmp_path: Path) -> None:
    connection = tl.handshake(tl.Client(), tl.Server(), seed=7)
    connection.to_pcap(tmp_path / "sealed.pcapng")
    [seen] = dissect(tshark, tmp_path / "sealed.pcapng").values()
    assert (seen.data, seen.verify_data) == (b"", 0)


def test_ftp_and_its_data_connections(tshark: str, tmp_path: Path) -> None:
    [control] = tl.Experiment(tl.Client(), tl.Server(), scenario="ftps", signatures="real").replay_all(7, 0)
    control.to_pcap(tmp_path / "ftps.pcapng", secrets=True)
    seen = dissect(tshark, tmp_path / "ftps.pcapng", "--disable-protocol", "ftp-data", "-d", "tls.port==50000,data")
    assert [control.transfers[1].received, b"from the client\n"] == [seen[2].data, seen[3].data]
    assert all(not one.complaints and one.verify_data == 2 for one in seen.values())
    commands = [command for [command] in rows(tshark, tmp_path / "ftps.pcapng", "ftp.request.command") if command]
    assert commands == [
        "AUTH",
        "USER",
        "PASS",
        "PBSZ",
        "PROT",
        "TYPE",
        *["EPSV", "LIST", "EPSV", "RETR", "EPSV", "STOR"],
        "QUIT",
    ]


def test_real_connections_have_their_addresses_and_times(tshark: str, tmp_path: Path) -> None:
    long = bytes(range(256)) * 200
    with tl.serve(tl.Server(), seed=1, kept_bytes=1 << 20) as serving:
        made = tl.connect(tl.Client(), serving.address, data=long, seed=2)
        serving.stop()
        [served] = serving.connections
    for name, connection in (("made", made), ("served", served)):
        pcap = tmp_path / f"{name}.pcapng"
        connection.to_pcap(pcap, secrets=True)
        ports = ("-d", f"tcp.port=={serving.port},tls", "-d", f"tls.port=={serving.port},data")
        [seen] = dissect(tshark, pcap, *ports).values()
        assert not seen.complaints
        assert len(seen.data) == 2 * len(long)
        packets = rows(tshark, pcap, "frame.time_epoch", "ip.dst", "tcp.flags")
        times, hosts, flags = zip(*packets, strict=True)
        assert list(times) == sorted(times)
        assert set(hosts) == {"127.0.0.1"}
        assert {"0x0002", "0x0012", "0x0011"} <= set(flags)
