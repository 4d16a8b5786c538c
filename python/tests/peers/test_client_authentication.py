"""Client authentication and renegotiation with OpenSSL's and GnuTLS's commands, in both roles."""

from __future__ import annotations

import hashlib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import tlslab as tl

from .conftest import GetPeer
from .lab import wait_for
from .material import Identity, Material
from .peer import PATIENCE
from .process import Process

FLAGS = {"TLSv1.0": "-tls1", "TLSv1.1": "-tls1_1", "TLSv1.2": "-tls1_2"}
SUITE = "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"
CIPHER = "ECDHE-RSA-AES128-SHA:@SECLEVEL=0"
KEYS = ("rsa", "ecdsa")
ESTABLISHED = r"^    Extended master secret: (?:yes|no)\n---\n"


def fingerprint(identity: Identity) -> str:
    """Give the SHA-256 of a certificate."""
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(identity.certificate.read_text())).hexdigest()


def client(version: str = "TLSv1.2", **knobs: str | list[str]) -> tl.Client:
    """Give a client of one version and one suite."""
    return tl.Client.from_dict({"versions": [version], "suites": [SUITE], **knobs})


def server(version: str = "TLSv1.2", **knobs: str | list[str]) -> tl.Server:
    """Give a server of one version and one suite."""
    return tl.Server.from_dict({"versions": [version], "suites": [SUITE], **knobs})


def authenticated(connection: tl.Connection) -> str | None:
    """Give the certificate by which the client has authenticated."""
    assert connection.established is not None, connection.outcome
    identity: str | None = connection.established["client_certificate"]
    return identity


def count(connection: tl.Connection, name: str) -> int:
    """Count the messages of a name."""
    return sum(message.name == name for message in connection.messages)


@contextmanager
def s_server(material: Material, version: str, *more: str) -> Iterator[tuple[Process, str]]:
    """Run `openssl s_server`, and give it with its address."""
    argv = ["openssl", "s_server", "-accept", "127.0.0.1:0", FLAGS[version], "-cipher", CIPHER]
    argv += ["-cert", str(material.rsa.certificate), "-key", str(material.rsa.key), *more]
    with Process(argv) as process:
        port = process.expect(r"^ACCEPT 127\.0\.0\.1:(\d+)").group(1).decode()
        yield process, f"127.0.0.1:{port}"


