"""Failures that are known, with their reasons: a TOML file beside a library's tests."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tlslab.errors import RunError

__all__ = ["Expected", "read_expected"]

_SIDES = ("server", "client")
_KEYS = ("reason", "value")


@dataclass(frozen=True, slots=True)
class Expected:
    """
    A failure that is known.

    Attributes
    ----------
    reason
        Why it is lived with: a sentence, or where it is written down.
    value
        What is found; None for whatever is wrong.
    """

    reason: str
    value: str | None = None


def read_expected(path: str | Path) -> dict[str, dict[str, Expected]]:
    """
    Read a file of expected failures: a table for each, named after the side and the case.

    Returns
    -------
    dict
        For each side, ``"server"`` and ``"client"``, what is expected of which case.

    Raises
    ------
    RunError
        The file cannot be read, is not TOML, or has a table or a key that it should not have.

    Examples
    --------
    >>> _ = Path("expected.toml").write_text('''
    ... [server.leading-zeros]
    ... value = "keep"
    ... reason = "zeros are kept without EMS, see issue 42"
    ... ''')
    >>> read_expected("expected.toml")["server"]
    {'leading-zeros': Expected(reason='zeros are kept without EMS, see issue 42', value='keep')}
    """
    # Imported here, since nobody else needs it.
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    try:
        document = tomllib.loads(Path(path).read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RunError(f"cannot read {path}: {error}") from error
    _refuse_others(path, "a table", document, _SIDES)
    return {side: _of_a_side(path, side, document.get(side, {})) for side in _SIDES}


def check_names(path: str | Path, side: str, expected: Mapping[str, Expected], known: Collection[str]) -> None:
    """
    Hold that each expected failure is of a case that there is.

    Raises
    ------
    RunError
        One is not.
    """
    _refuse_others(path, "a case", [f"{side}.{name}" for name in expected], [f"{side}.{name}" for name in known])


def _of_a_side(path: str | Path, side: str, tables: Any) -> dict[str, Expected]:  # noqa: ANN401 - whatever TOML has
    if not isinstance(tables, dict):
        raise RunError(f"{path}: {side} is no table of cases: write [{side}.NAME] above a reason")
    return {name: _of_a_case(path, f"{side}.{name}", table) for name, table in tables.items()}


def _of_a_case(path: str | Path, name: str, table: Any) -> Expected:  # noqa: ANN401 - whatever TOML has
    if not isinstance(table, dict) or not table.get("reason"):
        raise RunError(f"{path}: [{name}] has no reason")
    _refuse_others(path, f"[{name}]", table, _KEYS)
    if not all(isinstance(value, str) for value in table.values()):
        raise RunError(f"{path}: what [{name}] says is text, in quotes")
    return Expected(**table)


def _refuse_others(path: str | Path, where: str, names: Collection[str], known: Collection[str]) -> None:
    for name in names:
        if name not in known:
            raise RunError(f"{path}: {where} has no {name!r}: there is {', '.join(known)}")
