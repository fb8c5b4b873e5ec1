"""`group_rate`: how often, or how far, the channels of a group may be written together.

    group_rate: 2                       # two writes per second over all channels that this entry names
    group_rate: {group: steerers, max_writes: 10, window_s: 60}
    group_rate: {group: steerers, max_travel: 5.0, window_s: 60}

In no time span of `window_s` seconds are more than `max_writes` writes sent to the channels of the group, nor
do their changes sum up to more than `max_travel`. The count comes from the ledger, so all processes share it.
Entries with one group name share one count, and must state one and the same rate; an entry without a name is a
group of its own: all channels that its pattern matches.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final, cast

from attrs import frozen

LONGEST_WINDOW_S: Final = 31 * 86400.0
"""The ledger is searched that far back for each judgement."""
_KEYS: Final = ("group", "max_writes", "max_travel", "window_s")


@frozen(kw_only=True)
class GroupRate:
    """A rate that the channels of a group share."""

    group: str
    max_writes: int | None = None
    """Most writes within any `window_s`."""
    max_travel: float | None = None
    """Largest sum of changes within any `window_s`; a group should have one unit."""
    window_s: float


def read_group_rate(value: Any) -> GroupRate:
    """Read what a limits file states; the name of the group is empty where none is stated.

    :raises ValueError: it is no rate.
    """
    if isinstance(value, Mapping):
        return _read_mapping(cast("Mapping[str, Any]", value))
    rate = _number(value, "a number of writes per second, or a mapping with group, max_writes or max_travel, window_s")
    writes = max(1, math.floor(rate))
    return GroupRate(group="", max_writes=writes, window_s=_window(writes / rate))


def _read_mapping(body: Mapping[str, Any]) -> GroupRate:
    unknown = [key for key in body if key not in _KEYS]
    if unknown:
        msg = f"unknown key {unknown[0]!r}; known keys: {', '.join(_KEYS)}"
        raise ValueError(msg)
    writes, travel, group = body.get("max_writes"), body.get("max_travel"), body.get("group", "")
    if writes is None and travel is None:
        raise ValueError("expected max_writes or max_travel, or both")
    if writes is not None and (type(writes) is not int or writes < 1):
        msg = f"expected a whole number above 0 for max_writes, found {writes!r}"
        raise ValueError(msg)
    if not isinstance(group, str) or ("group" in body and not group.strip()):
        msg = f"expected a text for group, found {group!r}"
        raise ValueError(msg)
    return GroupRate(
        group=group,
        max_writes=writes,
        max_travel=None if travel is None else _number(travel, "a number above 0 for max_travel"),
        window_s=_window(_number(body.get("window_s"), "a number of seconds above 0 for window_s")),
    )


def _number(value: Any, expected: str) -> float:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or value <= 0:
        msg = f"expected {expected}, found {value!r}"
        raise ValueError(msg)
    return value


def _window(seconds: float) -> float:
    if not seconds <= LONGEST_WINDOW_S:
        msg = f"expected a window of at most {LONGEST_WINDOW_S:g} s, found {seconds:g}"
        raise ValueError(msg)
    return seconds
