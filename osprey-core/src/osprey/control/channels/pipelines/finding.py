"""Finding channels by the pipeline that the configuration names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import evolve, field, frozen

from osprey.config import PipelineMode
from osprey.control.channels.directory import ChannelDirectory, sectors_in
from osprey.control.channels.pipelines.choosing import (
    MOST_CANDIDATES,
    Candidate,
    Chooser,
    ChoosingError,
    Question,
    chosen,
    told_of,
)
from osprey.control.channels.pipelines.levels import MIDDLE_LAYER, Level, keys_of, named_keys, tree_levels
from osprey.control.channels.words import words_of_text
from osprey.control.values import ChannelRecord
from osprey.errors import OspreyError

_MOST_NARROWED: Final = 20_000
"""Of a longer list only what the search finds is narrowed, which bounds the time."""


@frozen(kw_only=True)
class ChannelFinding:
    """What was found, and how."""

    records: tuple[ChannelRecord, ...]
    """The best first."""
    count: int
    """How many there are; `records` may be the first of them."""
    pipeline: PipelineMode
    trail: tuple[str, ...] = ()
    """What was chosen on the way down, a level each."""
    notes: tuple[str, ...] = field(default=(), converter=tuple)
    """What a person should know of how it was found."""


async def find_channels(
    query: str, directory: ChannelDirectory, mode: PipelineMode, *, chooser: Chooser | None = None, limit: int = 100
) -> ChannelFinding:
    """Find the channels that words mean.

    :param chooser: asked level by level; without it, and where it does not answer, the search decides.
    """
    exact = directory.named(query.strip())
    if exact:
        return ChannelFinding(records=tuple(exact[:limit]), count=len(exact), pipeline=mode)
    if chooser is not None:
        try:
            return await _Walk(query, directory, mode, limit, chooser).run()
        except OspreyError as exc:
            found = await _Walk(query, directory, mode, limit, None).run()
            return evolve(found, notes=(*found.notes, f"found by the search alone: {exc}"))
    return await _Walk(query, directory, mode, limit, None).run()


class _Walk:
    """One request on its way through a directory."""

    def __init__(
        self, query: str, directory: ChannelDirectory, mode: PipelineMode, limit: int, chooser: Chooser | None
    ) -> None:
        self._query, self._directory, self._mode = query, directory, mode
        self._limit, self._chooser = limit, chooser
        # The words themselves: what they imply would fit every kind of magnet where one kind is named.
        self._words = frozenset(words_of_text(query))
        self._trail: list[str] = []

    async def run(self) -> ChannelFinding:
        if self._mode is PipelineMode.IN_CONTEXT:
            return await self._in_context()
        records = self._universe()
        levels = tree_levels(records) if self._mode is PipelineMode.HIERARCHICAL else MIDDLE_LAYER
        narrowed: Sequence[ChannelRecord] = self._in_sectors(records)
        for level in levels:
            narrowed = await self._narrowed(narrowed, level)
        return await self._finished(narrowed)

    async def _in_context(self) -> ChannelFinding:
        if self._chooser is None:
            found = self._directory.find(self._query, limit=self._limit)
            return ChannelFinding(records=found.records, count=found.count, pipeline=self._mode)
        few = len(self._directory) <= MOST_CANDIDATES
        records = self._directory.records if few else self._directory.find(self._query, limit=MOST_CANDIDATES).records
        picked = await self._picked(records, self._chooser)
        return ChannelFinding(records=picked[: self._limit], count=len(picked), pipeline=self._mode)

    def _universe(self) -> Sequence[ChannelRecord]:
        if len(self._directory) <= _MOST_NARROWED:
            return self._directory.records
        return self._directory.find(self._query, limit=_MOST_NARROWED).records

    def _in_sectors(self, records: Sequence[ChannelRecord]) -> Sequence[ChannelRecord]:
        """Keep to the sectors that the request names; a tree may have them under another word."""
        sectors = sectors_in(self._query)
        inside = [record for record in records if record.sector in sectors] if sectors else []
        return inside or records

    async def _narrowed(self, records: Sequence[ChannelRecord], level: Level) -> Sequence[ChannelRecord]:
        groups = keys_of(records, level)
        if len(groups) < 2:
            return records
        keys = named_keys(self._words, groups, level)
        if self._chooser is not None:
            keys = await self._chosen_keys(groups, level, keys, self._chooser)
        if len(keys) < len(groups):
            self._trail.append(f"{level.name}: {_listed(keys)}")
        return [record for key in keys for record in groups[key]]

    async def _chosen_keys(
        self, groups: dict[str, list[ChannelRecord]], level: Level, named: Sequence[str], chooser: Chooser
    ) -> list[str]:
        """Have the keys of a level chosen; of too many only those that the request's words name are offered."""
        offered = list(groups) if len(groups) <= MOST_CANDIDATES else list(named)[:MOST_CANDIDATES]
        if len(groups) > MOST_CANDIDATES and len(named) > MOST_CANDIDATES:
            return list(named)  # nothing tells them apart here; a level further down may
        candidates = tuple(_key_candidate(key, groups[key]) for key in offered)
        question = Question(query=self._query, level=level.name, candidates=candidates, most=len(candidates))
        numbers = await chosen(chooser, question)
        if not numbers:
            msg = f"no {level.name} of {len(offered)} was chosen"
            raise ChoosingError(msg)
        return [offered[number] for number in numbers]

    async def _finished(self, narrowed: Sequence[ChannelRecord]) -> ChannelFinding:
        ranked = self._ranked(narrowed)
        if self._chooser is not None and len(ranked) > 1:
            ranked = await self._picked(ranked[:MOST_CANDIDATES], self._chooser)
        kept = tuple(ranked[: self._limit])
        return ChannelFinding(records=kept, count=len(ranked), pipeline=self._mode, trail=tuple(self._trail))

    def _ranked(self, narrowed: Sequence[ChannelRecord]) -> Sequence[ChannelRecord]:
        """Put what is left into the order of the search; where both agree on nothing, the search alone decides."""
        found = self._directory.find(self._query, limit=_MOST_NARROWED).records
        names = {record.name for record in narrowed}
        both = [record for record in found if record.name in names]
        if both:
            return both
        if found or not self._trail:
            self._trail.clear()
            return found
        return narrowed

    async def _picked(self, records: Sequence[ChannelRecord], chooser: Chooser) -> tuple[ChannelRecord, ...]:
        candidates = tuple(Candidate(name=record.name, told=told_of(_described(record))) for record in records)
        if not candidates:
            return ()
        question = Question(query=self._query, level="channel", candidates=candidates, most=len(candidates))
        return tuple(records[number] for number in await chosen(chooser, question))


def _key_candidate(key: str, group: Sequence[ChannelRecord]) -> Candidate:
    first = group[0]
    words = ", ".join(first.family_words) if key == first.family else ""
    told = f"{words or _described(first)} ({len(group)} channel{'' if len(group) == 1 else 's'})"
    return Candidate(name=key or "none", told=told_of(told))


def _described(record: ChannelRecord) -> str:
    unit = f" [{record.unit}]" if record.unit else ""
    return f"{record.description or record.device or record.family} {record.role}{unit}"


def _listed(keys: Sequence[str]) -> str:
    shown = ", ".join(key or "none" for key in keys[:5])
    return shown if len(keys) <= 5 else f"{shown} and {len(keys) - 5} more"
