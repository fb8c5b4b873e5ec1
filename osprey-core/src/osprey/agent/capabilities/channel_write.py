"""Write channels: set, step, or scan, each as one approved list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osprey.agent.capabilities.carrying_out import carry_out, step_result
from osprey.agent.capabilities.reading_contexts import writes_of
from osprey.agent.capabilities.records import record_writes
from osprey.agent.capabilities.remainders import merged_report, request_remainder
from osprey.agent.capabilities.write_lists import groups_of_scan, groups_of_writes
from osprey.approval import current_actor, file_write_request
from osprey.base import ApprovalNeeded, BaseCapability, StepResult
from osprey.control import (
    ApplyReport,
    JudgeRequest,
    WriteBatch,
    guard_of,
    targets_of,
)

KIND = "channel_write"


class ChannelWriteCapability(BaseCapability):
    """File the exact list of writes, and carry it out once a person has agreed."""

    name = "channel_write"
    description = "Set, step or scan channels after a person's approval"
    provides = ("CHANNEL_WRITE_RESULTS",)
    asks_by_itself = True

    async def prepare(self) -> ApprovalNeeded:
        guard = guard_of(self._project)
        actor = current_actor()
        judgement = await guard.judge(JudgeRequest(batch=await self._batch(), actor=actor))
        row = await file_write_request(
            self._project,
            judgement,
            kind=KIND,
            title=self._step.task_objective,
            thread=str(self._state["thread"]),
            key=self.request_key,
            actor=actor,
            shown={"question": self.question, "assumptions": self.assumptions},
        )
        return ApprovalNeeded(request_id=row.id, sha256=row.sha256)

    async def conclude(self, needed: ApprovalNeeded) -> StepResult | ApprovalNeeded:
        latest = await carry_out(self._project, needed)
        report = merged_report(needed, latest)
        left = await request_remainder(self._project, needed, report, latest, shown={"question": self.question})
        return left or await self._finished(report)

    async def _finished(self, report: ApplyReport) -> StepResult:
        result = step_result(report)
        if not report.items or report.status == "approved":
            return result
        notebook = await record_writes(
            self._project, title=self._step.task_objective, question=self.question, report=report
        )
        return StepResult(
            status=result.status,
            text=result.text,
            context=await self.leave(
                writes_of(report),
                channels=tuple(item.name for item in report.items),
                request_id=report.request_id,
                run=notebook.parent.name,
            ),
            runs=(str(notebook.parent),),
            artifacts=(str(notebook),),
            warnings=result.warnings,
        )

    async def _batch(self) -> WriteBatch:
        target = await targets_of(self._project).get(self.target)
        parameters: Mapping[str, Any] = self._step.parameters
        observe: Mapping[str, Any] = parameters.get("observe", {})
        if "scan" in parameters:
            groups = await groups_of_scan(target, parameters["scan"])
        else:
            groups = await groups_of_writes(target, parameters["groups"])
        return WriteBatch(
            target=self.target,
            groups=groups,
            observe=tuple(observe.get("channels", ())),
            settle_s=float(observe.get("settle_s", 0.0)),
        )
