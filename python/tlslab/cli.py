"""The command line, `tlslab`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import tlslab


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run the command line.

    Parameters
    ----------
    arguments
        The words after the program's name; by default those of this process.

    Returns
    -------
    int
        The exit code: 0 fine, 1 a defect or failure was found, 2 usage or environment error, 130 interrupted.
    """
    parser = argparse.ArgumentParser(prog="tlslab", description=tlslab.__doc__)
    parser.add_argument("--version", action="version", version=f"tlslab {tlslab.__version__}")
    parser.parse_args(arguments)
    parser.print_help()
    return 0
