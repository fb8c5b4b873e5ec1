"""The levels by which a list of channels is narrowed: those of its own tree, or kinds and places."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from attrs import frozen

from osprey.control.channels.words import chunks_of, words_of_name, words_of_text
from osprey.control.values import ChannelRecord
from osprey.models.phrasebook import implied

_DEEPEST: Final = 12


@frozen(kw_only=True)
class Level:
    """One question on the way down: what it is about, and what a channel answers."""

    name: str
    key_of: Callable[[ChannelRecord], str]
    words_of: Callable[[ChannelRecord], frozenset[str]]
    """Under which words its key is known, beyond the key itself."""


def tree_levels(records: Sequence[ChannelRecord]) -> tuple[Level, ...]:
    """Give the levels of the facility's own tree; where its list is none, sector, family, device and function."""
    depth = min(max((len(record.way) for record in records), default=0), _DEEPEST)
    if depth:
        return tuple(_way_level(number) for number in range(depth))
    return (SECTOR, FAMILY, DEVICE, FUNCTION)


def _way_level(number: int) -> Level:
    def key_of(record: ChannelRecord) -> str:
        return record.way[number] if number < len(record.way) else ""

    def words_of(record: ChannelRecord) -> frozenset[str]:
        key = key_of(record)
        kin = words_of_family(record) if key == record.family else frozenset[str]()
        return kin | (words_of_function(record) if number == len(record.way) - 1 else frozenset[str]())

    return Level(name=f"level {number + 1}", key_of=key_of, words_of=words_of)


def words_of_family(record: ChannelRecord) -> frozenset[str]:
    """Give the words under which people look for a family."""
    words = set[str]()
    for told in record.family_words:
        words |= words_of_text(told)
    return implied(words | words_of_name(record.family))


def words_of_function(record: ChannelRecord) -> frozenset[str]:
    """Give the words for what a channel measures or sets."""
    return implied(words_of_text(record.quantity.replace("_", " ")) | {record.role})


def _no_words(record: ChannelRecord) -> frozenset[str]:
    return frozenset()


def _function_of(record: ChannelRecord) -> str:
    return f"{record.quantity or 'value'} {record.role}"


SECTOR: Final = Level(
    name="sector",
    key_of=lambda record: "" if record.sector is None else f"sector {record.sector}",
    words_of=_no_words,
)
FAMILY: Final = Level(name="family", key_of=lambda record: record.family, words_of=words_of_family)
DEVICE: Final = Level(name="device", key_of=lambda record: record.device, words_of=_no_words)
FUNCTION: Final = Level(name="function", key_of=_function_of, words_of=words_of_function)
MIDDLE_LAYER: Final = (FAMILY, FUNCTION, SECTOR, DEVICE)


def keys_of(records: Iterable[ChannelRecord], level: Level) -> dict[str, list[ChannelRecord]]:
    """Group channels by their key at a level, in the order of the list."""
    groups: dict[str, list[ChannelRecord]] = {}
    for record in records:
        groups.setdefault(level.key_of(record), []).append(record)
    return groups


def named_keys(query_words: frozenset[str], groups: dict[str, list[ChannelRecord]], level: Level) -> list[str]:
    """Give the keys that the words of a request name best; all of them if they name none.

    A key in which more of the request's words are found goes before one in which fewer are.
    """
    scores = {key: _score(query_words, key, group, level) for key, group in groups.items()}
    best = max(scores.values(), default=0)
    return [key for key, score in scores.items() if score == best]


def _score(query_words: frozenset[str], key: str, group: Sequence[ChannelRecord], level: Level) -> int:
    if not key:
        return 0
    own = frozenset(chunks_of(key)) | words_of_name(key)
    # 'sector 4' is named by its number alone where the request says 'sector 4'; a bare number names nothing.
    words = own - {word for word in own if word.isdigit()} if level.name == "sector" else own
    return len(query_words & (words | level.words_of(group[0]) | _told_of_all(group)))


def _told_of_all(group: Sequence[ChannelRecord]) -> frozenset[str]:
    """Give the words that the descriptions of all channels below a key share: those are about the key."""
    some = (group[0], group[len(group) // 3], group[2 * len(group) // 3], group[-1])
    first, *others = (words_of_text(record.description) for record in some)
    return frozenset(first.intersection(*others))
