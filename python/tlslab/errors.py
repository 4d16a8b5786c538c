"""The exceptions of tlslab, one tree with :class:`TlslabError` at its root."""

from tlslab._tlslab import BehaviourError, EditError, PeerConnectionError, RunError, TlslabError

__all__ = ["BehaviourError", "EditError", "PeerConnectionError", "RunError", "TlslabError"]
