"""What a scan has measured, taken from the guard's own report: what was confirmed, and what was read after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from osprey.agent.capabilities.reading_contexts import observed_of
from osprey.base.contexts import ScanAxisData, ScanData
from osprey.control import ApplyReport, ItemReport, Outcome, Reading
from osprey.control.channels.directory import ChannelDirectory


def scan_data(report: ApplyReport, directory: ChannelDirectory, *, points: int, restores: bool) -> ScanData:
    """Put the points that were reached into columns.

    The report counts, and not the plan: a person may have approved other values, or fewer points.

    :param points: how many were asked for.
    :param restores: whether the last of the groups asked for puts the old values back.
    """
    groups = [list(items) for _, items in groupby(report.items, key=lambda item: item.group)]
    # With an edited list nobody knows whether the last group still is the way back: it counts as a point.
    is_way_back = restores and len(groups) == points + 1
    approved = groups[:-1] if is_way_back else groups
    reached = _confirmed(approved)
    measured_rows = [observed_of(row) for row in report.observations[: len(reached)]]
    names = list(dict.fromkeys(item.name for group in approved for item in group))
    observed = list(dict.fromkeys(name for row in measured_rows for name in row))
    return ScanData(
        request_id=report.request_id,
        planned=len(approved),
        axes=tuple(
            ScanAxisData(channel=name, unit=_unit(directory, name), values=_column(reached, name)) for name in names
        ),
        measured={name: tuple(row.get(name) for row in measured_rows) for name in observed},
        units={name: unit for name in observed if (unit := _observed_unit(report, name))},
        is_restored=is_way_back and bool(groups) and all(item.outcome is Outcome.CONFIRMED for item in groups[-1]),
    )


def _confirmed(groups: Sequence[Sequence[ItemReport]]) -> list[Sequence[ItemReport]]:
    reached: list[Sequence[ItemReport]] = []
    for group in groups:
        if any(item.outcome is not Outcome.CONFIRMED for item in group):
            break
        reached.append(group)
    return reached


def _column(groups: Sequence[Sequence[ItemReport]], name: str) -> tuple[float, ...]:
    """Give what an axis was set to at each point: where it did not move, what it was set to before."""
    values: list[float] = []
    held = float("nan")
    for group in groups:
        for item in group:
            if item.name == name and isinstance(item.value, int | float):
                held = float(item.value)
        values.append(held)
    return tuple(values)


def _unit(directory: ChannelDirectory, name: str) -> str:
    record = directory.get(name)
    return record.unit if record else ""


def _observed_unit(report: ApplyReport, name: str) -> str:
    units = (one.unit for row in report.observations for one in row if isinstance(one, Reading) and one.channel == name)
    return next((unit for unit in units if unit), "")


def figure_columns(data: ScanData) -> Mapping[str, Sequence[Any]]:
    """Give the measured columns that can be drawn: numbers, and gaps where there was none."""
    return {
        name: column
        for name, column in data.measured.items()
        if any(_is_number(value) for value in column) and all(value is None or _is_number(value) for value in column)
    }


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
