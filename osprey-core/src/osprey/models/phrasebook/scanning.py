"""The rules for scans: one to three subjects through ranges or lists, with something measured at each point."""

from __future__ import annotations

from osprey.models.phrasebook.cursor import Ask, Cursor, Stuck
from osprey.models.phrasebook.phrase_parts import Subject
from osprey.models.phrasebook.phrases import Clarification, GridScan, Phrase, Scan, ScanAxis
from osprey.models.phrasebook.scan_ranges import take_axis
from osprey.models.phrasebook.subjects import take_subjects
from osprey.models.phrasebook.times import take_duration_s
from osprey.models.phrasebook.tokens import Kind
from osprey.models.phrasebook.vocabulary import SCAN_VERBS, SHOW_VERBS

_VERBS = SCAN_VERBS | {"move", "take", "drive"}
_WAITING = (
    "waiting",
    "wait",
    "pausing",
    "pause",
    "pause for",
    "settling",
    "settling for",
    "waiting for",
    "wait for",
    "with a pause of",
    "with a wait of",
    "with a settling time of",
    "with",
)
_WATCHING = ("watch", "watching", "look at", "looking at", "monitor", "monitoring", "take", "get", "check")
_NOUNS = ("scan", "sweep")
SCAN_OF = tuple(f"{verb} a {noun} of" for verb in ("do", "make", "run", "perform") for noun in _NOUNS)
_GRIDS = ("grid", "two dimensional", "three dimensional", "raster", "mesh", "nested")
GRID_OF = tuple(
    f"{verb}{article}{kind} {noun}{of}"
    for kind in _GRIDS
    for verb, article in (("", ""), *((f"{verb} ", "a ") for verb in ("do", "make", "run", "perform")))
    for noun in _NOUNS
    for of in (" of", " over", "")
)
_AT_EACH = tuple(
    f"{where} {which} {point}"
    for where in ("at", "after", "between", "for", "on")
    for which in ("each", "every", "the", "all")
    for point in ("point", "points", "step", "steps", "value", "setting", "of them")
)
_WHILE = ("while", "while you", "as you", "during")
_SCANNING = ("scanning", "sweeping", "stepping", "varying", "ramping", *sorted(SCAN_VERBS))
_MOST_AXES = 3


def take_scan(cursor: Cursor) -> Phrase:
    """Scan: ``scan HCM03 from -0.5 to 0.5 A in 11 steps and measure the horizontal orbit``."""
    verb = cursor.take(SCAN_OF) or cursor.take_one(_VERBS)
    if verb is None:
        raise cursor.stuck()
    cursor.take_symbol(":")
    axes = [take_axis(cursor)]
    if axes[0].values and verb not in SCAN_VERBS and verb not in SCAN_OF:
        raise cursor.stuck("say 'scan' for a scan through a list")
    while len(axes) < _MOST_AXES and (outer := _take_for_each(cursor)) is not None:
        axes.insert(0, outer)
    if len(axes) == 1 and _take_another(cursor, axes):
        rest = cursor.text[cursor.tokens[1].start :]
        question = "Is every combination of the values meant? Then ask for a grid scan:"
        raise Ask(Clarification(text=cursor.text, question=question, choices=(f"grid scan of {rest}",)))
    settle_s, measure = _take_clauses(cursor)
    return _scan(cursor, tuple(axes), measure, settle_s)


def take_grid(cursor: Cursor) -> Phrase:
    """Scan all combinations: ``grid scan of HCM05 at -0.1, 0, 0.1 A and VCM05 at 0, 0.2 A, lifetime at each point``."""
    outer: list[ScanAxis] = []
    while len(outer) < _MOST_AXES - 1 and (axis := _take_for_each(cursor)) is not None:
        outer.append(axis)
        cursor.take_kind(Kind.COMMA)
    if outer:
        cursor.take(["do", "also"])
        if not cursor.take_one(_VERBS):
            raise cursor.stuck()
        axes = [*outer, take_axis(cursor)]
    else:
        _take_grid_of(cursor)
        cursor.take_symbol(":")
        axes = [take_axis(cursor)]
    while len(axes) < _MOST_AXES and _take_another(cursor, axes):
        pass
    if len(axes) < 2:
        raise cursor.stuck("a grid scan moves two or three channels")
    settle_s, measure = _take_clauses(cursor)
    return _scan(cursor, tuple(axes), measure, settle_s)


