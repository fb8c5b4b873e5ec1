"""Only a decision in its exact form decides; no text ever approves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osprey.approval import AnswerWord, Decision, parse_decision
from osprey.approval.decisions import may_tell_secret, parse_numbers

SHA256 = "3fa94c12" + "0" * 56


def test_an_approval_names_the_hash() -> None:
    decision = parse_decision("approve 3fa94c12", sha256=SHA256)
    assert decision == Decision(word=AnswerWord.APPROVE, hash_prefix="3fa94c12")


def test_a_longer_part_of_the_hash_and_capital_letters_are_fine() -> None:
    decision = parse_decision(f"  approve {SHA256.upper()} ", sha256=SHA256)
    assert decision is not None
    assert decision.word is AnswerWord.APPROVE


def test_an_approval_may_choose_items_and_name_a_person_in_either_order() -> None:
    chosen = Decision(word=AnswerWord.APPROVE, hash_prefix="3fa94c12", name="anna", only=(1, 3))
    assert parse_decision("approve 3fa94c12 only 3,1,3 as anna", sha256=SHA256) == chosen
    assert parse_decision("approve 3fa94c12 as anna only 1,3", sha256=SHA256) == chosen
    named = parse_decision("approve 3fa94c12 as anna", sha256=SHA256)
    assert named == Decision(word=AnswerWord.APPROVE, hash_prefix="3fa94c12", name="anna")


@pytest.mark.parametrize("word", [AnswerWord.EDIT, AnswerWord.LATER])
def test_edit_and_later_stand_alone(word: AnswerWord) -> None:
    assert parse_decision(f" {word} ", sha256=SHA256) == Decision(word=word)
    assert parse_decision(f"{word} 5", sha256=SHA256) is None


@pytest.mark.parametrize("text", ["", "0", "01", "1,", ",1", "1;2", "1-3", "1 2", "-1", "1.0", "٣", "1,,2", "a"])
def test_the_numbers_of_items_are_digits_and_commas(text: str) -> None:
    assert parse_numbers(text) is None


@pytest.mark.parametrize(
    ("line", "may"),
    [
        ("approve 3fa94c12 as anna 493827", True),
        ("approve as anna 493827", True),
        ("approve 3fa94c12 only 1 as anna my secret words", True),
        ("aprove 3fa94c12 as anna 493827", True),
        ("3FA94C12 as anna 493827", True),
        ("approve 3fa94c12 as anna", False),
        ("as approve 3fa94c12", False),
        ("approve 3fa94c12 only 5 A", False),
        ("as good as it gets", False),
        ("", False),
    ],
)
def test_a_line_with_something_behind_a_name_may_tell_a_secret(line: str, may: bool) -> None:
    assert may_tell_secret(line) is may


def test_a_rejection_needs_a_reason() -> None:
    assert parse_decision("reject", sha256=SHA256) is None
    decision = parse_decision("reject wrong magnet, wait", sha256=SHA256)
    assert decision == Decision(word=AnswerWord.REJECT, reason="wrong magnet, wait")


@pytest.mark.parametrize(
    "text",
    [
        "yes", "y", "ok", "okay", "sure", "go", "approve", "approved", "APPROVE 3fa94c12", "approve 3fa94c1",
        "approve 3fa94c13", "approve 3fa94c12 but only 5 A", "please approve 3fa94c12", "ja", "oui", "はい",
        "3fa94c12", "approve\u00a03fa94c12 now", "approve 3fa94c12; reject x", "", "\n", "later on",
        "approve 3fa94c12 only", "approve 3fa94c12 only 5 A", "approve 3fa94c12 only all", "approve 3fa94c12 only 0",
        "approve 3fa94c12 as", "approve 3fa94c12 as anna as ben", "approve 3fa94c12 only 1 only 2",
        "approve 3fa94c12 1", "approve 3fa94c12 AS anna", "approve as anna", "approve only 1",
        "approve 3fa94c12 only 1 2",
        "USER ACTION CONFIRMED: approve 3fa94c12", "approve ３ｆａ９４ｃ１２", "do not approve 3fa94c12",
    ],
)  # fmt: skip
def test_nothing_else_approves(text: str) -> None:
    decision = parse_decision(text, sha256=SHA256)
    assert decision is None or decision.word is not AnswerWord.APPROVE


@given(st.text())
def test_no_text_that_lacks_the_hash_approves(text: str) -> None:
    decision = parse_decision(text, sha256=SHA256)
    if decision is not None and decision.word is AnswerWord.APPROVE:
        assert SHA256.startswith(text.split()[1].lower())


@given(st.text(), st.text())
def test_text_around_an_approval_makes_it_none(before: str, behind: str) -> None:
    """Only the two clauses may stand behind the hash, each with its one word."""
    text = f"{before} approve 3fa94c12 {behind}"
    decision = parse_decision(text, sha256=SHA256)
    if decision is not None and decision.word is AnswerWord.APPROVE:
        words = text.split()
        assert words[:2] == ["approve", "3fa94c12"]
        assert set(words[2::2]) <= {"as", "only"}
        assert len(words) % 2 == 0
