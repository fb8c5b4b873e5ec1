"""Moments and spans of time, in the facility's time zone."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from fractions import Fraction

from attrs import frozen

from osprey.models.phrasebook.cursor import Ask, Cursor, Stuck
from osprey.models.phrasebook.facility_clock import local_time, parse_date, parse_instant, to_ns, today
from osprey.models.phrasebook.phrase_parts import Moment, Span
from osprey.models.phrasebook.phrases import Clarification
from osprey.models.phrasebook.times_of_day import take_time_of_day
from osprey.models.phrasebook.tokens import Kind
from osprey.models.phrasebook.vocabulary import NUMBER_WORDS

_SECOND = 10**9
TIME_UNITS_NS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), _SECOND),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), 60 * _SECOND),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600 * _SECOND),
    **dict.fromkeys(("d", "day", "days"), 86400 * _SECOND),
    **dict.fromkeys(("week", "weeks"), 7 * 86400 * _SECOND),
}
_OPENINGS = ("over", "during", "in", "within", "for", "across", "throughout", "on")
_PARTS_OF_DAY = {"morning": (6, 6), "afternoon": (12, 6), "evening": (18, 6), "night": (22, 8)}
"""The hour at which each begins, and how many hours it has; what is taken is said with its hours."""
_LONGEST_NS = 100 * 366 * 86400 * _SECOND


@frozen
class _ClockTime:
    """A time of day with the tokens that it was written in."""

    at: time
    day: date | None
    first: int
    end: int
    is_bare: bool = False
    """True for an hour without minutes or half of the day: it is one of the 24 only where a day stands beside it."""


def take_span(cursor: Cursor) -> Span | None:
    """Take a span of time, or nothing if there is none here.

    :raises Stuck: it is not a span that the phrasebook knows, lies in the future, or ends before it starts.
    :raises Ask: an hour of it happens twice.
    """
    start = cursor.index
    cursor.take(_OPENINGS)
    cursor.take(["the"])
    first = cursor.index
    _ask_of_shift(cursor)
    bounds = (
        _take_last(cursor)
        or _take_since(cursor)
        or _take_between(cursor)
        or _take_part_of_day(cursor)
        or _take_day(cursor)
        or (_take_bare_length(cursor, first) if first > start else None)
    )
    if bounds is None:
        cursor.index = start
        return None
    start_ns, end_ns = bounds
    words = cursor.written(first)
    if start_ns >= cursor.clock.now_ns or end_ns > cursor.clock.now_ns:
        now = local_time(cursor, cursor.clock.now_ns)
        msg = f"'{words}' lies in the future: it is {now:%Y-%m-%d %H:%M} {now:%Z} now"
        raise Stuck(first, msg, end=cursor.index)
    if start_ns >= end_ns:
        raise Stuck(first, f"'{words}' ends before it starts", end=cursor.index)
    return Span(text=words, start_ns=start_ns, end_ns=end_ns)


def take_moment(cursor: Cursor) -> Moment | None:
    """Take a past moment such as ``ten minutes ago`` or ``yesterday at 08:00``; None if there is none."""
    start = cursor.index
    cursor.take(["at"])
    first = cursor.index
    found = _take_point(cursor)
    if found is None:
        cursor.index = start
        return None
    words = cursor.written(first)
    if found >= cursor.clock.now_ns:
        now = local_time(cursor, cursor.clock.now_ns)
        msg = f"'{words}' is not in the past: it is {now:%Y-%m-%d %H:%M} {now:%Z} now"
        raise Stuck(first, msg, end=cursor.index)
    return Moment(text=words, ns=found)


def take_duration_s(cursor: Cursor) -> float | None:
    """Take a length of time in seconds, such as ``2 s``; None if there is none."""
    start = cursor.index
    length = _take_length(cursor)
    if length is None:
        cursor.index = start
        return None
    return length / _SECOND


def _take_last(cursor: Cursor) -> tuple[int, int] | None:
    start = cursor.index
    if not cursor.take(["last", "past", "previous"]):
        return None
    length = _take_length(cursor)
    if length is None:
        cursor.index = start
        return None
    return cursor.clock.now_ns - length, cursor.clock.now_ns


def _take_length(cursor: Cursor) -> int | None:
    start = cursor.index
    number = _take_quantity(cursor)
    unit = cursor.take_one(TIME_UNITS_NS)
    if unit is None:
        cursor.index = start
        return None
    length = int(number * TIME_UNITS_NS[unit])
    if not 0 < length < _LONGEST_NS:
        raise Stuck(start, f"'{cursor.written(start)}' is not a length of time to look back", cursor.index)
    return length


def _take_quantity(cursor: Cursor) -> Fraction:
    token = cursor.peek()
    if token is not None and token.kind is Kind.NUMBER and token.text[-1].isdigit():
        cursor.next()
        return Fraction(token.text)
    if token is not None and token.word in NUMBER_WORDS:
        cursor.next()
        return Fraction(NUMBER_WORDS[token.word])
    if cursor.take(["half a", "half an", "half"]):
        return Fraction(1, 2)
    cursor.take(["a", "an"])
    return Fraction(1)


def _take_since(cursor: Cursor) -> tuple[int, int] | None:
    start = cursor.index
    if not cursor.take(["since"]):
        return None
    point = _take_point(cursor)
    if point is None:
        day_of = cursor.take_kind(Kind.DATE)
        day = parse_date(cursor, day_of) if day_of else _take_day_word(cursor)
        if day is None:
            raise Stuck(start + 1, "'since' needs a time, such as 'since 08:00'")
        point = to_ns(cursor, datetime.combine(day, time()), cursor.index - 1)
    return point, cursor.clock.now_ns


def _take_between(cursor: Cursor) -> tuple[int, int] | None:
    start = cursor.index
    day = _take_day_word(cursor)
    if day is not None:
        cursor.take_one(_PARTS_OF_DAY)
    opening = cursor.take(["between", "from"])
    if opening is None and not cursor.is_kind(Kind.CLOCK):
        cursor.index = start
        return None
    left = _take_point_or_clock(cursor) or _take_bare_hour(cursor)
    joined = left is not None and cursor.take(["and"] if opening == "between" else ["to", "until", "till"])
    right = (_take_point_or_clock(cursor) or _take_bare_hour(cursor)) if joined else None
    is_dated = day is not None or any(isinstance(end, _ClockTime) and end.day for end in (left, right))
    # '8 and 9' are hours where a day is named, and may be anything where none is.
    is_unclear = not is_dated and any(isinstance(end, _ClockTime) and end.is_bare for end in (left, right))
    if left is None or right is None or is_unclear:
        cursor.index = start
        return None
    if day is None and isinstance(left, _ClockTime) and left.day is None:
        # 'from 08:00 to 10:00 yesterday': the day stands once, at the end, for both.
        day = right.day if isinstance(right, _ClockTime) else None
    return _settle(cursor, left, day), _settle(cursor, right, day)


def _ask_of_shift(cursor: Cursor) -> None:
    """Ask for the hours of ``this shift``: facilities have theirs, and none is configured."""
    first = cursor.index
    shift = cursor.take(["this shift", "last shift", "previous shift", "the last shift", "our shift", "my shift"])
    if shift is None:
        return
    question = f"When does '{shift}' begin and end? Ask for 'since 06:00', or 'between 06:00 and 14:00'."
    cursor.index = first
    raise Ask(Clarification(text=cursor.text, question=question))


def _take_part_of_day(cursor: Cursor) -> tuple[int, int] | None:
    """Take ``this morning``, ``yesterday evening``, ``last night``; what has not passed yet ends now."""
    start = cursor.index
    day, part = today(cursor), None
    if cursor.take(["last night", "tonight"]):
        is_last = cursor.tokens[start].word == "last"
        day, part = day - timedelta(days=1 if is_last else 0), "night"
    elif cursor.take(["this"]):
        part = cursor.take_one(_PARTS_OF_DAY)
    else:
        named = _take_day_word(cursor)
        day, part = named or day, cursor.take_one(_PARTS_OF_DAY) if named else None
    if part is None:
        cursor.index = start
        return None
    first, hours = _PARTS_OF_DAY[part]
    begin = to_ns(cursor, datetime.combine(day, time(first)), start)
    last = day + timedelta(days=(first + hours) // 24)
    end = to_ns(cursor, datetime.combine(last, time((first + hours) % 24)), start)
    return begin, min(end, cursor.clock.now_ns) if begin < cursor.clock.now_ns else end


def _take_bare_length(cursor: Cursor, first: int) -> tuple[int, int] | None:
    """Take the ``two hours`` of ``over two hours``: the last ones."""
    if cursor.tokens[first - 1].word not in {"over", "for", "during", "the"}:
        return None
    length = _take_length(cursor)
    if length is None or cursor.word() in {"ago", "from"}:
        cursor.index = first
        return None
    return cursor.clock.now_ns - length, cursor.clock.now_ns


def _take_day(cursor: Cursor) -> tuple[int, int] | None:
    start = cursor.index
    token = cursor.take_kind(Kind.DATE)
    day = parse_date(cursor, token) if token else _take_day_word(cursor)
    if day is None:
        return None
    begin = to_ns(cursor, datetime.combine(day, time()), start)
    if day == today(cursor):
        return begin, cursor.clock.now_ns
    return begin, to_ns(cursor, datetime.combine(day + timedelta(days=1), time()), start)


def _take_point(cursor: Cursor) -> int | None:
    found = _take_point_or_clock(cursor)
    return None if found is None else _settle(cursor, found, None)


def _take_point_or_clock(cursor: Cursor) -> int | _ClockTime | None:
    start = cursor.index
    if cursor.take(["now"]):
        return cursor.clock.now_ns
    if token := cursor.take_kind(Kind.INSTANT):
        return parse_instant(cursor, token)
    length = _take_length(cursor)
    if length is not None and cursor.take(["ago"]):
        return cursor.clock.now_ns - length
    cursor.index = start
    return _take_clock(cursor)


def _take_clock(cursor: Cursor) -> _ClockTime | None:
    first = cursor.index
    token = cursor.take_kind(Kind.DATE)
    day = parse_date(cursor, token) if token else _take_day_word(cursor)
    cursor.take(["at"])
    at = take_time_of_day(cursor)
    if at is None:
        cursor.index = first
        return None
    if day is None:
        before_on = cursor.index
        cursor.take(["on"])
        dated = cursor.take_kind(Kind.DATE)
        day = parse_date(cursor, dated) if dated else _take_day_word(cursor)
        if day is None:
            cursor.index = before_on
    return _ClockTime(at, day, first, cursor.index)


def _take_bare_hour(cursor: Cursor) -> _ClockTime | None:
    """Take an hour of the 24 as in `yesterday between 8 and 9`, and a day that stands behind it."""
    first, token = cursor.index, cursor.peek()
    if token is None or token.kind is not Kind.NUMBER or not token.text.isdecimal() or int(token.text) > 23:
        return None
    cursor.next()
    after = cursor.index
    dated = cursor.take_kind(Kind.DATE)
    day = parse_date(cursor, dated) if dated else _take_day_word(cursor)
    if day is None:
        cursor.index = after
    return _ClockTime(time(int(token.text)), day, first, cursor.index, is_bare=True)


def _take_day_word(cursor: Cursor) -> date | None:
    if cursor.take(["today"]):
        return today(cursor)
    if cursor.take(["yesterday"]):
        return today(cursor) - timedelta(days=1)
    return None


def _settle(cursor: Cursor, point: int | _ClockTime, day: date | None) -> int:
    if isinstance(point, int):
        return point
    on = point.day or day or today(cursor)
    return to_ns(cursor, datetime.combine(on, point.at), point.first, point.end)
