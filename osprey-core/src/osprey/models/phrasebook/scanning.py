"""The rule for a scan: a subject through a range, with something measured at each point."""

from __future__ import annotations

from osprey.models.phrasebook.amounts import take_amount, take_count, take_unit
from osprey.models.phrasebook.cursor import Cursor
from osprey.models.phrasebook.phrases import Amount, Phrase, Scan, Subject
from osprey.models.phrasebook.subjects import take_subject, take_subjects
from osprey.models.phrasebook.times import take_duration_s
from osprey.models.phrasebook.tokens import RANGE, Kind
from osprey.models.phrasebook.vocabulary import SCAN_VERBS, SHOW_VERBS

_POINTS = frozenset({"steps", "step", "points", "point", "values", "settings", "positions"})
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
_WATCHING = ("watch", "watching", "look at", "looking at", "monitor", "monitoring")
SCAN_OF = tuple(f"{verb} a {noun} of" for verb in ("do", "make", "run", "perform") for noun in ("scan", "sweep"))
_AT_EACH = tuple(
    f"{where} {which} {point}"
    for where in ("at", "after", "between", "for")
    for which in ("each", "every", "the")
    for point in ("point", "points", "step", "steps", "value", "setting")
)


def take_scan(cursor: Cursor) -> Phrase:
    """Scan: ``scan HCM03 from -0.5 to 0.5 A in 11 steps and measure the horizontal orbit``."""
    if not (cursor.take(SCAN_OF) or cursor.take_one(SCAN_VERBS)):
        raise cursor.stuck()
    subject = take_subject(cursor)
    start, stop = _take_range(cursor)
    start = Amount(text=start.text, unit=start.unit or stop.unit)
    steps, increment = _take_division(cursor)
    settle_s, measure = _take_clauses(cursor)
    return Scan(
        text=cursor.text,
        subject=subject,
        start=start,
        stop=Amount(text=stop.text, unit=stop.unit or start.unit),
        steps=steps,
        increment=increment,
        measure=measure,
        settle_s=settle_s,
    )


def _take_range(cursor: Cursor) -> tuple[Amount, Amount]:
    token = cursor.peek()
    written = RANGE.fullmatch(token.text) if token and token.kind is Kind.NAME else None
    if written:
        cursor.next()
        return Amount(text=written.group(1), unit=None), Amount(text=written.group(2), unit=take_unit(cursor))
    opening = cursor.expect("from", "between")
    start = take_amount(cursor)
    cursor.expect("to" if opening == "from" else "and")
    return start, take_amount(cursor)


def _take_division(cursor: Cursor) -> tuple[int | None, Amount | None]:
    is_listed = cursor.take_kind(Kind.COMMA) is not None
    if cursor.take(["in steps of", "with steps of", "in increments of", "with a step of", "by"]):
        return None, take_amount(cursor)
    if not cursor.take(["in", "with", "over", "using", "at"]) and not is_listed:
        raise cursor.stuck()
    steps = take_count(cursor)
    if cursor.take_one({"equal", "equidistant"}):
        pass
    if not cursor.take_one(_POINTS):
        raise cursor.stuck("a scan says its number of points, such as 'in 11 steps'")
    return steps, None


def _take_clauses(cursor: Cursor) -> tuple[float | None, tuple[Subject, ...]]:
    settle_s: float | None = None
    measure: tuple[Subject, ...] = ()
    while not cursor.at_end:
        first = cursor.index
        cursor.take_kind(Kind.COMMA)
        cursor.take(["and", "while", "then"])
        if settle_s is None and (found := _take_settling(cursor)) is not None:
            settle_s = found
        elif not measure and (cursor.take_one(SHOW_VERBS) or cursor.take(_WATCHING)):
            measure = take_subjects(cursor)
        else:
            cursor.index = first
            break
        cursor.take(_AT_EACH)
        cursor.take(["each time", "at each", "please"])
    return settle_s, measure


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
