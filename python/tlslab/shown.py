"""What shows itself in a notebook."""

from __future__ import annotations

__all__ = ["Shown"]


class Shown:
    """What shows itself: as HTML in a notebook, and as text where somebody asks for it."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        # Imported here, since most who import tlslab never look at HTML.
        from tlslab.display import html

        return html(self)

    def show(self) -> str:
        """Give it as text, for a terminal; a notebook shows the object itself."""
        from tlslab.display import text

        return text(self)
