"""TLS that begins on an open connection: OpenSSL's and Python's clients at the lab's server, and the lab's client."""

from __future__ import annotations

import ftplib
import imaplib
import poplib
import smtplib
import socket
import ssl
import struct
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal

import pytest

import tlslab as tl
from tlslab.peer import STARTTLS

from . import hostile, lab
from .conftest import GetPeer
from .ftp_peers import vsftpd
from .material import Material

PATIENCE = 30.0
SERVER = tl.Server(groups=["ffdhe2048"], resumption="both", renegotiation="secure")


def context() -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    return made


@pytest.mark.parametrize("protocol", STARTTLS)
@pytest.mark.parametrize("version", ["TLSv1.0", "TLSv1.2"])
def test_the_lab_at_the_lab(protocol: str, version: Literal["TLSv1.0", "TLSv1.2"]) -> None:
    client = tl.Client(versions=[version])
    data = bytes(range(256)) * 100
    with tl.serve(SERVER, starttls=protocol) as serving:
        first = tl.connect(client, serving.address, starttls=protocol, renegotiations=1, data=data, seed=1)
        again = tl.connect(client, serving.address, starttls=protocol, data=data, session=first.session, seed=2)
        (of_the_server, _) = lab.wait_for(serving, 2)
    assert (first.received, first.outcome.kind) == (data, "established")
    assert len(first.channel_bindings("client")) == 2
    assert again.received == data
    assert again.established is not None
    assert again.established["resumed"] == "session_id"
    assert of_the_server.outcome.kind == "established"


@pytest.mark.parametrize("protocol", [protocol for protocol in STARTTLS if protocol != "tds"])
def test_s_client(get_peer: GetPeer, protocol: str) -> None:
    get_peer("openssl")
    with tl.serve(SERVER, starttls=protocol) as serving:
        argv = ["openssl", "s_client", "-connect", serving.address, "-starttls", protocol, "-tls1_2", "-brief"]
        done = subprocess.run(argv, input=b"", capture_output=True, timeout=PATIENCE, check=False)
        (connection,) = lab.wait_for(serving, 1)
    assert done.returncode == 0, done.stderr
    assert b"CONNECTION ESTABLISHED" in done.stderr
    assert connection.outcome.kind == "established"


@pytest.mark.parametrize("protocol", ["smtp", "imap", "pop3", "ftp", "ldap", "postgres"])
def test_gnutls_cli(get_peer: GetPeer, protocol: str) -> None:
    get_peer("gnutls")
    with tl.serve(SERVER, starttls=protocol, mode="talk") as serving:
        argv = ["gnutls-cli", "--insecure", "--starttls-proto", protocol, "--port", str(serving.port), serving.host]
        done = subprocess.run(argv, input=b"", capture_output=True, timeout=PATIENCE, check=False)
        (connection,) = lab.wait_for(serving, 1)
    assert done.returncode == 0, done.stderr
    assert connection.outcome.kind == "established"


def by_smtplib(serving: tl.Serving) -> None:
    with smtplib.SMTP(serving.host, serving.port, timeout=PATIENCE) as client:
        client.ehlo()
        assert client.has_extn("starttls")
        assert client.starttls(context=context())[0] == 220
        assert isinstance(client.sock, ssl.SSLSocket)
        client.ehlo()
        assert not client.has_extn("starttls")
        assert client.mail("a@b.test")[0] == 502


def by_imaplib(serving: tl.Serving) -> None:
    with imaplib.IMAP4(serving.host, serving.port, timeout=PATIENCE) as client:
        assert "STARTTLS" in client.capabilities
        assert client.starttls(context())[0] == "OK"
        assert "STARTTLS" not in client.capabilities
        with pytest.raises(imaplib.IMAP4.error, match="no mail here"):
            client.login("a", "b")


def by_poplib(serving: tl.Serving) -> None:
    client = poplib.POP3(serving.host, serving.port, timeout=PATIENCE)
    assert "STLS" in client.capa()
    assert client.stls(context()).startswith(b"+OK")
    assert "STLS" not in client.capa()
    assert client.quit().startswith(b"+OK")


def by_ftplib(serving: tl.Serving) -> None:
    client = ftplib.FTP_TLS(timeout=PATIENCE, context=context())
    client.connect(serving.host, serving.port)
    assert client.auth().startswith("234")
    with pytest.raises(ftplib.error_perm, match="530 there are no files here"):
        client.login()
    assert client.quit().startswith("221")


