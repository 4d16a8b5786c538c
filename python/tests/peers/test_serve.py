"""The lab's server for clients of HTTP, with certificates of one's own, until it is told to stop."""

from __future__ import annotations

import http.client
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import tlslab as tl

from .conftest import GetPeer
from .material import Material

PATIENCE = 30.0


def context(*, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    made.minimum_version = made.maximum_version = version
    return made


@contextmanager
def secured(
    address: tuple[str, int], made: ssl.SSLContext, session: ssl.SSLSession | None = None
) -> Iterator[ssl.SSLSocket]:
    with (
        socket.create_connection(address, PATIENCE) as raw,
        made.wrap_socket(raw, session=session) as connection,
    ):
        yield connection


@pytest.fixture(scope="module")
def serving() -> Iterator[tl.Serving]:
    with tl.serve(tl.Server(groups=["ffdhe2048"]), mode="http") as serving:
        yield serving


def test_http_client_gets_the_page_again_and_again(serving: tl.Serving) -> None:
    connection = http.client.HTTPSConnection(serving.host, serving.port, context=context(), timeout=PATIENCE)
    for method, target in [("GET", "/one"), ("HEAD", "/two"), ("GET", "/three")]:
        connection.request(method, target)
        response = connection.getresponse()
        page = response.read().decode()
        assert (response.status, response.reason, response.version) == (200, "OK", 11)
        assert (f"request: {method} {target}\n" in page) == (method == "GET")
    facts = dict(line.split(": ", 1) for line in page.splitlines())
    assert (facts["version"], facts["extended_master_secret"], facts["resumed"]) == ("TLSv1.2", "yes", "no")
    sock = connection.sock
    assert isinstance(sock, ssl.SSLSocket)
    cipher = sock.cipher()
    assert cipher is not None
    assert facts["cipher_suite"].rsplit("_", 1)[1] in {"SHA", "SHA256", "SHA384"}
    assert facts["handshakes"] == "1"
    connection.close()


def test_the_page_tells_of_resumption(serving: tl.Serving) -> None:
    shared = context()
    pages, session = [], None
    for _ in range(2):
        with secured((serving.host, serving.port), shared, session) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            pages.append(connection.makefile("rb").read().decode())
            session = connection.session
    assert "resumed: no\n" in pages[0]
    assert "resumed: by " in pages[1]
    assert "key_exchange: none: the session is resumed\n" in pages[1]


@pytest.mark.parametrize(
    "options", [[], ["--http1.0"], ["--head"], ["--tls-max", "1.2", "--ciphers", "DHE-RSA-AES128-SHA"]]
)
def test_curl(serving: tl.Serving, options: list[str]) -> None:
    if shutil.which("curl") is None:
        pytest.skip("no `curl` command on this machine")
    argv = [
        "curl",
        "--silent",
        "--show-error",
        "--insecure",
        "--max-time",
        "30",
        *options,
        f"https://{serving.address}/",
    ]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    assert ("HTTP/1.1 200 OK" if "--head" in options else "request: GET /\n") in done.stdout


def test_s_client(serving: tl.Serving, get_peer: GetPeer) -> None:
    get_peer("openssl")
    argv = ["openssl", "s_client", "-connect", serving.address, "-quiet"]
    done = subprocess.run(argv, input=b"GET / HTTP/1.0\n\n", capture_output=True, timeout=PATIENCE, check=False)
    assert b"HTTP/1.1 200 OK\r\n" in done.stdout, done.stderr
    assert b"cipher_suite: TLS_" in done.stdout


def test_two_certificates_of_which_the_suite_chooses(material: Material) -> None:
    identities = [material.identity(kx) for kx in ("ECDHE_RSA", "ECDHE_ECDSA")]
    certs, keys = [one.certificate for one in identities], [one.key for one in identities]
    with tl.serve(tl.Server(), cert=certs, key=keys) as serving:
        for identity, suite in zip(identities, ("ECDHE-RSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA"), strict=True):
            offering = context()
            offering.set_ciphers(suite)
            with secured((serving.host, serving.port), offering) as connection:
                shown = connection.getpeercert(binary_form=True)
            assert shown == ssl.PEM_cert_to_DER_cert(identity.certificate.read_text())


def test_certificates_and_keys_that_do_not_go_together(material: Material) -> None:
    rsa, ecdsa = (material.identity(kx) for kx in ("ECDHE_RSA", "ECDHE_ECDSA"))
    cases: list[tuple[list[object], list[object], str]] = [
        ([rsa.certificate], [ecdsa.key], f"{rsa.certificate} and {ecdsa.key}: the private key does not belong"),
        ([rsa.certificate, ecdsa.certificate], [rsa.key], "2 certificates and 1 keys"),
        ([rsa.certificate, rsa.certificate], [rsa.key, rsa.key], "2 certificates are RSA"),
        ([rsa.key], [rsa.certificate], "no CERTIFICATE block"),
        (["/nowhere"], ["/nowhere"], "cannot read /nowhere"),
    ]
    for cert, key, words in cases:
        with pytest.raises(tl.BehaviourError, match=words):
            tl.serve(tl.Server(), cert=cert, key=key)  # type: ignore[arg-type]


@contextmanager
def command(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], tuple[str, int]]]:
    argv = [sys.executable, "-m", "tlslab", "serve", *arguments]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        host, port = process.stdout.readline().removeprefix("listening on ").split(":")
        try:
            yield process, (host, int(port))
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_stop_the_command_while_clients_are_there(number: signal.Signals) -> None:
    with (
        command("--mode", "http") as (process, address),
        socket.create_connection(address),
        secured(address, context()) as connection,
    ):
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(15) == b"HTTP/1.1 200 OK"
        start = time.monotonic()
        process.send_signal(number)
        assert process.wait(PATIENCE) == 0
        assert time.monotonic() - start < 5


def test_the_command_stops_after_so_many_connections() -> None:
    with command("--mode", "http", "--connections", "2") as (process, address):
        for _ in range(2):
            connection = http.client.HTTPSConnection(*address, context=context(), timeout=PATIENCE)
            connection.request("GET", "/", headers={"Connection": "close"})
            assert connection.getresponse().read()
            connection.close()
        assert process.wait(PATIENCE) == 0
        assert process.stderr is not None
        assert process.stderr.read().count("established") == 2
