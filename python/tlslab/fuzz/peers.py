"""Campaigns against a real peer: what it does, against what the lab's profile of it predicts."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import shlex
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from tlslab import _tlslab
from tlslab.behaviour import Client, Server
from tlslab.connection import Connection
from tlslab.errors import PeerConnectionError, RunError, TlslabError
from tlslab.peer import connect

__all__ = ["Address", "Against", "Command", "Target"]

#: How long a peer has to begin listening, in seconds.
_PATIENCE = 20.0

#: How long one connection may take, in seconds.
_TIMEOUT = 2.0

#: As many inputs of the corpus as one is made of.
_PARENTS = 8

#: What sanitizers write before they end a program, and after.
_SANITIZER = re.compile(rb"(ERROR: \w+Sanitizer: [^\n]*|runtime error: [^\n]*|WARNING: \w+Sanitizer: [^\n]*)")


class Target:
    """A peer that takes connections."""

    address: str

    def failure(self) -> tuple[str, str] | None:
        """Say how the peer has broken since the last call: the kind, and what happened."""
        return None

    def restart(self) -> bool:
        """Start it again where that is possible."""
        return False

    def __enter__(self) -> Target:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


class Address(Target):
    """A peer that somebody else has started."""

    def __init__(self, address: str) -> None:
        self.address = address


class Command(Target):
    """A peer that is started here, by a command in which ``{port}`` stands for the port that it is to listen on."""

    def __init__(self, command: str) -> None:
        if "{port}" not in command:
            raise RunError(f"the command {command!r} has no {{port}}, which the peer is to listen on")
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 -- it is closed when the target is left
        self._read = 0
        try:
            self._start()
        except BaseException:
            self._end()
            self._log.close()
            raise

    def _start(self) -> None:
        port = _free_port()
        self.address: str = f"127.0.0.1:{port}"
        words = shlex.split(self._command.replace("{port}", str(port)))
        try:
            self._process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log, start_new_session=True
            )
        except OSError as error:
            raise RunError(f"cannot start {words[0]}: {error}") from error
        deadline = time.monotonic() + _PATIENCE
        while not _listens(port):
            if self._process.poll() is not None:
                raise RunError(f"{words[0]} has ended before it was listening: {self._written()[-500:]!r}")
            if time.monotonic() > deadline:
                raise RunError(f"{words[0]} is not listening on port {port} after {_PATIENCE:.0f} seconds")
            time.sleep(0.02)

    def _written(self) -> bytes:
        """Give what it has written since the last call."""
        if sys.platform == "win32":  # To read is to move where the command writes: there its words are not looked at.
            return b""
        written = os.pread(self._log.fileno(), 1 << 20, self._read)
        self._read += len(written)
        return written

    def failure(self) -> tuple[str, str] | None:
        """Say how the peer has broken since the last call: the kind, and what happened."""
        assert self._process is not None
        # A process that is about to die has shut its connection already.
        status = self._process.poll()
        report = _SANITIZER.search(self._written())
        if report is not None:
            return "sanitizer", report.group().decode(errors="replace")
        if status is not None and status != 0:
            how = f"by signal {-status}" if status < 0 else f"with exit code {status}"
            return "crash", f"the peer has ended {how}"
        return None

    def restart(self) -> bool:
        """Start it again, ending it where it is still there."""
        self._end()
        self._start()
        return True

    @property
    def ended(self) -> bool:
        """Whether the process is not there any more."""
        return self._process is None or self._process.poll() is not None

    def wait(self, seconds: float) -> None:
        """Wait for its end, if it is about to end."""
        assert self._process is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)

    def _end(self) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        self._log.close()


@dataclass(frozen=True)
class _Ran:
    """What became of an input at the peer."""

    #: How each connection ended, predicted and in fact, up to the first difference.
    told: tuple[tuple[str, str], ...]
    #: What the peer sent, by the names of its messages.
    seen: tuple[tuple[str, ...], ...]
    #: The kind of what is wrong, and what happened.
    objection: tuple[str, str] | None


class Against:
    """The inputs of a campaign against a peer, one after the other."""

    def __init__(
        self, target: Target, client: Client, server: Server, *, any_knobs: bool, seed: int, corpus: list[str]
    ) -> None:
        self._target = target
        self._client, self._server = client.to_json(), server
        self._any_knobs, self._seed = any_knobs, seed
        self._seen: set[tuple[object, object]] = set()
        self.corpus = corpus
        self.findings: list[dict[str, Any]] = []
        self._known: set[tuple[str, str]] = set()
        self.outcomes: Counter[str] = Counter()
        self.misfits: int = 0

    @property
    def features(self) -> int:
        """How many different things the peer has done."""
        return len(self._seen)

    def run(self, number: int) -> None:
        """Make the input with this number, and run it."""
        draw = random.Random(f"{self._seed} {number}")
        parents = draw.sample(self.corpus, min(_PARENTS, len(self.corpus)))
        made = _tlslab.fuzz_make(
            self._client,
            self._server.to_json(),
            any_knobs=self._any_knobs,
            seed=self._seed,
            number=number,
            corpus=parents,
        )
        ran = None if made is None else self._try(given := self._reduced(json.loads(made)))
        if ran is None:
            self.misfits += 1
            return
        self.outcomes[ran.told[0][1]] += 1
        if ran.objection is not None and self._signature(ran.objection) not in self._known:
            self._known.add(self._signature(ran.objection))
            self.findings.append(self._finding(number + 1, given, ran.objection))
        if (ran.told, ran.seen) not in self._seen:
            self._seen.add((ran.told, ran.seen))
            self.corpus.append(json.dumps(given))

    @staticmethod
    def _signature(objection: tuple[str, str]) -> tuple[str, str]:
        return objection[0], re.sub(r"[0-9]+", "", objection[1])

    def _finding(self, execution: int, given: dict[str, Any], objection: tuple[str, str]) -> dict[str, Any]:
        kind, what = objection
        for smaller in _smaller(given):
            ran = self._try(smaller)
            shown = None if ran is None else ran.objection
            if shown is not None and self._signature(shown) == self._signature(objection):
                return self._finding(execution, smaller, shown)
        return {"oracle": kind, "rule": _RULES[kind], "what": what, "execution": execution, "input": given}

    def _reduced(self, given: dict[str, Any]) -> dict[str, Any]:
        """Give the input with what a client alone can do, against the peer's profile."""
        given["server"] = self._server.to_dict()
        for number, plan in enumerate(given["scenario"]["connections"]):
            edits = [edit for edit in plan.pop("edits", []) if _is_of_handshake(edit, number)]
            plan["client_sends"] = plan["server_sends"] = ""
            for name in ("fault", "forgets", "seconds_before", "server", "renegotiates"):
                plan.pop(name, None)
            if edits:
                plan["edits"] = edits
        return given

    def _try(self, given: dict[str, Any]) -> _Ran | None:
        """Run an input in memory and at the peer; None where it does not fit."""
        try:
            predicted = json.loads(_tlslab.fuzz_replay(json.dumps(given), []))["connections"]
        except TlslabError:
            return None
        expected = [_told(Connection(one, 0)) for one in predicted]
        # To wait for what never comes would take the time of a thousand inputs.
        if not expected or any(label == "timed_out" for label in expected):
            return None
        told: list[tuple[str, str]] = []
        seen: list[tuple[str, ...]] = []
        for label, connection in zip(expected, self._connections(given), strict=False):
            if connection is None:
                return _Ran((*told, (label, "nobody there")), tuple(seen), self._broken("the peer takes no connection"))
            told.append((label, _told(connection)))
            seen.append(tuple(message.name for message in connection.messages if message.sender == "server"))
            if told[-1][0] != told[-1][1]:
                break
        return _Ran(tuple(told), tuple(seen), self._objection(told))

    def _connections(self, given: dict[str, Any]) -> Iterator[Connection | None]:
        """Make the connections of an input, each offering what the one before left."""
        client, session = Client.from_dict(given["client"]), None
        for number, plan in enumerate(given["scenario"]["connections"]):
            try:
                connection = connect(
                    client.replace(**plan.get("client", {})),
                    self._target.address,
                    timeout=_TIMEOUT,
                    seed=(int(given["seed"]) + number) % (1 << 64),
                    edits=plan.get("edits", ()),
                    session=session,
                )
            except PeerConnectionError:
                yield None
                return
            session = connection.session or session
            yield connection

    def _objection(self, told: list[tuple[str, str]]) -> tuple[str, str] | None:
        """Say what is wrong with the peer, or with the prediction."""
        expected, got = told[-1]
        if isinstance(self._target, Command) and expected != got:
            self._target.wait(0.1)
        failure = self._target.failure()
        if failure is not None:
            self._target.restart()
            return failure
        if isinstance(self._target, Command) and self._target.ended:
            # It has ended as if all were well, as some do after so many connections.
            self._target.restart()
        # The client has the last word where it resumes, and does not wait for what the server makes of it.
        if expected == got or (got == "resumed" and expected.endswith(":server")):
            return None
        if got == "timed_out" and not self._answers():
            return self._broken("the peer does not answer any more")
        return "prediction", f"the profile comes to {expected}, the peer to {got}"

    def _broken(self, what: str) -> tuple[str, str]:
        failure = self._target.failure()
        if not self._target.restart() and not self._answers():
            raise RunError(f"{self._target.address}: {failure[1] if failure else what}")
        return failure or ("hang", what)

    def _answers(self) -> bool:
        try:
            return connect(Client(), self._target.address, timeout=_TIMEOUT, seed=0).outcome.kind != "timed_out"
        except PeerConnectionError:
            return False


