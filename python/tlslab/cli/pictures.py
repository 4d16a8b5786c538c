"""Pictures that commands write: a ladder, or a plot of a result."""

from __future__ import annotations

import argparse
import contextlib
import io
from collections.abc import Callable, Iterator
from pathlib import Path

from tlslab.errors import RunError
from tlslab.files import WholeFile
from tlslab.plot.figure import new_figure
from tlslab.result import Result

__all__ = ["add_plot", "add_svg", "plotting"]


def add_svg(parser: argparse.ArgumentParser) -> None:
    """Add ``--svg``."""
    parser.add_argument("--svg", metavar="FILE", help="write the ladder of the last connection as an SVG picture")


def add_plot(parser: argparse.ArgumentParser) -> None:
    """Add ``--plot``."""
    parser.add_argument(
        "--plot", metavar="FILE", help="write a figure of the result, as .png, .svg or .pdf (extra: plot)"
    )


@contextlib.contextmanager
def plotting(path: str | None) -> Iterator[Callable[[Result], None]]:
    """
    Give what plots a result into a file; that it can be done is found out before the run.

    Raises
    ------
    RunError
        There is no matplotlib, or it does not write such files, or the file cannot be written.
    """
    if path is None:
        yield lambda _: None
        return
    kind = Path(path).suffix.removeprefix(".")
    known = new_figure(1, 1)[0].canvas.get_supported_filetypes()
    if kind not in known:
        raise RunError(f"--plot writes {', '.join(known)}, by the file's ending; {path} has none of these")
    with WholeFile(path) as file:

        def plot(result: Result) -> None:
            if not result.trials:
                raise RunError(f"there are no trials to plot, and {path} is not written")
            drawn = io.BytesIO()
            result.plot().savefig(drawn, format=kind)
            file.write(drawn.getvalue())

        yield plot
