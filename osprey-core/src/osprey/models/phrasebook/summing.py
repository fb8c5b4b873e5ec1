"""The rules for statistics: figures that sum up past values, or many channels at once."""

from __future__ import annotations

import attrs

from osprey.models.phrasebook.cursor import Cursor
from osprey.models.phrasebook.openings import skip_now, take_opening, take_plotted
from osprey.models.phrasebook.phrase_parts import Span, Statistic, Subject
from osprey.models.phrasebook.phrases import Phrase, Statistics
from osprey.models.phrasebook.subjects import take_subjects
from osprey.models.phrasebook.times import take_span
from osprey.models.phrasebook.tokens import Kind
from osprey.models.phrasebook.vocabulary import CHANGE_VERBS, EVERY_STATISTIC, STATISTIC_PHRASES

_STABLE = (
    "how stable is",
    "how stable are",
    "how stable was",
    "how stable were",
    "how stable has",
    "how noisy is",
)
_CHANGED = (
    "how did",
    "how does",
    "how has",
    "how have",
    "how much did",
    "how much does",
    "how much has",
    "how much have",
)
_SUFFIXES = ("statistics", "stats", "average", "mean", "trend", "rms", "std", "spread", "history")


def take_statistics(cursor: Cursor) -> Phrase:
    """Statistics: ``mean and spread of the beam current over the last ten minutes, with a plot``."""
    early = take_span(cursor)
    cursor.take_kind(Kind.COMMA)
    if cursor.word() == "how":
        return _take_question(cursor, early)
    is_plotted = cursor.take(["plot", "draw"]) is not None
    take_opening(cursor)
    cursor.take(["the"])
    kinds = _take_kinds(cursor)
    if kinds:
        cursor.take(["of", "for", "in", "on"])
        return _finish(cursor, kinds, take_subjects(cursor), early, is_plotted=is_plotted)
    *others, last = take_subjects(cursor)
    trailing = last.words[-1] if last.words else ""
    if trailing not in _SUFFIXES[:-1]:
        raise cursor.stuck()
    named = attrs.evolve(last, words=last.words[:-1])
    return _finish(cursor, STATISTIC_PHRASES[trailing], (*others, named), early, is_plotted=is_plotted)


def _take_question(cursor: Cursor, early: Span | None) -> Phrase:
    if cursor.take(_STABLE):
        subjects = take_subjects(cursor)
        cursor.take(["been"])
        kinds = (Statistic.MEAN, Statistic.STD)
        return _finish(cursor, kinds, subjects, early, is_plotted=False)
    cursor.expect(*_CHANGED)
    subjects = take_subjects(cursor)
    if not cursor.take_one(CHANGE_VERBS):
        raise cursor.stuck()
    return _finish(cursor, EVERY_STATISTIC, subjects, early, is_plotted=True)


def _take_kinds(cursor: Cursor) -> tuple[Statistic, ...]:
    kinds: list[Statistic] = []
    while found := cursor.take(STATISTIC_PHRASES):
        kinds += STATISTIC_PHRASES[found]
        start = cursor.index
        cursor.take_kind(Kind.COMMA)
        cursor.take(["and the", "and", "the"])
        if cursor.index == start:
            break
        before = cursor.index
        if cursor.take(STATISTIC_PHRASES) is None:
            cursor.index = start
            break
        cursor.index = before
    return tuple(dict.fromkeys(kinds))


def _finish(
    cursor: Cursor,
    kinds: tuple[Statistic, ...],
    subjects: tuple[Subject, ...],
    early: Span | None,
    *,
    is_plotted: bool,
) -> Statistics:
    is_plotted = take_plotted(cursor) or is_plotted
    skip_now(cursor)
    cursor.take_kind(Kind.COMMA)
    span = early or take_span(cursor)
    is_plotted = take_plotted(cursor) or is_plotted
    start = cursor.index
    # 'how noisy was it in the last hour, rms': what is named at the end is what is wanted.
    named = _take_kinds(cursor) if cursor.take_kind(Kind.COMMA) else ()
    if not named:
        cursor.index = start
    kinds = named or kinds
    return Statistics(text=cursor.text, kinds=kinds, subjects=subjects, span=span, is_plotted=is_plotted)
