"""What is read to judge a batch: descriptions, fresh values, and earlier writes from the ledger.

A connector is asked in batches; an answer of the wrong length or for another channel is a broken connector,
and nothing is judged on it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

from attrs import frozen

from osprey.control.comparison import change_between
from osprey.control.exact import unpacked
from osprey.control.guard.checks import Case, PastWrite
from osprey.control.values import ChannelInfo, Fault, Reading, ReadResult, Value
from osprey.errors import ConnectorError
from osprey.journal import IntentRow

if TYPE_CHECKING:
    from osprey.control.targets import Target

_LONGEST_LOOK_BACK_S = 10.0 * 365 * 86400


class _Named(Protocol):
    @property
    def channel(self) -> str: ...


N = TypeVar("N", bound=_Named)


class PastWrites(Protocol):
    """The part of the ledger that judging needs."""

    async def recent_writes_of(
        self, target: str, channels: Sequence[str], since_ns: int
    ) -> Mapping[str, Sequence[IntentRow]]: ...


@frozen(kw_only=True)
class OwnGroup:
    """The intents that a group has opened for itself, which do not count against it."""

    request_id: str
    group: int


async def describe_channels(target: Target, names: Iterable[str]) -> dict[str, ChannelInfo | Fault]:
    """Ask the control system what it says of each channel."""
    wanted = list(dict.fromkeys(names))
    if not wanted:
        return {}
    timeout_s = target.config.read_timeout_s
    return _by_name(wanted, await target.connector.describe(wanted, timeout_s=timeout_s))


async def read_channels(target: Target, names: Iterable[str]) -> dict[str, ReadResult]:
    """Read fresh values, never a cache, all within one deadline."""
    wanted = list(dict.fromkeys(names))
    if not wanted:
        return {}
    results = await target.connector.read(wanted, timeout_s=target.config.read_timeout_s)
    return _by_name(wanted, results)


def _by_name(names: Sequence[str], results: Sequence[N]) -> dict[str, N]:
    if [result.channel for result in results] != list(names):
        msg = "the connector did not answer for the channels asked, in their order: a defect of the connector"
        raise ConnectorError(msg)
    return dict(zip(names, results, strict=True))


async def look_back(
    ledger: PastWrites,
    target: str,
    cases: Iterable[Case],
    readings: Mapping[str, ReadResult],
    *,
    now_ns: int,
    own: OwnGroup | None = None,
) -> dict[str, tuple[PastWrite, ...]]:
    """Give the earlier writes that count for each channel whose limits ask for them."""
    limited = [case for case in cases if case.rule is not None and case.rule.needs_history]
    if not limited:
        return {}
    span_s = max(_look_back_s(case, readings) for case in limited)
    channels = list(dict.fromkeys(case.channel for case in limited))
    found = await ledger.recent_writes_of(target, channels, max(0, now_ns - int(span_s * 1e9)))
    return {channel: tuple(_past_write(row) for row in found[channel] if not _is_own(row, own)) for channel in channels}


def _look_back_s(case: Case, readings: Mapping[str, ReadResult]) -> float:
    """Give how far back a write could still matter for this one."""
    rule = case.rule
    if rule is None:
        return 0.0
    span_s = rule.min_interval_s or 0.0
    if rule.max_travel is not None:
        span_s = max(span_s, rule.travel_window_s)
    if rule.max_rate is not None:
        # Twice the distance from here bounds the change between any two values of the batch.
        span_s = max(span_s, 2 * _distance(case, readings) / rule.max_rate)
    return min(span_s, _LONGEST_LOOK_BACK_S)


def _distance(case: Case, readings: Mapping[str, ReadResult]) -> float:
    now = readings.get(case.channel)
    change = change_between(now.value, case.typed_value) if isinstance(now, Reading) else None
    return math.inf if change is None or math.isnan(change) else change


def _is_own(row: IntentRow, own: OwnGroup | None) -> bool:
    return own is not None and (row.request_id, row.group) == (own.request_id, own.group)


def _past_write(row: IntentRow) -> PastWrite:
    try:
        change = travel_between(unpacked(row.before), unpacked(row.value))
    except (LookupError, TypeError, ValueError):
        change = math.inf
    return PastWrite(at_ns=row.opened_ns, travel=change)


def travel_between(before: Value, value: Value) -> float:
    """Give how far a write moves a channel; infinite where that cannot be told."""
    change = change_between(before, value)
    return math.inf if change is None or math.isnan(change) else change
