"""Spans and moments in the facility's time zone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osprey.models.phrasebook import Clarification, History, NotUnderstood, ReadThen, parse

Parse = Callable[[str], object]
NOW_NS = 1_795_176_000 * 10**9
"""Friday 2026-11-20, 13:00 in Berlin, as in the folder's conftest."""

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = 3600 * 10**9


def berlin(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()) * 10**9


@pytest.mark.parametrize(
    ("words", "start", "end"),
    [
        ("over the last hour", NOW_NS - HOUR, NOW_NS),
        ("for the last 24 hours", NOW_NS - 24 * HOUR, NOW_NS),
        ("in the past 90 min", NOW_NS - 3 * HOUR // 2, NOW_NS),
        ("over the last half hour", NOW_NS - HOUR // 2, NOW_NS),
        ("over the last ten minutes", NOW_NS - HOUR // 6, NOW_NS),
        ("over the last 1.5 h", NOW_NS - 3 * HOUR // 2, NOW_NS),
        ("over the last 2 days", NOW_NS - 48 * HOUR, NOW_NS),
        ("over the last week", NOW_NS - 168 * HOUR, NOW_NS),
        ("today", berlin("2026-11-20T00:00"), NOW_NS),
        ("yesterday", berlin("2026-11-19T00:00"), berlin("2026-11-20T00:00")),
        ("since 08:00", berlin("2026-11-20T08:00"), NOW_NS),
        ("since 8 am", berlin("2026-11-20T08:00"), NOW_NS),
        ("since midnight", berlin("2026-11-20T00:00"), NOW_NS),
        ("since yesterday", berlin("2026-11-19T00:00"), NOW_NS),
        ("since yesterday at 20:00", berlin("2026-11-19T20:00"), NOW_NS),
        ("since 2 hours ago", NOW_NS - 2 * HOUR, NOW_NS),
        ("since 2026-11-18", berlin("2026-11-18T00:00"), NOW_NS),
        ("between 08:00 and 09:00", berlin("2026-11-20T08:00"), berlin("2026-11-20T09:00")),
        ("from 08:00 to noon", berlin("2026-11-20T08:00"), berlin("2026-11-20T12:00")),
        ("from 08:00 until now", berlin("2026-11-20T08:00"), NOW_NS),
        ("from 08:00 to 10:00 yesterday", berlin("2026-11-19T08:00"), berlin("2026-11-19T10:00")),
        ("yesterday between 8am and 10am", berlin("2026-11-19T08:00"), berlin("2026-11-19T10:00")),
        ("between yesterday 22:00 and today 02:00", berlin("2026-11-19T22:00"), berlin("2026-11-20T02:00")),
        (
            "between 2026-11-18 08:00 and 2026-11-18 09:30:15",
            berlin("2026-11-18T08:00"),
            berlin("2026-11-18T09:30:15"),
        ),
        ("on 2026-11-18", berlin("2026-11-18T00:00"), berlin("2026-11-19T00:00")),
        ("from 2026-11-20T10:00:00Z to 2026-11-20T11:00:00Z", NOW_NS - 2 * HOUR, NOW_NS - HOUR),
    ],
)
def test_a_span_has_its_bounds(understand: Parse, words: str, start: int, end: int) -> None:
    phrase = understand(f"plot the beam current {words}")
    assert isinstance(phrase, History), phrase
    assert phrase.span is not None
    assert (phrase.span.start_ns, phrase.span.end_ns) == (start, end)


@pytest.mark.parametrize(
    ("words", "ns"),
    [
        ("an hour ago", NOW_NS - HOUR),
        ("half an hour ago", NOW_NS - HOUR // 2),
        ("10 minutes ago", NOW_NS - HOUR // 6),
        ("2 weeks ago", NOW_NS - 336 * HOUR),
        ("at 08:00", berlin("2026-11-20T08:00")),
        ("at 08:00 yesterday", berlin("2026-11-19T08:00")),
        ("yesterday at noon", berlin("2026-11-19T12:00")),
        ("at 2026-11-18 23:59:59", berlin("2026-11-18T23:59:59")),
    ],
)
def test_a_moment_is_found(understand: Parse, words: str, ns: int) -> None:
    phrase = understand(f"what was the beam current {words}")
    assert isinstance(phrase, ReadThen), phrase
    assert phrase.moment.ns == ns


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("since 23:00", "lies in the future"),
        ("between 08:00 and 20:00", "lies in the future"),
        ("on 2027-01-01", "lies in the future"),
        ("from 10:00 to 08:00", "ends before it starts"),
        ("from 10:00 to 10:00", "ends before it starts"),
        ("since 25:00", "not a time of day"),
        ("on 2026-13-40", "not a date"),
        ("on 9999-12-31", "too far away"),
        ("since 0001-01-01 00:00", "too far away"),
        ("since 0001-01-01T00:00:00+14:00", "too far away"),
        ("over the last 0 minutes", "not a length of time"),
        ("over the last 99999999999 weeks", "not a length of time"),
    ],
)
def test_a_span_that_cannot_be_is_refused_with_the_reason(understand: Parse, words: str, message: str) -> None:
    answer = understand(f"plot the beam current {words}")
    assert isinstance(answer, NotUnderstood)
    assert message in answer.message


def test_an_hour_that_happened_twice_is_asked_and_its_choices_are_understood() -> None:
    now_ns = int(datetime(2026, 10, 26, 12, tzinfo=UTC).timestamp()) * 10**9
    text = "plot the beam current from 2026-10-25 02:30 to 2026-10-25 05:00"
    answer = parse(text, now_ns=now_ns, time_zone="Europe/Berlin")
    assert isinstance(answer, Clarification)
    phrases = [parse(choice, now_ns=now_ns, time_zone="Europe/Berlin") for choice in answer.choices]
    starts = [phrase.span.start_ns for phrase in phrases if isinstance(phrase, History) and phrase.span]
    assert starts[1] - starts[0] == HOUR


def test_an_hour_that_never_happened_is_refused() -> None:
    now_ns = int(datetime(2026, 3, 30, 12, tzinfo=UTC).timestamp()) * 10**9
    answer = parse("what was HCM03 at 2026-03-29 02:30", now_ns=now_ns, time_zone="Europe/Berlin")
    assert isinstance(answer, NotUnderstood)
    assert "does not exist" in answer.message


def test_a_day_on_which_the_clocks_change_has_its_own_length() -> None:
    now_ns = int(datetime(2026, 10, 26, 12, tzinfo=UTC).timestamp()) * 10**9
    phrase = parse("plot the beam current yesterday", now_ns=now_ns, time_zone="Europe/Berlin")
    assert isinstance(phrase, History)
    assert phrase.span is not None
    assert phrase.span.end_ns - phrase.span.start_ns == 25 * HOUR


@given(st.integers(0, 4 * 10**9), st.sampled_from(["today", "yesterday", "since 08:00", "over the last 3 h"]))
def test_a_span_never_reaches_into_the_future(now_s: int, words: str) -> None:
    phrase = parse(f"plot HCM03 {words}", now_ns=now_s * 10**9, time_zone="Europe/Berlin")
    if isinstance(phrase, History) and phrase.span is not None:
        assert phrase.span.start_ns < phrase.span.end_ns <= now_s * 10**9
