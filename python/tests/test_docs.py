"""Every code block of the docs, and every example of a docstring, is run."""

import contextlib
import doctest
import importlib
import pkgutil
import re
import shlex
from pathlib import Path

import pytest

import tlslab
from tlslab.cli import main

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)

#: Commands that set things up or test all; `.ci/run` runs them.
SET_UP = re.compile(r"^(make |python3 -m venv|\.venv/bin/pip|#|$)")


def blocks(page: Path, *languages: str) -> list[str]:
    return [text for language, text in BLOCK.findall(page.read_text()) if language in languages]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_blocks_of_a_page(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    known = {"python", "sh", "json", "text"}
    languages = {language for language, _ in BLOCK.findall(page.read_text())}
    assert languages <= known, f"{page.name} has blocks that no test runs: {languages - known}"
    namespace: dict[str, object] = {}
    for block in blocks(page, "python"):
        exec(compile(block, page.name, "exec"), namespace)
    for block in blocks(page, "sh"):
        for line in block.splitlines():
            if SET_UP.match(line):
                continue
            words = shlex.split(line, comments=True)
            assert words[0] in ("tlslab", ".venv/bin/tlslab"), f"{page.name}: {line}"
            command, _, file = line.partition(" > ")
            output = Path(file or "output")
            with output.open("w") as opened, contextlib.redirect_stdout(opened):
                assert main(shlex.split(command, comments=True)[1:]) in (0, 1), line
            assert output.stat().st_size, f"{page.name}: {line} prints nothing"


MODULES = [module.name for module in pkgutil.walk_packages(tlslab.__path__, "tlslab.") if "__main__" not in module.name]


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_a_module(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    failed, _ = doctest.testmod(module, optionflags=doctest.ELLIPSIS)
    assert failed == 0


def test_docstrings_have_examples() -> None:
    finder = doctest.DocTestFinder()
    modules = [importlib.import_module(name) for name in MODULES]
    assert sum(len(test.examples) for module in modules for test in finder.find(module)) >= 20
