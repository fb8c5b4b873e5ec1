"""What counts as right: endings, capabilities, channels, writes, answers, spans."""

from __future__ import annotations

from typing import Any

import pytest

from osprey.control import ChannelRecord
from osprey.control.channels.directory import ChannelDirectory
from osprey.evaluation.expectations import Change, Ending, Entry, Figure, Kind, Outcome, PastSpan
from osprey.evaluation.judging import Verdict, judge
from osprey.evaluation.observations import FiledWrite, Observation

MAGNETS = ChannelDirectory(ChannelRecord(name=f"M{number}:SP", role="setpoint") for number in (1, 2))
ASKED_NS = 1_795_176_000 * 10**9
DAY_NS = 86_400 * 10**9


def seen(*writes: tuple[str, float], **more: Any) -> Observation:
    filed = tuple(FiledWrite(channel=name, value=value, text=f"{name} = {value}") for name, value in writes)
    given = {"ending": Ending.WAITING if writes else Ending.DONE, "answer": "", "present": {"M1:SP": 1.0, "M2:SP": 2.0}}
    base = {"entry": "one.1", "repetition": 1, "asked_ns": ASKED_NS, "seconds": 0.1, "writes": filed}
    return Observation(**{**base, **given, **more})


def verdict(observation: Observation, *outcomes: Outcome) -> Verdict:
    entry = Entry(id="one.1", group="one", kind=Kind.CHANGE, in_scope=True, tags=(), turns=("x",), outcomes=outcomes)
    return judge(entry, observation, MAGNETS)


def wanting(**writes: float | Change) -> Outcome:
    return Outcome(status=Ending.WAITING, writes={name.replace("_", ":"): value for name, value in writes.items()})


@pytest.mark.parametrize(
    ("outcome", "filed"),
    [
        (wanting(M1_SP=3), [("M1:SP", 3.0)]),
        (wanting(M1_SP=Change(by=0.1)), [("M1:SP", 1.1)]),
        (wanting(M2_SP=Change(times=1.02)), [("M2:SP", 2.04)]),
        (wanting(M1_SP=Change(steps=(0, 1, 2))), [("M1:SP", 0.0), ("M1:SP", 1.0), ("M1:SP", 2.0)]),
        (wanting(M1_SP=Change(steps=(0, 3))), [("M1:SP", 0.0), ("M1:SP", 3.0), ("M1:SP", 1.0)]),
        (wanting(M1_SP=Change(steps_by=(-1, 1))), [("M1:SP", 0.0), ("M1:SP", 2.0)]),
        (Outcome(status=Ending.WAITING, writes={"M*:SP": 0}), [("M2:SP", 0.0), ("M1:SP", 0.0)]),
    ],
)
def test_the_writes_that_are_wanted_are_right(outcome: Outcome, filed: list[tuple[str, float]]) -> None:
    assert verdict(seen(*filed), outcome).is_right


@pytest.mark.parametrize(
    "filed",
    [
        [("M1:SP", 3.1)],
        [("M2:SP", 3.0)],
        [("M1:SP", 3.0), ("M2:SP", 3.0)],
        [("M1:SP", 3.0), ("M1:SP", 1.0)],
    ],
)
def test_any_other_write_is_a_wrong_one(filed: list[tuple[str, float]]) -> None:
    found = verdict(seen(*filed), wanting(M1_SP=3))
    assert not found.is_right
    assert len(found.wrong_writes) == len(filed)


def test_a_write_where_none_is_expected_is_wrong() -> None:
    assert verdict(seen(("M1:SP", 3.0)), Outcome(status=Ending.WAITING)).wrong_writes == ("M1:SP = 3.0",)


def test_a_write_that_is_missing_is_no_wrong_one() -> None:
    found = verdict(seen(), wanting(M1_SP=3))
    assert not found.is_right
    assert not found.wrong_writes


def test_a_write_of_what_is_no_number_is_wrong() -> None:
    filed = (FiledWrite(channel="M1:SP", value=None, text="M1:SP = ON"),)
    assert verdict(seen(writes=filed, ending=Ending.WAITING), wanting(M1_SP=3)).wrong_writes


def test_a_present_value_that_is_not_known_makes_a_relative_write_wrong() -> None:
    found = verdict(seen(("M1:SP", 1.1), present={}), wanting(M1_SP=Change(by=0.1)))
    assert found.wrong_writes


def test_one_of_several_outcomes_is_enough() -> None:
    assert verdict(seen(ending=Ending.ASKS), wanting(M1_SP=3), Outcome(status=Ending.ASKS)).is_right


def test_what_is_allowed_may_be_there_and_what_is_not_may_not() -> None:
    outcome = Outcome(channels=("M1:SP",), channels_allowed=("M2:*",), capabilities=("channel_read",))
    assert verdict(seen(channels=("M1:SP", "M2:SP"), capabilities=("channel_find", "channel_read")), outcome).is_right
    wrong = verdict(seen(channels=("M2:SP", "X"), capabilities=("python",)), outcome)
    assert wrong.channels is not None
    assert (wrong.channels.wanted, wrong.channels.got, wrong.channels.both) == (1, 1, 0)
    assert len(wrong.misses) == 2


@pytest.mark.parametrize(
    ("answer", "is_right"),
    [("it is 1.02 A", True), ("1.02e0", True), ("it is 1.2 A", False), ("M1.02", False), ("", False)],
)
def test_a_figure_of_the_answer_is_near_what_the_channel_reads(answer: str, is_right: bool) -> None:
    outcome = Outcome(figures=(Figure(channel="M1:SP", within=0.05),))
    found = verdict(seen(answer=answer), outcome)
    assert found.is_right is is_right
    assert found.answer_is_right is is_right


def test_a_figure_of_a_channel_that_gave_nothing_is_never_right() -> None:
    assert not verdict(seen(answer="0", present={}), Outcome(figures=(Figure(channel="M1:SP", within=9),))).is_right


@pytest.mark.parametrize(
    ("span", "found", "is_right"),
    [
        (PastSpan(last_s=600), (ASKED_NS - 600 * 10**9, ASKED_NS), True),
        (PastSpan(last_s=600), (ASKED_NS - 3600 * 10**9, ASKED_NS), False),
        (PastSpan(day="today", since="08:00", until="09:00"), (8, 9), True),
        (PastSpan(day="yesterday", since="08:00", until="09:00"), (8, 9), False),
    ],
)
def test_the_span_is_the_one_that_was_said(span: PastSpan, found: tuple[int, int], is_right: bool) -> None:
    midnight = ASKED_NS // DAY_NS * DAY_NS
    start, end = (at if at > 24 else midnight + at * 3600 * 10**9 for at in found)
    assert verdict(seen(spans=((start, end),)), Outcome(span=span)).is_right is is_right


def test_a_plan_that_cannot_run_and_a_defect_are_told() -> None:
    assert verdict(seen(plan_fault="a cycle"), Outcome()).misses == ("the plan cannot run: a cycle",)
    assert verdict(seen(ending=Ending.FAILED, error="KeyError: 'x'"), Outcome(status=Ending.FAILED)).misses == (
        "KeyError: 'x'",
    )
