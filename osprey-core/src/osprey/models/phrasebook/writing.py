"""The rules for putting values: set, write, zero, switch.

They begin with a verb of writing and use every word of the sentence; there is no filler that could hide a
condition. What they give is only ever a plan that a person still has to approve.
"""

from __future__ import annotations

from osprey.models.phrasebook.amounts import take_amount, take_number, take_unit
from osprey.models.phrasebook.cursor import Cursor
from osprey.models.phrasebook.phrase_parts import Amount, Subject
from osprey.models.phrasebook.phrases import Assignment, Phrase, Set
from osprey.models.phrasebook.subjects import take_subjects
from osprey.models.phrasebook.tokens import Kind
from osprey.models.phrasebook.vocabulary import (
    CONDITIONS,
    HEDGES,
    NEGATIONS,
    NOISE,
    NUMBER_WORDS,
    QUANTIFIERS,
    SET_VERBS,
    SHOW_VERBS,
    STOPS,
    WRITE_OUT_VERBS,
    WRITE_VERBS,
)

_STATES = ("on", "off")
_EFFECTS = (
    "the effect on",
    "the effect of it on",
    "the change of",
    "the change in",
    "the response of",
    "how",
)
_BEFORE_AFTER = (
    "before and after",
    "before and afterwards",
    "before and after that",
    "before and after the change",
    "before and after the step",
    "before and after it",
    "after",
    "afterwards",
    "after that",
    "again",
    "changes",
    "change",
    "responds",
    "reacts",
)
_ENDINGS = ("now", "right now", "please", "each", "immediately")
# None of these is the label of a state that a channel could be set to.
_NOT_VALUES = (
    NEGATIONS | CONDITIONS | HEDGES | SHOW_VERBS | WRITE_VERBS | QUANTIFIERS | NOISE | (STOPS - {"on", "up", "down"})
)
_MOVING = frozenset({"drop", "bump", "raise", "lower", "increase", "decrease", "reduce"})


def take_set(cursor: Cursor) -> Phrase:
    """Set: ``set HCM03 to 0.5 A``, ``set HCM03 to 0.5 A and HCM04 to -0.5 A``."""
    verb = cursor.take_one(SET_VERBS)
    if verb is None:
        raise cursor.stuck()
    groups = [[_take_assignment(cursor)]]
    while True:
        start = cursor.index
        is_next = _take_next(cursor)
        if is_next is None or not _is_assignment(cursor):
            cursor.index = start
            break
        cursor.take_one(SET_VERBS)
        assignment = _take_assignment(cursor)
        if is_next:
            groups.append([assignment])
        else:
            groups[-1].append(assignment)
    notes = (f"'{verb} ... to' is taken as 'set ... to'",) if verb in _MOVING else ()
    return _finish_set(cursor, tuple(tuple(group) for group in groups), notes)


def take_write(cursor: Cursor) -> Phrase:
    """Set, the other way round: ``write 0.5 A to HCM03``."""
    if not cursor.take_one(WRITE_OUT_VERBS):
        raise cursor.stuck()
    value = _take_value(cursor)
    cursor.expect("to", "on", "into", "in")
    return _finish_set(cursor, ((Assignment(subjects=take_subjects(cursor), value=value),),), ())


def take_zero(cursor: Cursor) -> Phrase:
    """Set to zero: ``zero all vertical correctors``."""
    cursor.expect("zero")
    value = Amount(text="0", unit=None)
    return _finish_set(cursor, ((Assignment(subjects=take_subjects(cursor), value=value),),), ())


def take_switch(cursor: Cursor) -> Phrase:
    """Switch what has the states on and off, by its words: ``turn off top-up``, ``switch top-up injection on``.

    A device by its name, such as HCM03, has no such set point as a rule, and is not guessed at.
    """
    cursor.expect("turn", "switch")
    state = cursor.take_one(_STATES)
    subjects = take_switched(cursor)
    state = state or cursor.expect(*_STATES)
    note = f"switching {state} is taken as setting to '{state}'"
    return _finish_set(cursor, ((Assignment(subjects=subjects, value=state),),), (note,))


