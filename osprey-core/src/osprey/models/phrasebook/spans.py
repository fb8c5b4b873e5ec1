"""A span of time by itself, as in `yesterday between 08:00 and 09:00`."""

from __future__ import annotations

from datetime import tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from osprey.models.phrasebook.cursor import Ask, Clock, Cursor, Stuck
from osprey.models.phrasebook.phrase_parts import Span
from osprey.models.phrasebook.phrases import Clarification, NotUnderstood
from osprey.models.phrasebook.times import take_span
from osprey.models.phrasebook.tokens import tokenize

_LONGEST: Final = 200
_FORMS: Final = ("last 2 hours", "yesterday between 08:00 and 09:00", "since 2026-11-20T08:00", "today")


def parse_span(text: str, *, now_ns: int, time_zone: str | tzinfo) -> Span | NotUnderstood | Clarification:
    """Understand a span of time wholly, or say what was not understood.

    :param now_ns: what `now` and `ago` mean, in nanoseconds since 1970 UTC.
    :param time_zone: the facility's; times of day are read in it.
    """
    if len(text) > _LONGEST:
        message = f"The span of time has {len(text)} characters; up to {_LONGEST} are read."
        return NotUnderstood(text=text[:_LONGEST], message=message, suggestions=_FORMS)
    zone = ZoneInfo(time_zone) if isinstance(time_zone, str) else time_zone
    cursor = Cursor(text, tokenize(text), Clock(now_ns, zone))
    try:
        span = take_span(cursor)
    except Ask as asked:
        return asked.clarification
    except Stuck as stuck:
        return NotUnderstood(text=text, message=f"{stuck.message or text!r}.", suggestions=_FORMS)
    if span is None or not cursor.at_end:
        return NotUnderstood(text=text, message=f"{text!r} is no span of time that I know.", suggestions=_FORMS)
    return span
