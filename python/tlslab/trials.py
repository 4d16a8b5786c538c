"""Trials one by one, as arrays of NumPy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tlslab.extras import require
from tlslab.parts.job import Job
from tlslab.progress import Bar, Progress

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["Trials"]


@dataclass(frozen=True, slots=True, eq=False)
class Trials:
    """
    What each of some trials came to.

    Two bytes are kept of a trial; the arrays are made of them when they are asked for.

    Attributes
    ----------
    start
        The index of the first trial.
    classes
        The classes, at class and census fidelity: for each its ``zeros``, by connection, and its ``outcome``.
    outcomes
        How trials have ended.
    """

    start: int
    classes: tuple[Mapping[str, Any], ...]
    outcomes: tuple[str, ...]
    _codes: NDArray[np.uint16]

    def __len__(self) -> int:
        return len(self._codes)

    @property
    def index(self) -> NDArray[np.uint64]:
        """The indices of the trials, of shape (n,)."""
        numpy = require("numpy", "arrays of trials")
        indices: NDArray[np.uint64] = numpy.arange(self.start, self.start + len(self), dtype=numpy.uint64)
        return indices

    @property
    def class_(self) -> NDArray[np.uint16] | None:
        """For each trial the position of its class among ``classes``, of shape (n,); None at wire fidelity."""
        return self._codes if self.classes else None

    @property
    def outcome(self) -> NDArray[np.unsignedinteger[Any]]:
        """For each trial the position of its outcome in ``outcomes``, of shape (n,); a byte each if that will do."""
        if not self.classes:
            return self._codes
        numpy = require("numpy", "arrays of trials")
        kind = numpy.min_scalar_type(len(self.outcomes))
        of_classes = [self.outcomes.index(one["outcome"]) for one in self.classes]
        taken: NDArray[np.unsignedinteger[Any]] = numpy.array(of_classes, dtype=kind)[self._codes]
        return taken

    @property
    def failed(self) -> NDArray[np.bool_]:
        """For each trial whether it failed, of shape (n,)."""
        from tlslab.words import is_sound

        numpy = require("numpy", "arrays of trials")
        failures = numpy.array([not is_sound(outcome) for outcome in self.outcomes], dtype=bool)
        taken: NDArray[np.bool_] = failures[self.outcome]
        return taken

    def to_pandas(self) -> pd.DataFrame:
        """
        Give a frame of ``index``, ``class`` (if there are any) and ``outcome``, which is categorical.

        Raises
        ------
        MissingLibraryError
            pandas is not installed: ``tlslab[pandas]``.
        """
        pandas = require("pandas", "to_pandas()")
        columns = {"index": self.index} | ({} if self.class_ is None else {"class": self.class_})
        outcomes = pandas.Categorical.from_codes(self.outcome, list(self.outcomes))
        frame: pd.DataFrame = pandas.DataFrame({**columns, "outcome": outcomes}, copy=False)
        return frame


def trials_of(job: Job, start: int, stop: int, progress: Progress) -> Trials:
    """Run the trials from `start` to `stop` again, and give what each came to."""
    numpy = require("numpy", "arrays of trials")
    with Bar(stop - start, progress) as bar:
        codes, text = job.prepare().codes(start, stop, progress=bar.update)
    told = json.loads(text)
    classes = tuple({"zeros": one["zeros"], "outcome": one["outcome"]} for one in told["classes"])
    outcomes = told["outcomes"] or list(dict.fromkeys(one["outcome"] for one in classes))
    return Trials(start, classes, tuple(outcomes), numpy.frombuffer(codes, dtype=numpy.uint16))
