"""Every example of the reference page is understood as the kind under which it stands."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from osprey.models.phrasebook import Phrase

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "phrasebook.md"
_BLOCK = re.compile(r"^```phrasebook (\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPANS = re.compile(r"^- (Spans|Moments): (.*?)(?=^- |\n\n)", re.MULTILINE | re.DOTALL)
TEXT = PAGE.read_text(encoding="utf-8")
EXAMPLES = [(kind, line) for kind, lines in _BLOCK.findall(TEXT) for line in lines.splitlines()]


@pytest.mark.parametrize(("kind", "line"), EXAMPLES)
def test_an_example_is_of_its_kind(understand: Callable[[str], object], kind: str, line: str) -> None:
    assert type(understand(line)).__name__ == kind


def test_every_kind_of_phrase_has_an_example() -> None:
    assert {each.__name__ for each in Phrase.__args__} <= {kind for kind, _ in EXAMPLES}


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (kind, words)
        for kind, listed in _SPANS.findall(TEXT)
        for words in re.findall(r"`([^`]+)`", " ".join(listed.split()))
    ],
)
def test_a_time_of_the_page_is_understood(understand: Callable[[str], object], kind: str, words: str) -> None:
    sentence, named = ("plot HCM03", "History") if kind == "Spans" else ("what was HCM03", "ReadThen")
    assert type(understand(f"{sentence} {words}")).__name__ == named
