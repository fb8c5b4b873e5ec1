"""Habits of the repository that no other tool holds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DISTRIBUTIONS = [path.parent for path in [ROOT / "osprey-core/pyproject.toml", *ROOT.glob("plugins/*/pyproject.toml")]]
CONTENT = [ROOT / "tests/safety" / group for group in ("writes", "benign", "dangerous")]
TESTS = sorted(
    path
    for folder in (ROOT, *DISTRIBUTIONS)
    for path in (folder / "tests").rglob("*.py")
    if not any(path.is_relative_to(content) for content in CONTENT)
)
WAYS_TO_SKIP = re.compile(r"pytest\.(skip|importorskip|xfail)\b|mark\.(skip|skipif|xfail)\b|unittest\.skip")

NOT_IN_CI = re.compile(r"""if .*"CI" not in os\.environ.*:\n\s+pytest\.skip\(""")


@pytest.mark.parametrize("path", TESTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_skipped_in_ci(path: Path) -> None:
    if path != Path(__file__):
        text = NOT_IN_CI.sub("", path.read_text(encoding="utf-8"))
        assert not WAYS_TO_SKIP.search(text), "make it run, or fail with a remedy"


@pytest.mark.parametrize("folder", DISTRIBUTIONS, ids=lambda folder: folder.name)
def test_each_distribution_carries_the_license(folder: Path) -> None:
    assert (folder / "LICENSE").read_text(encoding="utf-8") == (ROOT / "LICENSE").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sorted((ROOT / "changelog").iterdir()), ids=lambda path: path.name)
def test_a_changelog_fragment_is_one_sentence_of_a_known_kind(path: Path) -> None:
    if path.name == "README.md":
        return
    assert re.fullmatch(r"[a-z0-9-]+\.(feature|bugfix|removal|doc)\.md", path.name)
    text = path.read_text(encoding="utf-8")
    assert text.endswith(".\n")
    assert text.count("\n") == 1
