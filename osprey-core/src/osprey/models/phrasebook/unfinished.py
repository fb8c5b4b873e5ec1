"""Changes that are begun and not finished: what is missing is asked, never filled in."""

from __future__ import annotations

from collections.abc import Sequence

from osprey.models.phrasebook.cursor import Ask, Cursor, Stuck
from osprey.models.phrasebook.subjects import take_subjects
from osprey.models.phrasebook.tokens import Token
from osprey.models.phrasebook.vocabulary import (
    SCAN_VERBS,
    SET_VERBS,
    STEP_DOWN,
    STEP_SIGNED,
    STEP_UP,
    WRITE_OUT_VERBS,
)

_CHANGING = SET_VERBS | WRITE_OUT_VERBS | STEP_UP | STEP_DOWN | STEP_SIGNED | SCAN_VERBS | {"turn", "switch", "zero"}


def starts_a_change(tokens: Sequence[Token]) -> bool:
    """Tell whether the request begins as an order to change something."""
    return bool(tokens) and tokens[0].word in _CHANGING


def missing_of_change(cursor: Cursor) -> str:
    """Give the question that a change without its numbers leaves open; empty if it is no such thing."""
    verb = cursor.take_one(_CHANGING)
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
    if not cursor.at_end:
        return ""
    if verb in STEP_UP | STEP_DOWN:
        return f"By how much? For example: {verb} {subject} by <number> <unit>"
    return f"To which value, or by how much? For example: {verb} {subject} to <number> <unit>"
