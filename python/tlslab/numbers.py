"""Whole numbers that a user gives: seeds, counts and threads."""

from __future__ import annotations

import os

from tlslab import _tlslab

__all__ = ["MOST_THREADS", "draw_seed", "whole_number"]

#: More threads than that are a mistake.
MOST_THREADS = 1024


def draw_seed(seed: int | None) -> int:
    """Give the seed, or draw one; refuse what is none."""
    if seed is None:
        return int.from_bytes(os.urandom(8), "big")
    return whole_number("a seed", seed)


def whole_number(name: str, value: int, *, most: int = (1 << 64) - 1) -> int:
    """Give a number of at most 64 bits; refuse what is none."""
    if not 0 <= value <= most:
        limit = "2**64 - 1" if most == (1 << 64) - 1 else str(most)
        raise _tlslab.RunError(f"{name} is a whole number from 0 to {limit}, not {value}")
    return value
