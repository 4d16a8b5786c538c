"""Results, sweeps and collections as files: JSON, or Parquet with the JSON in its metadata."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any, TypeAlias

from tlslab import _tlslab
from tlslab.collection import Collected, Collection
from tlslab.errors import BundleError, TlslabError
from tlslab.extras import require
from tlslab.files import WholeFile, read_whole
from tlslab.result import Result
from tlslab.sweep import Cell, Sweep
from tlslab.table import Table

__all__ = ["Saved", "load", "save"]

#: What can be saved.
Saved: TypeAlias = "Result | Sweep | Collection"

#: What a file says of itself.
_FORMAT, _SCHEMA = "tlslab results", 1

#: Under what name the JSON is in the metadata of a Parquet file.
_KEY = "tlslab"

#: What a Parquet file begins and ends with.
_MAGIC = b"PAR1"


def save(what: Saved, path: str | os.PathLike[str]) -> None:
    """
    Save a result, a sweep or a collection, with all that it takes to replay each trial of it.

    Parameters
    ----------
    what
        It.
    path
        A file: ``.json``, or ``.parquet``, which other programs read as a table.

    Raises
    ------
    RunError
        It cannot be written.
    BundleError
        The file's name ends otherwise.
    MissingLibraryError
        Parquet is written by arro3, which is not installed: ``tlslab[arrow]``.

    Examples
    --------
    >>> import tlslab as tl
    >>> result = tl.Experiment(tl.Client(), tl.Server()).run(10, seed=1, progress=False)
    >>> tl.save(result, "result.json")
    >>> tl.load("result.json") == result
    True
    """
    text, kind = to_text(what), Path(path).suffix
    if kind == ".json":
        with WholeFile(path) as file:
            file.write(text.encode() + b"\n")
    elif kind == ".parquet":
        _write_parquet(what, text, path)
    else:
        raise BundleError(f"{path} is neither .json nor .parquet")


def load(path: str | os.PathLike[str]) -> Saved:
    """
    Load what :func:`save` has saved, or the JSON that ``tlslab run --json`` printed.

    Raises
    ------
    BundleError
        The file cannot be read, is damaged, or is something else.
    MissingLibraryError
        Parquet is read by arro3, which is not installed: ``tlslab[arrow]``.
    """
    if Path(path).suffix == ".parquet":
        return _read_parquet(path)
    try:
        text = read_whole(path).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise BundleError(f"cannot read {path}: {error}") from error
    return from_text(text, str(path))


def to_text(what: Saved) -> str:
    """Give it as JSON."""
    kind = next(name for name, one in _KINDS.items() if isinstance(what, one))
    envelope = {"format": _FORMAT, "schema": _SCHEMA, "version": _tlslab.__version__, "kind": kind}
    return json.dumps({**envelope, kind: what.to_dict()})


def from_text(text: str, whence: str) -> Saved:
    """Read the JSON of :func:`to_text`; `whence` is for messages."""
    try:
        document = json.loads(text)
        if "format" not in document:
            return Result.from_dict(document)
        if (document["format"], document["schema"]) != (_FORMAT, _SCHEMA):
            raise BundleError(f"{whence} is of another format: {document['format']!r}, {document['schema']!r}")
        return _of_kind(document["kind"], document[document["kind"]])
    except BundleError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, TlslabError) as error:
        raise BundleError(f"{whence} holds no results of tlslab: {type(error).__name__}: {error}") from error


_KINDS: dict[str, type[Saved]] = {"result": Result, "sweep": Sweep, "collection": Collection}


def _of_kind(kind: str, document: dict[str, Any]) -> Saved:
    if kind == "result":
        return Result.from_dict(document)
    if kind == "sweep":
        return Sweep(tuple(map(_cell, document["cells"])), int(document["seed"]), bool(document["interrupted"]))
    rows = [Collected(one["name"], tuple(map(Result.from_dict, one["results"]))) for one in document["tasks"]]
    return Collection(tuple(rows), bool(document["interrupted"]))


def _cell(document: dict[str, Any]) -> Cell:
    labels, p_holm = document.pop("labels"), document.pop("p_holm")
    return Cell(labels, Result.from_dict(document), p_holm)


def _write_parquet(what: Saved, text: str, path: str | os.PathLike[str]) -> None:
    parquet = require("arro3.io", "a Parquet file")
    table: Table[Any] = Collection((Collected(None, (what,)),)) if isinstance(what, Result) else what
    written = io.BytesIO()
    parquet.write_parquet(table.to_arrow(), written, key_value_metadata={_KEY: text})
    with WholeFile(path) as file:
        file.write(written.getvalue())


def _read_parquet(path: str | os.PathLike[str]) -> Saved:
    parquet = require("arro3.io", "a Parquet file")
    try:
        data = read_whole(path)
    except OSError as error:
        raise BundleError(f"cannot read {path}: {error}") from error
    # The library panics at what is none, or has lost its end.
    if len(data) < 12 or (data[:4], data[-4:]) != (_MAGIC, _MAGIC):
        raise BundleError(f"{path} is no Parquet file, or is damaged")
    try:
        metadata = parquet.read_parquet(io.BytesIO(data)).schema.metadata
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # A panic is no Exception.
        raise BundleError(f"cannot read {path}: {error}") from error
    text = {bytes(key): bytes(value) for key, value in metadata.items()}.get(_KEY.encode())
    if text is None:
        raise BundleError(f"{path} holds no results of tlslab, or they were taken out of its metadata")
    return from_text(text.decode(errors="replace"), str(path))
