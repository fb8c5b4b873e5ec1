"""The rules for looking without changing: read, compare, plot, history."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from osprey.models.phrasebook.cursor import Cursor
from osprey.models.phrasebook.openings import PLOT_ORDERS, SHOWN, skip_now, take_opening, take_plotted
from osprey.models.phrasebook.phrase_parts import Moment, Span, Subject
from osprey.models.phrasebook.phrases import Compare, CompareThen, History, Phrase, Plot, Read, ReadThen
from osprey.models.phrasebook.sectors import take_sectors
from osprey.models.phrasebook.subjects import share_nouns, take_subjects
from osprey.models.phrasebook.times import take_moment, take_span
from osprey.models.phrasebook.tokens import Kind

_HISTORY_OF = tuple(
    f"{article}{noun} of"
    for article in ("the ", "")
    for noun in (
        "history",
        "archive",
        "archive data",
        "archived data",
        "archived value",
        "archived values",
        "past values",
        "time series",
    )
)
_AGAINST = ("against", "versus", "vs", "along", "over", "by", "around", "as a function of")
_PLACES = ("position", "longitudinal position", "s", "ring", "machine", "storage ring", "their position")
_PROFILES = frozenset({"orbit", "orbits", "profile", "profiles"})
_VERSUS = ("with", "to", "against", "versus", "vs")
_THEN_WORDS = (
    "what it was",
    "what they were",
    "the value",
    "the values",
    "its value",
    "their values",
    "that",
)


def take_read(cursor: Cursor) -> Phrase:
    """Read: ``what is the beam current``, ``show HCM03 and HCM04 now``, or a bare subject."""
    skip_now(cursor)
    opening = take_opening(cursor)
    skip_now(cursor)
    is_history = cursor.take(_HISTORY_OF) is not None
    early = _take_early_span(cursor)
    subjects = take_subjects(cursor)
    if opening.endswith("what"):
        cursor.expect("is", "are", "was", "were")
    skip_now(cursor)
    moment = None if is_history or early else _take_lone_moment(cursor)
    if moment is not None:
        return ReadThen(text=cursor.text, subjects=subjects, moment=moment)
    span = early or take_span(cursor)
    if span is not None or is_history:
        is_plotted = take_plotted(cursor) or opening in SHOWN
        return History(text=cursor.text, subjects=subjects, span=span, is_plotted=is_plotted)
    if (opening in SHOWN and _is_profile(subjects)) or take_plotted(cursor):
        return Plot(text=cursor.text, subjects=subjects)
    return Read(text=cursor.text, subjects=subjects)


def _take_lone_moment(cursor: Cursor) -> Moment | None:
    """Take a moment, unless it is the beginning of ``yesterday 21:00 to 23:00``."""
    start = cursor.index
    moment = take_moment(cursor)
    if moment is not None and cursor.word() in {"to", "until", "till"}:
        cursor.index = start
        return None
    return moment


def take_plot(cursor: Cursor) -> Phrase:
    """Plot: ``plot the horizontal orbit``, ``plot the beam current over the last hour``."""
    cursor.expect(*PLOT_ORDERS)
    early = _take_early_span(cursor)
    subjects = take_subjects(cursor)
    if early is None and _take_against_position(cursor):
        skip_now(cursor)
        return Plot(text=cursor.text, subjects=subjects)
    over_time = cursor.take(["against time", "versus time", "vs time", "over time"]) is not None
    skip_now(cursor)
    span = early or take_span(cursor)
    if span is not None or over_time:
        return History(text=cursor.text, subjects=subjects, span=span)
    return Plot(text=cursor.text, subjects=subjects)


def take_compare(cursor: Cursor) -> Phrase:
    """Compare: ``compare HCM03 with HCM04``, ``compare the orbit now with ten minutes ago``."""
    if not cursor.take(["compare", "how does", "how do"]):
        return _take_difference(cursor)
    sides = list(take_subjects(cursor))
    cursor.take(["now", "right now"])
    cursor.take(["compare"])
    if cursor.take(_VERSUS) or cursor.take(["and"]):
        moment = _take_then(cursor)
        if moment is not None:
            return CompareThen(text=cursor.text, subjects=tuple(sides), moment=moment)
        sides += _take_same_elsewhere(cursor, sides[-1]) or take_subjects(cursor)
    skip_now(cursor)
    return _compared(cursor, sides)


def _take_same_elsewhere(cursor: Cursor, left: Subject) -> tuple[Subject, ...]:
    """Take the bare sector of ``compare the pressure in sector 2 with sector 4``."""
    start = cursor.index
    sectors = take_sectors(cursor)
    if not sectors or not left.sectors:
        cursor.index = start
        return ()
    here, there = f"sector {left.sectors[0]}", cursor.written(start)
    text = left.text.replace(here, there) if here in left.text else f"{left.text}, {there}"
    return (attrs.evolve(left, text=text, sectors=tuple(sectors)),)


def _take_difference(cursor: Cursor) -> Phrase:
    take_opening(cursor)
    cursor.take(["the"])
    cursor.expect("difference between", "difference of", "differences between")
    sides = take_subjects(cursor)
    skip_now(cursor)
    return _compared(cursor, sides)


def _compared(cursor: Cursor, sides: Sequence[Subject]) -> Phrase:
    if len(sides) == 1 and len(sides[0].sectors) > 1:
        sides = [_in_sector(sides[0], sector) for sector in sides[0].sectors]
    if len(sides) < 2 and len(sides[0].roles) < 2:
        raise cursor.stuck("a comparison needs two things, such as 'compare HCM03 with HCM04'")
    return Compare(text=cursor.text, sides=share_nouns(sides))


def _in_sector(subject: Subject, sector: int) -> Subject:
    return attrs.evolve(subject, text=f"{subject.text}, sector {sector}", sectors=(sector,))


def _take_then(cursor: Cursor) -> Moment | None:
    start = cursor.index
    cursor.take(_THEN_WORDS)
    cursor.take(["of", "from", "at"])
    moment = take_moment(cursor)
    if moment is None:
        cursor.index = start
    return moment


def _take_early_span(cursor: Cursor) -> Span | None:
    """Take the span of ``plot the last hour of the beam current``."""
    start = cursor.index
    span = take_span(cursor)
    if span is not None and cursor.take(["of"]):
        return span
    cursor.index = start
    return None


def _take_against_position(cursor: Cursor) -> bool:
    start = cursor.index
    if cursor.take(_AGAINST):
        cursor.take(["the"])
        if cursor.take(_PLACES) and not cursor.is_kind(Kind.NUMBER):
            return True
    cursor.index = start
    return False


def _is_profile(subjects: Sequence[Subject]) -> bool:
    return all(_PROFILES.intersection(subject.words) for subject in subjects)
