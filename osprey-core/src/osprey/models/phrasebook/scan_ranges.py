"""Where a scan takes one subject: from here to there, through a list, or so far to either side of where it is."""

from __future__ import annotations

import attrs

from osprey.models.phrasebook.amounts import take_amount, take_count, take_unit
from osprey.models.phrasebook.cursor import Ask, Cursor
from osprey.models.phrasebook.phrase_parts import Amount, Subject
from osprey.models.phrasebook.phrases import Clarification, ScanAxis
from osprey.models.phrasebook.subjects import take_subject
from osprey.models.phrasebook.tokens import RANGE, Kind
from osprey.models.phrasebook.vocabulary import NUMBER_WORDS

POINTS = frozenset({"steps", "step", "points", "point", "values", "settings", "positions"})
_LISTED = ("over", "at", "through", "in", "to each of", "among", "across", "with")
_EITHER_SIDE = ("plus minus", "plus or minus", "plus and minus")
_MARKS = ("+/-", "+-", "±", "-/+")
_AROUND = tuple(
    f"{around} {what}"
    for around in ("around", "about", "of", "from", "either side of", "relative to")
    for what in (
        *(
            f"{whose}{when}{value}"
            for whose in ("its ", "the ", "")
            for when in ("present ", "current ", "")
            for value in ("value", "setting", "setpoint", "set point", "position")
        ),
        "where it is",
        "where it is now",
        "where it sits",
        "now",
    )
)


def take_axis(cursor: Cursor) -> ScanAxis:
    """Take ``HCM03 from -0.5 to 0.5 A in 11 steps`` or ``HCM03 at -0.1, 0 and 0.1 A``."""
    subject = take_subject(cursor)
    first = cursor.index
    if _take_either_side(cursor):
        return _divided(cursor, _around(cursor, subject, first))
    ends = _take_ends(cursor)
    if ends is not None:
        start, stop = ends
        start = Amount(text=start.text, unit=start.unit or stop.unit)
        stop = Amount(text=stop.text, unit=stop.unit or start.unit)
        is_relative = cursor.take(_AROUND) is not None
        axis = _divided(cursor, ScanAxis(subject=subject, start=start, stop=stop, is_relative=is_relative))
        return axis if is_relative or not cursor.take(_AROUND) else attrs.evolve(axis, is_relative=True)
    cursor.index = first
    return ScanAxis(subject=subject, values=_take_values(cursor))


def _take_either_side(cursor: Cursor) -> bool:
    start = cursor.index
    cursor.take(["by", "over", "within", "from"])
    if any(map(cursor.take_symbol, _MARKS)) or cursor.take(_EITHER_SIDE):
        return True
    cursor.index = start
    return False


def _around(cursor: Cursor, subject: Subject, first: int) -> ScanAxis:
    """Take the distance to either side; whether of the present value or of zero has to be said.

    :raises Ask: it was not.
    """
    reach = take_amount(cursor)
    low = Amount(text=f"-{reach.text}", unit=reach.unit)
    if cursor.take(_AROUND) is None:
        said = f"{reach.text} {reach.unit or ''}".strip()
        question = "Around the present value, or around zero?"
        choices = (f"+/- {said} around its present value", f"from -{said} to {said}")
        options = tuple(cursor.replaced(first, choice) for choice in choices)
        raise Ask(Clarification(text=cursor.text, question=question, choices=options))
    return ScanAxis(subject=subject, start=low, stop=reach, is_relative=True)


def _take_ends(cursor: Cursor) -> tuple[Amount, Amount] | None:
    cursor.take(["over"])
    token = cursor.peek()
    written = RANGE.fullmatch(token.text) if token and token.kind is Kind.NAME else None
    if written:
        cursor.next()
        return Amount(text=written.group(1), unit=None), Amount(text=written.group(2), unit=take_unit(cursor))
    opening = cursor.take(["from", "between"])
    if opening is None and not _is_number(cursor):
        return None
    start = take_amount(cursor)
    joined = cursor.take(["and"] if opening == "between" else ["to", "up to", "down to", "through"])
    if joined is None and opening is not None:
        raise cursor.stuck()
    return None if joined is None else (start, take_amount(cursor))


def _divided(cursor: Cursor, axis: ScanAxis) -> ScanAxis:
    """Take the number or the distance of the points."""
    is_listed = cursor.take_kind(Kind.COMMA) is not None
    if cursor.take(["in steps of", "with steps of", "steps of", "in increments of", "with a step of", "step of"]):
        return attrs.evolve(axis, increment=take_amount(cursor))
    if cursor.take(["by", "every", "step", "with step"]):
        return attrs.evolve(axis, increment=take_amount(cursor))
    if not cursor.take(["in", "with", "over", "using", "at"]) and not is_listed:
        raise cursor.stuck()
    behind = cursor.peek(2)
    # '0.05 A steps' are a distance, '5 steps' are a number.
    if behind is not None and behind.word in {"steps", "step"} and cursor.word(1) not in {"equal", "equidistant"}:
        increment = take_amount(cursor)
        cursor.next()
        return attrs.evolve(axis, increment=increment)
    steps = take_count(cursor)
    if cursor.take_one({"equal", "equidistant"}):
        pass
    if not cursor.take_one(POINTS):
        raise cursor.stuck("a scan says its number of points, such as 'in 11 steps'")
    return attrs.evolve(axis, steps=steps)


def _take_values(cursor: Cursor) -> tuple[Amount, ...]:
    """Take two or more numbers; a unit that stands once holds for those before it."""
    cursor.take(["up", "down"])
    cursor.take(_LISTED)
    cursor.take(["the values", "values"])
    values = [take_amount(cursor)]
    while True:
        start = cursor.index
        cursor.take_kind(Kind.COMMA)
        cursor.take(["and"])
        if cursor.index == start or not _is_number(cursor):
            cursor.index = start
            break
        values.append(take_amount(cursor))
    if len(values) < 2:
        raise cursor.stuck("a scan goes through two values or more")
    units = {value.unit for value in values if value.unit}
    if len(units) == 1:
        unit = units.pop()
        values = [Amount(text=value.text, unit=unit) for value in values]
    return tuple(values)


def _is_number(cursor: Cursor) -> bool:
    if cursor.is_kind(Kind.NUMBER, Kind.COMMA_NUMBER):
        behind = cursor.peek(1)
        # '5 points' counts them.
        return behind is None or behind.word not in POINTS
    return cursor.word() in NUMBER_WORDS or cursor.word() == "minus"
