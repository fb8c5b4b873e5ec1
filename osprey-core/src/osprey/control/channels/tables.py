"""The look-up tables of one list of channels: from a name, a word, a device, a sector to places in the list."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from osprey.control.channels.words import trigrams, words_of_kind, words_of_name, words_of_quantity, words_of_text
from osprey.control.values import ChannelRecord

VALUE_FIELD: Final = ".VAL"
_LEADING_ZEROS: Final = re.compile(r"(?<!\d)0+(?=\d)")


class Kind(StrEnum):
    """What the keys of a table are; the numbers are places of channels unless it says otherwise."""

    NAME = "name"
    """Names and aliases, folded."""
    DEVICE = "device"
    """Device names in lower case."""
    SHORT_DEVICE = "short_device"
    """Device names without leading zeros; each device is the place of its first channel."""
    SECTOR = "sector"
    FAMILY = "family"
    QUANTITY = "quantity"
    ROLE = "role"
    WORD = "word"
    """Words of name, device, aliases and kind."""
    TOLD = "told"
    """Words that stand in the description alone."""
    MEASURED = "measured"
    """Words for what is measured or set."""
    GRAM = "gram"
    """Groups of three letters; the numbers are those of words in the alphabet's order."""
    GRAM_COUNT = "gram_count"
    """How many such groups a word has; the numbers are those of words."""


Table = dict[str, list[int]]

NAMING: Final = (Kind.NAME, Kind.DEVICE, Kind.SHORT_DEVICE)
SEARCHING: Final = tuple(kind for kind in Kind if kind not in NAMING)


def fold(name: str) -> str:
    """Give a name without blanks, letter case and value field: what makes no difference between names."""
    return "".join(name.removesuffix(VALUE_FIELD).split()).casefold()


def shorten(name: str) -> str:
    """Give a folded name without leading zeros in its numbers."""
    return _LEADING_ZEROS.sub("", fold(name))


def naming_tables(records: Sequence[ChannelRecord]) -> dict[Kind, Table]:
    """Build what finds a channel by a name."""
    names: Table = {}
    devices: Table = {}
    short: Table = {}
    for place, record in enumerate(records):
        for name in {fold(record.name), *map(fold, record.aliases)}:
            names.setdefault(name, []).append(place)
        if record.device:
            places = devices.setdefault(record.device.casefold(), [])
            if not any(records[other].device == record.device for other in places[-1:]):
                _note_device(short, records, record.device, place)
            places.append(place)
    return {Kind.NAME: names, Kind.DEVICE: devices, Kind.SHORT_DEVICE: short}


def _note_device(short: Table, records: Sequence[ChannelRecord], device: str, place: int) -> None:
    known = short.setdefault(shorten(device), [])
    if all(records[other].device != device for other in known):
        known.append(place)


def searching_tables(records: Sequence[ChannelRecord]) -> dict[Kind, Table]:
    """Build what finds channels by words, places and kinds."""
    tables: dict[Kind, Table] = {kind: {} for kind in SEARCHING}
    words, told, measured = tables[Kind.WORD], tables[Kind.TOLD], tables[Kind.MEASURED]
    for place, record in enumerate(records):
        found = _words_of(record)
        for word in found:
            words.setdefault(word, []).append(place)
        for word in words_of_text(record.description) - found:
            told.setdefault(word, []).append(place)
        for word in words_of_quantity(record.quantity):
            measured.setdefault(word, []).append(place)
        _add_facets(tables, place, record)
    for number, word in enumerate(sorted(words.keys() | told.keys())):
        grams = trigrams(word)
        tables[Kind.GRAM_COUNT].setdefault(str(len(grams)), []).append(number)
        for gram in grams:
            tables[Kind.GRAM].setdefault(gram, []).append(number)
    return tables


def _words_of(record: ChannelRecord) -> set[str]:
    words = words_of_name(record.name) | words_of_name(record.device)
    for alias in record.aliases:
        words |= words_of_name(alias)
    return words | words_of_kind(record.family, tuple(record.family_words), record.quantity, record.role)


def _add_facets(tables: dict[Kind, Table], place: int, record: ChannelRecord) -> None:
    sector = "" if record.sector is None else str(record.sector)
    facets = ((Kind.SECTOR, sector), (Kind.FAMILY, record.family), (Kind.QUANTITY, record.quantity))
    for kind, key in (*facets, (Kind.ROLE, record.role)):
        tables[kind].setdefault(key, []).append(place)
