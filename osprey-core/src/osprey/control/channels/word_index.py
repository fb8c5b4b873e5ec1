"""An inverted index from words to channels: exact words, what they imply, and words that are nearly right."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from osprey.control.values import ChannelRecord
from osprey.models.phrasebook import implied, stem

_PIECE = re.compile(r"[^\W\d_]+|\d+")
_WORD = re.compile(r"[^\W_]+")
_NEARLY = 0.45
"""Share of trigrams that a misspelt word has in common with the one that was meant."""


def words_of_name(name: str) -> set[str]:
    """Cut a channel or device name: ``SR:S02:HCM03`` gives sr, s02, s, hcm03, hcm, 03 and 3."""
    found: set[str] = set()
    for chunk in _WORD.findall(name.lower()):
        found.add(chunk)
        found.update(_PIECE.findall(chunk))
    found.update(piece.lstrip("0") for piece in tuple(found) if piece.isdigit())
    found.discard("")
    return found


def words_of_text(text: str) -> set[str]:
    """Cut a description or a query into singular lower-case words."""
    return {stem(word) for word in _WORD.findall(text.lower())}


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


class WordIndex:
    """Postings of one set of records; positions are their places in it."""

    def __init__(self, records: Sequence[ChannelRecord]) -> None:
        self._size = len(records)
        self._postings: dict[str, list[int]] = {}
        self._described: dict[str, list[int]] = {}
        self._trigrams: dict[str, set[str]] | None = None
        for place, record in enumerate(records):
            self._add(place, record)

    def _add(self, place: int, record: ChannelRecord) -> None:
        kind = words_of_kind(record.family, tuple(record.family_words), record.quantity, record.role)
        words = words_of_name(record.name) | words_of_name(record.device)
        for alias in record.aliases:
            words |= words_of_name(alias)
        words |= kind
        for word in words:
            self._postings.setdefault(word, []).append(place)
        for word in words_of_text(record.description) - words:
            self._described.setdefault(word, []).append(place)

    def find_all(self, words: Iterable[str], *, with_descriptions: bool) -> list[int]:
        """Give the places of the records that have every one of the words, in order."""
        found: set[int] | None = None
        for word in words:
            places = set(self._postings.get(word, ()))
            if with_descriptions:
                places.update(self._described.get(word, ()))
            found = places if found is None else found & places
        return sorted(found or ())

    def has(self, word: str) -> bool:
        """True if any record has the word, in its fields or its description."""
        return word in self._postings or word in self._described

    def rank(self, words: Sequence[str]) -> dict[int, tuple[float, float]]:
        """Give ``(share of the words found, weight)`` of every record that has at least one of them."""
        shares: dict[int, float] = {}
        weights: dict[int, float] = {}
        for word in words:
            for place, strength in self._strengths(word).items():
                shares[place] = shares.get(place, 0.0) + min(strength, 1.0)
                weights[place] = weights.get(place, 0.0) + strength * self._rarity(word)
        return {place: (share / len(words), weights[place]) for place, share in shares.items()}

    def _strengths(self, word: str) -> dict[int, float]:
        spellings = {word: 1.0} if self.has(word) else dict(self.nearly(word))
        strengths: dict[int, float] = {}
        for spelling, likeness in spellings.items():
            for place in self._described.get(spelling, ()):
                strengths[place] = max(strengths.get(place, 0.0), 0.9 * likeness)
            for place in self._postings.get(spelling, ()):
                strengths[place] = max(strengths.get(place, 0.0), likeness)
        return strengths

    def _rarity(self, word: str) -> float:
        count = len(self._postings.get(word, ())) + len(self._described.get(word, ()))
        return math.log(1 + self._size / (1 + count))

    def nearly(self, word: str, limit: int = 5) -> list[tuple[str, float]]:
        """Give known words that share most trigrams with one that is not known, best first."""
        grams = _trigrams(word)
        shared: dict[str, int] = {}
        index = self._gram_index()
        for gram in grams:
            for known in index.get(gram, ()):
                shared[known] = shared.get(known, 0) + 1
        likenesses = [(known, 2 * count / (len(grams) + len(_trigrams(known)))) for known, count in shared.items()]
        close = [pair for pair in likenesses if pair[1] >= _NEARLY]
        return sorted(close, key=lambda pair: (-pair[1], pair[0]))[:limit]

    def _gram_index(self) -> dict[str, set[str]]:
        if self._trigrams is None:
            self._trigrams = {}
            for word in self._postings.keys() | self._described.keys():
                for gram in _trigrams(word):
                    self._trigrams.setdefault(gram, set()).add(word)
        return self._trigrams


def _trigrams(word: str) -> frozenset[str]:
    padded = f"  {word} "
    return frozenset(padded[i : i + 3] for i in range(len(padded) - 2))
