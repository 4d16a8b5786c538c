"""Python's ssl as a server or a client: peer.py server PORT CERT KEY DH, or peer.py client PORT."""

import contextlib
import socket
import ssl
import sys
import threading


def serve(port: int, cert: str, key: str, dh: str) -> None:
    """Serve as long as it runs."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(cert, key)
    context.load_dh_params(dh)

    def talk(tcp: socket.socket) -> None:
        with contextlib.suppress(OSError), tcp, context.wrap_socket(tcp, server_side=True) as tls:
            while tls.recv(4096):
                pass
            # OpenSSL forgets a session whose connection is not closed in order.
            tls.unwrap()

    with socket.create_server(("127.0.0.1", port)) as listening:
        while True:
            threading.Thread(target=talk, args=(listening.accept()[0],), daemon=True).start()


def connect(port: int) -> None:
    """Connect again and again, offering what the last connection left."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ALL:@SECLEVEL=0")
    session = None
    while True:
        with (
            contextlib.suppress(ssl.SSLError, ConnectionResetError),
            socket.create_connection(("127.0.0.1", port)) as tcp,
            context.wrap_socket(tcp, session=session) as tls,
        ):
            session = tls.session
            while tls.recv(4096):
                pass
            tls.unwrap()


if __name__ == "__main__":
    if sys.argv[1] == "server":
        serve(int(sys.argv[2]), *sys.argv[3:])
    else:
        connect(int(sys.argv[2]))
