"""Rows, and what they are as tables of other libraries: Arrow, pandas, polars."""

from __future__ import annotations

import abc
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from tlslab.axes import as_cell
from tlslab.extras import require
from tlslab.shown import Shown

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

__all__ = ["Table", "labelled"]

#: What is a column of numbers, though no row may have one.
_NUMBERS = {"rate", "low", "high", "expected_rate", "p_value", "p_holm"}


_Row = TypeVar("_Row")


class Table(Shown, abc.ABC, Generic[_Row]):
    """
    Rows that can be had as columns.

    It has the Arrow C stream (``__arrow_c_stream__``), so that pyarrow, polars, pandas, DuckDB and others take it as it
    is: ``pyarrow.table(table)``.
    """

    __slots__ = ()

    @property
    @abc.abstractmethod
    def rows(self) -> tuple[_Row, ...]:
        """The rows, in their order."""

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[_Row]:
        return iter(self.rows)

    def __getitem__(self, position: int) -> _Row:
        return self.rows[position]

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {len(self)} rows>"

    @abc.abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Give everything as JSON has it."""

    def to_json(self) -> str:
        """Give everything as JSON."""
        return json.dumps(self.to_dict())

    @abc.abstractmethod
    def to_columns(self) -> dict[str, list[Any]]:
        """Give the columns by their names; each is of text, numbers or truth values, with None where there is none."""

    def to_pandas(self) -> pd.DataFrame:
        """
        Give it as a frame of pandas.

        Raises
        ------
        MissingLibraryError
            pandas is not installed: ``tlslab[pandas]``.
        """
        frame: pd.DataFrame = require("pandas", "to_pandas()").DataFrame(self.to_columns())
        return frame

    def to_polars(self) -> pl.DataFrame:
        """
        Give it as a frame of polars.

        Raises
        ------
        MissingLibraryError
            polars is not installed: ``tlslab[polars]``.
        """
        frame: pl.DataFrame = require("polars", "to_polars()").DataFrame(self.to_columns(), infer_schema_length=None)
        return frame

    def to_arrow(self) -> Any:  # noqa: ANN401 - a table of a library that may be missing
        """
        Give it as a table of arro3, the smallest library that speaks Arrow.

        Raises
        ------
        MissingLibraryError
            arro3 is not installed: ``tlslab[arrow]``.
        """
        arrow = require("arro3.core", "an Arrow table")
        columns = {name: arrow.Array(values, _kind(arrow, name, values)) for name, values in self.to_columns().items()}
        return arrow.Table.from_pydict(columns)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.to_arrow().__arrow_c_stream__(requested_schema)


def labelled(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Give the columns of labels, row by row; a column whose values are of several types is one of text."""
    names = list(dict.fromkeys(name for labels in rows for name in labels))
    columns: dict[str, list[Any]] = {name: [as_cell(labels.get(name)) for labels in rows] for name in names}
    for name, values in columns.items():
        kinds = {type(value) for value in values if value is not None}
        if len(kinds) > 1 and kinds != {int, float}:
            columns[name] = [None if value is None else str(value) for value in values]
    return columns


def _kind(arrow: Any, name: str, values: list[Any]) -> Any:  # noqa: ANN401 - as above
    """Give the type of a column: the one that all its values have."""
    kinds = {type(value) for value in values if value is not None}
    if not kinds:
        return arrow.DataType.float64() if name in _NUMBERS else arrow.DataType.utf8()
    if kinds == {bool}:
        return arrow.DataType.bool()
    if kinds == {int}:
        highest = max(value for value in values if value is not None)
        return arrow.DataType.uint64() if highest >= 1 << 63 else arrow.DataType.int64()
    return arrow.DataType.float64() if kinds <= {int, float} else arrow.DataType.utf8()
