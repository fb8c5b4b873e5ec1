"""What a request is about: device names, families, quantities and sectors, in many orders."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
from attrs import Factory, define

from osprey.models.phrasebook.cursor import Cursor
from osprey.models.phrasebook.phrase_parts import Role, Subject
from osprey.models.phrasebook.sectors import take_joint, take_sectors
from osprey.models.phrasebook.times import TIME_UNITS_NS
from osprey.models.phrasebook.tokens import RANGE, Kind, Token
from osprey.models.phrasebook.units import find_unit
from osprey.models.phrasebook.vocabulary import (
    CHANGE_VERBS,
    CONDITIONS,
    HEDGES,
    NEGATIONS,
    NOISE,
    NUMBER_WORDS,
    PLANES,
    PLOT_VERBS,
    QUANTIFIERS,
    ROLE_PHRASES,
    ROLE_WORDS,
    SHOW_VERBS,
    STOPS,
    WRITE_VERBS,
    words_of,
)

# `current` in front of one of these says 'at present'; elsewhere it is the electric current.
_AFTER_ADJECTIVE_CURRENT = words_of("""
    orbit pressure vacuum lifetime tune tunes energy frequency value values setting settings state status
    readings reading setpoint setpoints position positions horizontal vertical beam
    """)
_TIMES_NAMED = words_of("morning afternoon evening night shift week")
_NO_SUBJECT = (
    NEGATIONS
    | CONDITIONS
    | HEDGES
    | STOPS
    | SHOW_VERBS
    | PLOT_VERBS
    | WRITE_VERBS
    | CHANGE_VERBS
    | frozenset(
        {"sector", "sectors", "minus", "remember", "name", "named", "call", "called", "back", "another", "further"}
    )
)


@define
class _Draft:
    """A subject while its words are collected."""

    first: int
    names: list[str] = Factory(list[str])
    words: list[str] = Factory(list[str])
    sectors: list[int] = Factory(list[int])
    roles: list[Role] = Factory(list[Role])
    is_every: bool = False

    @property
    def has_content(self) -> bool:
        return bool(self.names or self.words or self.roles)


def take_subjects(cursor: Cursor) -> tuple[Subject, ...]:
    """Take one subject or a list of them joined by commas and `and`.

    :raises Stuck: there is none here.
    """
    subjects = [take_subject(cursor)]
    while True:
        start = cursor.index
        if not take_joint(cursor) or not _begins_subject(cursor):
            cursor.index = start
            return share_nouns(_share_device(subjects))
        subjects.append(take_subject(cursor))


def _share_device(subjects: Sequence[Subject]) -> list[Subject]:
    """Complete `BPM17 x and y`: a bare plane behind a device is one of the device."""
    shared: list[Subject] = []
    for subject in subjects:
        before = shared[-1] if shared else subject
        is_bare = subject.words and not subject.names and not subject.sectors and set(subject.words) <= PLANES
        is_of_device = is_bare and len(before.names) == 1
        shared.append(attrs.evolve(subject, names=before.names) if is_of_device else subject)
    return shared


def take_subject(cursor: Cursor) -> Subject:
    """Take one subject."""
    if cursor.word(1):
        cursor.skip({"of"})  # no part of its name
    draft = _Draft(cursor.index)
    while _take_part(cursor, draft):
        pass
    if not draft.has_content:
        token = cursor.peek()
        reason = f"'{token.text}' is no device, family or quantity" if token else "what it is about is missing"
        raise cursor.stuck(reason)
    return _finish(cursor, draft)


def _finish(cursor: Cursor, draft: _Draft) -> Subject:
    first, last = cursor.tokens[draft.first], cursor.tokens[cursor.index - 1]
    return Subject(
        text=cursor.text[first.start : last.end],
        start=first.start,
        end=last.end,
        names=tuple(draft.names),
        words=tuple(draft.words),
        sectors=tuple(dict.fromkeys(draft.sectors)),
        roles=tuple(dict.fromkeys(draft.roles)),
        is_every=draft.is_every,
    )


def _begins_subject(cursor: Cursor) -> bool:
    token = cursor.peek()
    if token is None:
        return False
    if token.kind is Kind.NAME:
        return True
    word = token.word
    if not word or word in _NO_SUBJECT - {"sector", "sectors"}:
        return False
    # 'and a plot', 'with a figure': the end of a sentence about statistics, not a subject.
    ahead = 1 if word in NOISE else 0
    return cursor.word(ahead) not in PLOT_VERBS | {"figure", "picture"} and not (
        ahead and not cursor.word(ahead) and not cursor.is_kind(Kind.NAME, ahead=ahead)
    )


def _take_part(cursor: Cursor, draft: _Draft) -> bool:
    token = cursor.peek()
    if token is None:
        return False
    if token.kind is Kind.NAME:
        if RANGE.fullmatch(token.text):
            return False
        cursor.next()
        draft.names.append(token.text)
        return True
    if token.kind is not Kind.WORD:
        return False
    sectors = take_sectors(cursor)
    draft.sectors += sectors
    if sectors or _take_role(cursor, draft) or _take_place(cursor, draft):
        return True
    return _take_word(cursor, draft, token)


def _take_place(cursor: Cursor, draft: _Draft) -> bool:
    """Take the device of ``the current in QD11`` or ``the pressure at VG07``, once a quantity stands in front."""
    if not draft.words or draft.names or cursor.word() not in {"in", "at"}:
        return False
    ahead = 2 if cursor.word(1) == "the" else 1
    start = cursor.index
    cursor.index += ahead
    is_counted = cursor.word() != "" and cursor.is_kind(Kind.NUMBER, ahead=1) and _is_counted_name(cursor)
    if cursor.is_kind(Kind.NAME) or (is_counted and cursor.word() not in _NO_SUBJECT):
        return True
    cursor.index = start
    return False


def _take_word(cursor: Cursor, draft: _Draft, token: Token) -> bool:
    word = token.word
    if _begins_length_of_time(cursor) or (word in {"each", "every"} and cursor.word(1) == "time"):
        return False
    if word in {"this", "last"} and cursor.word(1) in _TIMES_NAMED:
        return False
    if word in QUANTIFIERS:
        cursor.next()
        draft.is_every = True
        return True
    if word in NOISE:
        cursor.next()
        return True
    if word == "top" and cursor.word(1) == "up":
        cursor.index += 2
        draft.words.append("topup")
        return True
    if word in _NO_SUBJECT:
        return False
    if word == "current" and cursor.word(1) in _AFTER_ADJECTIVE_CURRENT:
        cursor.next()
        return True
    if cursor.is_kind(Kind.NUMBER, ahead=1) and _is_counted_name(cursor):
        cursor.next()
        draft.names.append(f"{token.text} {cursor.next().text}")
        return True
    cursor.next()
    draft.words.append(word)
    return True


def _is_counted_name(cursor: Cursor) -> bool:
    """True for ``HCM 3``; false for a word before a number that has a unit of its own."""
    number, behind = cursor.peek(1), cursor.peek(2)
    if number is None or not number.text.isdigit():
        return False
    return behind is None or (find_unit(behind.text) is None and behind.word not in TIME_UNITS_NS)


def _begins_length_of_time(cursor: Cursor) -> bool:
    """True for ``an hour``, ``half an hour``, ``ten minutes``: not a subject."""
    ahead = 0
    while cursor.word(ahead) in NUMBER_WORDS or cursor.word(ahead) in {"a", "an", "half"}:
        ahead += 1
    return ahead > 0 and cursor.word(ahead) in TIME_UNITS_NS


def _take_role(cursor: Cursor, draft: _Draft) -> bool:
    role = None
    for words, meant in ROLE_PHRASES.items():
        if cursor.take([" ".join(words)]):
            role = meant
            break
    if role is None:
        word = cursor.take_one(ROLE_WORDS)
        if word is None:
            return False
        role = ROLE_WORDS[word]
    draft.roles.append(role)
    start = cursor.index
    # 'setpoint and readback of HCM03' is one subject with two sides.
    if not (take_joint(cursor) and cursor.take(["the", "and"]) is None and _take_role(cursor, draft)):
        cursor.index = start
    return True


def share_nouns(subjects: Sequence[Subject]) -> tuple[Subject, ...]:
    """Complete 'horizontal and vertical correctors': a bare plane takes the words of its neighbour."""
    shared = list(subjects)
    for place in range(len(subjects) - 2, -1, -1):
        lone, head = shared[place], shared[place + 1]
        bare = lone.words and not lone.names and not lone.sectors and set(lone.words) <= PLANES
        if bare and head.words and head.words[0] in PLANES and len(head.words) > 1:
            shared[place] = attrs.evolve(
                lone,
                text=f"{lone.text} {' '.join(head.words[1:])}",
                words=(*lone.words, *head.words[1:]),
                sectors=head.sectors,
                roles=lone.roles or head.roles,
                is_every=lone.is_every or head.is_every,
            )
    return tuple(shared)
