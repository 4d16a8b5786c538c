"""Behaviours: immutable descriptions of how a client or a server acts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, TypeVar

from tlslab import _tlslab
from tlslab.groups import Group
from tlslab.shown import Shown

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from tlslab._knobs import ClientKnobs, ServerKnobs

__all__ = ["Client", "Server", "knobs"]

_Self = TypeVar("_Self", bound="Behaviour")


class Behaviour(Shown):
    """What :class:`Client` and :class:`Server` have in common."""

    __slots__ = ("_canonical",)
    _canonical: str
    side: ClassVar[str]

    def _describe(self, description: Mapping[str, Any]) -> None:
        text = json.dumps({name: _plain(value) for name, value in description.items()})
        object.__setattr__(self, "_canonical", _tlslab.canonical_behaviour(self.side, text))

    @classmethod
    def _of_canonical(cls: type[_Self], canonical: str) -> _Self:
        behaviour = cls.__new__(cls)
        object.__setattr__(behaviour, "_canonical", canonical)
        return behaviour

    @classmethod
    def from_dict(cls: type[_Self], description: Mapping[str, Any]) -> _Self:
        """
        Read a behaviour from a mapping of knobs.

        Raises
        ------
        BehaviourError
            A knob or value that does not exist, or knobs that contradict each other.
        """
        behaviour = cls.__new__(cls)
        behaviour._describe(description)
        return behaviour

    @classmethod
    def from_json(cls: type[_Self], text: str) -> _Self:
        """
        Read a behaviour from JSON, the form of :meth:`to_json`, or of a profile or a run, which names the side.

        Raises
        ------
        BehaviourError
            The text is no JSON object of knobs.
        """
        return cls._of_canonical(_tlslab.canonical_behaviour(cls.side, _own(cls.side, text)))

    @classmethod
    def from_assignments(cls: type[_Self], text: str) -> _Self:
        """
        Read a behaviour from the command line's form, ``"ems=off,groups=ffdhe2048+modp1024"``.

        Raises
        ------
        BehaviourError
            A piece that is no ``knob=value``, or a knob or value that does not exist.
        """
        return cls._of_canonical(_tlslab.behaviour_from_assignments(cls.side, text))

    def to_dict(self) -> dict[str, Any]:
        """Give the knobs that differ from their defaults."""
        knobs: dict[str, Any] = json.loads(self._canonical)
        return knobs

    def to_json(self) -> str:
        """Give the canonical JSON: the knobs that differ from their defaults, in order of their names."""
        return self._canonical

    @property
    def identity(self) -> str:
        """The SHA-256, in hexadecimal, of the side, the knobs' schema version and the canonical JSON."""
        return _tlslab.behaviour_identity(self.side, self._canonical)

    def _replace(self: _Self, changes: Mapping[str, Any]) -> _Self:
        return type(self).from_dict({**self.to_dict(), **changes})

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - each knob has a type of its own
        if not name.startswith("_"):
            values = json.loads(_tlslab.full_behaviour(self.side, self._canonical))
            if name in values:
                return values[name]
        raise AttributeError(f"a {self.side} has no knob {name!r}; tl.knobs({self.side!r}) lists them")

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a behaviour does not change; use .replace({name}={value!r})")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a behaviour does not change")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Behaviour):
            return NotImplemented
        return type(self) is type(other) and self._canonical == other._canonical

    def __hash__(self) -> int:
        return hash((self.side, self._canonical))

    def __repr__(self) -> str:
        knobs = ", ".join(f"{name}={value!r}" for name, value in self.to_dict().items())
        return f"{type(self).__name__}({knobs})"

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self).from_json, (self._canonical,))


class Client(Behaviour):
    """
    How a client acts. Knobs that are left out obey the RFCs.

    Parameters
    ----------
    **knobs
        The knobs; ``tl.knobs("client")`` lists them with their values, defaults and documentation.

    Raises
    ------
    BehaviourError
        A knob or value that does not exist (the message names the valid ones and the nearest), or knobs that
        contradict each other.

    Examples
    --------
    >>> import tlslab as tl
    >>> client = tl.Client(ems="off", without_suites=["TLS_DHE_*"])
    >>> client.ems
    'off'
    >>> client.replace(ems="required")
    Client(ems='required', without_suites=['TLS_DHE_*'])
    """

    __slots__ = ()
    side = "client"

    def __init__(self, **knobs: Unpack[ClientKnobs]) -> None:
        self._describe(knobs)

    def replace(self, **knobs: Unpack[ClientKnobs]) -> Client:
        """Give this behaviour with some knobs set to other values."""
        return self._replace(knobs)


class Server(Behaviour):
    """
    How a server acts. Knobs that are left out obey the RFCs.

    Parameters
    ----------
    **knobs
        The knobs; ``tl.knobs("server")`` lists them with their values, defaults and documentation.

    Raises
    ------
    BehaviourError
        A knob or value that does not exist (the message names the valid ones and the nearest), or knobs that
        contradict each other.

    Examples
    --------
    >>> import tlslab as tl
    >>> tl.Server(ems="off", premaster_zeros="keep", groups=["ffdhe2048"])
    Server(ems='off', premaster_zeros='keep')
    """

    __slots__ = ()
    side = "server"

    def __init__(self, **knobs: Unpack[ServerKnobs]) -> None:
        self._describe(knobs)

    def replace(self, **knobs: Unpack[ServerKnobs]) -> Server:
        """Give this behaviour with some knobs set to other values."""
        return self._replace(knobs)


def knobs(side: str) -> list[dict[str, Any]]:
    """
    List the knobs of a side.

    Parameters
    ----------
    side
        ``"client"`` or ``"server"``.

    Returns
    -------
    list of dict
        For each knob its ``name``, ``kind`` (what values it takes), ``default`` and ``doc``.
    """
    table: list[dict[str, Any]] = json.loads(_tlslab.knobs(side))
    return table


def _own(side: str, text: str) -> str:
    """Give a side's part of JSON that has it, as that of a profile or a run; else the text itself."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError:
        return text
    return json.dumps(document[side]) if isinstance(document, dict) and side in document else text


def _plain(value: object) -> object:
    """Give a knob's value as JSON has it: groups and integers of their primes in hexadecimal."""
    if isinstance(value, Group):
        return value.name or {"p": f"{value.p:x}", "g": f"{value.g:x}"}
    if isinstance(value, Mapping):
        return {name: _hexadecimal(name, item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _hexadecimal(name: str, item: object) -> object:
    is_integer = isinstance(item, int) and not isinstance(item, bool)
    return f"{item:x}" if name in ("p", "g") and is_integer else _plain(item)
