"""Cut a request into tokens: words, numbers, names, times and marks, each with its place in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum

from attrs import frozen

from osprey.models.phrasebook.units import find_unit


class Kind(StrEnum):
    """What a token is."""

    WORD = "word"
    NAME = "name"
    """Has the look of a device or channel: a colon, a digit, an underscore or a slash in it."""
    NUMBER = "number"
    COMMA_NUMBER = "number with a comma"
    """Such as ``0,5``: a decimal comma or a list; never guessed."""
    CLOCK = "clock"
    DATE = "date"
    INSTANT = "instant"
    QUOTED = "quoted"
    COMMA = "comma"
    END = "end of sentence"
    SYMBOL = "symbol"


@frozen(kw_only=True)
class Token:
    """One token; `text` as written, except that a contraction is written out."""

    kind: Kind
    text: str
    start: int
    end: int

    @property
    def word(self) -> str:
        """The lower-case word; empty if this is not a word."""
        return self.text.lower() if self.kind is Kind.WORD else ""


# The decimals are bounded so that a mile of digits stays a word and not a slow number.
_NUMBER = r"[+-]?(?:\d{1,40}(?:\.\d{0,60})?|\.\d{1,60})(?:[eE][+-]?\d{1,4})?"
_DECIMAL = r"[+-]?\d{1,40}(?:\.\d{1,60})?"
RANGE = re.compile(rf"({_DECIMAL})\.\.({_DECIMAL})")
"""Both ends of a range, such as ``-1..1``; it is a name to the tokenizer."""
_SPECIAL_NUMBER = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
_PLAIN_NUMBER = re.compile(_NUMBER)
_COMMA_NUMBER = re.compile(r"[+-]?\d{1,40}(?:,\d{1,40})+(?:\.\d{1,60})?")
_NUMBER_WITH_UNIT = re.compile(rf"({_NUMBER})([^\d\s]{{1,16}})")
_CLOCK = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?(?:am|pm)?|\d{1,2}(?:am|pm)", re.IGNORECASE)
_CLOCKS = re.compile(r"(\d{1,2}:\d{2})[-–](\d{1,2}:\d{2})")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*|[%°][^\W\d_]?")
_HYPHENATED = re.compile(r"[a-z]+(?:-[a-z]+)+", re.IGNORECASE)
_EITHER_SIDE = re.compile(rf"(\+/-|\+-|±|-/\+)({_NUMBER}.*)")
_TWO_FIGURES = re.compile(r"(?:min|max|mean|std|rms|avg)/(?:min|max|mean|std|rms|avg)", re.IGNORECASE)
_QUOTES = {'"': '"', "'": "'", "`": "`"}
_SPELLING = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "−": "-", "\u00a0": " "})
_MARKS = ".!?;:"
# Braces are no breaks: channel names of some facilities contain them.
_BREAKS = ' \t\r\n,;()[]="`'

_WRITTEN_OUT = {
    "what's": ("what", "is"),
    "how's": ("how", "is"),
    "where's": ("where", "is"),
    "let's": ("let", "us"),
    "i'd": ("i", "would"),
    "i'll": ("i", "will"),
}


def tokenize(text: str) -> list[Token]:
    """Cut `text`; never fails, and what has no other kind is a symbol or a name."""
    spelled = text.translate(_SPELLING)
    tokens: list[Token] = []
    position = 0
    while position < len(spelled):
        for token in _next_tokens(spelled, position):
            tokens.append(token)
            position = token.end
        if not tokens or tokens[-1].end <= position:
            position = _skip_blank(spelled, position)
    while tokens and tokens[-1].kind is Kind.END and tokens[-1].text == "\n":
        tokens.pop()
    return tokens


def _skip_blank(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace() and text[position] != "\n":
        position += 1
    return position


def _next_tokens(text: str, at: int) -> Iterator[Token]:
    char = text[at]
    if char == "\n":
        yield Token(kind=Kind.END, text="\n", start=at, end=at + 1)
        return
    if char.isspace():
        return
    if char in _QUOTES and (close := text.find(_QUOTES[char], at + 1)) > at:
        yield Token(kind=Kind.QUOTED, text=text[at + 1 : close], start=at, end=close + 1)
        return
    if (found := _COMMA_NUMBER.match(text, at)) and _ends_here(text, found.end()):
        yield Token(kind=Kind.COMMA_NUMBER, text=found.group(), start=at, end=found.end())
        return
    if char == ",":
        yield Token(kind=Kind.COMMA, text=char, start=at, end=at + 1)
        return
    yield from _chunk(text, at)


def _ends_here(text: str, at: int) -> bool:
    rest = text[at:].lstrip(_MARKS)
    return not rest or rest[0] in _BREAKS or rest[0].isalpha() or rest[0] == "%"


def _chunk(text: str, at: int) -> Iterator[Token]:
    end = at
    while end < len(text) and text[end] not in _BREAKS and not text[end].isspace():
        end += 1
    while end - 1 > at and text[end - 1] in _MARKS:
        end -= 1
    if end == at or text[at:end] in _MARKS:
        kind = Kind.END if text[at] in ".!?;" else Kind.SYMBOL
        yield Token(kind=kind, text=text[at], start=at, end=at + 1)
        return
    yield from _classify(text[at:end], at)


def _classify(chunk: str, at: int) -> Iterator[Token]:
    end = at + len(chunk)
    lower = chunk.lower()
    if lower in _WRITTEN_OUT:
        # Every word but the last ends where it starts, so that the places stay in order.
        *first, last = _WRITTEN_OUT[lower]
        for word in first:
            yield Token(kind=Kind.WORD, text=word, start=at, end=at)
        yield Token(kind=Kind.WORD, text=last, start=at, end=end)
        return
    if _HYPHENATED.fullmatch(chunk) and not chunk.isupper():
        place = at
        for part in chunk.split("-"):
            yield Token(kind=Kind.WORD, text=part, start=place, end=place + len(part))
            place += len(part) + 1
        return
    if _TWO_FIGURES.fullmatch(chunk):
        left, right = chunk.split("/")
        yield Token(kind=Kind.WORD, text=left, start=at, end=at + len(left))
        yield Token(kind=Kind.COMMA, text="/", start=at + len(left), end=at + len(left) + 1)
        yield Token(kind=Kind.WORD, text=right, start=at + len(left) + 1, end=end)
        return
    if clocks := _CLOCKS.fullmatch(chunk):
        middle = at + len(clocks.group(1))
        yield Token(kind=Kind.CLOCK, text=clocks.group(1), start=at, end=middle)
        yield Token(kind=Kind.WORD, text="to", start=middle, end=middle + 1)
        yield Token(kind=Kind.CLOCK, text=clocks.group(2), start=middle + 1, end=end)
        return
    if either := _EITHER_SIDE.fullmatch(chunk):
        middle = at + len(either.group(1))
        yield Token(kind=Kind.SYMBOL, text=either.group(1), start=at, end=middle)
        yield from _classify(either.group(2), middle)
        return
    measured = _NUMBER_WITH_UNIT.fullmatch(chunk)
    if measured and not _CLOCK.fullmatch(chunk) and find_unit(measured.group(2)):
        middle = at + len(measured.group(1))
        yield Token(kind=Kind.NUMBER, text=measured.group(1), start=at, end=middle)
        yield Token(kind=Kind.WORD, text=measured.group(2), start=middle, end=end)
        return
    yield Token(kind=_kind_of(chunk), text=chunk, start=at, end=end)


def _kind_of(chunk: str) -> Kind:
    if _PLAIN_NUMBER.fullmatch(chunk) or _SPECIAL_NUMBER.fullmatch(chunk):
        return Kind.NUMBER
    for pattern, kind in ((_CLOCK, Kind.CLOCK), (_DATE, Kind.DATE), (_INSTANT, Kind.INSTANT)):
        if pattern.fullmatch(chunk):
            return kind
    if _WORD.fullmatch(chunk):
        return Kind.WORD
    return Kind.NAME if any(char.isalnum() for char in chunk) else Kind.SYMBOL
