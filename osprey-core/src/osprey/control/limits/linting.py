"""What is wrong with a limits file that can be read: entries that reach nothing, and rules that cannot be meant.

Whether a rule makes sense depends only on which entries name a channel. So channels are looked at by that set,
and a file for 200,000 channels costs no more than the few sets there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Final

from attrs import evolve, field, frozen

from osprey.control.limits.explaining import DEFAULTS
from osprey.control.limits.limit_entry import ENTRY_KEYS, LimitEntry, LimitRule, Verification, merge_entries
from osprey.control.limits.limits import Limits, is_pattern
from osprey.control.values import Bounds, ChannelInfo, DType, ErrorKind, Fault

_REMARKS: Final = frozenset({"note"})
Named = tuple[tuple[str, LimitEntry], ...]


class Grade(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    """What the file says cannot be meant, or cannot work."""
    WARNING = "warning"
    """It works, but a part of it does nothing."""


@frozen(kw_only=True)
class Finding:
    """One thing that is wrong with a limits file."""

    grade: Grade
    rule: str
    entry: str
    """The name or pattern of the entry, or ``defaults``."""
    message: str


@frozen(kw_only=True)
class Surroundings:
    """What is known of the channels that a file may name."""

    names: Sequence[str] = ()
    """Of the channel directory; empty where there is none."""
    infos: Mapping[str, ChannelInfo | Fault] = field(factory=dict[str, "ChannelInfo | Fault"])
    """What the control system says of the names that `names_to_ask` gives; empty where it was not asked."""


def names_to_ask(limits: Limits) -> list[str]:
    """Give every channel that the file names exactly: as an entry, as a read-back or in an expression."""
    named = [name for name in limits.entries if not is_pattern(name)]
    for entry in (*limits.entries.values(), limits.defaults):
        named += _referred(entry)
    return list(dict.fromkeys(named))


def lint_limits(limits: Limits, around: Surroundings) -> list[Finding]:
    """Give what is wrong with a file, in the order of its entries."""
    sets = _sets_of_entries(limits, around)
    found = [
        *_unreached(limits, around, sets),
        *_unknown_references(limits, around),
        *(finding for named, channel in sets.items() for finding in _contradictions(limits, around, named, channel)),
        *_without_effect(limits, sets),
    ]
    places = {name: place for place, name in enumerate(limits.entries)}
    found.sort(key=lambda finding: places.get(finding.entry, -1))
    return list(dict.fromkeys(found))


def _sets_of_entries(limits: Limits, around: Surroundings) -> dict[Named, str]:
    """Give each set of entries that some channel has, with the first such channel."""
    exact = [name for name in limits.entries if not is_pattern(name)]
    sets: dict[tuple[str, ...], tuple[Named, str]] = {}
    for channel in (*exact, *around.names):
        named = tuple(limits.matching(channel))
        if named:
            sets.setdefault(tuple(source for source, _ in named), (named, channel))
    return dict(sets.values())


def _unreached(limits: Limits, around: Surroundings, sets: Mapping[Named, str]) -> Iterator[Finding]:
    reached = {source for named in sets for source, _ in named}
    for name in limits.entries:
        if is_pattern(name):
            if around.names and name not in reached:
                yield _warn("matches_nothing", name, f"no channel of the channel list matches {name!r}")
            continue
        info = around.infos.get(name)
        if isinstance(info, ChannelInfo) and info.name and info.is_value_field:
            if not limits.is_same_name(info.name, name):
                told = f"{name!r} is another name of {info.name!r}, under which limits are looked up: name that one"
                yield _fail("alias", name, told)
        elif isinstance(info, Fault):
            yield _missing("channel_unknown", name, name, info)
        elif info is None and around.names and not _is_listed(limits, name, around.names):
            yield _warn("channel_unknown", name, f"{name!r} is not in the channel list")


def _is_listed(limits: Limits, name: str, names: Iterable[str]) -> bool:
    return any(limits.is_same_name(name, other) for other in names)


def _unknown_references(limits: Limits, around: Surroundings) -> Iterator[Finding]:
    listed = {limits.key_of(name) for name in around.names}
    for source, entry in (*limits.entries.items(), (DEFAULTS, limits.defaults)):
        for name in _referred(entry):
            info = around.infos.get(name)
            rule = "readback_unknown" if name == entry.readback else "expression_unknown"
            if isinstance(info, Fault):
                yield _missing(rule, source, name, info)
            elif info is None and listed and limits.key_of(name) not in listed:
                yield _warn(rule, source, f"{name!r} is not in the channel list")


def _referred(entry: LimitEntry) -> list[str]:
    return [
        *([entry.readback] if entry.readback is not None else []),
        *(sorted(entry.expression.channels) if entry.expression is not None else []),
    ]


def _missing(rule: str, entry: str, name: str, fault: Fault) -> Finding:
    if fault.kind is ErrorKind.NOT_FOUND:
        return _fail(rule, entry, f"{name!r} was not found: {fault.message}")
    return _warn(rule, entry, f"{name!r} could not be asked: {fault.message}")


def _contradictions(limits: Limits, around: Surroundings, named: Named, channel: str) -> Iterator[Finding]:
    """Find rules under which nothing can be written, or a limit that limits nothing."""
    rule = merge_entries(named, limits.defaults)
    info = around.infos.get(channel)
    known = info if isinstance(info, ChannelInfo) else None
    bounds = _within(rule.bounds, known)
    entry, low, high = named[0][0], bounds.low, bounds.high
    if low is not None and high is not None and low > high:
        yield _fail("empty_range", entry, f"{channel}: min {low:g} is above max {high:g}; nothing can be written")
        return
    yield from _choices(rule, bounds, known, entry, channel)
    if low is None or high is None:
        return
    if rule.max_step is not None and rule.max_step >= high - low:
        told = f"max_step {rule.max_step:g} limits nothing within {low:g} to {high:g}"
        yield _warn("step_beyond_range", entry, f"{channel}: {told}")
    for grid in rule.grids:
        if grid.step > high - low:
            yield _warn("grid_beyond_range", entry, f"{channel}: the grid of {grid} has at most one value in the range")


def _choices(rule: LimitRule, bounds: Bounds, info: ChannelInfo | None, entry: str, channel: str) -> Iterator[Finding]:
    if rule.allowed is None:
        return
    if not rule.allowed:
        yield _fail("empty_range", entry, f"{channel}: its entries have no allowed value in common")
    for choice in rule.allowed:
        if isinstance(choice, str):
            if info is not None and info.dtype is DType.ENUM and choice not in info.labels:
                yield _fail("state_unknown", entry, f"{channel} has no state {choice!r}: {', '.join(info.labels)}")
        elif _is_outside(choice, bounds) or not all(grid.has(choice) for grid in rule.grids):
            yield _warn("choice_unreachable", entry, f"{channel}: {choice} is allowed but not within its other limits")


def _is_outside(value: float, bounds: Bounds) -> bool:
    return (bounds.low is not None and value < bounds.low) or (bounds.high is not None and value > bounds.high)


def _within(bounds: Bounds, info: ChannelInfo | None) -> Bounds:
    if info is None or info.dtype not in (DType.FLOAT, DType.INT):
        return bounds
    lows = [bound for bound in (bounds.low, info.drive.low) if bound is not None]
    highs = [bound for bound in (bounds.high, info.drive.high) if bound is not None]
    return Bounds(max(lows, default=None), min(highs, default=None))


def _without_effect(limits: Limits, sets: Mapping[Named, str]) -> Iterator[Finding]:
    """Find settings that could be left out without a change for any channel that is known."""
    for name, entry in limits.entries.items():
        reached = [named for named in sets if any(source == name for source, _ in named)]
        for key in _stated_keys(entry) if reached else ():
            bare = evolve(entry, **{key: None})
            if not any(
                _decides(named, _replaced(named, name, bare), limits.defaults, limits.defaults) for named in reached
            ):
                yield _warn("no_effect", name, f"{key!r} changes nothing: other entries or its own decide")
    for key in _stated_keys(limits.defaults):
        bare = evolve(limits.defaults, **{key: None})
        if sets and not any(_decides(named, named, limits.defaults, bare) for named in sets):
            yield _warn("no_effect", DEFAULTS, f"{key!r} changes nothing: every entry states its own")


def _decides(named: Named, other: Named, defaults: LimitEntry, other_defaults: LimitEntry) -> bool:
    return _as_felt(merge_entries(named, defaults)) != _as_felt(merge_entries(other, other_defaults))


def _as_felt(rule: LimitRule) -> LimitRule:
    """Give a rule without what cannot be felt: a window without travel, the way of a read-back that none asks for."""
    if rule.max_travel is None:
        rule = evolve(rule, travel_window_s=0.0)
    if rule.verification is Verification.NONE:
        rule = evolve(rule, settle_s=None, readback=None)
    return rule


def _replaced(named: Named, name: str, entry: LimitEntry) -> Named:
    return tuple((source, entry if source == name else one) for source, one in named)


def _stated_keys(entry: LimitEntry) -> list[str]:
    return [key for key in ENTRY_KEYS if key not in _REMARKS and getattr(entry, key) is not None]


def _fail(rule: str, entry: str, message: str) -> Finding:
    return Finding(grade=Grade.ERROR, rule=rule, entry=entry, message=message)


def _warn(rule: str, entry: str, message: str) -> Finding:
    return Finding(grade=Grade.WARNING, rule=rule, entry=entry, message=message)