_RULES: Mapping[str, str] = {
    "prediction": "a peer does what the lab's profile of it does",
    "crash": "a peer takes any bytes, and goes on",
    "sanitizer": "a peer takes any bytes without touching what is not its own",
    "hang": "a peer goes on answering",
}


def _told(connection: Connection) -> str:
    outcome = connection.outcome
    if outcome.kind == "established":
        resumed = (outcome.established or {}).get("resumed")
        return "established" if resumed is None else "resumed"
    if outcome.kind == "alert":
        return f"alert:{outcome.alert}:{outcome.sender}"
    return outcome.kind


def _is_of_handshake(edit: Mapping[str, Any], connection: int) -> bool:
    """Say whether an edit is the client's and about its handshake: nothing waits for the rest."""
    select = edit["select"]
    # ClientHello, ClientKeyExchange, ChangeCipherSpec, Finished; resuming takes one record less.
    last = 3 if connection == 0 else 2
    of_handshake = select.get("message") not in ("ApplicationData", "Alert") and select.get("record", 0) <= last
    return bool(edit["side"] == "client" and of_handshake)


def _smaller(given: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give inputs that lack one thing of an input's: a connection, an edit, a knob."""
    text = json.dumps(given)
    connections = given["scenario"]["connections"]
    for number in reversed(range(len(connections))):
        if len(connections) > 1:
            smaller = json.loads(text)
            del smaller["scenario"]["connections"][number]
            yield smaller
        for edit in range(len(connections[number].get("edits", []))):
            smaller = json.loads(text)
            del smaller["scenario"]["connections"][number]["edits"][edit]
            yield smaller
    for name in given["client"]:
        smaller = json.loads(text)
        del smaller["client"][name]
        yield smaller


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    return port


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 0.5).close()
    except OSError:
        return False
    return True
