"""The span that `osprey archive` is asked for, read by the phrasebook's clock in the facility's time zone."""

from __future__ import annotations

import re
from datetime import tzinfo

from osprey.control import ArchiveSpan
from osprey.errors import UsageError
from osprey.models.phrasebook.cursor import Ask, Clock, Cursor, Stuck
from osprey.models.phrasebook.times import take_moment, take_span
from osprey.models.phrasebook.tokens import tokenize

_MINUTES = re.compile(r"(?<=\d)\s*m$")
"""The phrasebook's `m` is a metre; of a length of time it can only be a minute."""
_EXAMPLES = "such as '2026-11-20 08:00', 'yesterday at 08:00', '10 minutes ago' or '2026-11-20T08:00:00Z'"


def span_of(
    start: str | None, end: str | None, last: str | None, *, points: int, now_ns: int, zone: tzinfo
) -> ArchiveSpan:
    """Give the half-open span; without any of the three, the last hour.

    :raises UsageError: the texts are no times, contradict each other, or mean two instants.
    """
    if last is not None and (start is not None or end is not None):
        msg = "give --last, or --from and --to, but not both"
        raise UsageError(msg)
    if end is not None and start is None:
        msg = "--to needs --from"
        raise UsageError(msg)
    clock = Clock(now_ns=now_ns, zone=zone)
    if start is None:
        bounds = _length(f"last {_MINUTES.sub('min', last or '1 h')}", clock)
    else:
        bounds = _moment("--from", start, clock), now_ns if end is None else _moment("--to", end, clock)
    if bounds[0] >= bounds[1]:
        msg = "--from must lie before --to"
        raise UsageError(msg)
    return ArchiveSpan(start_ns=bounds[0], end_ns=bounds[1], max_points=points)


def moment_of(option: str, text: str, *, now_ns: int, zone: tzinfo) -> int:
    """Give the moment that an option names; a date alone is its beginning.

    :raises UsageError: the text is no time, or means two instants.
    """
    return _moment(option, text, Clock(now_ns=now_ns, zone=zone))


def _length(text: str, clock: Clock) -> tuple[int, int]:
    cursor = Cursor(text, tokenize(text), clock)
    try:
        found = take_span(cursor)
    except Stuck as exc:
        raise UsageError(f"--last: {exc.message or 'this is no length of time'}") from exc
    if found is None or not cursor.at_end:
        msg = f"--last: '{text.removeprefix('last ')}' is no length of time; write it as '2h', '30 min' or '3 days'"
        raise UsageError(msg)
    return found.start_ns, found.end_ns


def _moment(option: str, text: str, clock: Clock) -> int:
    """Read one end of a span; a date alone is its beginning."""
    if text.strip().lower() == "now":
        return clock.now_ns
    try:
        found = _taken(text, clock)
    except Stuck as exc:
        raise UsageError(f"{option}: {exc.message or _no_time(text)}") from exc
    except Ask as exc:
        asked = exc.clarification
        raise UsageError(f"{option}: {asked.question} Write {' or '.join(asked.choices)}") from exc
    if found is None:
        raise UsageError(f"{option}: {_no_time(text)}")
    return found


def _taken(text: str, clock: Clock) -> int | None:
    cursor = Cursor(text, tokenize(text), clock)
    moment = take_moment(cursor)
    if moment is not None and cursor.at_end:
        return moment.ns
    cursor = Cursor(text, tokenize(text), clock)
    day = take_span(cursor)
    is_day = day is not None and cursor.at_end and not text.lower().strip().startswith(("last", "past", "previous"))
    return day.start_ns if day is not None and is_day else None


def _no_time(text: str) -> str:
    return f"'{text}' is no time that lies in the past; write it {_EXAMPLES}"
