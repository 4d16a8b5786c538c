"""Every code block of the docs, and every example of a docstring, is run."""

import contextlib
import doctest
import importlib
import os
import pkgutil
import re
import shlex
import sys
from pathlib import Path

import pytest

import tlslab
from tlslab.cli import main

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)

#: Commands that set things up or test all, which `.ci/run` runs, and one whose whole output test_cli.py looks at.
SET_UP = re.compile(r"^(make |python3 -m venv|\.venv/bin/pip|\.venv/bin/tlslab reproduce$|#|$)")


def blocks(page: Path, *languages: str) -> list[str]:
    return [text for language, text in BLOCK.findall(page.read_text()) if language in languages]


def commands(block: str) -> list[str]:
    """Give the lines of a shell, or the steps of a workflow that are the lab's."""
    steps = re.findall(r"^ *- run: (tlslab .*)$", block, re.MULTILINE)
    return steps or block.splitlines()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_blocks_of_a_page(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    # The commands of the lab are on the path of whoever has installed it.
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    known = {"python", "sh", "json", "text", "toml", "yaml"}
    languages = {language for language, _ in BLOCK.findall(page.read_text())}
    assert languages <= known, f"{page.name} has blocks that no test runs: {languages - known}"
    namespace: dict[str, object] = {}
    for block in blocks(page, "python"):
        exec(compile(block, page.name, "exec"), namespace)
    for block in blocks(page, "toml"):
        tomllib.loads(block)
    for block in blocks(page, "sh", "yaml"):
        for line in commands(block):
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
