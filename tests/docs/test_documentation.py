"""The documentation says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.docs.generate import REFERENCE, pages

DOCS = REFERENCE.parent
ROOT = DOCS.parent


@pytest.mark.parametrize("name", ["cli.md", "hooks.md"])
def test_a_generated_page_is_up_to_date(name: str) -> None:
    assert (REFERENCE / name).read_text(encoding="utf-8") == pages()[name], "run: make docs"


@pytest.mark.parametrize("page", [*sorted(DOCS.rglob("*.md")), *sorted(ROOT.glob("*.md"))], ids=lambda page: page.name)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / link).exists(), f"{page.name} links to {link}"
