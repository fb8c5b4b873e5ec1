"""What says that nothing is to be changed lets only the rules that look read the rest."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osprey.models.phrasebook import Change, Read, parse

Parse = Callable[[str], object]
CAUTIONS = (
    "do not change anything, {}",
    "don't touch anything, just {}",
    "never mind. {}",
    "{}, without changing anything",
    "{}, but don't touch it",
    "{}, read only",
    "just curious, {}",
)
CHANGES = (
    "set HCM03 to 0.5 A",
    "raise HCM03 by 0.1 A",
    "take half an amp off HCM03",
    "give HCM03 another 0.1 A",
    "scan HCM03 from 0 to 1 A in 5 steps",
    "grid scan: HCM03 at 0, 1 A and VCM03 at 0, 1 A",
    "restore the snapshot golden",
    "turn off top-up",
    "zero all correctors",
    "caput HCM03 0.5",
)


@pytest.mark.parametrize("caution", CAUTIONS)
def test_a_question_with_a_caution_is_read(understand: Parse, caution: str) -> None:
    phrase = understand(caution.format("tell me what HCM14 is at"))
    assert isinstance(phrase, Read), phrase
    assert phrase.subjects[0].names == ("HCM14",)


@given(st.sampled_from(CAUTIONS), st.sampled_from(CHANGES))
def test_a_change_with_a_caution_is_never_one(caution: str, change: str) -> None:
    answer = parse(caution.format(change), now_ns=1_795_176_000 * 10**9, time_zone="Europe/Berlin")
    assert not isinstance(answer, Change), (caution, change)


@pytest.mark.parametrize("told", ["before I set QD05 to 111 A", "I just set QD05 to 111 A", "after we raised QD05"])
def test_it_is_the_device_of_what_was_told(understand: Parse, told: str) -> None:
    phrase = understand(f"{told}, what is it now?")
    assert isinstance(phrase, Read), phrase
    assert phrase.subjects[0].names == ("QD05",)


@pytest.mark.parametrize("change", CHANGES)
def test_a_tale_before_a_change_is_no_change(understand: Parse, change: str) -> None:
    assert not isinstance(understand(f"before I leave, {change}"), Change)
