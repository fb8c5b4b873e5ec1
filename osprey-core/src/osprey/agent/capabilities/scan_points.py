"""The points of a scan: a grid over one to three channels, or a list; as groups of writes, one group a point."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise, product
from typing import Any, Final, cast

from attrs import evolve, frozen

from osprey.agent.capabilities.write_lists import decimal_sum
from osprey.control import WriteItem
from osprey.errors import UsageError

MOST_POINTS: Final = 1000
MOST_AXES: Final = 3
_AXIS_KEYS: Final = frozenset({"channel", "unit", "start", "stop", "steps", "values", "relative"})


@frozen(kw_only=True)
class Axis:
    """One channel that a scan moves."""

    channel: str
    values: tuple[float, ...]
    """Of a grid: its places, in order. Of a list: what it is set to at each point."""
    unit: str | None = None
    is_relative: bool = False
    """True if the values count from what the channel is set to before the scan."""


@frozen(kw_only=True)
class ScanPlan:
    """Where a scan goes, point by point."""

    axes: tuple[Axis, ...]
    points: tuple[tuple[float, ...], ...]
    """A row for each point, a column for each axis."""

    def placed(self, before: Sequence[float]) -> ScanPlan:
        """Give the scan in absolute values; a person sees and approves these."""
        offsets = [now if axis.is_relative else None for axis, now in zip(self.axes, before, strict=True)]
        axes = tuple(
            evolve(axis, values=tuple(_placed(value, now) for value in axis.values), is_relative=False)
            for axis, now in zip(self.axes, offsets, strict=True)
        )
        points = tuple(
            tuple(_placed(value, now) for value, now in zip(row, offsets, strict=True)) for row in self.points
        )
        return ScanPlan(axes=axes, points=points)

    def travel(self, before: Sequence[float], *, restores: bool) -> tuple[float, ...]:
        """Give how far each axis moves in all, from where it is now, in its unit."""
        rows = [tuple(before), *self.points, *([tuple(before)] if restores else [])]
        return tuple(
            math.fsum(abs(to[number] - was[number]) for was, to in pairwise(rows)) for number in range(len(self.axes))
        )

    def groups(self, restore_to: Sequence[float] | None) -> tuple[tuple[WriteItem, ...], ...]:
        """Give the writes of each point: the axes that move there; all of them at the first, and to go back."""
        rows = [*self.points, *([tuple(restore_to)] if restore_to is not None else [])]
        groups: list[tuple[WriteItem, ...]] = []
        for number, row in enumerate(rows):
            is_whole = number in (0, len(self.points))
            moved = [at for at in range(len(self.axes)) if is_whole or row[at] != rows[number - 1][at]]
            # A point that is where the last one was is measured again: its first axis is put once more.
            groups.append(tuple(self._item(at, row[at]) for at in moved or [0]))
        return tuple(groups)

    def _item(self, at: int, value: float) -> WriteItem:
        return WriteItem(channel=self.axes[at].channel, value=value, unit=self.axes[at].unit)


def plan_scan(parameters: Mapping[str, Any]) -> ScanPlan:
    """Read the axes of a scan.

    :raises UsageError: axes or points are not as they should be; the message says which and how to write them.
    """
    given = parameters.get("axes")
    if not isinstance(given, list | tuple) or not 1 <= len(cast("list[Any]", given)) <= MOST_AXES:
        msg = f"a scan has 1 to {MOST_AXES} 'axes', such as [{{channel: A, start: 0, stop: 1, steps: 5}}]"
        raise UsageError(msg)
    axes = tuple(_axis(entry) for entry in cast("list[Any]", given))
    names = [axis.channel for axis in axes]
    if len(set(names)) < len(names):
        msg = f"a scan moves each channel on one axis, and {', '.join(names)} names one twice"
        raise UsageError(msg)
    form = parameters.get("form", "grid")
    if form not in ("grid", "list"):
        msg = f"the 'form' of a scan is 'grid' or 'list', not {form!r}"
        raise UsageError(msg)
    count = math.prod(len(axis.values) for axis in axes) if form == "grid" else len(axes[0].values)
    if not 2 <= count <= MOST_POINTS:
        msg = f"a scan has 2 to {MOST_POINTS} points, not {count}"
        raise UsageError(msg)
    points = _list(axes) if form == "list" else _grid(axes, is_snake=_truth(parameters, "snake", default=False))
    return ScanPlan(axes=axes, points=points)


def restores(parameters: Mapping[str, Any]) -> bool:
    """Say whether the old values are put back at the end, which is so unless the plan says otherwise."""
    return _truth(parameters, "restore", default=True)


def _truth(parameters: Mapping[str, Any], name: str, *, default: bool) -> bool:
    value = parameters.get(name, default)
    if not isinstance(value, bool):
        msg = f"'{name}' of a scan is true or false, not {value!r}"
        raise UsageError(msg)
    return value


def _axis(entry: Any) -> Axis:
    fields = cast("dict[str, Any]", entry) if isinstance(entry, dict) else {}
    if not str(fields.get("channel", "")).strip() or not set(fields) <= _AXIS_KEYS:
        forms = "{channel, unit, start, stop, steps} or {channel, unit, values}, and may be relative"
        msg = f"an axis is {forms}, not {entry!r}"
        raise UsageError(msg)
    channel, unit = str(fields["channel"]), fields.get("unit")
    values = _stated(channel, fields) if "values" in fields else _spread(channel, fields)
    is_relative = _truth(fields, "relative", default=False)
    return Axis(channel=channel, values=values, unit=None if unit is None else str(unit), is_relative=is_relative)


def _placed(value: float, now: float | None) -> float:
    return value if now is None else decimal_sum(now, value)


def _stated(channel: str, fields: Mapping[str, Any]) -> tuple[float, ...]:
    values = fields["values"]
    if not isinstance(values, list | tuple) or set(fields) & {"start", "stop", "steps"}:
        msg = f"axis {channel}: 'values' is a list of numbers, and stands without start, stop and steps"
        raise UsageError(msg)
    return tuple(_number(channel, value) for value in cast("list[Any]", values))


def _spread(channel: str, fields: Mapping[str, Any]) -> tuple[float, ...]:
    steps = fields.get("steps")
    if isinstance(steps, bool) or not isinstance(steps, int) or not 1 <= steps <= MOST_POINTS:
        msg = f"axis {channel}: 'steps' is a whole number from 1 to {MOST_POINTS}, not {steps!r}"
        raise UsageError(msg)
    start, stop = _number(channel, fields.get("start")), _number(channel, fields.get("stop"))
    if steps == 1:
        return (start,)
    # The ends are exact; points between them are weighted means, so that no rounding adds up.
    return tuple((start * (steps - 1 - k) + stop * k) / (steps - 1) for k in range(steps))


def _number(channel: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        msg = f"axis {channel}: {value!r} is no finite number"
        raise UsageError(msg)
    return float(value)


def _grid(axes: Sequence[Axis], *, is_snake: bool) -> tuple[tuple[float, ...], ...]:
    """Give all combinations, the last axis fastest; a snake turns round at the end of a row instead of going back."""
    if not is_snake:
        return tuple(product(*(axis.values for axis in axes)))
    rows: list[tuple[float, ...]] = [()]
    for axis in axes:
        rows = [
            (*row, value)
            for number, row in enumerate(rows)
            for value in (axis.values if number % 2 == 0 else axis.values[::-1])
        ]
    return tuple(rows)


def _list(axes: Sequence[Axis]) -> tuple[tuple[float, ...], ...]:
    lengths = {axis.channel: len(axis.values) for axis in axes}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{channel} {length}" for channel, length in lengths.items())
        msg = f"the axes of a list scan have as many values each, and these have {told}"
        raise UsageError(msg)
    return tuple(zip(*(axis.values for axis in axes), strict=True))
