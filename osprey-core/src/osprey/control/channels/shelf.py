"""Where a directory's channels stand: in memory, for a list that was just read or that a connector gave."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Protocol

from osprey.control.channels.bitset import bits_of
from osprey.control.channels.tables import NAMING, Kind, Table, naming_tables, searching_tables
from osprey.control.values import ChannelRecord


class Shelf(Protocol):
    """A list of channels with its look-up tables."""

    def __len__(self) -> int: ...

    def record(self, place: int) -> ChannelRecord:
        """Give the channel at a place of the list."""
        ...

    def records(self) -> Iterator[ChannelRecord]:
        """Give all channels, in order."""
        ...

    def numbers(self, kind: Kind, key: str) -> int:
        """Give what a table has for a key, as a bit set; empty if it does not have the key."""
        ...

    def places(self, kind: Kind, key: str) -> Sequence[int]:
        """Give the same one by one, the least first: for names, which have few."""
        ...

    def keys(self, kind: Kind) -> list[str]:
        """Give all keys of a table."""
        ...

    def has_keys(self, kind: Kind) -> bool:
        """Tell whether a table has any key at all."""
        ...

    def word(self, number: int) -> str:
        """Give a word by its number."""
        ...

    def known_words(self, words: Iterable[str]) -> list[str]:
        """Give those words that some channel has."""
        ...

    def words_beginning(self, prefix: str, limit: int) -> list[str]:
        """Give the first words, in the alphabet's order, that begin so."""
        ...


class MemoryShelf:
    """Channels in memory; each half of the tables is built when it is first asked."""

    def __init__(self, records: Iterable[ChannelRecord]) -> None:
        self._records: Sequence[ChannelRecord] = tuple(records)

    def __len__(self) -> int:
        return len(self._records)

    def record(self, place: int) -> ChannelRecord:
        return self._records[place]

    def records(self) -> Iterator[ChannelRecord]:
        return iter(self._records)

    def numbers(self, kind: Kind, key: str) -> int:
        return bits_of(self.table(kind).get(key, ()))

    def places(self, kind: Kind, key: str) -> Sequence[int]:
        return self.table(kind).get(key, ())

    def keys(self, kind: Kind) -> list[str]:
        return list(self.table(kind))

    def has_keys(self, kind: Kind) -> bool:
        return bool(self.table(kind))

    def word(self, number: int) -> str:
        return self.words[number]

    def known_words(self, words: Iterable[str]) -> list[str]:
        plain, told = self.table(Kind.WORD), self.table(Kind.TOLD)
        return [word for word in words if word in plain or word in told]

    def words_beginning(self, prefix: str, limit: int) -> list[str]:
        start = bisect_left(self.words, prefix)
        return [word for word in self.words[start : start + limit] if word.startswith(prefix)]

    def table(self, kind: Kind) -> Table:
        """Give a whole table, for writing it down."""
        return self._naming[kind] if kind in NAMING else self._searching[kind]

    @cached_property
    def words(self) -> list[str]:
        """All words, in the alphabet's order: a word's number is its place here."""
        return sorted(self.table(Kind.WORD).keys() | self.table(Kind.TOLD).keys())

    @cached_property
    def _naming(self) -> dict[Kind, Table]:
        return naming_tables(self._records)

    @cached_property
    def _searching(self) -> dict[Kind, Table]:
        return searching_tables(self._records)
