"""The rules for changing by an amount: raise, lower, take off, give more."""

from __future__ import annotations

from osprey.models.phrasebook.amounts import take_amount
from osprey.models.phrasebook.cursor import Cursor
from osprey.models.phrasebook.phrase_parts import Amount
from osprey.models.phrasebook.phrases import Phrase, Step
from osprey.models.phrasebook.subjects import take_subjects
from osprey.models.phrasebook.vocabulary import STEP_DOWN, STEP_SIGNED, STEP_UP
from osprey.models.phrasebook.writing import skip_endings, take_show

_DIRECTIONS = {"up": "raise", "down": "lower", "upwards": "raise", "downwards": "lower"}
_MORE = {"more": "raise", "higher": "raise", "extra": "raise", "less": "lower", "lower": "lower"}
_FURTHER = ("another", "a further", "an additional", "an extra", "further")
_TAKING = ("take", "knock", "shave", "trim", "cut")
_GIVING = ("give", "set", "make", "put", "run")


def take_step(cursor: Cursor) -> Phrase:
    """Step: ``raise every horizontal corrector of sector 2 by 0.1 A and show the orbit before and after``."""
    verb = cursor.take_one(STEP_UP | STEP_DOWN | STEP_SIGNED)
    if verb is None:
        raise cursor.stuck()
    if verb in {"add", "subtract"}:
        cursor.take(_FURTHER)
        delta = _take_delta(cursor, verb)
        cursor.expect("to" if verb == "add" else "from")
        return _finish_step(cursor, delta, cursor.index)
    is_signed = verb in STEP_SIGNED | {"bump"}
    early = cursor.take(_DIRECTIONS) if is_signed else None
    first = cursor.index
    take_subjects(cursor)
    direction = early or (cursor.take(_DIRECTIONS) if is_signed else None)
    # 'up 0.1 A' says by itself that it is no value to be set; without a direction only 'by' does.
    if not cursor.take(["by"]) and direction is None:
        raise cursor.stuck()
    cursor.take(_FURTHER)
    delta = _take_delta(cursor, _DIRECTIONS[direction] if direction else verb)
    return _finish_step(cursor, delta, first)


def take_taken_off(cursor: Cursor) -> Phrase:
    """Step down: ``take half an amp off QF03``."""
    cursor.expect(*_TAKING)
    cursor.take(_FURTHER)
    delta = _take_delta(cursor, "lower")
    cursor.expect("off", "off of", "away from", "from")
    return _finish_step(cursor, delta, cursor.index)


def take_given(cursor: Cursor) -> Phrase:
    """Step: ``give HCM03 another 0.1 A``, ``give HCM03 0.1 A more``, ``set HCM03 0.1 A lower``."""
    cursor.expect(*_GIVING)
    first = cursor.index
    take_subjects(cursor)
    is_more = cursor.take(_FURTHER) is not None
    amount = take_amount(cursor)
    way = cursor.take_one(_MORE)
    if way is None and not is_more:
        # 'give HCM03 0.1 A' may be what it is to be set to.
        raise cursor.stuck()
    return _finish_step(cursor, _signed(cursor, amount, _MORE[way] if way else "raise"), first)


def _finish_step(cursor: Cursor, delta: Amount, first: int) -> Step:
    """Take the subjects that begin at token `first`, if they are not taken yet, and the rest of the sentence."""
    rest = cursor.index
    cursor.index = first
    subjects = take_subjects(cursor)
    cursor.index = max(cursor.index, rest)
    skip_endings(cursor)
    show = take_show(cursor)
    skip_endings(cursor)
    return Step(text=cursor.text, subjects=subjects, delta=delta, show=show)


def _take_delta(cursor: Cursor, verb: str) -> Amount:
    first = cursor.index
    amount = take_amount(cursor)
    if amount.text.startswith("-") and verb in STEP_UP | STEP_DOWN:
        cursor.index = first
        raise cursor.stuck(f"'{verb} by {amount.text}' can be meant both ways; write a positive number")
    return _signed(cursor, amount, verb)


def _signed(cursor: Cursor, amount: Amount, verb: str) -> Amount:
    if amount.text.startswith("-") and verb in STEP_UP | STEP_DOWN:
        raise cursor.stuck(f"'{amount.text}' and '{verb}' can be meant both ways; write a positive number")
    return Amount(text=f"-{amount.text}", unit=amount.unit) if verb in STEP_DOWN else amount