def _take_grid_of(cursor: Cursor) -> None:
    token = cursor.peek()
    if token is not None and token.text in {"2", "3"} and cursor.word(1) == "d":
        cursor.index += 2
        cursor.expect(*(f"{noun}{of}" for noun in _NOUNS for of in (" of", " over", "")))
        return
    cursor.expect(*GRID_OF)


def take_measured_scan(cursor: Cursor) -> Phrase:
    """Scan, the other way round: ``measure the tune while scanning QF05 from 119 to 121 A in 5 steps``."""
    if not (cursor.take_one(SHOW_VERBS) or cursor.take(_WATCHING)):
        raise cursor.stuck()
    measure = take_subjects(cursor)
    cursor.expect("during a scan of", "in a scan of", *(f"{while_} {verb}" for while_ in _WHILE for verb in _SCANNING))
    axis = take_axis(cursor)
    settle_s, _ = _take_clauses(cursor)
    return _scan(cursor, (axis,), measure, settle_s)


def _scan(
    cursor: Cursor, axes: tuple[ScanAxis, ...], measure: tuple[Subject, ...], settle_s: float | None
) -> Scan | GridScan:
    axis = axes[0]
    if len(axes) > 1 or axis.is_relative or axis.start is None or axis.stop is None:
        return GridScan(text=cursor.text, axes=axes, measure=measure, settle_s=settle_s)
    return Scan(
        text=cursor.text,
        subject=axis.subject,
        start=axis.start,
        stop=axis.stop,
        steps=axis.steps,
        increment=axis.increment,
        measure=measure,
        settle_s=settle_s,
    )


def _take_for_each(cursor: Cursor) -> ScanAxis | None:
    """Take the outer axis of ``for each QF11 in 119, 121 A step QD11 through 109, 110, 111 A``."""
    start = cursor.index
    cursor.take_kind(Kind.COMMA)
    if cursor.take(["for each value of", "for each setting of", "for each of", "for each", "for every", "for"]) is None:
        cursor.index = start
        return None
    return take_axis(cursor)


def _take_another(cursor: Cursor, axes: list[ScanAxis]) -> bool:
    """Take a further axis behind `and`, `by` or a comma; nothing if what follows is none."""
    start = cursor.index
    cursor.take_kind(Kind.COMMA)
    cursor.take(["and", "by", "times", "x", "against", "with"])
    cursor.take(sorted(SCAN_VERBS))
    if cursor.index == start:
        return False
    try:
        axes.append(take_axis(cursor))
    except Stuck:
        cursor.index = start
        return False
    return True


def _take_clauses(cursor: Cursor) -> tuple[float | None, tuple[Subject, ...]]:
    settle_s: float | None = None
    measure: tuple[Subject, ...] = ()
    while not cursor.at_end:
        first = cursor.index
        is_listed = cursor.take_kind(Kind.COMMA) is not None
        cursor.take(["and", "while", "then", "and then"])
        if settle_s is None and (found := _take_settling(cursor)) is not None:
            settle_s = found
        elif not measure and (cursor.take_one(SHOW_VERBS) or cursor.take(_WATCHING)):
            measure = take_subjects(cursor)
        elif measure or not is_listed or not (measure := _take_bare_measure(cursor)):
            cursor.index = first
            break
        cursor.take(_AT_EACH)
        cursor.take(["each time", "every time", "at each", "please"])
    return settle_s, measure


def _take_bare_measure(cursor: Cursor) -> tuple[Subject, ...]:
    """Take ``, lifetime at each point``; without its last words it may be anything."""
    measure = take_subjects(cursor)
    before = cursor.index
    if cursor.take((*_AT_EACH, "each time")) is None:
        raise cursor.stuck()
    cursor.index = before
    return measure


def _take_settling(cursor: Cursor) -> float | None:
    start = cursor.index
    opening = cursor.take(_WAITING)
    if opening is None:
        return None
    duration = take_duration_s(cursor)
    if duration is None:
        cursor.index = start
        return None
    if opening == "with":
        cursor.expect("settling", "settling time", "pause", "wait", "waiting", "of settling")
    return duration
