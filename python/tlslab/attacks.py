"""
Attacks: a third party between a client and a server.

>>> import tlslab as tl
>>> client = tl.Client(ems="off", offer_without_ems="offer", renegotiation="secure", certificates=["rsa"])
>>> tl.attacks.triple_handshake(client, tl.Server(ems="off", resume_legacy="resume"), seed=1)
<TripleHandshake: succeeded>
>>> tl.attacks.triple_handshake(client.replace(ems="on"), tl.Server(), seed=1)
<TripleHandshake: failed at same_master_secret>
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, Literal

from tlslab import _tlslab
from tlslab.behaviour import Client, Server
from tlslab.binding import ChannelBinding
from tlslab.connection import Connection
from tlslab.numbers import draw_seed
from tlslab.shown import Shown

__all__ = ["Attacker", "Attribution", "Handshake", "Legs", "Refusal", "TripleHandshake", "triple_handshake"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attacker:
    """
    What the attacker of a triple handshake does. The default does all that the attack takes.

    Attributes
    ----------
    key_exchange
        By which key exchange it brings both sides to the same premaster secret: ``"rsa"``, which it encrypts again, or
        ``"dhe"``, with a group that is none.
    randoms
        Whether it passes on the randoms of handshake 1 (``"forward"``), or has its ``"own"``.
    session
        Likewise the session id or the ticket of handshake 1.
    ems
        Whether each side is told in handshake 1 that the other knows EMS (``"forward"``), or that it does not
        (``"withhold"``).
    finished
        Whether it passes on the Finished messages of handshake 2 (``"forward"``), or gives each side its ``"own"``,
        which are those that the side expects.
    sends
        What it says to the server after handshake 2.
    """

    key_exchange: Literal["rsa", "dhe"] = "rsa"
    randoms: Literal["forward", "own"] = "forward"
    session: Literal["forward", "own"] = "forward"
    ems: Literal["forward", "withhold"] = "forward"
    finished: Literal["forward", "own"] = "forward"
    sends: bytes = b"POST /transfer?to=attacker HTTP/1.1\r\nHost: server.example\r\nX-Ignored: "

    def _document(self) -> dict[str, str]:
        return {**asdict(self), "sends": _escaped(self.sends)}


@dataclass(frozen=True, slots=True)
class Handshake:
    """
    A handshake of the attack as the client and as the server have it.

    Attributes
    ----------
    number
        1, 2 or 3.
    client, server
        What each has agreed on, as in :attr:`Outcome.established`; None where it has not finished.
    client_binding, server_binding
        What it gives each of them to bind something to.
    same
        Whether ``"master_secret"``, ``"randoms"``, ``"tls_unique"`` and an ``"exporter"`` are the same at both; None
        where not both have finished.
    """

    number: int
    client: Mapping[str, Any] | None
    server: Mapping[str, Any] | None
    client_binding: ChannelBinding | None
    server_binding: ChannelBinding | None
    same: Mapping[str, bool] | None

    @classmethod
    def _read(cls, document: Mapping[str, Any]) -> Handshake:
        client, server = document["client"], document["server"]
        return cls(
            number=document["handshake"],
            client=client and MappingProxyType(client["agreed"]),
            server=server and MappingProxyType(server["agreed"]),
            client_binding=client and ChannelBinding(client["binding"]),
            server_binding=server and ChannelBinding(server["binding"]),
            same=document["same"] and MappingProxyType(document["same"]),
        )


@dataclass(frozen=True, slots=True)
class Legs:
    """
    One connection at both of its ends.

    Attributes
    ----------
    client
        The client's, whose server is the attacker.
    server
        The server's, whose client is the attacker.
    """

    client: Connection
    server: Connection


@dataclass(frozen=True, slots=True)
class Refusal:
    """
    Something that a party found wrong.

    Attributes
    ----------
    connection
        In which connection: 1 or 2.
    party
        ``"client"``, ``"attacker"`` or ``"server"``.
    reason
        What, in words.
    """

    connection: int
    party: str
    reason: str


@dataclass(frozen=True, slots=True)
class Attribution:
    """
    Data, and who the server's application takes for its sender.

    Attributes
    ----------
    client_certificate
        The SHA-256, in hexadecimal, of the certificate by which somebody has authenticated; None if nobody has.
    data
        All that has arrived in the second connection.
    """

    client_certificate: str | None
    data: bytes


class TripleHandshake(Shown):
    """
    What came of a triple handshake: see :func:`triple_handshake`. It does not change.

    Attributes
    ----------
    seed
        The seed of all randomness.
    succeeded
        Whether the server takes what the attacker has said for the authenticated client's.
    failed_at
        The first step that was not reached; None where it succeeded.
    steps
        Each step with whether it was reached, in order: ``"first_handshake"``, ``"same_master_secret"``,
        ``"resumption"``, ``"same_finished"``, ``"injection"``, ``"renegotiation"``, ``"client_authentication"``,
        ``"attribution"``. One that was missed does not keep the attacker from trying the next.
    handshakes
        Those that either side has finished.
    refusals
        What the parties found wrong.
    connections
        The first connection, with handshake 1, and the second, with handshakes 2 and 3.
    attributed
        What the server's application has got and from whom; None where the connection has failed.
    """

    __slots__ = ("_document", "attributed", "connections", "failed_at", "handshakes", "refusals", "seed", "steps")

    _document: Mapping[str, Any]
    seed: int
    failed_at: str | None
    steps: Mapping[str, bool]
    handshakes: tuple[Handshake, ...]
    refusals: tuple[Refusal, ...]
    connections: tuple[Legs, Legs]
    attributed: Attribution | None

    def __init__(self, document: Mapping[str, Any], seed: int) -> None:
        verdict, attributed = document["verdict"], document["attributed"]
        first, second = (
            Legs(*(Connection(legs[side], seed) for side in ("client", "server"))) for legs in document["connections"]
        )
        content = {
            "_document": document,
            "seed": seed,
            "failed_at": verdict["failed_at"],
            "steps": MappingProxyType({step["step"]: step["reached"] for step in verdict["steps"]}),
            "handshakes": tuple(map(Handshake._read, verdict["handshakes"])),
            "refusals": tuple(Refusal(**refusal) for refusal in verdict["refusals"]),
            "connections": (first, second),
            "attributed": attributed and Attribution(attributed["client_certificate"], _unescaped(attributed["data"])),
        }
        for name, value in content.items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a TripleHandshake does not change: {name} cannot be set")

    @property
    def succeeded(self) -> bool:
        """Whether the server takes what the attacker has said for the authenticated client's."""
        return self.failed_at is None

    def to_dict(self) -> dict[str, Any]:
        """Give everything, as ``tlslab attack triple-handshake --json`` prints it."""
        return {"seed": str(self.seed), **self._document}

    def to_json(self) -> str:
        """Give everything as JSON."""
        return json.dumps(self.to_dict())

    def __repr__(self) -> str:
        how = "succeeded" if self.succeeded else f"failed at {self.failed_at}"
        return f"<TripleHandshake: {how}>"


