"""The exceptions of tlslab, one tree with :class:`TlslabError` at its root."""

from tlslab._tlslab import (
    BehaviourError,
    CatalogueError,
    EditError,
    EvidenceError,
    PeerConnectionError,
    RegistryError,
    RunError,
    TlslabError,
)

__all__ = [
    "BehaviourError",
    "CatalogueError",
    "EditError",
    "EvidenceError",
    "PeerConnectionError",
    "RegistryError",
    "RunError",
    "TlslabError",
]