def take_switched(cursor: Cursor) -> tuple[Subject, ...]:
    """Take what is switched; a name is none of it."""
    first = cursor.index
    subjects = take_subjects(cursor)
    if any(subject.names for subject in subjects):
        cursor.index = first
        raise cursor.stuck("say with 'set ... to ...' what a named device is to be set to")
    return subjects


def take_command(cursor: Cursor) -> Phrase:
    """Set, as operators type it: ``caput SR:S02:HCM03:CURRENT:SP 0.5``. One channel, one number, nothing else."""
    cursor.expect("caput")
    first = cursor.index
    subjects = take_subjects(cursor)
    if len(subjects) != 1 or len(subjects[0].names) != 1 or subjects[0].words:
        cursor.index = first
        raise cursor.stuck("caput takes the name of one channel")
    return _finish_set(cursor, ((Assignment(subjects=subjects, value=take_amount(cursor)),),), ())


def _finish_set(cursor: Cursor, groups: tuple[tuple[Assignment, ...], ...], notes: tuple[str, ...]) -> Set:
    skip_endings(cursor)
    show = take_show(cursor)
    skip_endings(cursor)
    return Set(text=cursor.text, groups=groups, show=show, notes=notes)


def _take_assignment(cursor: Cursor) -> Assignment:
    subjects = take_subjects(cursor)
    if cursor.take(["up to", "down to", "back to", "back up to", "back down to"]):
        return Assignment(subjects=subjects, value=_take_value(cursor))
    if not (cursor.take(["to", "at", "equal to"]) or cursor.take_symbol("=")):
        raise cursor.stuck()
    return Assignment(subjects=subjects, value=_take_value(cursor))


def _take_next(cursor: Cursor) -> bool | None:
    """Take what joins two assignments: False for `and`, True for `then`, None if nothing follows."""
    comma = cursor.take_kind(Kind.COMMA) is not None
    joined = cursor.take(["and", "and also"]) is not None
    if cursor.take(["then"]):
        return True
    return False if comma or joined else None


def _is_assignment(cursor: Cursor) -> bool:
    return cursor.is_kind(Kind.NAME) or (cursor.word() != "" and cursor.word() not in SHOW_VERBS)


def _take_value(cursor: Cursor) -> Amount | str | tuple[Amount, ...]:
    """Take a number with unit; lists, texts and words are taken as they are, for the guard to judge."""
    if cursor.take_symbol("["):
        return _take_list(cursor)
    quoted = cursor.take_kind(Kind.QUOTED)
    if quoted:
        return quoted.text
    word = cursor.word()
    is_half = word == "half" and cursor.word(1) in {"a", "an"}
    is_label = word and word not in NUMBER_WORDS and word not in _NOT_VALUES and word != "minus" and not is_half
    return cursor.next().text if is_label else take_amount(cursor)


def _take_list(cursor: Cursor) -> tuple[Amount, ...]:
    numbers: list[str] = []
    while not cursor.take_symbol("]"):
        token = cursor.peek()
        if token is not None and token.kind is Kind.COMMA_NUMBER:
            numbers += cursor.next().text.split(",")
        else:
            numbers.append(take_number(cursor))
        cursor.take_kind(Kind.COMMA)
    unit = take_unit(cursor)
    return tuple(Amount(text=number, unit=unit) for number in numbers)


def take_show(cursor: Cursor) -> tuple[Subject, ...]:
    """Take ``and show the orbit before and after``; empty if there is nothing of the kind."""
    start = cursor.index
    _take_next(cursor)
    verb = cursor.take_one(SHOW_VERBS)
    if verb is None or (cursor.index == start + 1 and not verb.endswith("ing")):
        cursor.index = start
        return ()
    cursor.take(["me", "us"])
    cursor.take(_EFFECTS)
    subjects = take_subjects(cursor)
    cursor.take(_BEFORE_AFTER)
    return subjects


def skip_endings(cursor: Cursor) -> None:
    while cursor.take(_ENDINGS):
        pass
