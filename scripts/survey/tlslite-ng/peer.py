"""tlslite-ng as a server or a client: peer.py server PORT CERT KEY, or peer.py client PORT."""

import contextlib
import socket
import sys
import threading

from tlslite.api import HandshakeSettings, SessionCache, TLSConnection, X509CertChain, parsePEMKey
from tlslite.errors import TLSError


def settings() -> HandshakeSettings:
    """Give what both sides take."""
    made = HandshakeSettings()
    made.minVersion, made.maxVersion = (3, 1), (3, 3)
    made.versions = [(3, 3), (3, 2), (3, 1)]
    # Naming none leaves the choice of the group to the server.
    made.dhGroups = []
    return made


def serve(port: int, cert: str, key: str) -> None:
    """Serve as long as it runs."""
    chain = X509CertChain()
    with open(cert) as file:
        chain.parsePemList(file.read())
    with open(key) as file:
        private = parsePEMKey(file.read(), private=True)
    chosen = settings()
    chosen.ticketKeys = [bytearray(32)]
    cache = SessionCache()

    def talk(tcp: socket.socket) -> None:
        with contextlib.suppress(TLSError, OSError), tcp:
            tls = TLSConnection(tcp)
            tls.handshakeServer(certChain=chain, privateKey=private, sessionCache=cache, settings=chosen)
            while tls.recv(4096):
                pass
            tls.close()

    with socket.create_server(("127.0.0.1", port)) as listening:
        while True:
            threading.Thread(target=talk, args=(listening.accept()[0],), daemon=True).start()


def connect(port: int) -> None:
    """Connect again and again, offering what the last connection left."""
    session = None
    while True:
        with contextlib.suppress(TLSError), socket.create_connection(("127.0.0.1", port)) as tcp:
            tls = TLSConnection(tcp)
            tls.handshakeClientCert(settings=settings(), session=session)
            session = tls.session
            while tls.recv(4096):
                pass
            tls.close()


if __name__ == "__main__":
    if sys.argv[1] == "server":
        serve(int(sys.argv[2]), sys.argv[3], sys.argv[4])
    else:
        connect(int(sys.argv[2]))
