"""Captures: connections as pcapng files, and their keys, for Wireshark and others."""

from __future__ import annotations

import json
from collections.abc import Iterable
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING

from tlslab import _tlslab
from tlslab.files import WholeFile

if TYPE_CHECKING:
    from tlslab.connection import Connection

__all__ = ["Capture", "to_keylog", "to_pcap"]


class Capture:
    """
    A pcapng file and a key log that connections are added to, one after the other.

    Both are there as a whole once its ``with`` block is left, or not at all.

    Parameters
    ----------
    pcap
        Where the pcapng file is to be; None for none.
    keylog
        Where the key log is to be; None for none.
    secrets
        Whether the keys are embedded in the pcapng file.
    premasters
        Whether the key log has the premaster secrets too, of each side where they differ (``PMS_CLIENT_RANDOM``).

    Raises
    ------
    RunError
        A file cannot be written.

    Examples
    --------
    >>> import tlslab as tl
    >>> with Capture(pcap="two.pcapng") as capture:
    ...     for seed in range(2):
    ...         capture.add([tl.handshake(tl.Client(), tl.Server(), seed=seed)])
    """

    def __init__(
        self,
        *,
        pcap: str | PathLike[str] | None = None,
        keylog: str | PathLike[str] | None = None,
        secrets: bool = False,
        premasters: bool = False,
    ) -> None:
        self._premasters = premasters
        self._native = _tlslab.Capture(secrets)
        self._pcap = None if pcap is None else WholeFile(pcap, private=secrets)
        try:
            self._keylog = None if keylog is None else WholeFile(keylog, private=True)
        except BaseException as error:
            if self._pcap is not None:
                self._pcap.__exit__(type(error), error, None)
            raise
        self.add([])

    @property
    def wanted(self) -> bool:
        """Whether there is a file to write."""
        return self._pcap is not None or self._keylog is not None

    def add(self, connections: Iterable[Connection]) -> None:
        """Append connections."""
        documents = json.dumps([connection.to_dict() for connection in connections])
        if self._pcap is not None:
            self._pcap.write(self._native.add(documents))
        if self._keylog is not None:
            self._keylog.write(_tlslab.key_log(documents, self._premasters).encode())

    def __enter__(self) -> Capture:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in (self._pcap, self._keylog):
            if file is not None:
                file.__exit__(kind, error, trace)


def to_pcap(connections: Iterable[Connection], path: str | PathLike[str], *, secrets: bool = False) -> None:
    """
    Write connections as a pcapng file, with plausible TCP around their bytes.

    Addresses and times of simulated connections are made up, and the same each time; real ones have their own. The
    data connections of FTP follow their control connection.

    Parameters
    ----------
    connections
        The connections, in order.
    path
        The file. It is written as a whole or not at all.
    secrets
        Whether the keys are embedded, so that whoever reads the file can decrypt it.

    Raises
    ------
    RunError
        The file cannot be written.

    Examples
    --------
    >>> import tlslab as tl
    >>> scenario = tl.Experiment(tl.Client(), tl.Server(), scenario="resume", signatures="real")
    >>> tl.to_pcap(scenario.replay_all(7, 0), "resumed.pcapng", secrets=True)
    """
    with Capture(pcap=path, secrets=secrets) as capture:
        capture.add(connections)


def to_keylog(connections: Iterable[Connection], path: str | PathLike[str], *, premasters: bool = False) -> None:
    """
    Write the keys of connections in the format of ``SSLKEYLOGFILE``, for its owner's eyes alone.

    There is a line for each handshake in which an endpoint of the lab had keys: resumptions and renegotiations have
    lines of their own.

    Parameters
    ----------
    connections
        The connections.
    path
        The file. It is written as a whole or not at all.
    premasters
        Whether the premaster secrets are written too, of each side where they differ: they show which side has kept or
        stripped the zeros of Z.

    Raises
    ------
    RunError
        The file cannot be written.
    """
    with Capture(keylog=path, premasters=premasters) as capture:
        capture.add(connections)
