"""The writes that would bring a machine back to a snapshot. They are requested, approved and judged like any other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from attrs import evolve, frozen

from osprey.control.channels.directory import ChannelDirectory
from osprey.control.comparison import is_finite, to_plain
from osprey.control.requests import WriteItem
from osprey.control.snapshots.difference import Tolerances, compare
from osprey.control.snapshots.snapshot import Snapshot
from osprey.control.targets import Target
from osprey.control.values import ChannelInfo, Fault, Reading, ReadResult, Severity
from osprey.errors import UsageError


class Grouping(StrEnum):
    """Which writes go together; the next group is sent only if all of one were confirmed."""

    EACH = "each"
    """One after the other."""
    DEVICE = "device"
    FAMILY = "family"
    ALL = "all"
    """All at once."""


class Order(StrEnum):
    """Which writes go first."""

    SAVED = "saved"
    """As in the snapshot."""
    REVERSED = "reversed"
    NAME = "name"


@frozen(kw_only=True)
class WayBack:
    """Groups of writes, and what is left out of them."""

    groups: tuple[tuple[WriteItem, ...], ...]
    unchanged: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]
    """Channels that cannot be brought back, each with the reason."""
    silent: tuple[str, ...] = ()
    """Those of them that give no value now, so that nobody knows whether they are as they were."""


async def way_back(
    target: Target, snapshot: Snapshot, *, order: Order = Order.SAVED, grouping: Grouping = Grouping.EACH
) -> WayBack:
    """Find what has changed since, on a fresh read, and can be written.

    :raises UsageError: the snapshot is of another target.
    """
    if snapshot.target != target.name:
        msg = f"snapshot {snapshot.name!r} is of target {snapshot.target!r}, not of {target.name!r}"
        raise UsageError(msg)
    was = snapshot.by_channel()
    timeout_s = target.config.read_timeout_s
    is_now = {one.channel: one for one in await target.connector.read(list(was), timeout_s=timeout_s)}
    saved = {channel: _as_set(one, is_now[channel]) for channel, one in was.items()}
    now = {channel: _as_set(one, was[channel]) for channel, one in is_now.items()}
    difference = compare(saved, now, Tolerances(limits=target.limits))
    changed = [change.before for change in difference.changes]
    infos = await target.connector.describe([one.channel for one in changed], timeout_s=timeout_s)
    left_out = [(fault.channel, _unread(fault, saved)) for fault in difference.unreadable]
    items: dict[str, WriteItem] = {}
    for reading, info in zip(changed, infos, strict=True):
        reason = _obstacle(reading, info, now[reading.channel])
        if reason:
            left_out.append((reading.channel, reason))
        else:
            items[reading.channel] = WriteItem(channel=reading.channel, value=reading.value, unit=reading.unit or None)
    ordered = [items[channel] for channel in _ordered(saved, order) if channel in items]
    return WayBack(
        groups=_grouped(ordered, grouping, await target.directory()),
        unchanged=difference.same,
        left_out=tuple(left_out),
        silent=tuple(channel for channel, one in now.items() if isinstance(one, Fault)),
    )


def _as_set(result: ReadResult, other: ReadResult) -> ReadResult:
    """Give what a channel is set to, where both times know it: a write changes that, not what is measured."""
    if not isinstance(result, Reading) or not isinstance(other, Reading):
        return result
    if result.setpoint is None or other.setpoint is None:
        return result
    return evolve(result, value=to_plain(result.setpoint))


def _unread(fault: Fault, saved: Mapping[str, object]) -> str:
    when = "had no value when it was saved" if saved[fault.channel] is fault else "cannot be read now"
    return f"{when}: {fault.message}"


def _obstacle(saved: Reading, info: ChannelInfo | Fault, now: object) -> str:
    """Say why a channel cannot be brought back; empty if it can."""
    if isinstance(info, Fault):
        return f"cannot be described now: {info.message}"
    if info.is_command:
        return "is a command, which has no value to bring back"
    if not info.writable:
        return "is read-only"
    if saved.severity is Severity.INVALID:
        return "had severity invalid when it was saved"
    if not is_finite(saved.value):
        return "was no finite number when it was saved"
    if isinstance(now, Reading) and (now.unit, now.dtype) != (saved.unit, saved.dtype):
        return f"has changed its unit or type: {saved.unit or 'no unit'} {saved.dtype}, now {now.unit} {now.dtype}"
    return ""


def _ordered(channels: Iterable[str], order: Order) -> list[str]:
    match order:
        case Order.SAVED:
            return list(channels)
        case Order.REVERSED:
            return list(channels)[::-1]
        case Order.NAME:
            return sorted(channels)


def _grouped(
    items: Sequence[WriteItem], grouping: Grouping, directory: ChannelDirectory
) -> tuple[tuple[WriteItem, ...], ...]:
    if grouping is Grouping.EACH:
        return tuple((item,) for item in items)
    if grouping is Grouping.ALL:
        return (tuple(items),) if items else ()

    def key(item: WriteItem) -> str:
        record = directory.get(item.channel)
        known = "" if record is None else record.device if grouping is Grouping.DEVICE else record.family
        # What the list of channels does not know goes by itself.
        return known or f"\0{item.channel}"

    together: dict[str, list[WriteItem]] = {}
    for item in items:
        together.setdefault(key(item), []).append(item)
    return tuple(map(tuple, together.values()))
