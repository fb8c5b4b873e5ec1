"""The pages on approval and on the guard name every rule, in the words of the source."""

from __future__ import annotations

import re

import pytest
from tests.docs.generate import REFERENCE
from tests.docs.rules import rules

PAGE = "\n".join(
    (REFERENCE.parent / f"explanations/{name}.md").read_text(encoding="utf-8") for name in ("approval", "guard")
)
FOUND = rules()


def _examples() -> dict[str, str]:
    """Give the example sentence of each rule in the pages' tables."""
    examples: dict[str, str] = {}
    for line in PAGE.splitlines():
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) == 3:
            names = re.findall(r"`([a-z]+\.(?:[a-z_]+|<name>))`", cells[0])
            examples.update(dict.fromkeys(names, cells[2]))
    return examples


def test_the_source_has_the_rules_that_the_collector_must_not_miss() -> None:
    assert {"limits.max", "native.max", "approval.hash", "ledger.in_doubt", "guard.error", "policy.<name>"} <= set(
        FOUND
    )


def test_every_rule_of_the_source_is_on_a_page_and_no_other() -> None:
    assert set(_examples()) == set(FOUND)


@pytest.mark.parametrize(("rule", "sentence"), sorted(_examples().items()))
def test_each_example_is_a_sentence_that_the_source_can_say(rule: str, sentence: str) -> None:
    patterns = FOUND[rule]
    assert not patterns or any(pattern.fullmatch(sentence) for pattern in patterns), patterns
