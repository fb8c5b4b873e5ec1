"""What is read to judge a batch: descriptions, fresh values, and earlier writes from the ledger.

A connector is asked in batches; an answer of the wrong length or for another channel is a broken connector,
and nothing is judged on it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

from attrs import frozen

from osprey.control.comparison import change_between, to_plain
from osprey.control.exact import unpacked
from osprey.control.guard.checks import Case, PastWrite, Scene
from osprey.control.limits.limit_values import LONGEST_LOOK_BACK_S
from osprey.control.values import ChannelInfo, Fault, Reading, ReadResult
from osprey.errors import ConnectorError
from osprey.journal import IntentRow

if TYPE_CHECKING:
    from osprey.control.targets import Target

_LONGEST_OPEN_S = 7200.0
"""How long a write may be under way at the very most: what was opened before that counts by its receipt."""


class _Named(Protocol):
    @property
    def channel(self) -> str: ...


N = TypeVar("N", bound=_Named)


class PastWrites(Protocol):
    """The part of the ledger that judging needs."""

    async def recent_writes_of(
        self, target: str, channels: Sequence[str], since_ns: int
    ) -> Mapping[str, Sequence[IntentRow]]: ...

    async def recent_writes_to(self, target: str, since_ns: int) -> Sequence[IntentRow]: ...


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
    return require_answers(wanted, await target.connector.describe(wanted, timeout_s=timeout_s))


async def read_channels(target: Target, names: Iterable[str]) -> dict[str, ReadResult]:
    """Read fresh values, never a cache, all within one deadline."""
    wanted = list(dict.fromkeys(names))
    if not wanted:
        return {}
    results = await target.connector.read(wanted, timeout_s=target.config.read_timeout_s)
    return require_answers(wanted, results)


def require_answers(names: Sequence[str], results: Sequence[N]) -> dict[str, N]:
    """Give the answers by name.

    :raises ConnectorError: they are not those of the channels asked, in their order.
    """
    if [result.channel for result in results] != list(names):
        msg = "the connector did not answer for the channels asked, in their order: a defect of the connector"
        raise ConnectorError(msg)
    return dict(zip(names, results, strict=True))


async def look_back(
    ledger: PastWrites, target: str, cases: Iterable[Case], scene: Scene, *, own: OwnGroup | None = None
) -> None:
    """Put the earlier writes that count for these cases into the scene."""
    ruled = [(case, case.rule) for case in cases if case.rule is not None]
    limited = [case for case, rule in ruled if rule.needs_own_history]
    if limited:
        since_ns = _since_ns(max(_look_back_s(case, scene.readings) for case in limited), scene)
        channels = list(dict.fromkeys(case.channel for case in limited))
        found = await ledger.recent_writes_of(target, channels, since_ns)
        scene.history = {channel: _past_writes(found[channel], own, scene) for channel in channels}
    rates = {rate.group: rate for _, rule in ruled for rate in rule.group_rates}
    if rates:
        since_ns = _since_ns(max(rate.window_s for rate in rates.values()), scene)
        rows = await ledger.recent_writes_to(target, since_ns)
        scene.group_history = _by_group(rows, rates, own, scene)


def _since_ns(span_s: float, scene: Scene) -> int:
    return max(0, scene.now_ns - int((span_s + _LONGEST_OPEN_S) * 1e9))


def _by_group(
    rows: Sequence[IntentRow], groups: Iterable[str], own: OwnGroup | None, scene: Scene
) -> dict[str, tuple[PastWrite, ...]]:
    """Sort the writes of a target by the groups that the limits put their channels into."""
    last_own = max((row.id for row in rows if _is_own(row, own)), default=None)
    # Of two that opened their intents together the later one counts the earlier one: so one of them may go.
    counted = [row for row in rows if last_own is None or row.id <= last_own]
    members: dict[str, list[IntentRow]] = {group: [] for group in groups}
    for row in counted:
        for group in _groups_of(row.channel, scene):
            if group in members:
                members[group].append(row)
    return {group: _past_writes(found, own, scene) for group, found in members.items()}


def _groups_of(channel: str, scene: Scene) -> set[str]:
    """Give the groups of a written channel; a field of a record belongs to those of its record as well."""
    limits = scene.limits
    rules = [limits.rule_for(name) or limits.unlisted for name in {channel, channel.rpartition(".")[0] or channel}]
    return {rate.group for rule in rules for rate in rule.group_rates}


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
    return min(span_s, LONGEST_LOOK_BACK_S)


def _distance(case: Case, readings: Mapping[str, ReadResult]) -> float:
    now = readings.get(case.channel)
    held = None if not isinstance(now, Reading) else now.value if now.setpoint is None else now.setpoint
    change = None if held is None else change_between(to_plain(held), case.typed_value)
    return math.inf if change is None or math.isnan(change) else change


def _is_own(row: IntentRow, own: OwnGroup | None) -> bool:
    return own is not None and (row.request_id, row.group) == (own.request_id, own.group)


def _past_writes(rows: Sequence[IntentRow], own: OwnGroup | None, scene: Scene) -> tuple[PastWrite, ...]:
    return tuple(
        PastWrite(at_ns=_latest_ns(row, own, scene.now_ns), travel=_travel_of(row))
        for row in rows
        if not _is_own(row, own)
    )


def _latest_ns(row: IntentRow, own: OwnGroup | None, now_ns: int) -> int:
    """Give the latest time at which a write may have been sent: any time until its receipt.

    Between the groups of one request its own settle time has passed, which is what a batch is judged by.
    """
    if own is not None and row.request_id == own.request_id:
        return row.opened_ns
    return now_ns if row.closed_ns is None else max(row.opened_ns, row.closed_ns)


def _travel_of(row: IntentRow) -> float:
    try:
        change = change_between(unpacked(row.before), unpacked(row.value))
    except (LookupError, TypeError, ValueError):
        return math.inf
    return math.inf if change is None or math.isnan(change) else change
