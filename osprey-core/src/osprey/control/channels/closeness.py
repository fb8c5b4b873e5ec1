"""The names most like one that does not exist."""

from __future__ import annotations

import difflib
import heapq
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from attrs import frozen

from osprey.control.channels.bitset import counted, first_members, members
from osprey.control.channels.shelf import Shelf
from osprey.control.channels.tables import Kind
from osprey.control.channels.words import chunks_of, words_of_name

if TYPE_CHECKING:
    from osprey.control.channels.word_index import WordIndex

_FEW: Final = 150
"""So many names are compared letter by letter in a few milliseconds."""
_SPELLINGS: Final = 30
_REMOTELY: Final = 0.3
_LEAST: Final = 0.5


@frozen
class Names:
    """The names of a directory: of its channels, or of its devices."""

    shelf: Shelf
    index: WordIndex
    is_channel: bool

    def worth_comparing(self, wanted: str) -> set[str]:
        """Give the names that share most pieces with the wanted one; all of them if they are few."""
        if len(self.shelf) <= _FEW:
            return set(self._names(range(len(self.shelf))))
        pieces = [self._pieces(chunk) for chunk in dict.fromkeys(chunks_of(wanted))]
        found: set[str] = set()
        for alike in reversed(counted(pieces)):
            places = members(alike) if not self.is_channel else first_members(alike, _FEW)
            for name in self._names(places):
                found.add(name)
                if len(found) >= _FEW:
                    return found
        return found

    def _pieces(self, chunk: str) -> int:
        """Give the channels with this piece in their names, or where no channel has it, one spelt like it."""
        places = self.index.places(chunk, with_descriptions=False)
        if places:
            return places
        for known, _ in self.index.nearly(chunk, _SPELLINGS, _REMOTELY):
            places |= self.shelf.numbers(Kind.WORD, known)
        return places

    def _names(self, places: Iterable[int]) -> Iterator[str]:
        for place in places:
            record = self.shelf.record(place)
            if self.is_channel:
                yield from (record.name, *record.aliases)
            elif record.device:
                yield record.device


def closest_names(wanted: str, names: Names, limit: int) -> list[str]:
    """Give the names most like the wanted one, best first; none that has little in common with it."""
    words = words_of_name(wanted)
    # The second text is the one that a matcher prepares once.
    matcher = difflib.SequenceMatcher(None, "", wanted, autojunk=False)
    bounds: list[tuple[float, float, str]] = []
    for name in names.worth_comparing(wanted):
        matcher.set_seq1(name.casefold())
        # The same letters with another number are closer than the same number with other letters.
        bonus = 0.05 if any(word.isalpha() for word in words & words_of_name(name)) else 0.0
        if (bound := matcher.quick_ratio() + bonus) >= _LEAST:
            bounds.append((-bound, bonus, name))
    best: list[tuple[float, str]] = []
    for bound, bonus, name in sorted(bounds):
        # The quick ratio is never below the real one: from here on no name can be among the best.
        if len(best) == limit and -bound < -best[-1][0]:
            break
        matcher.set_seq1(name.casefold())
        likeness = matcher.ratio() + bonus
        if likeness >= _LEAST:
            best = heapq.nsmallest(limit, [*best, (-likeness, name)])
    return [name for _, name in best]