@pytest.mark.parametrize(
    ("protocol", "talk"),
    [("smtp", by_smtplib), ("imap", by_imaplib), ("pop3", by_poplib), ("ftp", by_ftplib)],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_clients_of_the_standard_library(protocol: str, talk: Callable[[tl.Serving], None]) -> None:
    with tl.serve(SERVER, starttls=protocol, mode="talk") as serving:
        talk(serving)
        (connection,) = lab.wait_for(serving, 1)
    assert connection.outcome.kind == "established"


#: What each protocol's server says, as those of other makes do; after the last the handshake begins.
SCRIPTS: dict[str, list[bytes]] = {
    "smtp": [
        b"220 mx.example.net ESMTP Postfix\r\n",
        b"250-mx.example.net\r\n250-PIPELINING\r\n250-STARTTLS\r\n250 CHUNKING\r\n",
        b"220 2.0.0 Ready to start TLS\r\n",
    ],
    "imap": [
        b"* OK [CAPABILITY IMAP4rev1 SASL-IR STARTTLS LOGINDISABLED] Dovecot ready.\r\n",
        b"* CAPABILITY IMAP4rev1 SASL-IR STARTTLS\r\na1 OK Pre-login capabilities listed.\r\n",
        b"a2 OK Begin TLS negotiation now.\r\n",
    ],
    "pop3": [b"+OK Dovecot ready.\r\n", b"+OK Begin TLS negotiation now.\r\n"],
    "ftp": [b"220-Welcome\r\n220 (vsFTPd 3.0.3)\r\n", b"234 Proceed with negotiation.\r\n"],
    "ldap": [
        b"",
        bytes.fromhex("30 24 02 01 01 78 1f 0a 01 00 04 00 04 00 8a 16") + b"1.3.6.1.4.1.1466.20037",
    ],
    "postgres": [b"", b"S"],
}


@pytest.mark.parametrize("protocol", SCRIPTS)
def test_the_client_at_servers_of_other_makes(protocol: str) -> None:
    script = SCRIPTS[protocol]

    def speak(connection: socket.socket) -> None:
        greeting, *answers = script
        connection.sendall(greeting)
        for answer in answers:
            assert connection.recv(4096)
            connection.sendall(answer)
        # The record of the ClientHello: a handshake message, in a version of TLS.
        assert connection.recv(3)[:2] == b"\x16\x03"
        connection.sendall(b"\x15\x03\x03\x00\x02\x02\x28")
        hostile.drain(connection)

    with hostile.Hostile(speak) as server:
        connection = tl.connect(tl.Client(), f"127.0.0.1:{server.port}", starttls=protocol, timeout=PATIENCE)
    assert (connection.outcome.alert, connection.outcome.sender) == ("handshake_failure", "server")


@pytest.mark.parametrize("ems", [False, True])
def test_vsftpd(material: Material, tmp_path: Path, ems: bool) -> None:
    with vsftpd(material, tmp_path, require_reuse=True, ems=ems) as address:
        connection = tl.connect(tl.Client(), address, starttls="ftp", data=b"NOOP\r\n", receive=4)
    assert connection.established is not None
    assert (connection.established["ems"], connection.received[:4]) == (ems, b"530 ")
    assert connection.said[1:] == [("client", b"AUTH TLS\r\n"), ("server", b"234 Proceed with negotiation.\r\n")]
    assert '"AUTH TLS" ' in connection.ladder()


def says(*lines: bytes) -> hostile.Act:
    """Say something at each turn."""

    def act(connection: socket.socket) -> None:
        for line in lines:
            connection.sendall(line)
            connection.recv(4096)
        hostile.drain(connection)

    return act


@pytest.mark.parametrize(
    ("protocol", "act", "words"),
    [
        ("smtp", says(b"220 hi\r\n", b"250 nothing\r\n"), "refuses TLS"),
        ("smtp", says(b"+OK POP3\r\n"), "SMTP's greeting|begins with a code"),
        ("smtp", says(b"2" * (1 << 20)), "more than 65536 bytes"),
        ("pop3", says(b"+OK\r\n", b"+OK\r\n+OK injected\r\n"), "not protected"),
        ("postgres", says(b"N"), "refuses TLS"),
        ("mysql", hostile.endless_garbage, "more than 65536 bytes"),
        ("tds", says(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "a packet of TDS"),
        ("imap", hostile.close_at_once, "said no more in time|closed the connection"),
        ("ldap", hostile.silent, "said no more in time"),
    ],
)
def test_servers_that_do_not_begin_tls(protocol: str, act: hostile.Act, words: str) -> None:
    with hostile.Hostile(act) as server, pytest.raises(tl.PeerConnectionError, match=words):
        tl.connect(tl.Client(), f"127.0.0.1:{server.port}", starttls=protocol, timeout=1.0)


@pytest.mark.parametrize("protocol", STARTTLS)
def test_the_server_outlives_clients_that_speak_something_else(protocol: str) -> None:
    with tl.serve(SERVER, starttls=protocol, handshake_timeout=1.0) as serving:
        for said in (b"", b"\xff" * 100_000, b"GET / HTTP/1.0\r\n\r\n"):
            with socket.create_connection((serving.host, serving.port)) as raw, suppress(OSError):
                raw.settimeout(PATIENCE)
                raw.sendall(said)
                hostile.drain(raw)
        connection = tl.connect(tl.Client(), serving.address, starttls=protocol, data=b"still there?")
    assert connection.received == b"still there?"


HINTS = [
    (says(b"SSH-2.0-OpenSSH_9.2\r\n"), "SSH"),
    (says(b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"), "HTTP without TLS"),
    (says(b"220 mx ESMTP\r\n"), "starttls smtp"),
    (says(b"* OK ready\r\n"), "starttls imap"),
    (says(b"+OK ready\r\n"), "starttls pop3"),
    (hostile.silent, "says nothing"),
    (hostile.close_at_once, "closed without a word"),
]


@pytest.mark.parametrize(("act", "words"), HINTS)
def test_a_peer_without_tls_is_recognised(act: hostile.Act, words: str) -> None:
    with hostile.Hostile(act) as server:
        address = f"127.0.0.1:{server.port}"
        connection = tl.connect(tl.Client(), address, timeout=1.0)
        argv = [sys.executable, "-m", "tlslab", "connect", address, "--timeout", "1"]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=PATIENCE)
    assert connection.note is not None
    assert words in connection.note
    assert (done.returncode, words in done.stdout) == (1, True)


def test_a_peer_of_tls_gets_no_note() -> None:
    with tl.serve(tl.Server(versions=["TLSv1.2"])) as serving:
        assert tl.connect(tl.Client(), serving.address).note is None
        assert tl.connect(tl.Client(versions=["TLSv1.0"]), serving.address).note is None


def test_a_server_that_refuses_to_renegotiate() -> None:
    with tl.serve(tl.Server()) as serving:
        connection = tl.connect(tl.Client(), serving.address, renegotiations=2, data=b"on we go")
    assert connection.received == b"on we go"
    assert connection.note is not None
    assert "refused to renegotiate" in connection.note


class Packets:
    """TLS over TDS as [MS-TDS] 3.2.5.2 has it, with Python's ssl: the handshake in packets, data as it is."""

    def __init__(self, sock: socket.socket, made: ssl.SSLContext, *, server_side: bool) -> None:
        self._sock = sock
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = made.wrap_bio(self._incoming, self._outgoing, server_side=server_side)

    def receive(self) -> tuple[int, bytes]:
        header = self._exactly(8)
        packet_type, status, length = struct.unpack(">BBHxxxx", header)
        assert status == 1
        return packet_type, self._exactly(length - 8)

    def send(self, content: bytes, packet_type: int = 0x12) -> None:
        self._sock.sendall(struct.pack(">BBHHBB", packet_type, 1, len(content) + 8, 0, 0, 0) + content)

    def handshake(self) -> None:
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush()
                packet_type, content = self.receive()
                assert packet_type == 0x12
                self._incoming.write(content)
                continue
            self._flush()
            return

    def echo(self, data: bytes | None = None) -> bytes:
        """Send `data` and give the answer, or send back what comes."""
        if data is not None:
            self._write(data)
        while True:
            try:
                got = self._tls.read(4096)
            except ssl.SSLWantReadError:
                self._incoming.write(self._sock.recv(4096))
                continue
            if data is None:
                self._write(got)
            return got

    def _write(self, data: bytes) -> None:
        self._tls.write(data)
        self._sock.sendall(self._outgoing.read())

    def _flush(self) -> None:
        if content := self._outgoing.read():
            self.send(content)

    def _exactly(self, length: int) -> bytes:
        data = b""
        while len(data) < length:
            more = self._sock.recv(length - len(data))
            assert more, "the connection ends"
            data += more
        return data


#: PRELOGIN with the options VERSION, ENCRYPTION and MARS, in this order, and ENCRYPT_ON.
PRELOGIN = bytes.fromhex("00 0010 0006 01 0016 0001 04 0017 0001 ff 0e00 0000 0000 01 00")


def test_tds_at_the_server_with_another_tls() -> None:
    with (
        tl.serve(SERVER, starttls="tds") as serving,
        socket.create_connection((serving.host, serving.port), PATIENCE) as sock,
    ):
        peer = Packets(sock, context(), server_side=False)
        peer.send(PRELOGIN)
        packet_type, answer = peer.receive()
        assert (packet_type, answer[-1]) == (0x04, 1)
        peer.handshake()
        assert peer.echo(b"SELECT 1") == b"SELECT 1"


def test_tds_at_another_server(material: Material) -> None:
    identity = material.identity("ECDHE_RSA")
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(identity.certificate, identity.key)

    def speak(sock: socket.socket) -> None:
        peer = Packets(sock, made, server_side=True)
        packet_type, _ = peer.receive()
        assert packet_type == 0x12
        peer.send(PRELOGIN, 0x04)
        peer.handshake()
        peer.echo()
        hostile.drain(sock)

    with hostile.Hostile(speak) as server:
        address = f"127.0.0.1:{server.port}"
        connection = tl.connect(tl.Client(), address, starttls="tds", data=b"SELECT 1", timeout=PATIENCE)
        assert server.refusal() == ""
    assert (connection.outcome.kind, connection.received) == ("established", b"SELECT 1")
