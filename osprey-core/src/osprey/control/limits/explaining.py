"""Where each setting of a channel's limits comes from, for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

import attrs
from attrs import frozen

from osprey.control.limits.expressions import Expression
from osprey.control.limits.group_rate import GroupRate
from osprey.control.limits.limit_entry import ENTRY_KEYS, LimitEntry
from osprey.control.limits.limits import Limits

DEFAULTS: Final = "defaults"
NARROWEST: Final[Mapping[str, Callable[..., Any]]] = {
    "min": max,
    "max": min,
    "max_step": min,
    "max_rate": min,
    "min_interval_s": max,
    "max_travel": min,
}
"""Of all entries that state these keys the narrowest holds."""
EVERY: Final = ("allowed", "step", "step_origin", "group_rate", "expression")
"""Of these keys every entry's holds."""


@frozen(kw_only=True)
class Origin:
    """One entry's word on one key of a channel's limits."""

    key: str
    value: Any
    """As a file states it."""
    source: str
    """The name or pattern of the entry, or ``defaults``."""
    is_in_force: bool
    """False if another entry's word on this key holds instead."""


def origins_of(limits: Limits, channel: str) -> list[Origin]:
    """Give every setting that names the channel, the most specific entry first; none if it is not listed."""
    named = list(limits.matching(channel))
    return [origin for key in ENTRY_KEYS for origin in _origins(key, named, limits.defaults)] if named else []


def _origins(key: str, named: list[tuple[str, LimitEntry]], defaults: LimitEntry) -> list[Origin]:
    stated = [(source, getattr(entry, key)) for source, entry in named if getattr(entry, key) is not None]
    default = getattr(defaults, key)
    winner = _winner(key, [value for _, value in stated])
    found = [
        Origin(key=key, value=plain_setting(value), source=source, is_in_force=winner in (None, place))
        for place, (source, value) in enumerate(stated)
    ]
    if default is not None:
        found.append(Origin(key=key, value=plain_setting(default), source=DEFAULTS, is_in_force=not stated))
    return found


def _winner(key: str, values: list[Any]) -> int | None:
    """Give the place of the one value that holds; None where all of them do."""
    if key in EVERY or not values:
        return None
    return values.index(NARROWEST[key](values)) if key in NARROWEST else 0


def plain_setting(value: Any) -> Any:
    """Give a setting as JSON knows it."""
    if isinstance(value, Expression):
        return value.text
    if isinstance(value, GroupRate):
        return {key: part for key, part in attrs.asdict(value).items() if part is not None}
    return list(cast("tuple[Any, ...]", value)) if isinstance(value, tuple) else value
