"""Channels that an expectation names, by name or with `*`, on the directory of the target."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from osprey.control.channels.directory import ChannelDirectory
    from osprey.evaluation.expectations import Entry


def expand(patterns: Iterable[str], directory: ChannelDirectory) -> set[str]:
    """Give the names of all channels that fit one of the patterns; a name without `*` stands for itself."""
    found: set[str] = set()
    for pattern in patterns:
        if "*" in pattern:
            found.update(record.name for record in directory.records if fnmatchcase(record.name, pattern))
        else:
            found.add(pattern)
    return found


def missing_channels(entry: Entry, directory: ChannelDirectory) -> list[str]:
    """Give the names and patterns of an entry that fit no channel: the set is wrong about the machine."""
    patterns: list[str] = []
    for outcome in entry.outcomes:
        patterns += [*(outcome.channels or ()), *(outcome.channels_allowed or ()), *(outcome.writes or ())]
        patterns += [figure.channel for figure in outcome.figures or () if figure.channel]
    names = {record.name for record in directory.records}
    return sorted({each for each in patterns if names.isdisjoint(expand([each], directory))})


def channels_to_know(entry: Entry, directory: ChannelDirectory) -> list[str]:
    """Give the channels whose present values the expectation counts from."""
    wanted: set[str] = set()
    for outcome in entry.outcomes:
        wanted |= expand(outcome.writes or (), directory)
        wanted |= {figure.channel for figure in outcome.figures or () if figure.channel}
    return sorted(wanted)
