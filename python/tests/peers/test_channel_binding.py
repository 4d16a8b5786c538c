"""tls-unique and exported keying material, the lab's against OpenSSL's."""

from __future__ import annotations

import socket
import ssl
import warnings

import pytest

import tlslab as tl

from .conftest import GetPeer
from .lab import wait_for
from .material import Material
from .peer import PATIENCE
from .process import Process

FLAGS = {"TLSv1.0": "-tls1", "TLSv1.1": "-tls1_1", "TLSv1.2": "-tls1_2"}
SUITES = {
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": "ECDHE-RSA-AES128-SHA",
    "TLS_RSA_WITH_AES_128_GCM_SHA256": "AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
}
CELLS = [
    (version, suite) for version in FLAGS for suite in SUITES if version == "TLSv1.2" or suite.endswith("_CBC_SHA")
]
VERSIONS = {
    "TLSv1.0": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
}
LABEL = "EXPORTER-tlslab"
LENGTH = 77


def exported(connection: tl.Connection) -> str:
    """Export what the peer does, as it prints it."""
    assert connection.channel_binding is not None, connection.outcome
    return connection.channel_binding.exporter(LABEL, length=LENGTH).hex().upper()


@pytest.mark.parametrize(("version", "suite"), CELLS)
@pytest.mark.parametrize("ems", ["on", "off"])
def test_openssl_exports_the_same(get_peer: GetPeer, version: str, suite: str, ems: str) -> None:
    get_peer("openssl")
    server = tl.Server.from_dict({"versions": [version], "suites": [suite], "ems": ems})
    argv = ["openssl", "s_client", FLAGS[version], "-cipher", f"{SUITES[suite]}:@SECLEVEL=0"]
    argv += ["-keymatexport", LABEL, "-keymatexportlen", str(LENGTH)]
    with tl.serve(server, timeout=PATIENCE) as serving, Process([*argv, "-connect", serving.address]) as process:
        theirs = process.expect(r"^    Keying material: ([0-9A-F]+)$").group(1).decode()
        process.finish()
        assert theirs == exported(wait_for(serving, 1)[0])


@pytest.mark.parametrize("version", FLAGS)
def test_openssl_exports_the_same_as_a_server(get_peer: GetPeer, material: Material, version: str) -> None:
    get_peer("openssl")
    suite = CELLS[0][1]
    argv = ["openssl", "s_server", "-accept", "127.0.0.1:0", FLAGS[version], "-cipher", f"{SUITES[suite]}:@SECLEVEL=0"]
    argv += ["-cert", str(material.rsa.certificate), "-key", str(material.rsa.key)]
    argv += ["-keymatexport", LABEL, "-keymatexportlen", str(LENGTH)]
    with Process(argv) as process:
        port = process.expect(r"^ACCEPT 127\.0\.0\.1:(\d+)").group(1).decode()
        connection = tl.connect(tl.Client.from_dict({"versions": [version], "suites": [suite]}), f"127.0.0.1:{port}")
        theirs = process.expect(r"^    Keying material: ([0-9A-F]+)$").group(1).decode()
        assert theirs == exported(connection)


@pytest.mark.parametrize("version", FLAGS)
@pytest.mark.parametrize("resumption", ["session_id", "ticket"])
def test_python_has_the_same_tls_unique(get_peer: GetPeer, version: str, resumption: str) -> None:
    get_peer("python-ssl")
    server = tl.Server.from_dict({"versions": [version], "suites": [CELLS[0][1]], "resumption": resumption})
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # TLS 1.0 and 1.1 are what the lab is about.
        context.minimum_version = context.maximum_version = VERSIONS[version]
    context.set_ciphers(f"{SUITES[CELLS[0][1]]}:@SECLEVEL=0")
    theirs, resumed, session = [], [], None
    with tl.serve(server, timeout=PATIENCE) as serving:
        host, port = serving.address.split(":")
        for _ in range(2):
            tcp = socket.create_connection((host, int(port)), PATIENCE)
            with tcp, context.wrap_socket(tcp, session=session) as connection:
                connection.sendall(b"x")
                assert connection.recv(1) == b"x"
                theirs.append(connection.get_channel_binding("tls-unique"))
                resumed.append(connection.session_reused)
                session = connection.session
        connections = wait_for(serving, 2)
    assert resumed == [False, True]
    assert theirs == [one.channel_binding and one.channel_binding.tls_unique for one in connections]
