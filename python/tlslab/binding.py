"""What binds something to a connection: tls-unique (RFC 5929) and exported keying material (RFC 5705)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tlslab import _tlslab

__all__ = ["ChannelBinding"]


class ChannelBinding:
    """
    What a finished handshake gives to bind something to: see :attr:`Connection.channel_binding`.

    It holds the master secret, and is equal to one with the same content. Without Extended Master Secret a third party
    can bring about two connections with the same one (RFC 7627 1).
    """

    __slots__ = ("_document",)

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = dict(document)

    @property
    def tls_unique(self) -> bytes:
        """The channel binding ``tls-unique``: the first Finished of the handshake, 12 bytes (RFC 5929 3.1)."""
        return bytes.fromhex(self._document["tls_unique"])

    @property
    def master_secret(self) -> bytes:
        """The master secret, 48 bytes."""
        return bytes.fromhex(self._document["master_secret"])

    @property
    def client_random(self) -> bytes:
        """The random of ClientHello, 32 bytes."""
        return bytes.fromhex(self._document["client_random"])

    @property
    def server_random(self) -> bytes:
        """The random of ServerHello, 32 bytes."""
        return bytes.fromhex(self._document["server_random"])

    def exporter(self, label: str, *, length: int, context: bytes | None = None) -> bytes:
        """
        Export keying material (RFC 5705 4).

        Parameters
        ----------
        label
            What it is for; such labels begin with ``EXPORTER``. Those of the handshake itself are refused.
        length
            How many bytes, 65,535 at most.
        context
            What else it depends on. None and ``b""`` are not the same.

        Raises
        ------
        RunError
            The label is one of the handshake's own, or something is too long.

        Examples
        --------
        >>> import tlslab as tl
        >>> connection = tl.handshake(tl.Client(), tl.Server(), seed=7)
        >>> len(connection.channel_binding.exporter("EXPORTER-example", length=32))
        32
        """
        if not 0 <= length < 1 << 32:
            raise _tlslab.RunError(f"a length is a whole number from 0 to 65535, not {length}")
        return bytes(_tlslab.export_keying_material(json.dumps(self._document), label, context, length))

    def to_dict(self) -> dict[str, Any]:
        """Give everything, byte strings in hexadecimal."""
        return dict(self._document)

    def __eq__(self, other: object) -> bool:
        return self._document == other._document if isinstance(other, ChannelBinding) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(sorted(self._document.items())))

    def __repr__(self) -> str:
        return f"<ChannelBinding: tls-unique {self._document['tls_unique']}>"
