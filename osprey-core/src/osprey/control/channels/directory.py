"""The channels of a target as people know them: found by name, by kind and place, or by words."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice

from attrs import frozen

from osprey.control.channels.bitset import bits_below, members
from osprey.control.channels.closeness import Names, closest_names
from osprey.control.channels.shelf import MemoryShelf, Shelf
from osprey.control.channels.tables import VALUE_FIELD, Kind, fold, shorten
from osprey.control.channels.word_index import Ranked, WordIndex
from osprey.control.values import ChannelRecord
from osprey.models.phrasebook import stem

_SECTOR = re.compile(r"\bsectors?\s+(\d{1,3}(?:(?:\s*(?:,|and|&)\s*)\d{1,3})*)|\bs(\d{2})\b", re.IGNORECASE)
_WORDLESS = frozenset(
    """
    a an and are channel channels device devices every find for give in is list measure measures me of on
    or pv pvs search sector show signal signals that the there what where which with all at to
    """.split()  # noqa: SIM905 - a list of forty quoted words would be harder to read
)
_ROLE_ORDER = ("readback", "computed", "setpoint", "status")


@frozen(kw_only=True)
class SearchResult:
    """What a search found: the best channels, and how many there are."""

    records: tuple[ChannelRecord, ...]
    count: int


class ChannelDirectory:
    """What a target's channels are called, where they are and what they measure."""

    def __init__(self, records: Iterable[ChannelRecord] | Shelf) -> None:
        # A shelf has its tables already; a plain list gets them when they are first asked.
        self._shelf: Shelf = MemoryShelf(records) if isinstance(records, Iterable) else records
        self._index = WordIndex(self._shelf)
        self._is_filled = len(self._shelf) > 0

    @property
    def records(self) -> tuple[ChannelRecord, ...]:
        """All channels, in order; of a long list, ask for fewer."""
        return tuple(self._shelf.records())

    def __len__(self) -> int:
        return len(self._shelf)

    @cached_property
    def sectors(self) -> tuple[int, ...]:
        """The sectors that have channels, in order."""
        return tuple(sorted(int(key) for key in self._shelf.keys(Kind.SECTOR) if key))

    @cached_property
    def devices(self) -> tuple[str, ...]:
        """The names of all devices, in the order of the records."""
        firsts = (self._shelf.places(Kind.SHORT_DEVICE, key) for key in self._shelf.keys(Kind.SHORT_DEVICE))
        return tuple(self._shelf.record(place).device for place in sorted(p for places in firsts for p in places))

    def get(self, name: str) -> ChannelRecord | None:
        """Give the channel of a name or an alias, with or without ``.VAL``; None if there is none."""
        if not self._is_filled:
            return None
        plain = name.removesuffix(VALUE_FIELD)
        alike = self._at(Kind.NAME, fold(name))
        return next((r for r in alike if r.name == plain), None) or next((r for r in alike if plain in r.aliases), None)

    def named(self, name: str) -> list[ChannelRecord]:
        """Give the channel of an exact name or alias, else the channels of a device of this name.

        Upper and lower case and blanks make no difference where one thing alone can be meant.
        """
        exact = self.get(name)
        if exact is not None:
            return [exact]
        folded = fold(name)
        return self.device(folded) or self._at(Kind.NAME, folded)

    def nearly_named(self, name: str) -> tuple[str, ...]:
        """Give the devices whose name differs only in leading zeros: ``HCM3`` for ``HCM03``."""
        return tuple(r.device for r in self._at(Kind.SHORT_DEVICE, shorten(name)))

    def device(self, name: str) -> list[ChannelRecord]:
        """Give the channels of a device; upper and lower case are the same here."""
        return self._at(Kind.DEVICE, name.casefold())

    def select(
        self,
        *,
        family: str | None = None,
        sector: int | None = None,
        quantity: str | None = None,
        role: str | None = None,
        device: str | None = None,
    ) -> list[ChannelRecord]:
        """Give the channels that fit every criterion, in the order of the records."""
        keys = (
            (Kind.FAMILY, family),
            (Kind.SECTOR, None if sector is None else str(sector)),
            (Kind.QUANTITY, quantity),
            (Kind.ROLE, role),
            (Kind.DEVICE, None if device is None else device.casefold()),
        )
        found = bits_below(len(self))
        for kind, key in keys:
            found &= -1 if key is None else self._shelf.numbers(kind, key)
        return self._places(found)

    def matching(
        self, words: Iterable[str], *, sectors: Collection[int] = (), with_descriptions: bool = False
    ) -> list[ChannelRecord]:
        """Give the channels that have every word in name, device, family or quantity.

        Where a word is the quantity of some of them, as `current` in `beam current`, only those are given.
        """
        stems = [stem(word.lower()) for word in words]
        found = self._index.find_all(stems, with_descriptions=with_descriptions)
        if sectors:
            found &= self._in_sectors(sectors)
        for word in stems:
            found = found & self._shelf.numbers(Kind.MEASURED, word) or found
        return self._places(found)

    def knows(self, word: str) -> bool:
        """True if some channel has this word."""
        return self._index.has(stem(word.lower()))

    def search(self, text: str, *, limit: int = 10) -> list[ChannelRecord]:
        """Give the channels that fit a query in words best, best first; forgives misspelling.

        A sector in the query (``sector 4``, ``S04``) excludes the others; a name gives its channel first.
        """
        return list(self.find(text, limit=limit).records)

    def find(self, text: str, *, limit: int = 10) -> SearchResult:
        """Search as `search` does, and count all that was found."""
        exact = self.get(text.strip())
        if exact is not None:
            return SearchResult(records=(exact,)[:limit], count=1)
        sectors = sectors_in(text)
        words = _query_words(text, sectors)
        among = self._in_sectors(sectors) if sectors else None
        if not words:
            return self._result([among or 0], limit)
        groups = self._index.rank(words, among)
        return self._result(self._in_order(groups, words), limit, sum(group.bits.bit_count() for group in groups))

    def closest(self, name: str, limit: int = 3) -> list[str]:
        """Give the device and channel names most like one that does not exist, best first."""
        wanted = name.strip().casefold()
        # A channel's name is compared only with channels' names, a device's with devices'.
        is_channel = ":" in wanted or "/" in wanted or not self._shelf.has_keys(Kind.SHORT_DEVICE)
        return closest_names(wanted, Names(self._shelf, self._index, is_channel=is_channel), limit)

    def _in_sectors(self, sectors: Collection[int]) -> int:
        found = 0
        for sector in sectors:
            found |= self._shelf.numbers(Kind.SECTOR, str(sector))
        return found

    def _in_order(self, groups: Sequence[Ranked], words: Sequence[str]) -> Iterator[int]:
        """Give sets of equals, the best first: share, then what is measured, then weight, then role."""
        for share in sorted({round(group.share, 2) for group in groups}, reverse=True):
            alike = [group for group in groups if round(group.share, 2) == share]
            for measuring in self._by_measured(words):
                for weight in sorted({round(group.weight, 2) for group in alike}, reverse=True):
                    found = _joined(group.bits for group in alike if round(group.weight, 2) == weight) & measuring
                    yield from self._by_role(found) if found else ()

    def _by_measured(self, words: Sequence[str]) -> list[int]:
        """Split all channels by how many of the words name what they measure, most first."""
        counts = [bits_below(len(self))]
        for word in words:
            measured = self._shelf.numbers(Kind.MEASURED, word)
            without = [*(bits & ~measured for bits in counts), 0]
            counts = [bits | more for bits, more in zip(without, [0, *(b & measured for b in counts)], strict=True)]
        return counts[::-1]

    def _by_role(self, found: int) -> Iterator[int]:
        for role in _ROLE_ORDER:
            yield found & self._shelf.numbers(Kind.ROLE, role)
            found &= ~self._shelf.numbers(Kind.ROLE, role)
        yield found

    def _result(self, sets: Iterable[int], limit: int, count: int | None = None) -> SearchResult:
        sets = list(sets) if count is None else sets
        best = islice((place for bits in sets for place in members(bits)), limit)
        counted = sum(bits.bit_count() for bits in sets) if count is None else count
        return SearchResult(records=tuple(map(self._shelf.record, best)), count=counted)

    def _at(self, kind: Kind, key: str) -> list[ChannelRecord]:
        return [self._shelf.record(place) for place in self._shelf.places(kind, key)]

    def _places(self, bits: int) -> list[ChannelRecord]:
        return [self._shelf.record(place) for place in members(bits)]


def _joined(sets: Iterable[int]) -> int:
    joined = 0
    for bits in sets:
        joined |= bits
    return joined


def sectors_in(text: str) -> set[int]:
    """Give the sectors that a text names, such as ``sector 4`` or ``S04``."""
    sectors: set[int] = set()
    for numbers, short in _SECTOR.findall(text):
        sectors.update(int(number) for number in re.findall(r"\d+", numbers or short))
    return sectors


def _query_words(text: str, sectors: Collection[int]) -> list[str]:
    plain = _SECTOR.sub(" ", text) if sectors else text
    words = {stem(word) for word in re.findall(r"[^\W_]+", plain.lower()) if word not in _WORDLESS}
    return sorted(words)
