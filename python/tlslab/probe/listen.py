"""Probes of clients: the lab is the server, and waits for them."""

from __future__ import annotations

import json
from pathlib import Path

from tlslab import _tlslab
from tlslab.errors import RunError
from tlslab.numbers import draw_seed, whole_number
from tlslab.peer import read_identities
from tlslab.probe.report import Report
from tlslab.progress import Bar, Progress

__all__ = ["MOST_CONNECTIONS", "PATIENCE", "ClientProbe"]

#: Seconds that a client is waited for, if nothing else is said.
PATIENCE = 60.0

#: Connections are numbered by 16 bits.
MOST = (1 << 16) - 1

#: No more connections are waited for, if nothing else is said; as a rule it takes far fewer.
MOST_CONNECTIONS = 200


class ClientProbe:
    """
    A port on which a client is waited for and judged, connection by connection.

    A server makes its exponent before it sees the client's public value, and cannot choose Z. But it chooses the group:
    with a prime just above a byte boundary nearly every Z has a leading zero byte, and one connection decides.

    Parameters
    ----------
    host, port
        Where to listen; port 0 picks a free one.
    cert, key
        Files with a certificate chain and its key, PEM; None for the lab's own.
    patience
        How long the client is waited for, each time, in seconds.
    timeout
        How long each connection may take, in seconds. One that takes longer is no evidence, and is waited
        for once more.

    Attributes
    ----------
    address
        Where it listens, as ``"host:port"``.

    Raises
    ------
    PeerConnectionError
        The port cannot be listened on.

    Examples
    --------
    >>> import threading
    >>> import tlslab as tl
    >>> probe = tl.ClientProbe()
    >>> client = tl.Client(ems="off", premaster_zeros="keep", versions=["TLSv1.2"])
    >>> def come(times):
    ...     for seed in range(times):
    ...         tl.connect(client, probe.address, seed=seed)
    >>> caller = threading.Thread(target=come, args=(2,))
    >>> caller.start()
    >>> report = probe.run(seed=1, max_connections=2, progress=False)
    >>> caller.join()
    >>> report.side, len(report.connections)
    ('client', 2)
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        cert: str | Path | None = None,
        key: str | Path | None = None,
        patience: float = PATIENCE,
        timeout: float = 10.0,
    ) -> None:
        self._native = _tlslab.ClientProbe(
            host=host,
            port=port,
            patience=patience,
            timeout=timeout,
            identity=next(iter(read_identities(cert, key)), None),
        )
        where, number = self._native.address()
        self.address: str = f"[{where}]:{number}" if ":" in where else f"{where}:{number}"

    @property
    def wanted(self) -> int:
        """How many connections the run has waited for so far, the one that it waits for now among them."""
        return self._native.wanted()

    @property
    def came(self) -> int:
        """How many clients have come so far."""
        return self._native.came()

    def run(
        self,
        *,
        seed: int | None = None,
        max_connections: int | None = None,
        max_time: float | None = None,
        sequential: bool | tuple[float, float, float] = False,
        progress: Progress = None,
    ) -> Report:
        """
        Judge the client that comes, as long as it comes.

        Parameters
        ----------
        seed
            The seed of the first connection; each has its own, the next number. None draws one.
        max_connections
            No more than these; None for 200, or as many as a sequential test may take.
        max_time
            No connection is waited for after so many seconds; None for as long as it takes.
        sequential
            For a client that takes only groups that it knows: whether to go on until Z has a leading zero byte by
            chance, 256 connections on average, and as many with EMS. A triple is the chance of a false alarm at most,
            that of a miss, and the share of connections that end otherwise than zeros have them end; True is one in a
            thousand each.
        progress
            Whether a progress bar is shown; None shows it on a terminal and in Jupyter.

        Returns
        -------
        Report
            What was found. Where the client did not come again, it says so, and what was found until then.

        Raises
        ------
        RunError
            No such error rates.
        """
        rates = (1e-3, 1e-3, 1e-3) if sequential is True else sequential or None
        if rates is not None and not all(0 < rate < 0.5 for rate in rates):
            raise RunError(f"error rates are above 0 and below 1/2, not {rates}")
        if max_connections is None:
            max_connections = MOST if rates else MOST_CONNECTIONS
        most = whole_number("max_connections", max_connections, most=MOST)
        with Bar(most, progress, unit="connection") as bar:
            text = self._native.run(
                seed=draw_seed(seed),
                max_connections=most,
                max_time=max_time,
                sequential=rates,
                progress=bar.update,
            )
        return Report.from_dict({"target": self.address, "rate": None, **json.loads(text)})
