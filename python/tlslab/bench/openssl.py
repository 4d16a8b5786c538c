"""OpenSSL as a contender: the one that Python's `ssl` is linked with, both ends in memory."""

from __future__ import annotations

import contextlib
import ssl
import tempfile
from collections.abc import Callable
from pathlib import Path

from tlslab import groups
from tlslab.bench.contender import Handshakes, MissingError, Seen
from tlslab.bench.material import dh_parameters, lab_certificate

__all__ = ["SUITES", "Pair", "contender"]

#: OpenSSL's name of the suite of each row.
SUITES = {"openssl DHE-RSA": "DHE-RSA-AES128-GCM-SHA256", "openssl ADH": "ADH-AES128-GCM-SHA256"}

#: SSL_OP_NO_EXTENDED_MASTER_SECRET, for which `ssl` has no name: the lab's endpoints do without it here.
_NO_EXTENDED_MASTER_SECRET = 0x1


def contender(what: str, group: str) -> Handshakes:
    """
    Give the row of a suite.

    Raises
    ------
    MissingError
        This OpenSSL does not take the suite or the group.
    """
    suite = SUITES[what]
    try:
        return Handshakes(what, group, Pair(suite, group).connect, negotiates=f"TLSv1.2 {suite}")
    except (ssl.SSLError, AttributeError, NotImplementedError) as error:
        raise MissingError(f"{ssl.OPENSSL_VERSION} does not take {suite} with {group}: {error}") from error


class Pair:
    """
    A client and a server of OpenSSL, for one connection after the other.

    Parameters
    ----------
    suite
        OpenSSL's name of the only suite.
    group
        The group's name.
    """

    def __init__(self, suite: str, group: str) -> None:
        self._client = _context(ssl.PROTOCOL_TLS_CLIENT, suite)
        self._client.check_hostname = False
        self._client.verify_mode = ssl.CERT_NONE
        self._server = _context(ssl.PROTOCOL_TLS_SERVER, suite)
        _load(self._server, group)

    def connect(self) -> Seen:
        """Do a full handshake, send one message each way, and close from both ends."""
        to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = self._client.wrap_bio(to_client, to_server)
        server = self._server.wrap_bio(to_server, to_client, server_side=True)
        _until_it_waits(client.do_handshake)
        _until_it_waits(server.do_handshake)
        flight = to_client.read()
        to_client.write(flight)
        _until_it_waits(client.do_handshake)
        server.do_handshake()
        client.do_handshake()
        client.write(b"ping")
        server.read()
        server.write(b"pong")
        client.read()
        cipher = client.cipher()
        seen = Seen(f"{client.version()} {cipher and cipher[0]}", bool(client.session_reused), flight)
        _until_it_waits(client.unwrap)
        server.unwrap()
        client.unwrap()
        return seen


def _context(protocol: ssl._SSLMethod, suite: str) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(f"{suite}:@SECLEVEL=0")
    context.options |= ssl.OP_NO_TICKET | _NO_EXTENDED_MASTER_SECRET
    return context


def _load(server: ssl.SSLContext, group: str) -> None:
    """Load the certificate and the group's parameters, which `ssl` takes as files only."""
    certificate, key = lab_certificate()
    with tempfile.TemporaryDirectory(prefix="tlslab-bench-") as folder:
        chain, parameters = Path(folder, "chain.pem"), Path(folder, "dh.pem")
        chain.write_text(certificate + key)
        parameters.write_text(dh_parameters(groups.named(group)))
        server.load_cert_chain(chain)
        server.load_dh_params(str(parameters))


def _until_it_waits(act: Callable[[], object]) -> None:
    with contextlib.suppress(ssl.SSLWantReadError):
        act()
