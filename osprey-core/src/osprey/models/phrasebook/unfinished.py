"""Changes that are begun and not finished: what is missing is asked, never filled in."""

from __future__ import annotations

from collections.abc import Sequence

from osprey.models.phrasebook.amounts import take_amount
from osprey.models.phrasebook.cursor import Ask, Cursor, Stuck
from osprey.models.phrasebook.phrases import Clarification
from osprey.models.phrasebook.scanning import SCAN_OF
from osprey.models.phrasebook.subjects import take_subjects
from osprey.models.phrasebook.times import TIME_UNITS_NS
from osprey.models.phrasebook.tokens import Token
from osprey.models.phrasebook.vocabulary import (
    SCAN_VERBS,
    SET_VERBS,
    STEP_DOWN,
    STEP_SIGNED,
    STEP_UP,
    WRITE_OUT_VERBS,
)

_CHANGING = (
    SET_VERBS | WRITE_OUT_VERBS | STEP_UP | STEP_DOWN | STEP_SIGNED | SCAN_VERBS | {"turn", "switch", "zero", "caput"}
)

_NO_VALUE = frozenset({"about", "between", "around", "roughly", "some"})


def starts_a_change(tokens: Sequence[Token]) -> bool:
    """Tell whether the request begins as an order to change something."""
    return bool(tokens) and tokens[0].word in _CHANGING


def missing_of_change(cursor: Cursor) -> str:
    """Give the question that a change without its numbers leaves open; empty if it is no such thing."""
    verb = "scan" if cursor.take(SCAN_OF) else cursor.take_one(_CHANGING)
    if verb is None:
        return ""
    first = cursor.index
    try:
        take_subjects(cursor)
    except (Stuck, Ask):
        return ""
    subject = cursor.written(first)
    if verb in SCAN_VERBS - STEP_SIGNED:
        # Whatever of the range is there, a scan is planned from both ends and the number of points.
        is_open = cursor.at_end or cursor.word() in {"and", "from", "while", "in", "to", "between"}
        asked = f"From where to where is {subject} to be scanned, and in how many steps?"
        return f"{asked} For example: scan {subject} from <number> to <number> <unit> in <n> steps" if is_open else ""
    if not (cursor.at_end or _lacks_number(cursor)):
        return ""
    if verb in STEP_UP | STEP_DOWN:
        return f"By how much? For example: {verb} {subject} by <number> <unit>"
    return f"To which value, or by how much? For example: {verb} {subject} to <number> <unit>"


def _lacks_number(cursor: Cursor) -> bool:
    """True where the value is to follow, and words that are no value stand there instead."""
    return cursor.take(["to", "at", "by"]) is not None and cursor.word() in _NO_VALUE


def change_without_verb(cursor: Cursor) -> Clarification | None:
    """Ask whether ``HCM03 = 0.5 A`` or ``QD11 down 0.5 A`` is meant as a change; nobody has said so with a verb."""
    cursor.take(["give"])
    first = cursor.index
    try:
        take_subjects(cursor)
        subject = cursor.written(first)
        way = cursor.take(["up", "down"])
        is_by = cursor.take(["by"]) is not None
        is_set = cursor.take(["to", "at"]) is not None or cursor.take_symbol("=") or cursor.take_symbol("->")
        amount = take_amount(cursor)
    except (Stuck, Ask):
        return None
    if not cursor.at_end or (is_set and (way or is_by)) or amount.unit in TIME_UNITS_NS:
        return None
    number = f"{amount.text} {amount.unit or ''}".strip()
    question = "No verb says that something is to be changed, so nothing was planned. To have it planned, ask for it:"
    return Clarification(text=cursor.text, question=question, choices=_choices(subject, number, way, is_by, is_set))


def _choices(subject: str, number: str, way: str | None, is_by: bool, is_set: bool) -> tuple[str, ...]:
    absolute = f"set {subject} to {number}"
    verb = "lower" if way == "down" else "raise"
    relative = f"{verb} {subject} by {number}"
    if number.startswith("-"):
        relative = f"{'raise' if way == 'down' else 'lower'} {subject} by {number[1:]}"
    if is_set:
        return (absolute,)
    return (relative,) if way or is_by else (absolute, relative)
