"""All platforms at once."""

from __future__ import annotations

from tlslab.shown import Shown
from tlslab.windows.facts import Platform

__all__ = ["Platforms"]


class Platforms(tuple[Platform, ...], Shown):
    """Platforms in the article's order: a tuple that shows itself as a table."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<Platforms: {len(self)}>"
