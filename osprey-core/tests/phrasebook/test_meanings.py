"""What a phrase carries beside its kind: subjects, amounts, roles, groups."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from osprey.models.phrasebook import (
    Amount,
    Clarification,
    Compare,
    NotUnderstood,
    Read,
    Recall,
    Remember,
    Role,
    Scan,
    Search,
    Set,
    Statistic,
    Statistics,
    Step,
)

Parse = Callable[[str], object]


def test_a_subject_has_names_words_sectors_and_roles(understand: Parse) -> None:
    phrase = understand("read the setpoint of every horizontal corrector of sectors 2 and 3")
    assert isinstance(phrase, Read)
    (subject,) = phrase.subjects
    assert subject.words == ("horizontal", "corrector")
    assert subject.sectors == (2, 3)
    assert subject.roles == (Role.SETPOINT,)
    assert subject.is_every


@pytest.mark.parametrize(
    "where", ["in sectors 2, 3 and 4", "of sectors 2-4", "in sectors 2 through 4", "in S02, S03 and S04"]
)
def test_sectors_are_listed_in_several_ways(understand: Parse, where: str) -> None:
    phrase = understand(f"what is the pressure {where}")
    assert isinstance(phrase, Read)
    assert phrase.subjects[0].sectors == (2, 3, 4)


def test_a_subject_knows_its_place_in_the_text(understand: Parse) -> None:
    text = "set the HCM03 to 0.5 A"
    phrase = understand(text)
    assert isinstance(phrase, Set)
    subject = phrase.groups[0][0].subjects[0]
    assert text[subject.start : subject.end] == "the HCM03"


def test_a_bare_plane_takes_the_noun_of_its_neighbour(understand: Parse) -> None:
    phrase = understand("read the horizontal and vertical correctors in sector 2")
    assert isinstance(phrase, Read)
    assert [subject.words for subject in phrase.subjects] == [
        ("horizontal", "correctors"),
        ("vertical", "correctors"),
    ]
    assert [subject.sectors for subject in phrase.subjects] == [(2,), (2,)]


def test_current_is_a_quantity_except_in_front_of_a_noun_that_is_now(understand: Parse) -> None:
    beam, orbit = understand("what is the current beam current"), understand("read the current orbit")
    assert isinstance(beam, Read)
    assert isinstance(orbit, Read)
    assert beam.subjects[0].words == ("beam", "current")
    assert orbit.subjects[0].words == ("orbit",)


def test_statistics_keep_the_order_of_their_kinds(understand: Parse) -> None:
    phrase = understand("mean, spread and max of the beam current over the last hour, with a plot")
    assert isinstance(phrase, Statistics)
    assert phrase.kinds == (Statistic.MEAN, Statistic.STD, Statistic.MAX)
    assert phrase.is_plotted


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("0.5 A", Amount(text="0.5", unit="A")),
        ("500mA", Amount(text="500", unit="mA")),
        ("-1e-3 A", Amount(text="-1e-3", unit="A")),
        ("minus 0.5 amps", Amount(text="-0.5", unit="A")),
        ("+0.5", Amount(text="0.5")),
        ("zero", Amount(text="0")),
        ("5 µm", Amount(text="5", unit="um")),
        ("12 furlong", Amount(text="12", unit="furlong")),
        ("nan A", Amount(text="nan", unit="A")),
        ("-inf", Amount(text="-inf")),
    ],
)
def test_an_amount_is_kept_as_it_was_written(understand: Parse, written: str, amount: Amount) -> None:
    phrase = understand(f"set HCM03 to {written}")
    assert isinstance(phrase, Set)
    assert phrase.groups[0][0].value == amount


def test_not_a_number_reaches_the_guard_as_a_number(understand: Parse) -> None:
    phrase = understand("set HCM03 to nan A")
    assert isinstance(phrase, Set)
    value = phrase.groups[0][0].value
    assert isinstance(value, Amount)
    assert value.value != value.value


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("high", "high"),
        ("ON", "ON"),
        ('"two words"', "two words"),
        ("[0.1, 0.2] A", (Amount(text="0.1", unit="A"), Amount(text="0.2", unit="A"))),
        ("[1,2]", (Amount(text="1"), Amount(text="2"))),
    ],
)
def test_texts_and_lists_are_kept_for_the_guard(understand: Parse, written: str, value: object) -> None:
    phrase = understand(f"set HCM03 to {written}")
    assert isinstance(phrase, Set)
    assert phrase.groups[0][0].value == value


def test_and_joins_a_group_and_then_begins_the_next(understand: Parse) -> None:
    phrase = understand("set HCM03 to 0.5 A and HCM04 to 0.1 A, then HCM05 to 0.2 A")
    assert isinstance(phrase, Set)
    assert [len(group) for group in phrase.groups] == [2, 1]


@pytest.mark.parametrize(
    ("text", "delta"),
    [
        ("raise HCM03 by 0.1 A", "0.1"),
        ("lower HCM03 by 0.1 A", "-0.1"),
        ("step HCM03 down by 0.1 A", "-0.1"),
        ("move HCM03 by -0.1 A", "-0.1"),
        ("subtract 0.1 A from HCM03", "-0.1"),
    ],
)
def test_a_step_is_signed(understand: Parse, text: str, delta: str) -> None:
    phrase = understand(text)
    assert isinstance(phrase, Step)
    assert phrase.delta == Amount(text=delta, unit="A")


def test_a_step_shows_what_was_asked_before_and_after(understand: Parse) -> None:
    phrase = understand("raise every horizontal corrector of sector 2 by 0.1 A and show the orbit before and after")
    assert isinstance(phrase, Step)
    assert [subject.words for subject in phrase.show] == [("orbit",)]


def test_a_scan_takes_the_unit_of_its_end_and_its_settling_time(understand: Parse) -> None:
    phrase = understand("scan HCM03 from -0.5 to 0.5 A in 11 steps, waiting 3 s at each step, and measure the orbit")
    assert isinstance(phrase, Scan)
    assert phrase.start == Amount(text="-0.5", unit="A")
    assert (phrase.steps, phrase.settle_s) == (11, 3.0)
    assert [subject.words for subject in phrase.measure] == [("orbit",)]


def test_a_comparison_of_two_sides_of_one_device_has_one_subject(understand: Parse) -> None:
    phrase = understand("compare setpoint and readback of HCM03")
    assert isinstance(phrase, Compare)
    assert phrase.sides[0].roles == (Role.SETPOINT, Role.READBACK)


def test_a_search_keeps_its_words_and_sectors(understand: Parse) -> None:
    phrase = understand("which channels measure vacuum in sector 4")
    assert isinstance(phrase, Search)
    assert phrase == Search(text=phrase.text, query="vacuum", sectors=(4,))


def test_what_is_remembered_is_kept_as_it_was_written(understand: Parse) -> None:
    phrase = understand("remember that HCM03 must not go above 0,5 A. If it does, call Ann!")
    assert isinstance(phrase, Remember)
    assert phrase == Remember(text=phrase.text, note="HCM03 must not go above 0,5 A. If it does, call Ann!")


def test_a_recall_says_what_about(understand: Parse) -> None:
    phrase = understand("what do you remember about the septum?")
    assert isinstance(phrase, Recall)
    assert phrase == Recall(text=phrase.text, about="septum")


def test_what_was_not_understood_is_named_with_its_place(understand: Parse) -> None:
    text = "set HCM03 to 0.5 A tomorrow"
    answer = understand(text)
    assert isinstance(answer, NotUnderstood)
    assert [text[word.start : word.end] for word in answer.words] == ["tomorrow"]
    assert "tomorrow" in str(answer)
    assert "set <device> to <number> <unit>" in answer.suggestions


@pytest.mark.parametrize(
    ("written", "choices"),
    [("0,5", ["0.5"]), ("1,000", ["1.000", "1000"]), ("1,000,000", ["1000000"])],
)
def test_a_comma_in_a_number_is_asked(understand: Parse, written: str, choices: list[str]) -> None:
    answer = understand(f"set HCM03 to {written} A")
    assert isinstance(answer, Clarification)
    assert list(answer.choices) == [f"set HCM03 to {choice} A" for choice in choices]


def test_a_choice_is_a_request_that_is_understood(understand: Parse) -> None:
    answer = understand("can you set HCM03 to 0.5 A?")
    assert isinstance(answer, Clarification)
    assert isinstance(understand(answer.choices[0]), Set)
