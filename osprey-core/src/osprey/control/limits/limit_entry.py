"""One entry of a limits file, and the rule that the entries of a channel make together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from attrs import field, fields, frozen

from osprey.control.limits.expressions import Expression
from osprey.control.limits.grid import Grid
from osprey.control.limits.group_rate import GroupRate
from osprey.control.values import Bounds, Scalar

DEFAULT_TRAVEL_WINDOW_S: Final = 3600.0


class Verification(StrEnum):
    """What makes a completed put *confirmed*."""

    NONE = "none"
    """The system's completion; nothing is read afterwards."""
    CALLBACK = "callback"
    """The system's completion; the read-back is reported, but does not decide."""
    READBACK = "readback"
    """A fresh read-back within tolerance."""


@frozen(kw_only=True)
class LimitEntry:
    """What one entry states; None where it says nothing."""

    min: float | None = None
    """The least value; also spelt `min_value`."""
    max: float | None = None
    """The greatest value; also spelt `max_value`."""
    allowed: tuple[Scalar, ...] | None = None
    """The only values that may be written; states of an enumeration by name or number."""
    step: float | None = None
    """The grid that a value must lie on: `step_origin` plus a whole number of steps, up to rounding."""
    step_origin: float | None = None
    """Where the grid of `step` begins; where nothing is stated the `min` of the same entry, else 0."""
    max_step: float | None = None
    """Largest change of one write, in the channel's unit."""
    max_rate: float | None = None
    """Largest change per second: a change waits until ``change / max_rate`` after the last write."""
    min_interval_s: float | None = None
    """Shortest time between two writes; also spelt `min_interval`."""
    max_travel: float | None = None
    """Largest sum of changes within `travel_window_s`, whatever their sign."""
    travel_window_s: float | None = None
    """The window of `max_travel`; 3600 where nothing is stated."""
    group_rate: GroupRate | None = None
    """A rate that all channels of this entry share: writes per second, or a mapping with `group`, `max_writes` or
    `max_travel`, and `window_s`. Entries with the same `group` share one count."""
    readback: str | None = None
    """The channel that shows what the device does; else that of the channel list, else the channel itself."""
    tolerance_absolute: float | None = None
    """How far the read-back may be off, in the channel's unit; of both tolerances the larger holds."""
    tolerance_percent: float | None = None
    """How far the read-back may be off, in percent of the value."""
    settle_s: float | None = None
    """How long the read-back may take to agree; where nothing is stated 1, or 5 for a channel of its own. Also spelt
    `settle`."""
    verification: Verification | None = None
    """What makes a completed put *confirmed*; `readback` where nothing is stated."""
    writable: bool | None = None
    """false closes the channel to every write."""
    fields: tuple[str, ...] | None = None
    """Fields of the record, other than the value field, that may be written."""
    expression: Expression | None = None
    """What must be true, on fresh values, as `value < 5 and ch("SR:BEAM") < 10`."""
    note: str | None = None
    """A remark for people."""


ENTRY_KEYS: Final = tuple(attribute.name for attribute in fields(LimitEntry))


@frozen(kw_only=True)
class LimitRule:
    """What the limits say of one channel, all entries that name it taken together."""

    sources: tuple[str, ...]
    """The names and patterns that matched, the most specific first."""
    bounds: Bounds = field(factory=Bounds)
    allowed: tuple[Scalar, ...] | None = None
    grids: tuple[Grid, ...] = ()
    """A value lies on every one of them."""
    max_step: float | None = None
    """Largest change of one write, in the channel's unit."""
    max_rate: float | None = None
    """Largest change per second: a change waits until ``change / max_rate`` after the last write."""
    min_interval_s: float | None = None
    max_travel: float | None = None
    """Largest sum of changes within `travel_window_s`, whatever their sign."""
    travel_window_s: float = DEFAULT_TRAVEL_WINDOW_S
    group_rates: tuple[GroupRate, ...] = ()
    """Every one of them holds."""
    readback: str | None = None
    tolerance_absolute: float | None = None
    tolerance_percent: float | None = None
    settle_s: float | None = None
    verification: Verification = Verification.READBACK
    is_verification_stated: bool = False
    writable: bool = True
    fields: tuple[str, ...] = ()
    expressions: tuple[Expression, ...] = ()
    note: str = field(default="")

    @property
    def needs_own_history(self) -> bool:
        """True if earlier writes to the same channel decide about the next one."""
        return not (self.max_rate is self.min_interval_s is self.max_travel is None)

    @property
    def needs_history(self) -> bool:
        """True if earlier writes decide about the next one."""
        return self.needs_own_history or bool(self.group_rates)

    @property
    def needs_recheck(self) -> bool:
        """True if the state of the machine just before a put decides, and not the value alone."""
        return self.needs_history or self.max_step is not None or bool(self.expressions)


def merge_entries(named: Sequence[tuple[str, LimitEntry]], defaults: LimitEntry) -> LimitRule:
    """Join the entries that name a channel, the most specific first, and what `defaults` adds.

    Bounds intersect: the narrowest of every entry holds, and every grid, every group's rate and every expression
    must. Of all other keys the most specific entry that states one wins. A default holds for a key that no entry
    states.
    """
    entries = [entry for _, entry in named]
    stated = _Stated(entries, defaults)
    return LimitRule(
        sources=tuple(source for source, _ in named),
        bounds=Bounds(stated.narrowest("min", max), stated.narrowest("max", min)),
        allowed=stated.common("allowed"),
        max_step=stated.narrowest("max_step", min),
        max_rate=stated.narrowest("max_rate", min),
        min_interval_s=stated.narrowest("min_interval_s", max),
        max_travel=stated.narrowest("max_travel", min),
        grids=tuple(dict.fromkeys(_grid_of(entry) for entry in stated.stating("step"))),
        group_rates=tuple(dict.fromkeys(stated.every("group_rate"))),
        is_verification_stated=bool(stated.every("verification")),
        expressions=tuple(stated.every("expression")),
        **stated.first_of(
            "travel_window_s",
            "readback",
            "tolerance_absolute",
            "tolerance_percent",
            "settle_s",
            "verification",
            "writable",
            "fields",
            "note",
        ),
    )


def _grid_of(entry: LimitEntry) -> Grid:
    """Give the grid of an entry that states a step."""
    begin = entry.min if entry.step_origin is None else entry.step_origin
    return Grid(entry.step or 0.0, 0.0 if begin is None else begin)


class _Stated:
    """What the entries state for a key, else what the defaults state."""

    def __init__(self, entries: Sequence[LimitEntry], defaults: LimitEntry) -> None:
        self._entries = entries
        self._defaults = defaults

    def stating(self, key: str) -> list[LimitEntry]:
        """Give the entries that state a key, else the defaults if they do."""
        found = [entry for entry in self._entries if getattr(entry, key) is not None]
        return found or [one for one in (self._defaults,) if getattr(one, key) is not None]

    def every(self, key: str) -> list[Any]:
        return [getattr(entry, key) for entry in self.stating(key)]

    def narrowest(self, key: str, choose: Any) -> float | None:
        return choose(self.every(key), default=None)

    def common(self, key: str) -> tuple[Scalar, ...] | None:
        lists = self.every(key)
        return tuple(v for v in lists[0] if all(v in other for other in lists)) if lists else None

    def first_of(self, *keys: str) -> Mapping[str, Any]:
        stated = {key: self.every(key) for key in keys}
        return {key: found[0] for key, found in stated.items() if found}
