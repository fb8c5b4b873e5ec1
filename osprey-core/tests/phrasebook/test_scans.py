"""Scans through lists, around the present value and on grids; what is open about them is asked."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from osprey.models.phrasebook import Clarification, GridScan, NotUnderstood, Scan

Parse = Callable[[str], object]


def grid(understand: Parse, text: str) -> GridScan:
    phrase = understand(text)
    assert isinstance(phrase, GridScan), phrase
    return phrase


def numbers(phrase: GridScan) -> list[list[str]]:
    return [[f"{value.text} {value.unit}" for value in axis.values] for axis in phrase.axes]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("scan SF01 over 88, 89.5 and 92 A", ["88 A", "89.5 A", "92 A"]),
        ("step HCM03 through minus 0.1, zero, 0.1 A", ["-0.1 A", "0 A", "0.1 A"]),
        ("ramp the cavity voltage down 1.6, 1.5, 1.4 MV and note the tune each time", ["1.6 MV", "1.5 MV", "1.4 MV"]),
        ("sweep HCM03 at 100 mA and 0.2 A, read the orbit", ["100 mA", "0.2 A"]),
    ],
)
def test_a_list_keeps_its_order_and_a_unit_that_stands_once(understand: Parse, text: str, values: list[str]) -> None:
    assert numbers(grid(understand, text)) == [values]


@pytest.mark.parametrize(
    "text",
    [
        "scan VCM10 plus minus 0.1 A around where it is, steps of 0.05 A, record BPM20 y",
        "scan VCM10 plus or minus 0.1 A around its present value in steps of 0.05 A",
        "take VCM10 +/- 0.1 A about its present value in 0.05 A steps and measure BPM20 y",
        "vary VCM10 by ±0.1 A around the current setting, in steps of 0.05 A",
        "scan VCM10 from -0.1 to 0.1 A relative to now, in steps of 0.05 A",
    ],
)
def test_a_scan_around_the_present_value_says_so(understand: Parse, text: str) -> None:
    (axis,) = grid(understand, text).axes
    assert axis.is_relative
    assert axis.start is not None and axis.stop is not None and axis.increment is not None
    assert (axis.start.text, axis.stop.text, axis.increment.text) == ("-0.1", "0.1", "0.05")


@pytest.mark.parametrize(
    "text",
    [
        "grid scan: QF11 at 119, 121 A and QD11 at 109, 110 A, tunes at each point",
        "2d scan of QF11 over 119, 121 A by QD11 over 109, 110 A, read the tunes",
        "for each QF11 in 119, 121 A step QD11 through 109, 110 A and read the tunes",
        "scan QD11 through 109, 110 A for each QF11 in 119, 121 A and read the tunes",
    ],
)
def test_the_device_that_stands_for_each_is_the_slow_one(understand: Parse, text: str) -> None:
    phrase = grid(understand, text)
    assert [axis.subject.names for axis in phrase.axes] == [("QF11",), ("QD11",)]
    assert numbers(phrase) == [["119 A", "121 A"], ["109 A", "110 A"]]
    assert [subject.words for subject in phrase.measure] == [("tunes",)]


@pytest.mark.parametrize(
    ("text", "steps", "increment"),
    [
        ("step HCM03 -0.2 to 0.2 A, 5 points, watching BPM05 x", 5, None),
        ("scan HCM03 from -1 to 1 A in 0.1 A steps", None, "0.1"),
        ("sweep HCM03 from -1 to 1 A in steps of 0.1 A, log both tunes", None, "0.1"),
        ("measure the lifetime while scanning HCM03 from -1 to 1 A in 5 steps", 5, None),
    ],
)
def test_a_range_is_divided_by_a_number_or_a_distance(
    understand: Parse, text: str, steps: int | None, increment: str | None
) -> None:
    phrase = understand(text)
    assert isinstance(phrase, Scan), phrase
    assert phrase.steps == steps
    assert (phrase.increment.text if phrase.increment else None) == increment


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("scan HCM03 +/- 0.5 A in 5 points", "around zero"),
        ("scan HCM03 from 0 to 1 A in 3 steps and VCM03 from 0 to 1 A in 2 steps", "Every combination"),
        ("grid scan of HCM03 at 0, 1 A and VCM03 at 0, 1 A?", "question about a change"),
    ],
)
def test_what_a_scan_leaves_open_is_asked(understand: Parse, text: str, part: str) -> None:
    answer = understand(text)
    assert isinstance(answer, Clarification), answer
    assert part.casefold() in answer.question.casefold()
    for choice in answer.choices:
        assert not isinstance(understand(choice), NotUnderstood | Clarification), choice


@pytest.mark.parametrize(
    "text",
    [
        "grid scan of HCM03 at 0, 1 A",
        "scan HCM03 at 0.5 A",
        "for each QF11 in 119, 121 A",
        "for each QF11 in 119, 121 A read the tunes",
        "move HCM03 at 0.1 and 0.2 A",
        "if the beam is there grid scan HCM03 at 0, 1 A and VCM03 at 0, 1 A",
        "grid scan HCM03 at 0, 1 A and VCM03 at 0, 1 A at 6 am",
        "for each QF11 in 119, 121 A step QD11 through 109, 110 A when the beam is back",
        "do not scan SF01 over 88, 89.5 and 92 A",
    ],
)
def test_what_is_no_whole_scan_is_not_planned(understand: Parse, text: str) -> None:
    assert isinstance(understand(text), NotUnderstood | Clarification)
