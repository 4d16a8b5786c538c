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
    "BundleError",
    "CatalogueError",
    "CollectionError",
    "EditError",
    "EvidenceError",
    "MissingLibraryError",
    "PeerConnectionError",
    "RegistryError",
    "RunError",
    "TlslabError",
]


class CollectionError(TlslabError):
    """A file of collected trials that cannot be written or read, is damaged, or is of something else."""


class BundleError(TlslabError):
    """A folder or file that holds no result to be loaded or run again."""


class MissingLibraryError(TlslabError, ImportError):
    """A library that is an optional extra of tlslab, and is not installed."""