def triple_handshake(
    client: Client,
    server: Server,
    *,
    attacker: Attacker = Attacker(),
    renegotiates: Literal["client", "server"] = "server",
    request_certificate: Literal["never", "full", "after_declined_resumption", "always"] | None = "full",
    client_sends: bytes | None = None,
    seed: int | None = None,
) -> TripleHandshake:
    """
    Run the Triple Handshake attack (Bhargavan and others, IEEE S&P 2014), against which RFC 7627 is.

    The client connects to an attacker, who connects to the server in its stead. Handshake 1 is made alike on both
    sides; handshake 2 resumes it, and is relayed; so is handshake 3, a renegotiation in which the client authenticates.

    Parameters
    ----------
    client, server
        How the two act.
    attacker
        What the attacker does.
    renegotiates
        Who begins handshake 3.
    request_certificate
        When the server asks for a certificate in it, in place of its knob; None leaves it to that, as it must be where
        the client begins.
    client_sends
        What the client says once it has authenticated; None says a short request.
    seed
        The seed of all randomness, 0 to 2**64 - 1; None draws one, and the result names it.

    Returns
    -------
    TripleHandshake
        How far the attack got, judged by the traces alone, and all that happened.

    Raises
    ------
    BehaviourError
        The knobs of a side go not together.
    RunError
        The attack cannot be run: `request_certificate` is for a renegotiation that the server begins, and at most 1 MiB
        is sent.

    Examples
    --------
    >>> import tlslab as tl
    >>> tl.attacks.triple_handshake(tl.Client(), tl.Server(), seed=1).failed_at
    'same_master_secret'
    """
    renegotiation: dict[str, str] = {"by": renegotiates}
    if request_certificate is not None:
        renegotiation["request_certificate"] = request_certificate
    attack: dict[str, Any] = {"attacker": attacker._document(), "renegotiates": renegotiation}
    if client_sends is not None:
        attack["client_sends"] = _escaped(client_sends)
    seed = draw_seed(seed)
    text = _tlslab.triple_handshake(client.to_json(), server.to_json(), json.dumps(attack), seed)
    return TripleHandshake(json.loads(text), seed)


def _escaped(data: bytes) -> str:
    """Give bytes as the lab's JSON has text."""
    return "".join(chr(byte) if 0x20 <= byte < 0x7F and byte not in b"\\" else f"\\x{byte:02x}" for byte in data)


def _unescaped(text: str) -> bytes:
    """Give the bytes that text in the lab's JSON stands for."""
    return text.encode("ascii").decode("unicode_escape").encode("latin-1")
