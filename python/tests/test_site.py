"""The documentation's table of contents: it has every page, and every public name of the package."""

import re
from pathlib import Path

import pytest

import tlslab

ROOT = Path(__file__).parents[2]
SITE = ROOT / "docs" / "site"


def contents() -> list[str]:
    """Give the pages that the table of contents names, as paths from the root without their endings."""
    index = (SITE / "index.rst").read_text()
    listed = re.findall(r"^   (?:.* <)?([/\w.*-]+)>?$", index, re.MULTILINE)
    names = [entry.lstrip("/") if entry.startswith("/") else f"docs/site/{entry}" for entry in listed]
    return [str(path.relative_to(ROOT).with_suffix("")) for name in names for path in sorted(ROOT.glob(f"{name}.*"))]


def test_every_page_is_in_the_table_of_contents_once() -> None:
    pages = [
        *(ROOT / f"{name}.md" for name in ("README", "CHANGELOG", "CONTRIBUTING")),
        *ROOT.glob("docs/*.md"),
        *ROOT.glob("docs/site/api/*.rst"),
        *ROOT.glob("notebooks/*.ipynb"),
    ]
    assert sorted(contents()) == sorted(str(page.relative_to(ROOT).with_suffix("")) for page in pages)


def test_every_public_name_has_its_place_once() -> None:
    written = "".join(page.read_text() for page in SITE.glob("api/*.rst"))
    modules = re.findall(r"^\.\. automodule:: tlslab\.(\w+)$", written, re.MULTILINE)
    names = re.findall(r"^\.\. auto(?:class|function|exception):: (\w+)$", written, re.MULTILINE)
    assert sorted([*modules, *names]) == sorted(set(tlslab.__all__) - {"__version__"})


@pytest.mark.parametrize("page", sorted(ROOT.glob("docs/*.md")), ids=lambda page: page.name)
def test_a_page_begins_with_its_title(page: Path) -> None:
    assert page.read_text().startswith("# ")
