"""The limits of a target: which rule holds for a channel, and the file they are read from.

Exact names and glob patterns (``*``, ``?``, ``[...]``) may overlap: bounds intersect, and of everything else the
most specific entry wins. An exact name is the most specific; of two patterns it is the one with more literal
characters, then the one with fewer wildcards, then the one further down. Letter case matters, unless the control
system itself makes no difference; then only A to Z and a to z are one, so that no look-alike of another alphabet is.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from attrs import Factory, field, frozen

from osprey.control.limits.limit_entry import LimitEntry, LimitRule, merge_entries
from osprey.control.limits.naming import EPICS_NAMING, Naming

_WILDCARD: Final = re.compile(r"\*|\?|\[.+?\]")
_MOST_REMEMBERED: Final = 65_536


def is_pattern(name: str) -> bool:
    """Tell whether an entry's name has wildcards."""
    return _WILDCARD.search(name) is not None


@frozen
class _Pattern:
    text: str
    matches: re.Pattern[str]
    entry: LimitEntry
    rank: tuple[int, int, int]


@frozen
class Limits:
    """The entries of one limits file; without a file there are none and `sha256` is empty."""

    entries: Mapping[str, LimitEntry] = field(factory=dict[str, LimitEntry])
    """By name or pattern, as the file spells it."""
    defaults: LimitEntry = field(factory=LimitEntry)
    sha256: str = ""
    """Of the file's bytes: it stands in every judgement, document and audit row."""
    path: Path | None = None
    naming: Naming = EPICS_NAMING
    """Which spellings of a name are one."""
    _exact: Mapping[str, tuple[str, LimitEntry]] = field(
        init=False, repr=False, eq=False, default=Factory(lambda limits: _by_name(limits), takes_self=True)
    )
    _patterns: tuple[_Pattern, ...] = field(
        init=False, repr=False, eq=False, default=Factory(lambda limits: _sort_patterns(limits), takes_self=True)
    )
    unlisted: LimitRule = field(
        init=False,
        repr=False,
        eq=False,
        default=Factory(lambda limits: merge_entries([("defaults", limits.defaults)], LimitEntry()), takes_self=True),
    )
    """What holds for a channel that no entry lists, where such a channel may be written at all: the defaults."""
    _found: dict[str, LimitRule | None] = field(init=False, factory=dict[str, LimitRule | None], repr=False, eq=False)

    def rule_for(self, channel: str) -> LimitRule | None:
        """Give the rule of a channel by its canonical name; None if no entry lists it.

        Where ``X`` and ``X.VAL`` are one channel, an entry for either holds for both.
        """
        try:
            return self._found[channel]
        except KeyError:
            if len(self._found) >= _MOST_REMEMBERED:
                self._found.clear()
            rule = self._found[channel] = self._merge(channel)
            return rule

    def has_exact(self, channel: str) -> bool:
        """Tell whether an entry names exactly this, so that no pattern alone opens a record's field."""
        return self.key_of(channel) in self._exact

    def is_same_name(self, one: str, other: str) -> bool:
        """Tell whether two names are one channel: letter case and the value field, where they do not count."""
        return self.key_of(one) == self.key_of(other)

    def matching(self, channel: str) -> Iterator[tuple[str, LimitEntry]]:
        """Give the entries that list a channel, the most specific first, each with its name in the file."""
        key = self.key_of(channel)
        exact = self._exact.get(key)
        if exact is not None:
            yield exact
        for pattern in self._patterns:
            if pattern.matches.match(key) and (exact is None or pattern.text != exact[0]):
                yield pattern.text, pattern.entry

    def key_of(self, name: str) -> str:
        """Give the one spelling under which a name is looked up here."""
        return self.naming.key_of(name)

    def _merge(self, channel: str) -> LimitRule | None:
        named = list(self.matching(channel))
        return merge_entries(named, self.defaults) if named else None


def _by_name(limits: Limits) -> dict[str, tuple[str, LimitEntry]]:
    return {limits.key_of(name): (name, entry) for name, entry in limits.entries.items()}


def _sort_patterns(limits: Limits) -> tuple[_Pattern, ...]:
    named = [(name, entry) for name, entry in limits.entries.items() if is_pattern(name)]
    patterns = [_compile(name, limits.key_of(name), entry, place) for place, (name, entry) in enumerate(named)]
    return tuple(sorted(patterns, key=lambda pattern: pattern.rank, reverse=True))


def _compile(name: str, key: str, entry: LimitEntry, place: int) -> _Pattern:
    wildcards = _WILDCARD.findall(name)
    literal = len(name) - sum(map(len, wildcards))
    return _Pattern(name, re.compile(fnmatch.translate(key)), entry, (literal, -len(wildcards), place))
