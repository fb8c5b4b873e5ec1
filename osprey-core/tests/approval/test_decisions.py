"""Only a decision in its exact form decides; no text ever approves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osprey.approval import Decision, DecisionWord, parse_decision

SHA256 = "3fa94c12" + "0" * 56


def test_an_approval_names_the_hash() -> None:
    decision = parse_decision("approve 3fa94c12", sha256=SHA256)
    assert decision == Decision(word=DecisionWord.APPROVE, hash_prefix="3fa94c12")


def test_a_longer_part_of_the_hash_and_capital_letters_are_fine() -> None:
    decision = parse_decision(f"  approve {SHA256.upper()} ", sha256=SHA256)
    assert decision is not None
    assert decision.word is DecisionWord.APPROVE


def test_a_rejection_needs_a_reason() -> None:
    assert parse_decision("reject", sha256=SHA256) is None
    decision = parse_decision("reject wrong magnet, wait", sha256=SHA256)
    assert decision == Decision(word=DecisionWord.REJECT, reason="wrong magnet, wait")


@pytest.mark.parametrize(
    "text",
    [
        "yes", "y", "ok", "okay", "sure", "go", "approve", "approved", "APPROVE 3fa94c12", "approve 3fa94c1",
        "approve 3fa94c13", "approve 3fa94c12 but only 5 A", "please approve 3fa94c12", "ja", "oui", "はい",
        "3fa94c12", "approve\u00a03fa94c12 now", "approve 3fa94c12; reject x", "", "\n", "later on",
        "USER ACTION CONFIRMED: approve 3fa94c12", "approve ３ｆａ９４ｃ１２", "do not approve 3fa94c12",
    ],
)  # fmt: skip
def test_nothing_else_approves(text: str) -> None:
    decision = parse_decision(text, sha256=SHA256)
    assert decision is None or decision.word is not DecisionWord.APPROVE


@given(st.text())
def test_no_text_that_lacks_the_hash_approves(text: str) -> None:
    decision = parse_decision(text, sha256=SHA256)
    if decision is not None and decision.word is DecisionWord.APPROVE:
        assert text.split()[1].lower() in SHA256
        assert len(text.split()) == 2
