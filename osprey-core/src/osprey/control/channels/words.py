"""Cutting names, descriptions and queries into the words under which channels are found."""

from __future__ import annotations

import re
from functools import lru_cache

from osprey.models.phrasebook import implied, stem

_PIECE = re.compile(r"[^\W\d_]+|\d+")
_WORD = re.compile(r"[^\W_]+")


def chunks_of(text: str) -> list[str]:
    """Cut at everything that is neither letter nor digit, in lower case."""
    return _WORD.findall(text.lower())


def words_of_name(name: str) -> set[str]:
    """Cut a channel or device name: ``SR:S02:HCM03`` gives sr, s02, s, hcm03, hcm, 03 and 3."""
    found: set[str] = set()
    for chunk in chunks_of(name):
        found.update(_pieces_of(chunk))
    return found


@lru_cache(maxsize=65_536)
def _pieces_of(chunk: str) -> tuple[str, ...]:
    pieces = _PIECE.findall(chunk)
    short = [piece.lstrip("0") for piece in (chunk, *pieces) if piece.isdigit()]
    return tuple(word for word in (chunk, *pieces, *short) if word)


def words_of_text(text: str) -> set[str]:
    """Cut a description or a query into singular lower-case words."""
    return {_stem(word) for word in chunks_of(text)}


_stem = lru_cache(maxsize=65_536)(stem)


@lru_cache(maxsize=4096)
def words_of_kind(family: str, family_words: tuple[str, ...], quantity: str, role: str) -> frozenset[str]:
    """Give every word under which people look for a kind of channel, with what the words imply."""
    words = words_of_name(family) | {role} | words_of_quantity(quantity)
    for phrase in family_words:
        words |= words_of_text(phrase)
    known = implied(words)
    # A position monitor measures the orbit; its sum signal does not.
    return known if "orbit" not in known or {"x", "y"} & known else known - {"orbit"}


@lru_cache(maxsize=4096)
def words_of_quantity(quantity: str) -> frozenset[str]:
    """Give the words for what a channel measures or sets."""
    words = words_of_text(quantity.replace("_", " "))
    return implied(words)


def trigrams(word: str) -> frozenset[str]:
    """Give the groups of three letters of a word, its beginning and its end marked by blanks."""
    padded = f"  {word} "
    return frozenset(padded[i : i + 3] for i in range(len(padded) - 2))
