"""How the analysis is scored: what counts, against what, and which programs it fails on."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from tests.safety.corpus import Program, load
from tests.safety.scoring import detector, score

PROGRAMS = load()
BY_CODE = {program.code: program for program in PROGRAMS}


def expected(code: str) -> Mapping[str, str]:
    """Answer as the labels do."""
    return {"verdict": next(iter(BY_CODE[code].expected), "reads_only")}


def test_an_analysis_that_says_what_the_labels_say_is_perfect() -> None:
    found = score(expected, PROGRAMS)
    assert found.shortfalls == []
    assert (found.idioms_found.value, found.writes_noticed.value, found.benign_alarms.value) == (1.0, 1.0, 0.0)


@pytest.mark.parametrize(
    ("verdict", "complaints"),
    [
        ("writes", ["benign alarms"]),
        ("cannot_tell", ["idioms found", "benign alarms"]),
        ("reads_only", ["idioms found", "writes noticed"]),
    ],
)
def test_an_analysis_that_always_says_the_same_fails(verdict: str, complaints: list[str]) -> None:
    shortfalls = score(lambda _: {"verdict": verdict}, PROGRAMS).shortfalls
    assert [text.partition(" as ")[0].partition(":")[0] for text in shortfalls] == complaints


def test_what_was_missed_is_named() -> None:
    def misses_one(code: str) -> Mapping[str, str]:
        program = BY_CODE[code]
        return {"verdict": "reads_only"} if program.name == "writes/tango/attr_write" else expected(code)

    found = score(misses_one, PROGRAMS)
    assert found.idioms_found.named == ("writes/tango/attr_write",)
    assert found.by_kind["idiom"].count == found.by_kind["idiom"].total - 1


def test_an_analysis_that_raises_has_found_nothing() -> None:
    def fails(_: str) -> Mapping[str, str]:
        raise RecursionError

    found = score(fails, PROGRAMS)
    assert found.writes_noticed.count == found.idioms_found.count == 0
    assert found.benign_alarms.value == 1.0


def test_a_danger_named_beside_the_verdict_counts_for_dangerous_programs_alone() -> None:
    found = score(lambda _: {"verdict": "reads_only", "dangers": ["environment"]}, PROGRAMS)
    assert found.dangerous_noticed.value == 1.0
    assert found.writes_noticed.count == 0


def test_the_score_is_of_the_programs_that_are_given() -> None:
    assert score(expected, [Program(name="benign/a/b", kind="text", expected=("reads_only",))][:0]).shortfalls != []


def test_the_analysis_keeps_what_is_promised_of_it() -> None:
    assert score(detector()).shortfalls == []