@contextmanager
def gnutls_serv(material: Material) -> Iterator[str]:
    """Run `gnutls-serv` on a free port, demanding a certificate, and give its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    argv = ["gnutls-serv", "--echo", "--require-client-cert", "--port", str(port)]
    argv += ["--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.2:+SIGN-ALL"]
    argv += ["--x509certfile", str(material.rsa.certificate), "--x509keyfile", str(material.rsa.key)]
    with Process(argv) as process:
        process.expect(r"listening on IPv4 0\.0\.0\.0 port \d+\.\.\.done")
        yield f"127.0.0.1:{port}"


@pytest.mark.parametrize("version", FLAGS)
@pytest.mark.parametrize("key", KEYS)
def test_the_labs_client_proves_itself_to_openssl(
    get_peer: GetPeer, material: Material, version: str, key: str
) -> None:
    get_peer("openssl")
    identity: Identity = getattr(material, key)
    with s_server(material, version, "-Verify", "1", "-rev") as (process, address):
        cert, key_file = identity.certificate, identity.key
        connection = tl.connect(client(version), address, data=b"abc\n", cert=cert, key=key_file)
        assert connection.received == b"cba\n", f"{connection.outcome}: {process.output}"
        assert authenticated(connection) == fingerprint(identity)
        # The lab's own.
        connection = tl.connect(client(version, certificates=[key]), address, data=b"abc\n")
        assert connection.received == b"cba\n", f"{connection.outcome}: {process.output}"
        # None at all, and one whose key is not proved.
        refused = tl.connect(client(version), address).outcome
        assert (refused.kind, refused.alert, refused.sender) == ("alert", "handshake_failure", "server")
        own = client(version, certificate_answer="unproved")
        unproved = tl.connect(own, address, cert=cert, key=key_file).outcome
        assert (unproved.alert, unproved.sender) == ("unexpected_message", "server")


@pytest.mark.parametrize("version", FLAGS)
@pytest.mark.parametrize("key", KEYS)
def test_openssl_proves_itself_to_the_labs_server(
    get_peer: GetPeer, material: Material, version: str, key: str
) -> None:
    get_peer("openssl")
    identity: Identity = getattr(material, key)
    required = server(version, request_certificate="full", client_certificate="required")
    argv = ["openssl", "s_client", FLAGS[version], "-cipher", CIPHER]
    with tl.serve(required, timeout=PATIENCE) as serving:
        argv += ["-connect", serving.address]
        with Process([*argv, "-cert", str(identity.certificate), "-key", str(identity.key)]) as process:
            process.expect(ESTABLISHED)
            process.send(b"hello\n")
            process.expect(ESTABLISHED + r"hello\n")
            process.finish()
        assert authenticated(wait_for(serving, 1)[0]) == fingerprint(identity)
        with Process(argv) as process:
            process.expect("alert handshake failure")
        outcome = wait_for(serving, 2)[1].outcome
        assert (outcome.alert, outcome.sender) == ("handshake_failure", "server")


@pytest.mark.parametrize("key", KEYS)
def test_the_labs_client_proves_itself_to_gnutls(get_peer: GetPeer, material: Material, key: str) -> None:
    get_peer("gnutls")
    identity: Identity = getattr(material, key)
    with gnutls_serv(material) as address:
        connection = tl.connect(client(), address, data=b"abc\n", cert=identity.certificate, key=identity.key)
        assert connection.received == b"abc\n", connection.outcome
        assert authenticated(connection) == fingerprint(identity)
        assert tl.connect(client(), address).outcome.sender == "server"


@pytest.mark.parametrize("key", KEYS)
def test_gnutls_proves_itself_to_the_labs_server(get_peer: GetPeer, material: Material, key: str) -> None:
    get_peer("gnutls")
    identity: Identity = getattr(material, key)
    required = server(request_certificate="full", client_certificate="required")
    with tl.serve(required, timeout=PATIENCE) as serving:
        argv = ["gnutls-cli", "--insecure", "--disable-sni", "--port", str(serving.port), "127.0.0.1"]
        argv += ["--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.2:+SIGN-ALL"]
        files = ["--x509certfile", str(identity.certificate), "--x509keyfile", str(identity.key)]
        with Process([*argv, *files]) as process:
            process.expect(r"^- Simple Client Mode:\n\n")
            process.send(b"hello\n")
            process.expect(r"^hello\n")
            process.finish()
        assert authenticated(wait_for(serving, 1)[0]) == fingerprint(identity)


@pytest.mark.parametrize("version", FLAGS)
def test_openssl_renegotiates_with_the_labs_server(get_peer: GetPeer, version: str) -> None:
    get_peer("openssl")
    for policy in ("secure", "refuse"):
        with tl.serve(server(version, renegotiation=policy), timeout=PATIENCE) as serving:
            argv = ["openssl", "s_client", FLAGS[version], "-cipher", CIPHER, "-connect", serving.address]
            with Process(argv) as process:
                process.expect("Secure Renegotiation IS supported")
                process.expect(ESTABLISHED)
                process.send(b"R\n")
                process.expect("^RENEGOTIATING")
                if policy == "secure":
                    process.expect(r"RENEGOTIATING\n(?:.*\n)*?verify return:1")
                    process.send(b"hello\n")
                    process.expect(r"^hello\n")
                    process.finish()
                else:
                    process.expect("no renegotiation")
            (connection,) = wait_for(serving, 1)
            if policy == "secure":
                assert connection.outcome.kind == "established"
                assert (count(connection, "ClientHello"), count(connection, "Finished")) == (2, 4)
            else:
                # OpenSSL takes the warning for the end.
                assert (connection.outcome.alert, connection.outcome.sender) == ("handshake_failure", "client")


def asked_by_openssl(material: Material, own: tl.Client, version: str, command: bytes) -> tl.Connection:
    """Connect to an `s_server` that is told to renegotiate by a command, and to say something afterwards."""
    done: list[tl.Connection] = []
    with s_server(material, version) as (process, address):
        connecting = threading.Thread(target=lambda: done.append(tl.connect(own, address, data=b"hi\n", receive=5)))
        connecting.start()
        process.expect("^hi\n")
        process.send(command)
        process.expect("^SSL_do_handshake -> 1")
        process.send(b"done\n")
        connecting.join(PATIENCE)
    (connection,) = done
    return connection


@pytest.mark.parametrize("version", FLAGS)
@pytest.mark.parametrize(("command", "asks"), [(b"r\n", False), (b"R\n", True)])
def test_openssl_asks_the_labs_client_to_renegotiate(
    get_peer: GetPeer, material: Material, version: str, command: bytes, asks: bool
) -> None:
    get_peer("openssl")
    own = client(version, renegotiation="secure", certificates=["rsa"])
    connection = asked_by_openssl(material, own, version, command)
    assert connection.received == b"done\n", connection.outcome
    assert (count(connection, "HelloRequest"), count(connection, "ClientHello")) == (1, 2)
    assert (authenticated(connection) is not None) == asks

    connection = asked_by_openssl(material, own.replace(renegotiation="refuse"), version, command)
    assert count(connection, "ClientHello") == 1
    (warning,) = (m for m in connection.messages if m.fields.get("description") == "no_renegotiation")
    assert (warning.sender, warning.fields["level"]) == ("client", "warning")


def test_a_certificate_without_its_key_is_refused(material: Material, tmp_path: Path) -> None:
    rsa, ecdsa = material.rsa, material.ecdsa
    for cert, key in (
        (rsa.certificate, None),
        (None, rsa.key),
        (rsa.certificate, ecdsa.key),
        (tmp_path / "none.pem", rsa.key),
    ):
        with pytest.raises(tl.BehaviourError):
            tl.connect(client(), "127.0.0.1:1", cert=cert, key=key)
