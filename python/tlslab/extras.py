"""Libraries that are optional extras: imported when they are needed, with a word on how to get them."""

from __future__ import annotations

import importlib
from typing import Any

from tlslab.errors import MissingLibraryError

__all__ = ["require"]

#: Which extra of tlslab has which library.
_EXTRAS = {
    "arro3.core": "arrow",
    "arro3.io": "arrow",
    "matplotlib.figure": "plot",
    "numpy": "numpy",
    "pandas": "pandas",
    "polars": "polars",
}


def require(library: str, what_for: str) -> Any:  # noqa: ANN401 - a module
    """
    Import a library.

    Raises
    ------
    MissingLibraryError
        It is not installed; the message says which extra of tlslab has it.
    """
    try:
        return importlib.import_module(library)
    except ImportError as error:
        name = library.partition(".")[0]
        raise MissingLibraryError(
            f"{what_for} needs {name}, which is not installed; pip install 'tlslab[{_EXTRAS[library]}]' installs it"
        ) from error
