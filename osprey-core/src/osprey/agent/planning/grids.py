"""Plans of scans over lists and grids, and around present values: one step, one list of writes, one approval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from osprey.agent.planning.amounts import ChannelAmount, in_unit_of, said
from osprey.agent.planning.changing import settling
from osprey.agent.planning.looking import PlanContext
from osprey.agent.planning.outcome import not_understood
from osprey.agent.planning.points import MOST_POINTS, count_points
from osprey.agent.planning.resolution import Found, Resolver
from osprey.agent.planning.steps import planned
from osprey.base.planning import ExecutionPlan, PlannedStep
from osprey.control import ChannelRecord
from osprey.models.phrasebook import Amount, GridScan, ScanAxis


def plan_grid(phrase: GridScan, context: PlanContext) -> ExecutionPlan:
    """Plan a scan through lists of values, with all combinations where it has several axes."""
    notes: list[str] = []
    resolver = Resolver(phrase.text, context.directory)
    founds = [_one_channel(phrase, axis, resolver) for axis in phrase.axes]
    names = [found.records[0].name for found in founds]
    if len(set(names)) < len(names):
        raise not_understood(phrase.text, None, "A scan moves each channel on one axis; one is named twice.")
    axes = [_axis(phrase, axis, found.records[0], notes) for axis, found in zip(phrase.axes, founds, strict=True)]
    count = math.prod(len(axis.get("values", ())) or axis["steps"] for axis in axes)
    if not 2 <= count <= MOST_POINTS:
        raise not_understood(phrase.text, None, f"A scan has 2 to {MOST_POINTS} points, not {count}.")
    measured = resolver.readable(phrase.measure) if phrase.measure else []
    parameters: dict[str, Any] = {"axes": axes, "form": "grid", "restore": True}
    if measured:
        channels = list(dict.fromkeys(name for each in measured for name in each.names))
        parameters["observe"] = {"channels": channels, "settle_s": settling(phrase.settle_s, notes)}
    notes.append(_said_order(founds, count))
    title = "Scan " + " and ".join(_said_axis(found, axis) for found, axis in zip(founds, phrase.axes, strict=True))
    step = PlannedStep(
        context_key="scan",
        capability="scan",
        task_objective=title,
        success_criteria="Every write is confirmed by its read-back",
        expected_output="SCAN_DATA",
        parameters=parameters,
    )
    return planned([step], [*notes, *(note for each in measured for note in each.notes)])


def _one_channel(phrase: GridScan, axis: ScanAxis, resolver: Resolver) -> Found:
    found = resolver.settable((axis.subject,))
    if len(found.records) != 1:
        message = f"An axis of a scan moves one channel; '{axis.subject.text}' is {len(found.records)}."
        raise not_understood(phrase.text, axis.subject, message, found.names[:3])
    return found


def _axis(phrase: GridScan, axis: ScanAxis, record: ChannelRecord, notes: list[str]) -> dict[str, Any]:
    given: dict[str, Any] = {"channel": record.name}
    if axis.is_relative:
        given["relative"] = True
        notes.append(
            f"the values of {record.device or record.name} count from what it is set to when the scan is planned"
        )
    if axis.start is None or axis.stop is None:
        amounts = [in_unit_of(phrase.text, record, value, notes) for value in axis.values]
        return {**given, "unit": _unit(amounts, record), "values": [amount.value for amount in amounts]}
    ends = (
        in_unit_of(phrase.text, record, axis.start, notes),
        in_unit_of(phrase.text, record, axis.stop, notes),
    )
    steps = count_points(phrase.text, axis, record, ends, notes)
    return {**given, "unit": _unit(ends, record), "start": ends[0].value, "stop": ends[1].value, "steps": steps}


def _unit(amounts: Sequence[ChannelAmount], record: ChannelRecord) -> str | None:
    """Give the channel's own unit, or the one that the guard shall refuse."""
    return next((amount.unit for amount in amounts if not amount.is_own), record.unit or None)


def _said_order(founds: Sequence[Found], count: int) -> str:
    labels = [found.label for found in founds]
    back = f"{' and '.join(labels)} then go{'es' if len(labels) == 1 else ''} back to what was set before"
    fastest = f", {labels[-1]} moves fastest" if len(labels) > 1 else ""
    return f"{count} points{fastest}; {back}"


def _said_axis(found: Found, axis: ScanAxis) -> str:
    if axis.start is None or axis.stop is None:
        return f"{found.label} over {_listing(axis.values)}"
    how = f"in steps of {said(axis.increment)}" if axis.increment else f"in {axis.steps} steps"
    where = " around its present value" if axis.is_relative else ""
    return f"{found.label} from {said(axis.start)} to {said(axis.stop)}{where} {how}"


def _listing(values: Sequence[Amount]) -> str:
    return ", ".join(map(said, values))
