"""From 'by 0.1 A' and 'from -1 to 1 in 5 steps' to exact values, on a fresh read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from osprey.control import Fault, Reading, WriteItem
from osprey.control.targets import Target
from osprey.errors import ConnectorError, RefusedError, UsageError

_RELATIVE = frozenset({"delta", "percent"})
Groups = tuple[tuple[WriteItem, ...], ...]


async def groups_of_writes(target: Target, groups: Sequence[Sequence[Mapping[str, Any]]]) -> Groups:
    """Turn planned writes into items; a `delta` or a `percent` counts from what the channel is set to now."""
    writes = [write for group in groups for write in group]
    present = await present_numbers(target, [write["channel"] for write in writes if _RELATIVE & write.keys()])
    labels = await _labels(target, [write["channel"] for write in writes if isinstance(write.get("value"), str)])
    return tuple(
        tuple(
            WriteItem(channel=write["channel"], value=_value(write, present, labels), unit=write.get("unit"))
            for write in group
        )
        for group in groups
    )


async def groups_of_scan(target: Target, scan: Mapping[str, Any]) -> Groups:
    """Turn a scan into one group a point, with a last one that restores the present value if asked.

    :raises UsageError: fewer than two points.
    """
    channel, steps = str(scan["channel"]), int(scan["steps"])
    if steps < 2:
        msg = f"a scan of {channel} needs at least 2 points, not {steps}"
        raise UsageError(msg)
    start, stop = float(scan["start"]), float(scan["stop"])
    # The ends are exact; points between them are weighted means, so that no rounding adds up.
    values = [(start * (steps - 1 - k) + stop * k) / (steps - 1) for k in range(steps)]
    if scan.get("restore", True):
        values.append((await present_numbers(target, [channel]))[channel])
    return tuple((WriteItem(channel=channel, value=value, unit=scan.get("unit")),) for value in values)


def decimal_sum(value: float, step: float) -> float:
    """Add as a person does on paper: -0.043 and 0.1 make 0.057, not 0.05700000000000001."""
    return float(Decimal(repr(value)) + Decimal(repr(step)))


def decimal_share(value: float, percent: float) -> float:
    """Raise a value by a share of itself, on paper: 120 and 2 % make 122.4."""
    return float(Decimal(repr(value)) * (100 + Decimal(repr(percent))) / 100)


def _value(write: Mapping[str, Any], present: Mapping[str, float], labels: Mapping[str, Sequence[str]]) -> Any:
    channel = write["channel"]
    if "delta" in write:
        return decimal_sum(present[channel], float(write["delta"]))
    if "percent" in write:
        return decimal_share(present[channel], float(write["percent"]))
    return as_labelled(write["value"], labels.get(channel, ()))


def as_labelled(value: Any, labels: Sequence[str]) -> Any:
    """Give a state as the channel spells it, if just one differs from it by letter case alone."""
    same = [label for label in labels if isinstance(value, str) and label.casefold() == value.casefold()]
    return same[0] if len(same) == 1 and value not in labels else value


async def _labels(target: Target, channels: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Give the states of the channels; one that cannot be described has none, and the guard says why."""
    if not channels:
        return {}
    found = await target.connector.describe(channels, timeout_s=target.config.read_timeout_s)
    return {info.channel: info.labels for info in found if not isinstance(info, Fault)}


async def present_numbers(target: Target, channels: Sequence[str]) -> dict[str, float]:
    """Give what channels are set to now, on a fresh read.

    :raises ConnectorError: one cannot be read. :raises RefusedError: one holds no number.
    """
    if not channels:
        return {}
    results = await target.connector.read(channels, timeout_s=target.config.read_timeout_s)
    return {result.channel: _number(result) for result in results}


def _number(result: Reading | Fault) -> float:
    if isinstance(result, Fault):
        msg = f"{result.channel} cannot be read now, so it cannot be changed by a step: {result.message}"
        raise ConnectorError(msg)
    # A step changes what the channel is set to, not what is measured: they may differ by more than the step.
    held = result.value if result.setpoint is None else result.setpoint
    if isinstance(held, bool) or not isinstance(held, int | float):
        msg = f"{result.channel} holds {held!r}, which is not a number to step from"
        raise RefusedError(msg, rule="value.not_a_number")
    return float(held)
