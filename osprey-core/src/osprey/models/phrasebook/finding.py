"""The rules for finding channels, and for what is remembered."""

from __future__ import annotations

from osprey.models.phrasebook.cursor import Cursor
from osprey.models.phrasebook.phrase_parts import Subject
from osprey.models.phrasebook.phrases import Phrase, Recall, Remember, Search
from osprey.models.phrasebook.sectors import take_sectors
from osprey.models.phrasebook.subjects import take_subjects
from osprey.models.phrasebook.tokens import Kind

_CHANNELS = ("channel", "channels", "pv", "pvs", "signal", "signals", "process variable", "process variables")
_WHICH = (
    *(f"{which} {channels}" for which in ("which", "what") for channels in _CHANNELS),
    *(f"{which} are the {channels}" for which in ("which", "what") for channels in _CHANNELS),
    *(f"what {be} the {noun}" for be in ("is", "are") for noun in ("channel name", "channel names", "name", "names")),
)
_RELATIONS = (
    "measure",
    "measures",
    "monitor",
    "show",
    "give",
    "contain",
    "read",
    "control",
    "set",
    "are",
    "are there",
    "are there for",
    "are there in",
    "is",
    "belong to",
    "belongs to",
    "have",
    "do we have for",
    "do i have for",
    "exist",
    "exist for",
    "for",
    "of",
    "about",
    "are about",
    "are for",
    "are related to",
    "mention",
    "match",
)
_SEARCH_VERBS = (
    "find",
    "find me",
    "search",
    "search for",
    "look for",
    "look up",
    "list",
    "list me",
    "where is",
    "where are",
)
_SHOW_CHANNELS = tuple(
    f"{verb} {article}{channels} {joint}"
    for verb in ("show", "show me", "give me", "tell me")
    for article in ("the ", "all ", "all the ", "")
    for channels in _CHANNELS
    for joint in ("of", "for", "in", "that measure", "about")
)
_THAT = (
    "that measure",
    "that show",
    "which measure",
    "which show",
    "measuring",
    "showing",
    "for",
    "of",
    "about",
)
_REMEMBER = (
    "remember",
    "remember that",
    "memorize",
    "memorise",
    "memorize that",
    "memorise that",
    "keep in mind",
    "keep in mind that",
    "note that",
    "take a note",
    "take note that",
    "make a note that",
    "make a note",
    "make a note of",
    "write down",
    "write down that",
    "note down",
    "note down that",
    "for the record",
    "do not forget that",
    "do not forget",
)
_RECALL = (
    "what do you remember",
    "what did you remember",
    "do you remember",
    "do you remember anything",
    "what have i told you",
    "what did i tell you",
    "what is remembered",
    "recall",
    "show your memory",
    "show the memory",
    "show your notes",
    "show my notes",
    "show the notes",
    "list my notes",
    "list your notes",
    "list the notes",
)


def take_search(cursor: Cursor) -> Phrase:
    """Search: ``which channels measure vacuum in sector 4``, ``find horizontal correctors``."""
    if cursor.take(_WHICH):
        cursor.take(_RELATIONS)
    elif cursor.take(["which"]):
        return _take_which_family(cursor)
    elif not cursor.take(_SHOW_CHANNELS):
        cursor.expect(*_SEARCH_VERBS)
        _skip_channels(cursor)
    quoted = cursor.take_kind(Kind.QUOTED)
    if quoted:
        return Search(text=cursor.text, query=quoted.text, sectors=tuple(take_sectors(cursor)))
    sectors = take_sectors(cursor)
    return _search(cursor, () if sectors and cursor.at_end else take_subjects(cursor), sectors)


def take_remember(cursor: Cursor) -> Phrase:
    """Remember: everything behind the verb is kept as it was written."""
    cursor.take(["please"])
    cursor.expect(*_REMEMBER)
    first = cursor.peek()
    if first is None:
        raise cursor.stuck("what shall be remembered is missing")
    cursor.index = len(cursor.tokens)
    note = cursor.text[first.start :].lstrip(":;,- ").strip()
    if not note:
        raise cursor.stuck("what shall be remembered is missing")
    return Remember(text=cursor.text, note=note)


def take_recall(cursor: Cursor) -> Phrase:
    """Recall: ``what do you remember about the septum``; everything behind `about` is looked for."""
    cursor.expect(*_RECALL)
    cursor.take(["about", "of", "on", "for", "regarding"])
    cursor.take(["the"])
    first = cursor.peek()
    if first is None:
        return Recall(text=cursor.text)
    cursor.index = len(cursor.tokens)
    about = cursor.text[first.start :].strip().rstrip("?.! ")
    return Recall(text=cursor.text, about=about)


def _take_which_family(cursor: Cursor) -> Search:
    """Take ``BPMs are in sector 2``: the family in front, the place behind."""
    front = take_subjects(cursor)
    cursor.expect("are there", "are", "is", "do we have", "exist")
    return _search(cursor, front, take_sectors(cursor))


def _skip_channels(cursor: Cursor) -> None:
    while cursor.take(["all", "the", "any", "me", "every"]):
        pass
    if cursor.take(_CHANNELS):
        cursor.take(_THAT)


def _search(cursor: Cursor, subjects: tuple[Subject, ...], sectors: list[int]) -> Search:
    words = [
        word
        for subject in subjects
        for word in (*subject.names, *subject.words, *(role.value for role in subject.roles))
    ]
    named = [sector for subject in subjects for sector in subject.sectors]
    return Search(text=cursor.text, query=" ".join(words), sectors=tuple(dict.fromkeys([*named, *sectors])))
