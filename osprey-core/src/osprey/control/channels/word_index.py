"""Search by words: exact words, what they imply, beginnings of words, and words that are nearly right."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from attrs import frozen

from osprey.control.channels.bitset import bits_below, counted, members
from osprey.control.channels.shelf import Shelf
from osprey.control.channels.spelling import close_spellings, likeness_of_slip
from osprey.control.channels.tables import Kind
from osprey.control.channels.words import trigrams

_NEARLY: Final = 0.45
"""Share of trigrams that a misspelt word has in common with the one that was meant."""
_BEGINNING: Final = 0.8
"""How much the beginning of a word is worth, beside the whole of it."""
_MOST_BEGUN: Final = 12
_MOST_WORDS: Final = 12
"""Of a longer query the rarest words decide."""
_ENOUGH: Final = 0.6
"""A result has at least this share of what the best one has of the query's words."""
_NEARLY_ALL: Final = 0.85


@frozen
class Level:
    """The channels that have a word equally well."""

    strength: float
    bits: int


@frozen
class Ranked:
    """Channels with equal scores."""

    share: float
    """Of the query's words."""
    weight: float
    """The sum of what was found of each word, times how rare the word is."""
    bits: int


class WordIndex:
    """The words of one shelf."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def places(self, word: str, *, with_descriptions: bool = True) -> int:
        """Give the channels that have exactly this word."""
        plain = self._shelf.numbers(Kind.WORD, word)
        return plain | self._shelf.numbers(Kind.TOLD, word) if with_descriptions else plain

    def find_all(self, words: Iterable[str], *, with_descriptions: bool) -> int:
        """Give the channels that have every one of the words; none for no words."""
        found: int | None = None
        for word in words:
            places = self.places(word, with_descriptions=with_descriptions)
            found = places if found is None else found & places
            if not found:
                return 0
        return found or 0

    def has(self, word: str) -> bool:
        """True if any channel has the word, in its fields or its description."""
        return bool(self._shelf.known_words([word]))

    def rank(self, words: Sequence[str], among: int | None = None) -> list[Ranked]:
        """Give the channels that have enough of the words, in groups of equal scores.

        With nearly every word found somewhere, a channel that lacks one of them is not meant.

        :param among: only these channels; None: all.
        """
        everything = bits_below(len(self._shelf)) if among is None else among
        terms = sorted((self._term(word, everything) for word in words), key=lambda term: term.spread)[:_MOST_WORDS]
        found = list(_Search(terms).run(everything)) if terms else []
        best = max((group.share for group in found), default=0.0)
        least = _least_share(best)
        return [group for group in found if 0 < group.share >= least]

    def nearly(self, word: str, limit: int = 5, least: float = _NEARLY) -> list[tuple[str, float]]:
        """Give known words that are spelt most like one that is not known, best first, each with its likeness.

        Words with most groups of three letters in common come first, then those that one slip makes of it.
        """
        grams = trigrams(word)
        counts = counted(self._shelf.numbers(Kind.GRAM, gram) for gram in sorted(grams))
        found = dict(islice(self._with_grams(counts, len(grams), least), limit))
        for known in self._shelf.known_words(close_spellings(word)):
            found[known] = max(found.get(known, 0.0), likeness_of_slip(known))
        return sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))[:limit]

    def _with_grams(self, counts: Sequence[int], size: int, least: float) -> Iterator[tuple[str, float]]:
        lengths = {int(key): self._shelf.numbers(Kind.GRAM_COUNT, key) for key in self._shelf.keys(Kind.GRAM_COUNT)}
        steps = [
            (2 * shared / (size + length), shared, length)
            for shared in range(1, len(counts))
            for length in lengths
            if length >= shared and counts[shared] & lengths[length]
        ]
        for likeness in sorted({step[0] for step in steps if step[0] >= least}, reverse=True):
            alike = 0
            for _, shared, length in (step for step in steps if step[0] == likeness):
                alike |= counts[shared] & lengths[length]
            # Words are numbered by the alphabet, which settles the order of equals.
            yield from ((self._shelf.word(number), likeness) for number in members(alike))

    def _term(self, word: str, everything: int) -> _Term:
        spellings = {word: 1.0} if self.has(word) else self._meant(word)
        strengths: dict[float, int] = {}
        for spelling, likeness in spellings.items():
            for bits, strength in (
                (self._shelf.numbers(Kind.WORD, spelling), likeness),
                (self._shelf.numbers(Kind.TOLD, spelling), 0.9 * likeness),
            ):
                strengths[strength] = strengths.get(strength, 0) | bits & everything
        own = self.places(word).bit_count()
        rarity = math.log(1 + len(self._shelf) / (1 + own))
        levels = tuple(_disjoint(strengths))
        return _Term(levels=levels, rarity=rarity, spread=sum(level.bits.bit_count() for level in levels))

    def _meant(self, word: str) -> dict[str, float]:
        begun = self._shelf.words_beginning(word, _MOST_BEGUN) if len(word) > 2 else []
        meant = dict.fromkeys(begun, _BEGINNING)
        for spelling, likeness in self.nearly(word):
            meant[spelling] = max(meant.get(spelling, 0.0), likeness)
        return meant


@frozen(kw_only=True)
class _Term:
    """A word of the query: who has it how well."""

    levels: tuple[Level, ...]
    rarity: float
    spread: int


def _disjoint(strengths: dict[float, int]) -> Iterator[Level]:
    """Give each channel its best strength only, the best first."""
    taken = 0
    for strength in sorted(strengths, reverse=True):
        bits = strengths[strength] & ~taken
        if bits:
            yield Level(strength, bits)
        taken |= bits


def _least_share(best: float) -> float:
    return _NEARLY_ALL if best >= _NEARLY_ALL else _ENOUGH * best


class _Search:
    """Splits all channels by one word after the other, and drops what cannot be among the results any more."""

    def __init__(self, terms: Sequence[_Term]) -> None:
        self._terms = terms
        strongest = [max((level.strength for level in term.levels), default=0.0) for term in terms]
        self._left = [sum(strongest[number:]) for number in range(len(terms) + 1)]
        self._best = 0.0

    def run(self, everything: int) -> Iterator[Ranked]:
        return self._split(0, 0.0, 0.0, everything)

    def _split(self, number: int, sum_: float, weight: float, bits: int) -> Iterator[Ranked]:
        size = len(self._terms)
        # Rounding must not drop a share that is just enough.
        if (sum_ + self._left[number]) / size < _least_share(self._best) - 1e-9:
            return
        if number == size:
            self._best = max(self._best, sum_ / size)
            yield Ranked(sum_ / size, weight, bits)
            return
        term = self._terms[number]
        for level in term.levels:
            with_it = bits & level.bits
            if with_it:
                bits &= ~with_it
                yield from self._split(
                    number + 1, sum_ + level.strength, weight + level.strength * term.rarity, with_it
                )
        if bits:
            yield from self._split(number + 1, sum_, weight, bits)
