"""How snapshots and their differences are shown."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import click

from osprey.cli.channel_view import columns, reason_of, severity_text, value_text
from osprey.control import ChannelDirectory, Fault, Reading
from osprey.control.snapshots.snapshot import dump
from osprey.control.wording import format_value
from osprey.errors import UsageError
from osprey.printable import printable

if TYPE_CHECKING:
    from osprey.control.snapshots import Change, Difference, Snapshot, WayBack

_SHOWN = 20


def listed(
    directory: ChannelDirectory, patterns: Sequence[str], families: Sequence[str], *, setpoints: bool
) -> list[str]:
    """Give the listed channels that match a pattern or are of a family; all, if there is neither.

    :raises UsageError: nothing is listed, or a pattern or family has no channel.
    """
    if not len(directory):
        msg = "the target lists no channels: name them, or give the target a `channels` file"
        raise UsageError(msg)
    records = [record for record in directory.records if not setpoints or record.role == "setpoint"]
    found = [] if patterns or families else list(records)
    for pattern in patterns:
        matched = [record for record in records if fnmatch.fnmatchcase(record.name, pattern)]
        if not matched:
            msg = f"no listed channel matches {pattern!r}: osprey channels find WORDS shows how they are named"
            raise UsageError(msg)
        found += matched
    for family in families:
        matched = [record for record in records if record.family.casefold() == family.casefold()]
        if not matched:
            known = sorted({record.family for record in records if record.family})
            near = get_close_matches(family, known, n=3, cutoff=0.3) or known[:_SHOWN]
            msg = f"no listed channel is of family {family!r}; there are: {', '.join(near) or 'none'}"
            raise UsageError(msg)
        found += matched
    return [record.name for record in found]


def head_of(snapshot: Snapshot) -> dict[str, Any]:
    """Give what a list of snapshots shows of one, as JSON."""
    return {
        "name": snapshot.name,
        "target": snapshot.target,
        "simulated": snapshot.simulated,
        "saved": _utc(snapshot.saved_ns),
        "saved_by": snapshot.saved_by,
        "note": snapshot.note,
        "count": len(snapshot.results),
        "unreadable": sum(isinstance(result, Fault) for result in snapshot.results),
    }


def plain_snapshot(snapshot: Snapshot) -> dict[str, Any]:
    """Give a snapshot as its file has it."""
    return json.loads(dump(snapshot))


def print_heads(found: Sequence[Snapshot | tuple[str, str]]) -> None:
    """Print one line a snapshot; a file that is none says why, on stderr."""
    good = [head_of(one) for one in found if not isinstance(one, tuple)]
    if not good:
        click.echo("There is no snapshot: osprey snapshot save NAME", err=True)
    rows = [
        (
            head["name"],
            _place(head["target"], head["simulated"]),
            head["saved"],
            f"{head['count']} channels",
            head["note"],
        )
        for head in good
    ]
    for line in columns([tuple(map(printable, row)) for row in rows]):
        click.echo(line)
    for one in found:
        if isinstance(one, tuple):
            click.echo(f"{printable(one[0])}: {one[1]}", err=True)


def print_snapshot(snapshot: Snapshot) -> None:
    """Print the head of a snapshot and a line for each channel."""
    place = _place(snapshot.target, snapshot.simulated)
    click.echo(f"{snapshot.name}: {place}, {_utc(snapshot.saved_ns)}, by {printable(snapshot.saved_by)}")
    if snapshot.note:
        click.echo(printable(snapshot.note))
    readings = [result for result in snapshot.results if isinstance(result, Reading)]
    for line in columns([(printable(r.channel), value_text(r), printable(r.unit), severity_text(r)) for r in readings]):
        click.echo(line)
    for line in told_of(snapshot):
        click.echo(line, err=True)


def told_of(snapshot: Snapshot) -> list[str]:
    """Say which channels gave no value, the first few by name."""
    faults = [result for result in snapshot.results if isinstance(result, Fault)]
    lines = [f"{printable(fault.channel)}: no value: {reason_of(fault)}" for fault in faults[:_SHOWN]]
    if len(faults) > _SHOWN:
        lines.append(f"... and {len(faults) - _SHOWN} more without a value")
    return lines


def told_of_way(way: WayBack) -> list[str]:
    """Say what is left out of a restore, every channel that cannot be brought back by name."""
    lines = [f"left out: {printable(channel)} {printable(reason)}" for channel, reason in way.left_out]
    if way.unchanged:
        lines.append(f"{len(way.unchanged)} channels are as they were")
    return lines


def print_difference(difference: Difference, name: str, against: str) -> None:
    """Print one line a change: before, after, how much, in which unit."""
    rows = [_row(change) for change in difference.changes]
    if rows:
        for line in columns([("channel", name, against, "change", ""), *rows]):
            click.echo(line)
    else:
        click.echo(f"No channel is different: {len(difference.same)} are the same.")
    for fault in difference.unreadable:
        click.echo(f"{printable(fault.channel)}: not compared: {reason_of(fault)}", err=True)


def plain_difference(difference: Difference) -> dict[str, Any]:
    """Give a difference as JSON."""
    return {
        "changes": [_plain_change(change) for change in difference.changes],
        "same": list(difference.same),
        "unreadable": [
            {"channel": fault.channel, "error": fault.kind.value, "message": fault.message}
            for fault in difference.unreadable
        ],
    }


def _row(change: Change) -> tuple[str, ...]:
    before, after = change.before, change.after
    if change.is_of_another_unit:
        told = f"unit {before.unit or 'none'} is now {after.unit or 'none'}"
    else:
        told = "" if change.size is None else format_value(change.size)
    return (printable(before.channel), value_text(before), value_text(after), printable(told), printable(after.unit))


def _plain_change(change: Change) -> dict[str, Any]:
    return {
        "channel": change.before.channel,
        "before": _plain(change.before),
        "after": _plain(change.after),
        "unit": change.after.unit,
        "unit_before": change.before.unit,
        "size": None if change.size is None else _number(change.size),
        "tolerance": change.tolerance,
        "severity": change.after.severity.value,
    }


def _plain(reading: Reading) -> Any:
    value = reading.value
    if isinstance(value, str | int):
        return value
    return _number(value) if isinstance(value, float) else [_number(e) if isinstance(e, float) else e for e in value]


def _number(value: float) -> float | str:
    # JSON has no word for what is no number.
    return value if value - value == 0 else str(value)


def _place(target: str, simulated: bool) -> str:
    return f"{target} (simulated)" if simulated else target


def _utc(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns // 10**9, tz=UTC).isoformat()
