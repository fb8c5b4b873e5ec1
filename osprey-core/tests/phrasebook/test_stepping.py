"""Changes by an amount, in the words of people; what says no direction is no step."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from osprey.models.phrasebook import Clarification, GridScan, NotUnderstood, RestoreSnapshot, Scan, Set, Step

Parse = Callable[[str], object]


@pytest.mark.parametrize(
    ("text", "delta"),
    [
        ("take half an amp off HCM03", "-0.5 A"),
        ("knock 0.1 A off HCM03", "-0.1 A"),
        ("give HCM03 another 0.1 A", "0.1 A"),
        ("give HCM03 0.1 A more", "0.1 A"),
        ("give HCM03 0.1 A less", "-0.1 A"),
        ("set HCM03 0.1 A higher", "0.1 A"),
        ("set HCM03 0.1 A lower", "-0.1 A"),
        ("bump HCM03 up 0.1 A", "0.1 A"),
        ("move HCM03 down by 0.1 A", "-0.1 A"),
        ("turn HCM03 up by 0.1 A", "0.1 A"),
        ("bring HCM03 down by another 0.1 A", "-0.1 A"),
        ("add another 0.1 A to HCM03", "0.1 A"),
        ("raise HCM03 by a quarter of an amp", "0.25 A"),
        ("reduce HCM03 by half a percent", "-0.5 %"),
    ],
)
def test_a_step_has_its_sign(understand: Parse, text: str, delta: str) -> None:
    phrase = understand(text)
    assert isinstance(phrase, Step), phrase
    assert f"{phrase.delta.text} {phrase.delta.unit}" == delta
    assert [subject.names for subject in phrase.subjects] == [("HCM03",)]


@pytest.mark.parametrize(
    ("text", "value"),
    [("take HCM03 to 0.3 A", "0.3"), ("drop HCM03 to 0.3 A", "0.3"), ("bring HCM03 back to 0.3 A", "0.3")],
)
def test_to_a_value_is_a_set_whatever_the_verb(understand: Parse, text: str, value: str) -> None:
    phrase = understand(text)
    assert isinstance(phrase, Set), phrase
    assert phrase.groups[0][0].value.text == value  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "text",
    [
        "give HCM03 0.1 A",
        "take 0.1 A off",
        "take -0.1 A off HCM03",
        "give HCM03 -0.1 A more",
        "set HCM03 -0.1 A lower",
        "bump HCM03 0.1 A",
        "give HCM03 another 0.1 A in ten minutes",
        "take half an amp off HCM03 tomorrow",
        "take half an amp off HCM03 if it is too hot",
        "in ten minutes take half an amp off HCM03",
        "at 6 am give HCM03 another 0.1 A",
        "every hour give HCM03 another 0.1 A",
        "who gave HCM03 another 0.1 A",
        "did you give HCM03 another 0.1 A",
        "give HCM03 another 0.1 A?",
        "restore the snapshot golden if the beam is lost",
        "restore the snapshot golden tomorrow",
        "restore the snapshot golden?",
        "do not restore the snapshot golden",
        "set HCM03 to 0.2, sorry, 0.3 A",
        "raise HCM03 by 0.1 A, I meant HCM04",
    ],
)
def test_what_is_open_conditional_or_later_is_no_change(understand: Parse, text: str) -> None:
    assert not isinstance(understand(text), Set | Step | Scan | GridScan | RestoreSnapshot)
    assert isinstance(understand(text), NotUnderstood | Clarification)
