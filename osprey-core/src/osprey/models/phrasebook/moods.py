"""How a request is put: politeness, and the signs that it is no plain request at all."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from osprey.models.phrasebook.cursor import Cursor
from osprey.models.phrasebook.phrase_parts import Word
from osprey.models.phrasebook.tokens import Kind, Token
from osprey.models.phrasebook.vocabulary import APPROVALS, CONDITIONS, HEDGES, NEGATIONS

_GREETINGS = (
    "hi",
    "hello",
    "hey",
    "good morning",
    "good evening",
    "good afternoon",
    "osprey",
    "quick question",
    "quick one",
    "one question",
    "question",
)
_MODALS = tuple(f"{modal} {who}" for modal in ("can", "could", "would", "will") for who in ("you", "we", "i"))
_WISHES = (
    *(
        f"{who} {wish}{whom} to"
        for who in ("i", "we")
        for wish in ("want", "would like", "need", "wish")
        for whom in ("", " you")
    ),
    "let us",
)
_PLEASE = ("please", "pls", "plz")
_ASKING = frozenset({"what", "how", "which", "where", "show", "plot", "compare"})
_FOR_WHOM = ("for me", "for us")
_THANKS = (*_PLEASE, "thanks", "thank you", "thank you very much", "many thanks")


@frozen
class Mood:
    """How the request was put, and where its own words begin."""

    start: int
    end: int
    is_question: bool
    """Asked rather than ordered: a write is then offered as a choice and not planned."""


def take_mood(cursor: Cursor) -> Mood:
    """Go over greetings and politeness at both ends."""
    has_please = False
    is_asked = False
    while True:
        before = cursor.index
        if cursor.take(_GREETINGS):
            _skip_exclamation(cursor)
        cursor.take(["now", "right now", "just", "simply", "quickly", "so", "well", "also"])
        has_please |= cursor.take([*_PLEASE, "kindly"]) is not None
        is_asked |= cursor.take(_MODALS) is not None
        cursor.take(_WISHES)
        _skip_agreement(cursor)
        if cursor.index > before:
            cursor.take_symbol(":")
            cursor.take_kind(Kind.COMMA)
        if cursor.index == before:
            break
    end, thanked, marked = _strip_end(cursor.tokens, cursor.index)
    # 'Could you please ...?' is how people order politely; a bare question mark asks.
    is_question = not has_please if is_asked and marked else (is_asked and not (has_please or thanked)) or marked
    return Mood(cursor.index, end, is_question)


def _skip_agreement(cursor: Cursor) -> None:
    """Go over the ``ok, then`` before a question; before anything else it sounds like a decision."""
    start = cursor.index
    if cursor.take(["ok", "okay", "alright", "thanks", "thank you", "good", "great"]):
        cursor.take_kind(Kind.COMMA)
        _skip_exclamation(cursor)
        cursor.take(["then", "now", "and", "so"])
        if cursor.word() not in _ASKING:
            cursor.index = start


def _skip_exclamation(cursor: Cursor) -> None:
    token = cursor.peek()
    if token is not None and token.kind is Kind.END and token.text in {"!", "."}:
        cursor.next()


def _strip_end(tokens: Sequence[Token], start: int) -> tuple[int, bool, bool]:
    end, thanked, marked = len(tokens), False, False
    while end > start:
        last = tokens[end - 1]
        if last.kind in (Kind.END, Kind.COMMA):
            marked |= last.text == "?"
            end -= 1
            continue
        words = next((each for each in (*_THANKS, *_FOR_WHOM) if _ends_with(tokens, start, end, each.split())), None)
        if words is None:
            break
        thanked |= words in _THANKS
        end -= len(words.split())
    return end, thanked, marked


def _ends_with(tokens: Sequence[Token], start: int, end: int, words: Sequence[str]) -> bool:
    first = end - len(words)
    return first > start and all(token.word == word for token, word in zip(tokens[first:end], words, strict=True))


def objection(tokens: Sequence[Token]) -> tuple[str, tuple[Word, ...]] | None:
    """Say why the words cannot be a plain request: approval, negation, condition, hedge, two sentences."""
    for words, message in _OBJECTIONS:
        found = tuple(
            place(token)
            for at, token in enumerate(tokens)
            if token.word in words and [each.word for each in tokens[max(0, at - 1) : at + 2]] != _EITHER_SIDE
        )
        if found:
            return message.format(word=found[0].text), found
    if tokens and tokens[0].word in APPROVALS and not _is_no_decision(tokens):
        message = (
            f"'{tokens[0].text}' sounds like a decision, and text never decides: approve or reject with "
            "'osprey approvals approve ID --hash H' or 'osprey approvals reject ID --reason R'."
        )
        return message, (place(tokens[0]),)
    ends = tuple(place(token) for token in tokens if token.kind is Kind.END)
    if ends:
        return "Several sentences at once: ask one thing at a time.", ends
    return None


def _is_no_decision(tokens: Sequence[Token]) -> bool:
    """Tell the plane of ``y orbit`` and the order ``do a scan`` from a decision."""
    words = tuple(token.word for token in tokens[:3])
    is_plane = words[0] == "y" and words[1:2] and words[1] in _IN_A_PLANE
    return bool(is_plane) or (words[0] == "do" and words[1:] == ("a", "scan"))


_EITHER_SIDE = ["plus", "or", "minus"]
_IN_A_PLANE = frozenset({"orbit", "tune", "position", "positions", "plane"})
_OBJECTIONS = (
    (NEGATIONS, "'{word}': the phrasebook knows no negations and no exceptions, so nothing was planned."),
    (CONDITIONS, "'{word}': the phrasebook knows no conditions and no alternatives, so nothing was planned."),
    (HEDGES, "'{word}': the phrasebook takes exact words only, so nothing was planned."),
)


def place(token: Token) -> Word:
    """Give a token's text with its place."""
    return Word(text=token.text, start=token.start, end=token.end)
