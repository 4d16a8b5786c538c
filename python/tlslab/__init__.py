"""A scriptable lab for TLS 1.0 to 1.2: endpoints whose every behaviour is data."""

from tlslab import ftp, groups, windows
from tlslab._tlslab import __version__
from tlslab.behaviour import Client, Server, knobs
from tlslab.connection import Connection, Message, Outcome, Transfer, handshake
from tlslab.errors import (
    BehaviourError,
    CatalogueError,
    EditError,
    PeerConnectionError,
    RegistryError,
    RunError,
    TlslabError,
)
from tlslab.experiment import Experiment, kernels, plan
from tlslab.live import LiveConnection, LiveMessage
from tlslab.live import open_connection as open  # noqa: A004 - `tl.open` reads as what it is
from tlslab.peer import Serving, connect, serve
from tlslab.result import Result
from tlslab.session import Session
from tlslab.vectors import vectors

__all__ = [
    "BehaviourError",
    "CatalogueError",
    "Client",
    "Connection",
    "EditError",
    "Experiment",
    "LiveConnection",
    "LiveMessage",
    "Message",
    "Outcome",
    "PeerConnectionError",
    "RegistryError",
    "Result",
    "RunError",
    "Server",
    "Serving",
    "Session",
    "TlslabError",
    "Transfer",
    "__version__",
    "connect",
    "ftp",
    "groups",
    "handshake",
    "kernels",
    "knobs",
    "open",
    "plan",
    "serve",
    "vectors",
    "windows",
]
