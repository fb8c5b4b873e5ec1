"""The channels of a target as people know them: found by name, by kind and place, or by words."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Sequence
from functools import cached_property

from osprey.control.channels.word_index import WordIndex, words_of_name, words_of_quantity
from osprey.control.values import ChannelRecord
from osprey.models.phrasebook import stem

_VALUE_FIELD = ".VAL"
_SECTOR = re.compile(r"\bsectors?\s+(\d{1,3}(?:(?:\s*(?:,|and|&)\s*)\d{1,3})*)|\bs(\d{2})\b", re.IGNORECASE)
_WORDLESS = frozenset(
    """
    a an and are channel channels device devices every find for give in is list measure measures me of on
    or pv pvs search sector show signal signals that the there what where which with all at to
    """.split()  # noqa: SIM905 - a list of forty quoted words would be harder to read
)
_ROLE_ORDER = {"readback": 0, "computed": 1, "setpoint": 2, "status": 3}
_ENOUGH = 0.6
"""A result has at least this share of what the best one has of the query's words."""


class ChannelDirectory:
    """What a target's channels are called, where they are and what they measure."""

    def __init__(self, records: Iterable[ChannelRecord]) -> None:
        self.records = tuple(records)
        self._by_name = {record.name: record for record in self.records}
        self._by_alias: dict[str, ChannelRecord] = {}
        self._by_device: dict[str, list[ChannelRecord]] = {}
        for record in self.records:
            for alias in record.aliases:
                self._by_alias.setdefault(alias, record)
            if record.device:
                self._by_device.setdefault(record.device.casefold(), []).append(record)

    def __len__(self) -> int:
        return len(self.records)

    @cached_property
    def _index(self) -> WordIndex:
        return WordIndex(self.records)

    @cached_property
    def sectors(self) -> tuple[int, ...]:
        """The sectors that have channels, in order."""
        return tuple(sorted({record.sector for record in self.records if record.sector is not None}))

    @cached_property
    def devices(self) -> tuple[str, ...]:
        """The names of all devices, in the order of the records."""
        return tuple(dict.fromkeys(record.device for record in self.records if record.device))

    def get(self, name: str) -> ChannelRecord | None:
        """Give the channel of a name or an alias, with or without ``.VAL``; None if there is none."""
        plain = name.removesuffix(_VALUE_FIELD)
        return self._by_name.get(plain) or self._by_alias.get(plain)

    def named(self, name: str) -> list[ChannelRecord]:
        """Give the channel of an exact name or alias, else the channels of a device of this name.

        Upper and lower case and blanks make no difference where one thing alone can be meant.
        """
        exact = self.get(name)
        if exact is not None:
            return [exact]
        folded = _fold(name)
        return self.device(folded) or list(self._by_folded_name.get(folded, ()))

    def nearly_named(self, name: str) -> tuple[str, ...]:
        """Give the devices whose name differs only in leading zeros: ``HCM3`` for ``HCM03``."""
        return self._by_short_name.get(_shorten(name), ())

    @cached_property
    def _by_folded_name(self) -> dict[str, tuple[ChannelRecord, ...]]:
        folded: dict[str, dict[str, ChannelRecord]] = {}
        for name, record in [*self._by_name.items(), *self._by_alias.items()]:
            folded.setdefault(_fold(name), {})[record.name] = record
        return {name: tuple(records.values()) for name, records in folded.items()}

    @cached_property
    def _by_short_name(self) -> dict[str, tuple[str, ...]]:
        short: dict[str, list[str]] = {}
        for device in self.devices:
            short.setdefault(_shorten(device), []).append(device)
        return {name: tuple(devices) for name, devices in short.items()}

    def device(self, name: str) -> list[ChannelRecord]:
        """Give the channels of a device; upper and lower case are the same here."""
        return list(self._by_device.get(name.casefold(), ()))

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
        records: Sequence[ChannelRecord] = self.records if device is None else self.device(device)
        return [
            record
            for record in records
            if (family is None or record.family == family)
            and (sector is None or record.sector == sector)
            and (quantity is None or record.quantity == quantity)
            and (role is None or record.role == role)
        ]

    def matching(
        self, words: Iterable[str], *, sectors: Collection[int] = (), with_descriptions: bool = False
    ) -> list[ChannelRecord]:
        """Give the channels that have every word in name, device, family or quantity.

        Where a word is the quantity of some of them, as `current` in `beam current`, only those are given.
        """
        stems = [stem(word.lower()) for word in words]
        places = self._index.find_all(stems, with_descriptions=with_descriptions)
        found = [self.records[place] for place in places]
        if sectors:
            found = [record for record in found if record.sector in sectors]
        for word in stems:
            found = [r for r in found if word in words_of_quantity(r.quantity)] or found
        return found

    def knows(self, word: str) -> bool:
        """True if some channel has this word."""
        return self._index.has(stem(word.lower()))

    def search(self, text: str, *, limit: int = 10) -> list[ChannelRecord]:
        """Give the channels that fit a query in words best, best first; forgives misspelling.

        A sector in the query (``sector 4``, ``S04``) excludes the others; a name gives its channel first.
        """
        exact = self.get(text.strip())
        if exact is not None:
            return [exact]
        sectors = _sectors_of(text)
        words = _query_words(text, sectors)
        if not words:
            return self._in_sectors(sectors)[:limit]
        ranked = self._ranked(words, sectors)
        return [self.records[place] for place in ranked[:limit]]

    def _in_sectors(self, sectors: Collection[int]) -> list[ChannelRecord]:
        return [record for record in self.records if record.sector in sectors]

    def _ranked(self, words: Sequence[str], sectors: Collection[int]) -> list[int]:
        scores = self._index.rank(words)
        if sectors:
            scores = {p: score for p, score in scores.items() if self.records[p].sector in sectors}
        if not scores:
            return []
        best = max(share for share, _ in scores.values())
        # With every word found somewhere, a channel that lacks one of them is not meant.
        least = 0.85 if best >= 0.85 else _ENOUGH * best
        places = [place for place, (share, _) in scores.items() if share >= least]
        return sorted(places, key=lambda place: self._order(place, scores[place], words))

    def _order(self, place: int, score: tuple[float, float], words: Sequence[str]) -> tuple[float, ...]:
        record = self.records[place]
        share, weight = score
        quantity = words_of_quantity(record.quantity)
        measured = sum(word in quantity for word in words)
        role = _ROLE_ORDER.get(record.role, 4)
        return (-round(share, 2), -measured, -round(weight, 2), role, place)

    def closest(self, name: str, limit: int = 3) -> list[str]:
        """Give the device and channel names most like one that does not exist, best first."""
        wanted = name.strip().casefold()
        near = {known for piece in words_of_name(name) for known, _ in self._index.nearly(piece)}
        near |= words_of_name(name)
        candidates = self._names_with(near, wanted)
        ranked = sorted(candidates, key=lambda candidate: _likeness(wanted, candidate), reverse=True)
        return [candidate for candidate in ranked[:limit] if _likeness(wanted, candidate) >= 0.5]

    def _names_with(self, words: Collection[str], wanted: str) -> list[str]:
        """Give the names worth comparing: those that share a word, all if the directory is small."""
        # A channel's name is compared only with channels' names, a device's with devices'.
        is_channel = ":" in wanted or "/" in wanted or not self.devices
        names = [*self._by_name, *self._by_alias] if is_channel else list(self.devices)
        if len(names) <= 5000:
            return names
        return [name for name in names if words_of_name(name) & set(words)]


def _fold(name: str) -> str:
    return "".join(name.removesuffix(_VALUE_FIELD).split()).casefold()


def _shorten(name: str) -> str:
    return re.sub(r"(?<!\d)0+(?=\d)", "", _fold(name))


def _likeness(wanted: str, candidate: str) -> float:
    matcher = difflib.SequenceMatcher(None, wanted, candidate.casefold(), autojunk=False)
    # The same letters with another number are closer than the same number with other letters.
    same_kind = words_of_name(wanted) & words_of_name(candidate)
    return matcher.ratio() + (0.05 if any(word.isalpha() for word in same_kind) else 0.0)


def _sectors_of(text: str) -> set[int]:
    sectors: set[int] = set()
    for numbers, short in _SECTOR.findall(text):
        sectors.update(int(number) for number in re.findall(r"\d+", numbers or short))
    return sectors


def _query_words(text: str, sectors: Collection[int]) -> list[str]:
    plain = _SECTOR.sub(" ", text) if sectors else text
    words = {stem(word) for word in re.findall(r"[^\W_]+", plain.lower()) if word not in _WORDLESS}
    return sorted(words)
