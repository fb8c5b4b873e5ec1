"""What people say around a question: said again in the words of the grammar, for looking only.

Rules of writing never see what is said again here: words that change something are taken as they stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from osprey.models.phrasebook.loose_marks import plain_marks
from osprey.models.phrasebook.loose_words import COUNTED, FRAMES, NO_COMPARISON, SWAPS, TELL, Frame, Swap
from osprey.models.phrasebook.tokens import Kind, Token
from osprey.models.phrasebook.units import find_unit


def loosened(tokens: Sequence[Token]) -> list[list[Token]]:
    """Give the request in the words of the grammar, the likeliest reading first; none if it is in them already."""
    found = plain_marks(tokens)
    if told := _fits(found, 0, TELL):
        found = found[told - 1 :]
    for swap in SWAPS:
        found = _swapped(found, swap)
    found = _counted(found)
    framed = (_framed(found, frame) for frame in FRAMES)
    readings = [*(each for each in framed if each is not None), _compared(found)]
    return [each for each in readings if each != list(tokens)]


def _counted(tokens: list[Token]) -> list[Token]:
    """Say ``how many MV are we running on the cavity`` by what is measured in the unit: the voltage of the cavity."""
    if len(tokens) < 5 or [token.word for token in tokens[:2]] != ["how", "many"]:
        return tokens
    unit = find_unit(tokens[2].text)
    quantity = COUNTED.get(unit.dimension, "") if unit else ""
    asked = next((place + 1 for place, token in enumerate(tokens) if token.word in _HOLDING), 0)
    return [*_words(f"what is {quantity} of", tokens[:asked]), *tokens[asked:]] if quantity and asked else tokens


def _swapped(tokens: list[Token], swap: Swap) -> list[Token]:
    found: list[Token] = []
    place = 0
    while place < len(tokens):
        length = _fits(tokens, place, swap.said)
        if length:
            found += _words(swap.meant, tokens[place : place + length])
            place += length
        else:
            found.append(tokens[place])
            place += 1
    return found


def _framed(tokens: list[Token], frame: Frame) -> list[Token] | None:
    opened = _fits(tokens, 0, frame.opening)
    if not opened:
        return None
    end = len(tokens)
    if frame.tail:
        end = next((at for at in range(opened + 1, end) if at + _fits(tokens, at, frame.tail) == end), 0)
        if not end:
            return None
    front = _words(frame.meant, tokens[:opened])
    if not frame.closing:
        return [*front, *tokens[opened:end]]
    for place in range(end - 1, opened, -1):
        closed = _fits(tokens, place, frame.closing)
        if closed:
            middle = _words(frame.between, tokens[place : place + closed])
            return [*front, *tokens[opened:place], *middle, *tokens[place + closed : end]]
    return None


def _compared(tokens: list[Token]) -> list[Token]:
    """Say `compare` before two things with a bare `vs` between them."""
    is_bare = bool(tokens) and tokens[0].word not in NO_COMPARISON
    if is_bare and any(token.word in {"vs", "versus"} for token in tokens[1:-1]):
        return [*_words("compare", tokens[:1]), *tokens]
    return tokens


def _fits(tokens: Sequence[Token], place: int, said: str) -> int:
    """Give how many tokens from `place` on are the words of `said`; 0 if they are not."""
    for words in _WAYS[said].get(tokens[place].word, ()) if place < len(tokens) else ():
        if [token.word for token in tokens[place : place + len(words)]] == words:
            return len(words)
    return 0


def _spelled(said: str) -> dict[str, list[list[str]]]:
    """Write out every choice by its first word, the longest first."""
    ways: list[list[str]] = [[]]
    for choices in said.split():
        ways = [[*way, *choice.split("_")] for way in ways for choice in choices.split("|")]
    by_first: dict[str, list[list[str]]] = {}
    for way in sorted(filter(None, ways), key=len, reverse=True):
        by_first.setdefault(way[0], []).append(way)
    return by_first


def _words(meant: str, said: Sequence[Token]) -> list[Token]:
    """Make tokens that stand where the words stood that were said."""
    start, end = said[0].start, said[-1].end
    return [Token(kind=Kind.WORD, text=word, start=start, end=end) for word in meant.split()]


_HOLDING: Final = frozenset({"on", "in", "at", "through"})
_WAYS: Final = {
    said: _spelled(said)
    for said in (
        TELL,
        *(swap.said for swap in SWAPS),
        *(said for each in FRAMES for said in (each.opening, each.closing, each.tail)),
    )
}
