"""A server peer that lives in a thread of the test's own process."""

from __future__ import annotations

import abc
import socket
import threading
from types import TracebackType

from .peer import PATIENCE, Listening


class ThreadServer(Listening):
    """Echoes on one connection after the other until the `with` block ends."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(0.1)
        self.port = int(self._socket.getsockname()[1])
        self._refusal = ""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._accept, daemon=True)

    @abc.abstractmethod
    def echo(self, connection: socket.socket) -> None:
        """Handshake on `connection` and send back what comes until the client closes."""

    def refusal(self) -> str:
        return self._refusal

    def __enter__(self) -> ThreadServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join(PATIENCE)
        self._socket.close()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._socket.accept()
            except TimeoutError:
                continue
            with connection:
                connection.settimeout(PATIENCE)
                try:
                    self.echo(connection)
                except Exception as error:  # A refusal, in whatever class the library raises it.
                    self._refusal = str(error)
