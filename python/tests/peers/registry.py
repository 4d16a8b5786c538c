"""The peers that the tests drive."""

from __future__ import annotations

from .gnutls import GnuTLS
from .openssl import OpenSSL
from .peer import Peer
from .python_ssl import PythonSSL
from .tlslite_ng import TlsliteNg

PEERS: tuple[type[Peer], ...] = (OpenSSL, GnuTLS, TlsliteNg, PythonSSL)
BY_NAME: dict[str, type[Peer]] = {peer.name: peer for peer in PEERS}
