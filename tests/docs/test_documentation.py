"""The documentation says what the code does."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.docs.generate import REFERENCE

DOCS = REFERENCE.parent
ROOT = DOCS.parent


@pytest.fixture(scope="module")
def generated() -> dict[str, str]:
    """The pages as `make docs` writes them: in a process of its own, because click keeps the help option of a
    command as the first one who asked for it saw it."""
    code = "import json; from tests.docs.generate import pages; print(json.dumps(pages()))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", ["cli.md", "configuration.md", "hooks.md"])
def test_a_generated_page_is_up_to_date(generated: dict[str, str], name: str) -> None:
    assert (REFERENCE / name).read_text(encoding="utf-8") == generated[name], "run: make docs"


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
