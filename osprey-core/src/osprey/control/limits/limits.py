"""The limits of a target: which rule holds for a channel, and the file they are read from.

Exact names and glob patterns (``*``, ``?``, ``[...]``, letter case matters) may overlap: bounds intersect,
and of everything else the most specific entry wins. An exact name is the most specific; of two patterns it
is the one with more literal characters, then the one with fewer wildcards, then the one further down.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from attrs import Factory, field, frozen

from osprey.control.limits.limit_entry import LimitEntry, LimitRule, merge_entries

_WILDCARD: Final = re.compile(r"\*|\?|\[.+?\]")
_MOST_REMEMBERED: Final = 65_536


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
    defaults: LimitEntry = field(factory=LimitEntry)
    sha256: str = ""
    """Of the file's bytes: it stands in every judgement, document and audit row."""
    path: Path | None = None
    _patterns: tuple[_Pattern, ...] = field(
        init=False,
        repr=False,
        eq=False,
        default=Factory(lambda limits: _sort_patterns(limits.entries), takes_self=True),
    )
    _found: dict[str, LimitRule | None] = field(init=False, factory=dict[str, LimitRule | None], repr=False, eq=False)

    def rule_for(self, channel: str) -> LimitRule | None:
        """Give the rule of a channel by its canonical name; None if no entry lists it."""
        if channel not in self._found:
            if len(self._found) >= _MOST_REMEMBERED:
                self._found.clear()
            self._found[channel] = self._merge(channel)
        return self._found[channel]

    def has_exact(self, channel: str) -> bool:
        """Tell whether an entry names exactly this, so that no pattern alone opens a record's field."""
        return channel in self.entries

    def _merge(self, channel: str) -> LimitRule | None:
        named = [(channel, self.entries[channel])] if channel in self.entries else []
        named += [(p.text, p.entry) for p in self._patterns if p.text != channel and p.matches.match(channel)]
        return merge_entries(named, self.defaults) if named else None


def _sort_patterns(entries: Mapping[str, LimitEntry]) -> tuple[_Pattern, ...]:
    named = [(name, entry) for name, entry in entries.items() if _WILDCARD.search(name)]
    patterns = [_compile(name, entry, place) for place, (name, entry) in enumerate(named)]
    return tuple(sorted(patterns, key=lambda pattern: pattern.rank, reverse=True))


def _compile(name: str, entry: LimitEntry, place: int) -> _Pattern:
    wildcards = _WILDCARD.findall(name)
    literal = len(name) - sum(map(len, wildcards))
    return _Pattern(name, re.compile(fnmatch.translate(name)), entry, (literal, -len(wildcards), place))
