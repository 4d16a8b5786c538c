"""What all plots have in common: their figure, and the colours of what is observed and what is expected."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

from tlslab.extras import require

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["FAILED", "OBSERVED", "SOUND", "THEORY", "new_figure", "whole_decades", "without_frame"]

#: Colours that are told apart on paper, on a dark screen and by the colour-blind (Okabe and Ito).
OBSERVED, THEORY, FAILED, SOUND = "#0072b2", "#d55e00", "#cc3311", "#009e73"


def new_figure(width: float, height: float) -> tuple[Figure, Axes]:
    """
    Give an empty figure of so many inches, and its axes.

    It is in no list of pyplot's: nothing shows it twice, and nothing has to close it.

    Raises
    ------
    MissingLibraryError
        There is no matplotlib.
    """
    matplotlib = require("matplotlib.figure", "a plot")
    _teach_notebook()
    figure = matplotlib.Figure(figsize=(width, height), layout="constrained")
    return figure, figure.add_subplot()


def without_frame(axes: Axes) -> None:
    """Leave the axes to the left and below, and take away the other two."""
    axes.spines[["top", "right"]].set_visible(False)


def whole_decades(low: float, high: float) -> tuple[float, float]:
    """Give the powers of ten about a range, for a logarithmic axis, which would be short of labels without them."""
    return 10.0 ** math.floor(math.log10(low)), 10.0 ** math.ceil(math.log10(high))


def _teach_notebook() -> None:
    """Have a notebook show figures, which it learns from pyplot alone, and from that only once it is used."""
    if "ipykernel" in sys.modules:
        from IPython.core.getipython import get_ipython
        from IPython.core.pylabtools import select_figure_formats

        shell = get_ipython()
        if shell is not None and not _knows_figures(shell):
            select_figure_formats(shell, {"png"})  # type: ignore[no-untyped-call]


def _knows_figures(shell: object) -> bool:
    """Whether a notebook has been told how to show figures, in whichever formats its user likes."""
    from matplotlib.figure import Figure

    formatters = shell.display_formatter.formatters  # type: ignore[attr-defined]
    return any(Figure in formatters[kind].type_printers for kind in ("image/png", "image/svg+xml", "image/jpeg"))
