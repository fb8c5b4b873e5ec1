"""The documentation says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.docs.generate import REFERENCE, pages

DOCS = REFERENCE.parent
ROOT = DOCS.parent


@pytest.mark.parametrize("name", ["cli.md", "configuration.md", "hooks.md"])
def test_a_generated_page_is_up_to_date(name: str) -> None:
    assert (REFERENCE / name).read_text(encoding="utf-8") == pages()[name], "run: make docs"


PAGES = [
    *sorted(DOCS.rglob("*.md")),
    *sorted(ROOT.glob("*.md")),
    *sorted(ROOT.glob("osprey-core/*.md")),
    *sorted(ROOT.glob("plugins/*/*.md")),
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / link).exists(), f"{page.name} links to {link}"


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: page.name)
def test_every_page_stands_in_the_index(page: Path) -> None:
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    assert page.name == "README.md" or f"]({page.relative_to(DOCS)})" in index
