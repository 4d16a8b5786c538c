"""Notebooks: each runs from its first cell to its last, and says what its committed outputs say."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))

#: What another run may say otherwise: on which port a server listens.
VARIES = re.compile(r"127\.0\.0\.1:\d+")

#: A notebook with its outputs has no more bytes.
MOST_BYTES = 250_000


def read(path: Path) -> Any:  # noqa: ANN401 - a notebook's attributes are its JSON
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


def said(notebook: Any) -> list[str]:  # noqa: ANN401
    """Give what each cell has said as text, without what varies."""
    return [
        VARIES.sub("127.0.0.1:PORT", "".join(_text(output) for output in cell.outputs))
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def _text(output: Any) -> str:  # noqa: ANN401
    if output.output_type == "error":
        return f"{output.ename}: {output.evalue}"
    if output.output_type == "stream":
        return str(output.text)
    return f"{output.data['text/plain']} as {', '.join(sorted(output.data))}\n"


def test_there_are_notebooks() -> None:
    assert [path.name[:2] for path in NOTEBOOKS] == ["01", "02", "03", "04", "05", "06", "07"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_says_the_same(path: Path, tmp_path: Path) -> None:
    notebook = read(path)
    if "openssl" in "".join(cell.source for cell in notebook.cells) and shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    committed = said(notebook)
    client = NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()
    assert said(notebook) == committed


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_small_and_whole(path: Path) -> None:
    assert path.stat().st_size < MOST_BYTES
    cells = read(path).cells
    assert cells[0].cell_type == "markdown"
    assert cells[0].source.startswith("# ")
    code = [cell for cell in cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    for link in re.findall(r"\]\(([^)#]+)\)", "".join(cell.source for cell in cells if cell.cell_type == "markdown")):
        assert link.startswith("https://") or (path.parent / link).is_file(), f"{link} leads nowhere"
