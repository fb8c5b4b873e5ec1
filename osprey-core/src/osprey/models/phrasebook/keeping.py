"""The rules for snapshots, and for how things stand in the project."""

from __future__ import annotations

import re

from osprey.models.phrasebook.cursor import Cursor
from osprey.models.phrasebook.phrases import Phrase, RestoreSnapshot, SaveSnapshot, Standing
from osprey.models.phrasebook.subjects import take_subjects
from osprey.models.phrasebook.tokens import Kind

_SAVE = tuple(
    f"{verb} {article}snapshot{joint}"
    for verb in ("save", "take", "make", "store", "keep", "record", "create")
    for article in ("a ", "the ", "")
    for joint in (" of", " for", "")
)
_RESTORE = tuple(
    f"{verb} {article}snapshot"
    for verb in ("restore", "bring back", "load", "apply", "return to", "roll back to", "recall", "reload")
    for article in ("the ", "")
)
_NAMED = (
    "as",
    "named",
    "called",
    "under the name",
    "under",
    "with the name",
    "with name",
    "name",
    "name it",
    "call it",
)
_NAME = re.compile(r"\w[\w.-]{0,63}")
_WAITING = (
    *(
        f"{opening}{still}{waiting}{what}"
        for opening in ("is anything ", "is there anything ", "what is ", "which requests are ", "are any requests ")
        for still in ("", "still ")
        for waiting in ("waiting", "pending", "open")
        for what in ("", " for approval", " for a decision", " for me", " for my approval", " to be approved")
    ),
    *(
        f"{opening}{word} {noun}"
        for opening in ("are there any ", "are there ", "any ", "show ", "show me ", "list ", "list the ", "show the ")
        for word in ("pending", "open", "waiting")
        for noun in ("approvals", "requests", "changes", "writes", "decisions")
    ),
    *(f"what {needs} {mine}approval" for needs in ("needs", "is in need of") for mine in ("", "my ", "an ")),
)
_HALT = tuple(
    f"{be} {what} {state}"
    for be, what in (("are", "writes"), ("are", "the writes"), ("is", "writing"))
    for state in ("halted", "stopped", "allowed", "enabled", "blocked", "disabled")
)
_TARGETS = (
    *(f"{which} targets {there}" for which in ("which", "what") for there in ("are there", "do we have", "exist")),
    *(f"{verb} targets" for verb in ("list", "list the", "show", "show me the")),
)


def take_save_snapshot(cursor: Cursor) -> Phrase:
    """Keep a snapshot: ``save a snapshot of all corrector setpoints as before-studies``."""
    if not (cursor.take(_SAVE) or cursor.take(["snapshot", "snapshot of"])):
        raise cursor.stuck()
    early = _take_name(cursor)
    if early:
        cursor.take(["of", "with", "for"])
    subjects = take_subjects(cursor)
    return SaveSnapshot(text=cursor.text, subjects=subjects, name=early or _take_name(cursor))


def take_restore_snapshot(cursor: Cursor) -> Phrase:
    """Bring a snapshot back: ``restore the snapshot before-studies``."""
    cursor.expect(*_RESTORE)
    cursor.take(_NAMED)
    name = _take_word(cursor)
    if not name:
        raise cursor.stuck("the name of the snapshot is missing")
    return RestoreSnapshot(text=cursor.text, name=name)


def take_standing(cursor: Cursor) -> Phrase:
    """Say how things stand: ``is anything still waiting for approval``, ``are writes halted``."""
    for about, ways in (("waiting", _WAITING), ("halt", _HALT), ("targets", _TARGETS)):
        if cursor.take(ways):
            cursor.take(["now", "right now", "at the moment"])
            return Standing(text=cursor.text, about=about)
    raise cursor.stuck()


def _take_name(cursor: Cursor) -> str:
    """Take ``as before-studies`` or ``, call it before-studies``; empty if there is no such thing."""
    start = cursor.index
    cursor.take_kind(Kind.COMMA)
    cursor.take(["and"])
    if cursor.take(_NAMED):
        name = _take_word(cursor)
        if name:
            return name
    cursor.index = start
    return ""


def _take_word(cursor: Cursor) -> str:
    """Take a name as it is written, with its hyphens, from one blank to the next."""
    token = cursor.peek()
    if token is None:
        return ""
    if token.kind is Kind.QUOTED and _NAME.fullmatch(token.text):
        cursor.next()
        return token.text
    found = _NAME.match(cursor.text, token.start)
    if found is None:
        return ""
    name = found.group().rstrip(".-")
    end = token.start + len(name)
    while not cursor.at_end and cursor.tokens[cursor.index].start < end:
        cursor.next()
    return name
