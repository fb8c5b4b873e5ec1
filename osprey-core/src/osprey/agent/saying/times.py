"""The times of a text: clocks and dates, each held against those that were shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from attrs import field, frozen

_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_MONTH: Final = "|".join(f"{name[:3]}(?:{name[3:]})?" for name in _MONTHS)
_DATE: Final = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})(?=T\d|\b)")
_DAY_MONTH: Final = re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th|\.)? (?:of )?({_MONTH})\b\.?(?:,? (\d{{4}})\b)?")
_MONTH_DAY: Final = re.compile(rf"\b({_MONTH})\.? (\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (\d{{4}})\b)?")
_CLOCK: Final = re.compile(
    r"(?:\b|(?<=T))(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?(?: ?([ap])\.?m\.?\b)?(?: ?(UTC|GMT|Z|[A-Z]{2,4}T)\b)?"
)


@frozen(kw_only=True)
class Times:
    """Clocks and dates."""

    clocks: frozenset[tuple[int, int, int | None]] = frozenset()
    """Hour, minute, and the second where it is said."""
    dates: frozenset[tuple[int | None, int, int]] = frozenset()
    """The year where it is said, month and day."""
    zones: frozenset[str] = frozenset()
    rest: str = field(default="", repr=False)
    """The text without them."""


def times_in(text: str) -> Times:
    """Read the times of a text."""
    found: set[tuple[int, int, int | None]] = set()
    dates: set[tuple[int | None, int, int]] = set()
    zones: set[str] = set()

    def date(match: re.Match[str]) -> str:
        dates.add((int(match[1]), int(match[2]), int(match[3])))
        return " "

    def day_month(match: re.Match[str]) -> str:
        dates.add((int(match[3]) if match[3] else None, _month(match[2]), int(match[1])))
        return " "

    def month_day(match: re.Match[str]) -> str:
        dates.add((int(match[3]) if match[3] else None, _month(match[1]), int(match[2])))
        return " "

    def clock(match: re.Match[str]) -> str:
        half = {"a": 0, "p": 12}.get((match[4] or "").lower())
        hour = int(match[1]) if half is None else int(match[1]) % 12 + half
        found.add((hour, int(match[2]), None if match[3] is None else int(match[3])))
        zones.update({match[5].upper()} if match[5] else ())
        return " "

    for pattern, take in ((_DATE, date), (_DAY_MONTH, day_month), (_MONTH_DAY, month_day), (_CLOCK, clock)):
        text = pattern.sub(take, text)
    return Times(clocks=frozenset(found), dates=frozenset(dates), zones=frozenset(zones), rest=text)


def time_as_shown(time_ns: int, zone: str) -> Times:
    """Give a time as a clock, to the second and rounded to the minute, and a date."""
    try:
        moment = datetime.fromtimestamp(time_ns / 1e9, tz=UTC).astimezone(ZoneInfo(zone))
    except (ValueError, OverflowError, OSError):
        return Times()  # no time that a calendar has
    minute = moment + timedelta(seconds=30)
    clocks = {(moment.hour, moment.minute, moment.second), (minute.hour, minute.minute, None)}
    return Times(
        clocks=frozenset(clocks),
        dates=frozenset({(moment.year, moment.month, moment.day)}),
        zones=frozenset({str(moment.tzname()).upper()}),
    )


def unshown_times(said: Times, shown: Times) -> Iterator[str]:
    """Give the times that were said and not shown, as they may be told to a person."""
    for hour, minute, second in sorted(said.clocks, key=str):
        if not any((h, m) == (hour, minute) and second in (None, s) for h, m, s in shown.clocks):
            yield f"{hour:02d}:{minute:02d}" + ("" if second is None else f":{second:02d}")
    for year, month, day in sorted(said.dates, key=str):
        if not any((m, d) == (month, day) and year in (None, y) for y, m, d in shown.dates):
            yield f"{'' if year is None else f'{year}-'}{month:02d}-{day:02d}"
    yield from sorted(said.zones - shown.zones)


def _month(name: str) -> int:
    return next(number for number, full in enumerate(_MONTHS, start=1) if full.startswith(name))
