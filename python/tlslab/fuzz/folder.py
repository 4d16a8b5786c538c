"""Where findings and corpora are kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tlslab import _tlslab
from tlslab.errors import RunError
from tlslab.files import WholeFile

__all__ = ["Folder", "input_of"]


class Folder:
    """Where findings and corpus are kept."""

    def __init__(self, path: Path) -> None:
        self._findings, self._corpus = path / "findings", path / "corpus"
        try:
            self._findings.mkdir(parents=True, exist_ok=True)
            self._corpus.mkdir(exist_ok=True)
        except OSError as error:
            raise RunError(f"cannot write {path}: {error}") from error

    def corpus(self) -> Iterator[str]:
        """Give the inputs that are there, by the names of their files."""
        for path in sorted(self._corpus.glob("*.json")):
            yield input_of(path)

    def keep_finding(self, name: str, finding: dict[str, Any]) -> Path:
        """Keep a finding, and give its file."""
        with WholeFile(self._findings / name) as file:
            file.write(json.dumps(finding, indent=2).encode() + b"\n")
        return self._findings / name

    def keep_corpus(self, corpus: Iterable[str]) -> None:
        """Keep those inputs, in JSON, that are not there yet."""
        for one in corpus:
            # Named by what it says, however that is written.
            text = json.dumps(json.loads(one), sort_keys=True).encode()
            path = self._corpus / f"{hashlib.sha256(text).hexdigest()[:16]}.json"
            if not path.exists():
                with WholeFile(path) as file:
                    file.write(text + b"\n")


def input_of(path: Path) -> str:
    """Read a file that holds an input, or a finding with one."""
    try:
        document = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise RunError(f"cannot read {path} as an input: {error}") from error
    if not isinstance(document, dict):
        raise RunError(f"{path} holds no input of a campaign: it is a JSON object with a schema, or a finding")
    text = json.dumps(document.get("input", document))
    try:
        _tlslab.fuzz_replay(text, [])
    except RunError as error:
        raise RunError(f"{path}: {error}") from error
    return text
