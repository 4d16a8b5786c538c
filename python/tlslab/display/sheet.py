"""A table with a verdict above it and notes below, as HTML and as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from tlslab import words
from tlslab.display.markup import Child, Html, tag
from tlslab.display.style import badge, data_table, panel

__all__ = ["Cell", "Mark", "Sheet"]

#: As many rows a page shows; text has all.
_MOST_ROWS = 60

#: A table with more columns needs more width than text that is read.
_MOST_COLUMNS = 7


@dataclass(frozen=True, slots=True)
class Mark:
    """A word that stands out: its tone is ``"good"``, ``"alert"``, ``"zero"`` or none."""

    label: str
    tone: str = ""


Cell: TypeAlias = "str | Mark"


@dataclass(frozen=True, slots=True)
class Sheet:
    """
    What is shown of something that is a table.

    Attributes
    ----------
    title, verdict
        What it is, and what it comes to.
    head, rows
        The table.
    notes
        What else there is to say, below it.
    numbers
        The positions of the columns of figures.
    """

    title: str
    verdict: Mark
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    notes: Sequence[str] = ()
    numbers: tuple[int, ...] = ()

    def html(self) -> Html:
        """Give it as HTML."""
        rows: list[list[Child]] = [[_shown(cell) for cell in row] for row in self.rows[:_MOST_ROWS]]
        table = data_table(list(self.head), rows, numbers=self.numbers) if rows else None
        more = len(self.rows) - len(rows)
        notes = [f"... and {more:,} more; show() has all rows.", *self.notes] if more else self.notes
        title = [f"{self.title} ", _shown(self.verdict)]
        return panel(title, table, [tag("p", note) for note in notes], wide=len(self.head) > _MOST_COLUMNS)

    def text(self) -> str:
        """Give it as text."""
        rows = [[cell if isinstance(cell, str) else cell.label for cell in row] for row in self.rows]
        left = [column for column in range(len(self.head)) if column not in self.numbers]
        table = words.table(self.head, rows, left=left).splitlines() if rows else []
        if not any(self.head):
            del table[:2]
        return "\n".join([f"{self.title}: {self.verdict.label}", *table, *self.notes])


def _shown(cell: Cell) -> Child:
    if isinstance(cell, str):
        return cell
    return badge(cell.label, cell.tone) if cell.label else None
