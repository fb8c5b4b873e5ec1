"""How channels are shown: in rows of one quantity and unit, with their places along the machine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from osprey.agent.planning.resolution import Found
from osprey.control import ChannelRecord


def profiles_of(found: Iterable[Found]) -> list[dict[str, Any]]:
    """Group channels into rows ``{label, unit, has_positions, channels: {name: position or device}}``.

    A row is one quantity in one unit, in the order of position; where a channel has no position, or all
    are at one place, the devices' names stand for it.
    """
    rows: list[dict[str, Any]] = []
    for each in found:
        kinds: dict[tuple[str, str, str], list[ChannelRecord]] = {}
        for record in each.records:
            kinds.setdefault((record.quantity, record.unit, record.role), []).append(record)
        rows += [_row(_row_label(each, records, len(kinds)), records) for records in kinds.values()]
    return _with_distinct_labels(rows)


def unit_of(records: Sequence[ChannelRecord]) -> str:
    """Give the one unit of all records; empty if they differ."""
    units = {record.unit for record in records}
    return units.pop() if len(units) == 1 else ""


def labels_of(found: Iterable[Found]) -> dict[str, str]:
    """Give a short label for each channel."""
    labels: dict[str, str] = {}
    for each in found:
        for record in each.records:
            labels[record.name] = each.label if len(each.records) == 1 else record.name
    return labels


def _row(label: str, records: Sequence[ChannelRecord]) -> dict[str, Any]:
    positions = {record.position_m for record in records}
    has_positions = None not in positions and len(positions) > 1
    if has_positions:
        records = sorted(records, key=lambda record: record.position_m or 0.0)
        # Micrometres are plenty for a plot, and sums of lengths leave binary dust.
        places: list[float | str] = [round(record.position_m or 0.0, 6) for record in records]
    else:
        places = [record.device or record.name for record in records]
    return {
        "label": label,
        "unit": unit_of(records),
        "has_positions": has_positions,
        "channels": {record.name: place for record, place in zip(records, places, strict=True)},
    }


def _row_label(found: Found, records: Sequence[ChannelRecord], kinds: int) -> str:
    if kinds == 1:
        return found.label
    quantity = records[0].quantity.replace("_", " ") or records[0].name
    roles = {record.role for record in found.records}
    return f"{found.label}, {quantity}{f' {records[0].role}' if len(roles) > 1 else ''}"


def _with_distinct_labels(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    seen: dict[str, int] = {}
    for row in rows:
        count = seen[row["label"]] = seen.get(row["label"], 0) + 1
        if count > 1:
            row["label"] = f"{row['label']} ({count})"
    return rows
