"""
Other mistakes with leading zeros, beside cause 1 of KB4528489: how often they fail, how, and what tells them apart.

What an observer can tell apart is found by comparing what was seen, row by row; see :func:`differences`.
"""

from __future__ import annotations

import json
from collections import ChainMap
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from tlslab.behaviour import Client, Server
from tlslab.connection import Connection
from tlslab.experiment import Experiment
from tlslab.progress import Progress
from tlslab.result import Result
from tlslab.shown import Shown

__all__ = ["LOOK_ALIKES", "LookAlike", "LookAlikes", "Signs", "differences", "look_alikes"]

_ECDHE = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
_RSA = "TLS_RSA_WITH_AES_128_GCM_SHA256"

#: Fields whose length an observer can see to vary with leading zeros.
_FIELDS = ("dh_Ys", "dh_Yc", "signature", "encrypted_pre_master_secret")

#: Whether something fails with EMS, or without DHE, is asked of so many trials: 1 in 256 is missed once in 3,000 times.
_FEW = 2048

#: So many failed connections are looked at closely.
_REPLAYED = 8


@dataclass(frozen=True, slots=True)
class LookAlike:
    """
    A defect.

    Attributes
    ----------
    what
        What it is, in words.
    client_knobs, server_knobs
        The knobs that make it, over a client and a server without EMS and with the group modp1024.
    census
        How many trials of a census it takes, for what is too rare to be met otherwise; 0 for none.
    """

    what: str
    client_knobs: Mapping[str, Any] = field(default_factory=dict)
    server_knobs: Mapping[str, Any] = field(default_factory=dict)
    census: int = 0

    def experiment(self, *, ems: str = "off", without_suites: tuple[str, ...] = ()) -> Experiment:
        """Give the experiment, under the conditions of cause 1 or under others."""
        client = {"ems": ems, "without_suites": list(without_suites), **self.client_knobs}
        server = {"ems": ems, "groups": ["modp1024"], **self.server_knobs}
        return Experiment(Client.from_dict(client), Server.from_dict(server))


#: Cause 1 stands first, and the others are compared with it.
LOOK_ALIKES = (
    LookAlike("the server keeps zeros of Z (cause 1)", server_knobs={"premaster_zeros": "keep"}),
    LookAlike("the client keeps zeros of Z", {"premaster_zeros": "keep"}),
    LookAlike("Z is written as a signed integer", server_knobs={"premaster_zeros": "sign_byte"}),
    LookAlike("one zero byte of Z is stripped, not two", server_knobs={"premaster_zeros": "strip_one"}, census=1 << 22),
    LookAlike("the client refuses a short Ys", {"short_public_value": "reject"}),
    LookAlike("the server refuses a short Yc", server_knobs={"short_public_value": "reject"}),
    LookAlike("both refuse", {"short_public_value": "reject"}, {"short_public_value": "reject"}),
    LookAlike("the client shifts a short Ys", {"short_public_value": "miscompute"}),
    LookAlike("the server shifts a short Yc", server_knobs={"short_public_value": "miscompute"}),
    LookAlike(
        "the client refuses a short Ys, the server keeps zeros of Z",
        {"short_public_value": "reject"},
        {"premaster_zeros": "keep"},
    ),
    LookAlike("Ys is sent short and signed padded", server_knobs={"public_value": "minimal", "signed_bytes": "padded"}),
    LookAlike("Ys comes padded and is verified short", {"verified_bytes": "minimal"}),
    LookAlike(
        "zeros of an RSA signature are dropped", server_knobs={"rsa_signature_zeros": "strip", "suites": [_ECDHE]}
    ),
    LookAlike("zeros of an RSA ciphertext are dropped", {"rsa_ciphertext_zeros": "strip"}, {"suites": [_RSA]}),
    LookAlike(
        "zeros of an X25519 secret are stripped",
        {"ecdh_zeros": "strip"},
        {"suites": [_ECDHE], "curves": ["x25519"]},
    ),
    LookAlike(
        "zeros of a P-256 x-coordinate are stripped",
        {"ecdh_zeros": "strip"},
        {"suites": [_ECDHE], "curves": ["secp256r1"]},
    ),
)


@dataclass(frozen=True, slots=True)
class Signs:
    """
    What an observer sees of a defect.

    Attributes
    ----------
    alerts
        The numbers of the alerts with which connections fail.
    senders
        Who sends them.
    at
        What the sender was waiting for, or dealing with.
    short_values
        The fields of which one is shorter than usual, or starts with a zero byte, in each failed connection that was
        looked at; empty where some failed without.
    with_ems
        Whether it fails with EMS on both sides too.
    without_dhe
        Whether it fails without any ``TLS_DHE_*`` suite too.
    """

    alerts: tuple[int, ...]
    senders: tuple[str, ...]
    at: tuple[str, ...]
    short_values: tuple[str, ...]
    with_ems: bool
    without_dhe: bool


