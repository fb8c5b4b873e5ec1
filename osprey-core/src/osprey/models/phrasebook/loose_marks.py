"""Marks and small words around a question that say nothing by themselves: brackets, commas, pluses, kinds of device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import evolve

from osprey.models.phrasebook.loose_words import BEFORE_SPAN
from osprey.models.phrasebook.tokens import Kind, Token
from osprey.models.phrasebook.vocabulary import NUMBER_WORDS, STATISTIC_PHRASES

_BRACKETS: Final = frozenset({"(", ")"})
_BEHIND_A_NAME: Final = (("power", "supply"), ("power", "supplies"), ("supply",), ("magnet",))
"""What a device that was named is, in words that say nothing more about it."""
_JOINTS: Final = frozenset({"and", "minus", "to"})


def plain_marks(tokens: Sequence[Token]) -> list[Token]:
    """Leave out a comma before a span of time, say `and` for a plus, and a sector's number as a number."""
    found: list[Token] = []
    for place, token in enumerate(_without_tail(tokens)):
        following = tokens[place + 1].word if place + 1 < len(tokens) else ""
        before = found[-1].word if found else ""
        if token.kind is Kind.COMMA and following in BEFORE_SPAN:
            continue
        if token.kind is Kind.SYMBOL and token.text in {"+", "&"}:
            found.append(evolve(token, kind=Kind.WORD, text="and"))
        elif before == "sector" and token.word in NUMBER_WORDS:
            found.append(evolve(token, kind=Kind.NUMBER, text=str(NUMBER_WORDS[token.word])))
        elif token.word in {"on", "at"} and place + 1 < len(tokens) and tokens[place + 1].kind is Kind.NAME:
            found.append(evolve(token, text="of"))
        else:
            found.append(token)
    return _without_kinds(found)


def _without_kinds(tokens: list[Token]) -> list[Token]:
    found: list[Token] = []
    place = 0
    while place < len(tokens):
        is_behind = bool(found) and found[-1].kind is Kind.NAME
        words = next((w for w in _BEHIND_A_NAME if is_behind and _are(tokens, place, w)), ())
        place += len(words)
        if not words:
            found.append(tokens[place])
            place += 1
    return found


def _are(tokens: Sequence[Token], place: int, words: Sequence[str]) -> bool:
    return [token.word for token in tokens[place : place + len(words)]] == list(words)


def _without_tail(tokens: Sequence[Token]) -> Sequence[Token]:
    """Leave out figures in brackets at the end, as in ``how far did it move (max minus min)``."""
    opened = next((place for place, token in enumerate(tokens) if token.text in _BRACKETS), 0)
    if not opened or tokens[opened].text != "(" or tokens[-1].text != ")":
        return tokens
    inside = [token.word for token in tokens[opened + 1 : -1]]
    is_told = bool(inside) and all(word in STATISTIC_PHRASES or word in _JOINTS for word in inside)
    return tokens[:opened] if is_told else tokens
