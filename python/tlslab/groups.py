"""
Finite-field Diffie-Hellman groups.

>>> import tlslab as tl
>>> tl.groups.named("ffdhe2048").bits
2048
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from tlslab import _tlslab
from tlslab.shown import Shown

__all__ = ["Group", "custom", "named", "names"]


@dataclass(frozen=True, slots=True)
class Group(Shown):
    """
    A prime and a generator.

    Attributes
    ----------
    name
        The group's name, or None for a group that has none.
    p
        The prime.
    g
        The generator.
    bits
        The length of the prime in bits.
    leading_zeros
        The chances that a uniform value has at least 1, 2 and 3 leading zero bytes in the length of the
        prime: close to 1/256, 1/65536 and 1/16777216 for the groups of the RFCs, and nearly 1 for a prime
        just above a byte boundary.
    """

    name: str | None
    p: int
    g: int
    bits: int
    leading_zeros: tuple[float, float, float]

    def __repr__(self) -> str:
        return f"Group({self.name or 'custom'}, {self.bits} bits)"


def names() -> list[str]:
    """Give the names of the groups that have one: RFC 7919, RFC 3526 and RFC 2409."""
    return _tlslab.group_names()


def named(name: str) -> Group:
    """
    Give the group called `name`.

    Raises
    ------
    BehaviourError
        No group has this name.
    """
    return _read(_tlslab.group(name=name))


def custom(p: int, g: int) -> Group:
    """
    Give the group of any odd prime `p` of 16 to 8192 bits and a generator `g` from 2 to p - 2.

    Whether p is a prime is not checked.

    Raises
    ------
    BehaviourError
        `p` is even, too short or too long, or `g` is out of range.
    """
    return _read(_tlslab.group(p=_big_endian(p), g=_big_endian(g)))


def _big_endian(number: int) -> bytes:
    if number < 0:
        raise _tlslab.BehaviourError(f"a prime or generator is not negative: {number}")
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _read(text: str) -> Group:
    fields = json.loads(text)
    one, two, three = fields["leading_zeros"]
    return Group(
        name=fields["name"],
        p=int(fields["p"], 16),
        g=int(fields["g"], 16),
        bits=fields["bits"],
        leading_zeros=(one, two, three),
    )