@dataclass(frozen=True, slots=True)
class Row:
    """
    A defect, its experiment, what is seen of it, and by what it can be told from cause 1.

    Attributes
    ----------
    look_alike
        The defect.
    result
        The experiment, without EMS.
    signs
        What an observer sees.
    apart_by
        What differs from the first row; see :func:`differences`.
    """

    look_alike: LookAlike
    result: Result
    signs: Signs
    apart_by: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Give everything as JSON has it."""
        return {
            "name": self.look_alike.what,
            **self.result.to_dict(),
            "signs": asdict(self.signs),
            "apart_by": list(self.apart_by),
        }


@dataclass(frozen=True, slots=True)
class LookAlikes(Shown):
    """
    The look-alikes of cause 1.

    Attributes
    ----------
    rows
        Cause 1, and then the others.
    interrupted
        Whether it was told to stop before the end.
    """

    rows: tuple[Row, ...]
    interrupted: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Give everything, as ``tlslab look-alikes --json`` prints it."""
        return {"experiments": [row.to_dict() for row in self.rows]}

    def to_json(self) -> str:
        """Give everything as JSON."""
        return json.dumps(self.to_dict())


def look_alikes(*, trials: int = 8192, seed: int = 1, threads: int = 0, progress: Progress = None) -> LookAlikes:
    """
    Run cause 1 and each of its look-alikes, and say what tells them apart.

    Parameters
    ----------
    trials
        How many for each experiment; whether something fails with EMS too, or without ``TLS_DHE_*``, is asked of
        2,048 of them at most.
    seed
        The seed of all randomness.
    threads
        How many threads; 0 for as many as there are processors.
    progress
        Whether progress bars are shown; None shows them on a terminal and in Jupyter.
    """
    rows: list[Row] = []

    def run(experiment: Experiment, count: int, census: int = 0) -> Result:
        fidelity = "census" if census else "wire"
        return experiment.run(census or count, seed=seed, fidelity=fidelity, threads=threads, progress=progress)

    few = min(trials, _FEW)
    for one in LOOK_ALIKES:
        result = run(one.experiment(), trials, one.census)
        with_ems = run(one.experiment(ems="on"), few, one.census)
        without_dhe = run(one.experiment(without_suites=("TLS_DHE_*",)), few)
        signs = _signs(result, with_ems=with_ems.failures > 0, without_dhe=without_dhe.failures > 0)
        apart_by = differences(rows[0].result, rows[0].signs, result, signs) if rows else ()
        rows.append(Row(one, result, signs, apart_by))
        if "interrupted" in (result.stopped_by, with_ems.stopped_by, without_dhe.stopped_by):
            return LookAlikes(tuple(rows), interrupted=True)
    return LookAlikes(tuple(rows))


def differences(result: Result, signs: Signs, other_result: Result, other: Signs) -> tuple[str, ...]:
    """Give what tells two defects apart: each sign that differs, and the rate where the intervals do not meet."""
    if not (result.failures and other_result.failures):
        return ()
    (low, high), (other_low, other_high) = result.interval(), other_result.interval()
    seen = {
        "rate": high < other_low or other_high < low,
        "alert": signs.alerts != other.alerts,
        "sender": signs.senders != other.senders,
        "message": signs.at != other.at,
        "a short value": signs.short_values != other.short_values,
        "EMS": signs.with_ems != other.with_ems,
        "suites": signs.without_dhe != other.without_dhe,
    }
    return tuple(name for name, differs in seen.items() if differs)


def _signs(result: Result, *, with_ems: bool, without_dhe: bool) -> Signs:
    if not result.failures:
        return Signs((), (), (), (), with_ems, without_dhe)
    failed = [result.replay(trial) for trial in result.failed_trials[:_REPLAYED]]
    outcomes = [connection.outcome for connection in failed]
    short = [_short(connection, result.replay(_first_sound(result))) for connection in failed]
    return Signs(
        alerts=tuple(sorted({one.code for one in outcomes if one.code is not None})),
        senders=tuple(sorted({one.sender for one in outcomes if one.sender is not None})),
        at=tuple(sorted({one.at for one in outcomes if one.at is not None})),
        short_values=tuple(sorted(set().union(*short))) if all(short) else (),
        with_ems=with_ems,
        without_dhe=without_dhe,
    )


def _first_sound(result: Result) -> int:
    failed = set(result.failed_trials)
    return next((trial for trial in range(result.trials) if trial not in failed), 0)


def _short(connection: Connection, usual: Connection) -> set[str]:
    """Give the fields that start with a zero byte, or are shorter than in another connection."""
    lengths = {name: len(value) for name, value in _values(usual).items()}
    values = _values(connection).items()
    return {name for name, value in values if value.startswith("00") or len(value) < lengths.get(name, 0)}


def _values(connection: Connection) -> dict[str, str]:
    """Give the values that crossed, in hexadecimal, by their fields."""
    found: dict[str, str] = {}
    for message in connection.messages:
        if message.name in ("ServerKeyExchange", "ClientKeyExchange"):
            parts = (message.fields.get(part) or {} for part in ("params", "signed_params"))
            fields = dict(ChainMap(dict(message.fields), *parts))
            found |= {name: fields[name] for name in _FIELDS if isinstance(fields.get(name), str)}
    return found
