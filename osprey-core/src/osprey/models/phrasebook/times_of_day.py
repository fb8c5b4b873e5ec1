"""Times of day as they are written: `08:00`, `8 pm`, `noon`."""

from __future__ import annotations

from datetime import time

from osprey.models.phrasebook.cursor import Cursor, Stuck
from osprey.models.phrasebook.tokens import Kind


def take_time_of_day(cursor: Cursor) -> time | None:
    """Take a time of day; None if there is none."""
    if cursor.take(["midnight"]):
        return time()
    if cursor.take(["noon"]):
        return time(12)
    first = cursor.index
    token = cursor.peek()
    if token is None or token.kind not in (Kind.CLOCK, Kind.NUMBER):
        return None
    half = cursor.word(1) if cursor.word(1) in {"am", "pm"} else ""
    if token.kind is Kind.NUMBER and not half:
        return None
    cursor.index += 2 if half else 1
    text = token.text.lower()
    half = half or (text[-2:] if text[-2:] in {"am", "pm"} else "")
    try:
        return _time_of([int(part) for part in text.removesuffix(half).split(":")], half)
    except ValueError as exc:
        raise Stuck(first, f"'{token.text}' is not a time of day", cursor.index) from exc


def _time_of(parts: list[int], half: str) -> time:
    hour, minute, second = (*parts, 0, 0)[:3]
    if half:
        if not 1 <= hour <= 12:
            msg = f"{hour} {half}"
            raise ValueError(msg)
        hour = hour % 12 + (12 if half == "pm" else 0)
    return time(hour, minute, second)
