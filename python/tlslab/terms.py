"""What two sides have in common, and what a change of theirs costs: seen by running them, not by their names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tlslab.behaviour import Behaviour, Client, Server
from tlslab.connection import Connection
from tlslab.experiment import Experiment

__all__ = ["Terms", "changed", "costs", "terms"]

#: So many trials are looked at for one in which both connections come about.
_ATTEMPTS = 8

_EPHEMERAL = ("TLS_DHE_", "TLS_ECDHE_")

#: How a side comes by another value of a knob; those that are not here are of its maker's making.
_OBTAINED = {
    "without_suites": "a setting",
    "ems": "a setting where it knows EMS, else an update by its maker",
    "data_sessions": "a setting where it has one, as vsftpd's require_ssl_reuse, else an update by its maker",
}


@dataclass(frozen=True, slots=True)
class Terms:
    """
    What two connections of the same two sides had.

    Attributes
    ----------
    suite
        The suite that the server chose; None if it chose none.
    ems
        Whether Extended Master Secret was in use.
    resumes
        Whether the second connection took up the session of the first.
    """

    suite: str | None
    ems: bool
    resumes: bool

    @property
    def forward_secrecy(self) -> bool:
        """Whether the suite exchanges ephemeral keys, so that a key lost later does not open what was recorded."""
        return self.suite is not None and self.suite.startswith(_EPHEMERAL)

    def to_dict(self) -> dict[str, Any]:
        """Give everything as JSON has it."""
        return {**asdict(self), "forward_secrecy": self.forward_secrecy}


def terms(client: Client, server: Server, seed: int) -> Terms:
    """Run two connections of both sides, some times over where they fail, and give what they had."""
    experiment = Experiment(client, server, scenario="resume")
    for trial in range(_ATTEMPTS):
        connections = experiment.replay_all(seed, trial)
        last = connections[-1].established
        if last is not None:
            break
    return Terms(*_answer(connections[0]), resumes=last is not None and last["resumed"] is not None)


def _answer(connection: Connection) -> tuple[str | None, bool]:
    """Give the suite and whether there is EMS, by ServerHello, however the handshake ended."""
    for message in connection.messages:
        if message.name == "ServerHello":
            extensions = [extension["type"] for extension in message.fields["extensions"]]
            return message.fields["cipher_suite"], "extended_master_secret" in extensions
    return None, False


def changed(old: Experiment, new: Experiment) -> dict[str, dict[str, tuple[Any, Any]]]:
    """
    Give what differs, each with the old value and the new one.

    Parameters
    ----------
    old, new
        Two experiments whose scenarios have the same connections.

    Returns
    -------
    dict
        Knobs under ``"client"`` and ``"server"``; rules of FTP under ``"FTP client"`` and ``"FTP server"``, if any.
    """
    found = {"client": _of_knobs(old.client, new.client), "server": _of_knobs(old.server, new.server)}
    for before, after in zip(old.scenario["connections"], new.scenario["connections"], strict=True):
        for side in ("client", "server") if "ftp" in before else ():
            rules = _differing(before["ftp"][side], after["ftp"][side])
            if rules:
                found.setdefault(f"FTP {side}", {}).update(rules)
    return found


def _of_knobs(old: Behaviour, new: Behaviour) -> dict[str, tuple[Any, Any]]:
    names = {*old.to_dict(), *new.to_dict()}
    return _differing({name: getattr(old, name) for name in names}, {name: getattr(new, name) for name in names})


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {name: (old[name], new[name]) for name in sorted(old) if old[name] != new[name]}


def costs(old: Terms, new: Terms, changes: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """
    Say what a change costs.

    Parameters
    ----------
    old, new
        What connections had before it, and have after it.
    changes
        What it sets, by side.
    """
    found = [
        f"{knob} of the {side} changes: {_OBTAINED.get(knob, 'an update by its maker')}"
        for side, knobs in changes.items()
        for knob in knobs
    ]
    if new.suite is None:
        return (*found, "no suite is left that both have") if old.suite is not None else tuple(found)
    if old.suite is not None and old.suite != new.suite:
        found.append(f"{new.suite} in place of {old.suite}")
    if old.forward_secrecy and not new.forward_secrecy:
        found.append("no forward secrecy")
    if old.ems and not new.ems:
        found.append("no EMS, and so no protection against the Triple Handshake attack (RFC 7627 1)")
    if old.resumes and not new.resumes:
        found.append("no resumption: each connection is a full handshake")
    return tuple(found)
