"""A scan over one to three channels: one list, one approval; it stops at the first point that is not confirmed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

import anyio.to_thread

from osprey.agent.capabilities.scan_data import scan_data
from osprey.agent.capabilities.scan_figure import draw_scan
from osprey.agent.capabilities.scan_points import ScanPlan, plan_scan, restores
from osprey.agent.capabilities.write_lists import present_numbers
from osprey.agent.capabilities.write_requests import WriteList, WriteListCapability
from osprey.base import ApprovalNeeded, StepResult
from osprey.base.contexts import ScanData
from osprey.control import ApplyReport, WriteBatch, targets_of
from osprey.control.wording import format_value
from osprey.errors import UsageError
from osprey.services.python_executor.applying.carrying_out import carry_out, step_result
from osprey.services.python_executor.applying.records import record_writes

_LONGEST_S: Final = 3600
"""Settling at one point; a longer wait is a plan of its own."""


class ScanCapability(WriteListCapability):
    """Move channels through a grid or a list of points, and read others at each."""

    name = "scan"
    description = "Scan one to three channels over a grid or a list and measure others, after a person's approval"
    provides = ("SCAN_DATA",)

    async def planned_writes(self) -> WriteList:
        parameters = self.step.parameters
        plan, goes_back = plan_scan(parameters), restores(parameters)
        measured, settle_s = _observed(parameters)
        target = await targets_of(self._project).get(self.target)
        present = await present_numbers(target, [axis.channel for axis in plan.axes])
        before = [present[axis.channel] for axis in plan.axes]
        plan = plan.placed(before)
        batch = WriteBatch(
            target=self.target,
            groups=plan.groups(before if goes_back else None),
            observe=measured,
            settle_s=settle_s,
        )
        told = _told(plan, before, settle_s, goes_back=goes_back)
        return WriteList(batch=batch, told=told, memo={"points": len(plan.points), "restores": goes_back})

    async def conclude(self, needed: ApprovalNeeded) -> StepResult:
        """Carry it out; what an abort leaves is not asked for by itself, since the machine has moved meanwhile."""
        report = await carry_out(self._project, needed)
        result = step_result(report)
        if not report.items or report.status == "approved":
            return result
        return await self._measured(report, result, needed.memo)

    async def _measured(self, report: ApplyReport, result: StepResult, memo: Mapping[str, Any]) -> StepResult:
        target = await targets_of(self._project).get(self.target)
        title = self.get_task_objective()
        notebook = await record_writes(self._project, title=title, question=self.question, report=report)
        data = scan_data(report, await target.directory(), points=int(memo["points"]), restores=bool(memo["restores"]))
        figure = await anyio.to_thread.run_sync(_draw, data, notebook.parent, title, target.simulated)
        context = await self.leave(
            data,
            channels=tuple(axis.channel for axis in data.axes) + tuple(data.measured),
            request_id=report.request_id,
            run=notebook.parent.name,
            as_file=True,
        )
        return StepResult(
            status=result.status,
            text="\n".join([_said(data, report), result.text]),
            context=context,
            runs=(str(notebook.parent),),
            artifacts=tuple(map(str, filter(None, (figure, notebook)))),
        )


def _draw(data: ScanData, folder: Path, title: str, simulated: bool) -> Path | None:
    return draw_scan(data, folder, title, simulated=simulated)


def _observed(parameters: Mapping[str, Any]) -> tuple[tuple[str, ...], float]:
    given: object = parameters.get("observe") or {}
    observe = cast("Mapping[str, Any]", given) if isinstance(given, Mapping) else {"channels": None}
    channels: object = observe.get("channels", ())
    settle_s: Any = observe.get("settle_s", 0.0)
    is_time = isinstance(settle_s, int | float) and not isinstance(settle_s, bool) and 0 <= settle_s <= _LONGEST_S
    if not is_time or not isinstance(channels, list | tuple):
        msg = f"'observe' of a scan is {{channels: [...], settle_s: 0 to {_LONGEST_S}}}, not {given!r}"
        raise UsageError(msg)
    return tuple(str(name) for name in cast("list[Any]", channels)), float(settle_s)


def _told(plan: ScanPlan, before: list[float], settle_s: float, *, goes_back: bool) -> tuple[str, ...]:
    """Say how many points there are, how far each channel moves in all, and how long it takes at the least."""
    moves = [
        f"{axis.channel} moves {format_value(travel)} {axis.unit or ''}".rstrip()
        for axis, travel in zip(plan.axes, plan.travel(before, restores=goes_back), strict=True)
    ]
    count = len(plan.points) + goes_back
    back = "back to the present values at the end" if goes_back else "the last values stay"
    return (
        f"{len(plan.points)} points; in all {', '.join(moves)}; {back}",
        f"it takes at least {format_value(count * settle_s)} s of settling, and the writes and readings beside",
        "it stops at the first point that is not confirmed; the old values can then be asked for",
    )


def _said(data: ScanData, report: ApplyReport) -> str:
    reached = min((len(axis.values) for axis in data.axes), default=0)
    told = f"{reached} of {data.planned} points were reached and measured."
    if data.is_restored:
        return f"{told} The old values are back."
    if reached < data.planned:
        return f"{told} The scan was aborted: {report.reason}"
    return told
