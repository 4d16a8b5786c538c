"""The survey's stacks are commands with places, and its page says what was seen. It is measured by `make survey`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

import tlslab as tl
from tlslab.check.command import Command

SURVEY = Path(__file__).parents[2] / "scripts" / "survey"
sys.path.insert(0, str(SURVEY))

from stacks import MissingError, Stack, filled, make, stacks  # noqa: E402 - it is beside the package
from table import Row, render  # noqa: E402

PLACES = dict.fromkeys(("cert", "key", "store", "nss", "dh", "lab", "made", "built", "here", "python"), "x")


@pytest.mark.parametrize("stack", stacks(), ids=lambda stack: stack.name)
def test_every_stack_has_commands_with_a_port(stack: Stack) -> None:
    commands = [command for command in (stack.server, stack.client) if command is not None]
    assert commands
    for command in commands:
        assert "{" not in " ".join(Command(filled(command, PLACES)).at(1))


def test_a_stack_that_is_not_there_is_missing() -> None:
    with pytest.raises(MissingError, match="there is no no-such-command-here"):
        make(Stack("none", [], "no-such-command-here --version"), PLACES)
    with pytest.raises(MissingError, match="prints no version"):
        make(Stack("none", [], f"{sys.executable} -c 'print(1)'", pattern="version (.*)"), PLACES)


def test_the_page_says_what_was_seen() -> None:
    server = tl.Server(ems="off", premaster_zeros="keep", versions=["TLSv1.2"], resume_legacy="resume")
    with tl.serve(server) as serving:
        report = tl.probe(serving.address, rate=1000, seed=1, progress=False)
    page = render([Row("the lab", "1", {"server": report}), Row("another", missing="there is no x", install=["x"])])
    assert "| the lab | **keep** | - |" in page
    assert "| the lab | id | - | - | - | resume |" in page
    assert "- another: there is no x; from x" in page


@pytest.mark.parametrize("path", sorted((SURVEY / "profiles").glob("*.json")), ids=lambda path: path.stem)
def test_profiles_are_behaviours(path: Path) -> None:
    text = path.read_text()
    sides = [side for side in (tl.Server, tl.Client) if side.side in json.loads(text)]
    assert sides
    for side in sides:
        assert side.from_json(text).to_dict() == json.loads(text)[side.side]
