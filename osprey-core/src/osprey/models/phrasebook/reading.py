"""The rules for what changes nothing: read, compare, plot, history, statistics."""

from __future__ import annotations

from osprey.models.phrasebook.cursor import Cursor
from osprey.models.phrasebook.phrases import (
    Compare,
    CompareThen,
    History,
    Phrase,
    Plot,
    Read,
    ReadThen,
    Span,
    Statistic,
    Statistics,
    Subject,
)
from osprey.models.phrasebook.subjects import take_subject, take_subjects
from osprey.models.phrasebook.times import take_moment, take_span
from osprey.models.phrasebook.tokens import Kind
from osprey.models.phrasebook.vocabulary import EVERY_STATISTIC, PLOT_VERBS, STATISTIC_PHRASES

_QUESTIONS = (
    "what is",
    "what are",
    "what was",
    "what were",
    "what has been",
    "what have been",
    "how much is",
    "how high is",
    "how high are",
    "how high was",
    "how large is",
    "how large are",
    "how big is",
    "how low is",
    "how is",
    "how are",
)
_ORDERS = (
    "show",
    "show me",
    "read",
    "read out",
    "give",
    "give me",
    "get",
    "get me",
    "tell me",
    "display",
    "print",
    "fetch",
    "report",
    "check",
    "see",
    "calculate",
    "compute",
    "determine",
    "find",
    "evaluate",
)
_NOW = ("right now", "now", "at the moment", "at present", "currently", "presently", "please")
_PLOT_NOUNS = ("plot", "graph", "chart", "figure", "picture")
_AGAINST = ("against", "versus", "vs", "along", "over", "by", "as a function of")
_POSITIONS = ("position", "the position", "s", "the ring", "the machine", "longitudinal position", "their position")
_PLOTTED = (
    "with a plot",
    "with plot",
    "and a plot",
    "with a figure",
    "with a graph",
    "with a picture",
    "including a plot",
    "plus a plot",
    "and plot it",
    "and plot them",
    "and plot that",
    "and draw it",
    "and show a plot",
    "and show me a plot",
    "and show it in a plot",
    "and make a plot",
    "and give me a plot",
    "and show the plot",
    "and plot",
    "as a plot",
)
_PROFILES = frozenset({"orbit", "orbits", "profile", "profiles"})


def take_read(cursor: Cursor) -> Phrase:
    """Read: ``what is the beam current``, ``show HCM03 and HCM04 now``, or the bare subject."""
    cursor.take(["right now", "currently"])
    opening = _take_opening(cursor)
    subjects = take_subjects(cursor)
    cursor.take(["is", "are"]) if opening == "" else None
    moment = take_moment(cursor) if opening in {"what was", "what were", "how high was", ""} else None
    if moment is not None:
        return ReadThen(text=cursor.text, subjects=subjects, moment=moment)
    _skip_now(cursor)
    span = take_span(cursor)
    if span is not None:
        plotted = take_plotted(cursor) or opening in {"show", "show me", "display"} or "w" in opening[:1]
        return History(text=cursor.text, subjects=subjects, span=span, is_plotted=plotted)
    _skip_now(cursor)
    if opening in {"show", "show me", "display"} and _is_profile(subjects):
        return Plot(text=cursor.text, subjects=subjects)
    return Read(text=cursor.text, subjects=subjects)


def take_compare(cursor: Cursor) -> Phrase:
    """Compare two subjects, or the present with the past."""
    if not cursor.take(["compare"]):
        cursor.take(["what is", "show", "show me", "calculate", "give me"])
        return _take_difference(cursor)
    left = take_subject(cursor)
    cursor.take(["now", "right now", "today"])
    joint = cursor.take(["with", "and", "to", "against", "versus", "vs"])
    moment = _take_other_moment(cursor)
    if moment is not None:
        return moment_comparison(cursor, (left,), moment)
    if joint is None and len(left.roles) > 1:
        return _sides(cursor, left)
    if joint is None:
        raise cursor.stuck("'compare' needs 'with' and a second subject")
    right = take_subject(cursor)
    return _compared(cursor, left, right)


def _compared(cursor: Cursor, left: Subject, right: Subject) -> Phrase:
    moment = take_moment(cursor)
    if moment is not None:
        return moment_comparison(cursor, (left, right), moment)
    _skip_now(cursor)
    return Compare(text=cursor.text, left=left, right=right)


def moment_comparison(cursor: Cursor, subjects: tuple[Subject, ...], moment: object) -> Phrase:
    """Make the comparison of the present with a moment that was just taken."""
    from osprey.models.phrasebook.phrases import Moment

    assert isinstance(moment, Moment)
    return CompareThen(text=cursor.text, subjects=subjects, moment=moment)
