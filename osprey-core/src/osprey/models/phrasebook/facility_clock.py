"""The facility's clock: local dates and times of day as instants, with what the time zone makes of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from osprey.models.phrasebook.cursor import Ask, Cursor, Stuck
from osprey.models.phrasebook.phrases import Clarification
from osprey.models.phrasebook.tokens import Token

_SECOND = 10**9


def today(cursor: Cursor) -> date:
    """Give the date that it is now at the facility."""
    return local_time(cursor, cursor.clock.now_ns).date()


def local_time(cursor: Cursor, ns: int) -> datetime:
    """Give an instant in the facility's time zone."""
    return datetime.fromtimestamp(ns // _SECOND, tz=cursor.clock.zone)


def parse_date(cursor: Cursor, token: Token) -> date:
    """Read a date as ``2026-11-20``."""
    try:
        day = date.fromisoformat(token.text)
    except ValueError as exc:
        raise Stuck(cursor.index - 1, f"'{token.text}' is not a date", cursor.index) from exc
    _refuse_far(cursor, day)
    return day


def parse_instant(cursor: Cursor, token: Token) -> int:
    """Read a date and time as ``2026-11-20T08:00``, with an offset or in the facility's time zone."""
    try:
        moment = datetime.fromisoformat(token.text.upper())
    except ValueError as exc:
        raise Stuck(cursor.index - 1, f"'{token.text}' is not a date and time", cursor.index) from exc
    _refuse_far(cursor, moment)
    return to_ns(cursor, moment, cursor.index - 1)


def to_ns(cursor: Cursor, local: datetime, first: int, end: int | None = None) -> int:
    """Give the instant of a local time; ask if it happens twice, refuse one that never happens."""
    if local.tzinfo is None:
        zone = cursor.clock.zone
        early, late = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
        if early.utcoffset() != late.utcoffset():
            if _exists(early) and _exists(late):
                raise _ask_which(cursor, early, late, first, end or cursor.index)
            msg = f"{local:%Y-%m-%d %H:%M} does not exist in {zone}: the clocks went forward"
            raise Stuck(first, msg, cursor.index)
        local = early
    since_1970 = local.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since_1970 // timedelta(microseconds=1)) * 1000


def _refuse_far(cursor: Cursor, day: date) -> None:
    # Nothing was archived then, and the ends of the calendar overflow when a time zone is applied.
    if not 1900 <= day.year <= 2200:
        raise Stuck(cursor.index - 1, f"the year {day.year} is too far away", cursor.index)


def _exists(local: datetime) -> bool:
    there = local.astimezone(UTC).astimezone(local.tzinfo)
    return there.replace(tzinfo=None) == local.replace(tzinfo=None)


def _ask_which(cursor: Cursor, early: datetime, late: datetime, first: int, end: int) -> Ask:
    written = early.strftime("%Y-%m-%d %H:%M")
    question = f"{written} happened twice, because the clocks went back; which one is meant?"
    choices = tuple(cursor.replaced(first, each.isoformat(), end) for each in (early, late))
    return Ask(Clarification(text=cursor.text, question=question, choices=choices))
