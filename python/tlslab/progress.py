"""What is shown while a run goes on."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from typing import Any, TypeAlias

__all__ = ["Bar", "Progress", "Watcher", "is_watched"]

#: What takes the trials done, and those that failed as far as they are told.
Watcher: TypeAlias = Callable[[int, "int | None"], None]

#: Whether a bar is shown, or what is called in its place; None shows one where someone is there to look at it.
Progress: TypeAlias = "bool | Watcher | None"


class Bar:
    """A progress bar on a terminal or in Jupyter, or none, or a function in its place."""

    def __init__(self, trials: int, progress: Progress, *, unit: str = "trial") -> None:
        self._trials = trials
        self._unit = unit
        self._progress = is_watched() if progress is None else progress
        self._bar: Any = None

    def __enter__(self) -> Bar:
        if self._progress is True:
            # Imported here, since importing it takes longer than all of tlslab.
            from tqdm import TqdmWarning

            with warnings.catch_warnings():
                # A notebook without ipywidgets gets a bar of text, and needs no reproach.
                warnings.simplefilter("ignore", TqdmWarning)
                from tqdm.auto import tqdm

            self._bar = tqdm(total=self._trials, unit=self._unit)
        return self

    @property
    def update(self) -> Watcher:
        """What is to be called now and then."""
        return self._progress if callable(self._progress) else self._update

    def note(self, text: str) -> None:
        """Have something written before the bar."""
        if self._bar is not None:
            self._bar.set_description_str(text, refresh=False)

    def _update(self, done: int, failures: int | None) -> None:
        if self._bar is None:
            return
        self._bar.n = done
        if failures is None:
            self._bar.refresh()
        else:
            self._bar.set_postfix(failures=failures)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()


def is_watched() -> bool:
    """Whether someone is there to look at a progress bar: on a terminal, and in Jupyter."""
    return sys.stderr.isatty() or "ipykernel" in sys.modules
