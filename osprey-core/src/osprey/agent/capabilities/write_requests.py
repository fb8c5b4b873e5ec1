"""A step that is a list of writes: judged, filed as one request, and carried out exactly once a person has agreed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from osprey.agent.capabilities.reading_contexts import writes_of
from osprey.approval import current_actor, file_write_request
from osprey.base import ApprovalNeeded, BaseCapability, StepResult
from osprey.control import ApplyReport, JudgeRequest, WriteBatch, guard_of
from osprey.errors import UsageError
from osprey.services.python_executor.applying.carrying_out import carry_out, step_result
from osprey.services.python_executor.applying.records import record_writes
from osprey.services.python_executor.applying.remainders import merged_report, request_remainder

KIND = "channel_write"


@frozen(kw_only=True)
class WriteList:
    """What a step wants to have written."""

    batch: WriteBatch
    told: tuple[str, ...] = ()
    """What a person has to know before deciding, beyond the writes themselves; a sentence each."""
    memo: Mapping[str, Any] = field(factory=dict[str, Any])
    """What the step needs when it goes on; JSON."""


class WriteListCapability(BaseCapability):
    """Files the exact list of writes, and carries it out after the decision."""

    asks_by_itself = True

    async def planned_writes(self) -> WriteList | StepResult:
        """Give the list, or a result where there is nothing to write."""
        raise NotImplementedError

    async def prepare(self) -> StepResult | ApprovalNeeded:
        try:
            planned = await self.planned_writes()
        except (TypeError, ValueError, KeyError, AttributeError) as exc:
            # A plan may come from a model: what is no list of writes is said, and files nothing.
            told = f"the key {exc} is missing" if isinstance(exc, KeyError) else str(exc)
            msg = f"step '{self.step.context_key}' of capability '{self.name}' is no list of writes: {told}"
            raise UsageError(msg) from exc
        if isinstance(planned, StepResult):
            return planned
        actor = current_actor()
        judgement = await guard_of(self._project).judge(JudgeRequest(batch=planned.batch, actor=actor))
        row = await file_write_request(
            self._project,
            judgement,
            kind=KIND,
            title=self.get_task_objective(),
            thread=self.thread,
            key=self.request_key,
            actor=actor,
            shown={"question": self.question, "assumptions": [*self.assumptions, *planned.told]},
        )
        said = "\n".join(planned.told)
        return ApprovalNeeded(request_id=row.id, sha256=row.sha256, memo=planned.memo, said=said)

    async def conclude(self, needed: ApprovalNeeded) -> StepResult | ApprovalNeeded:
        latest = await carry_out(self._project, needed)
        report = merged_report(needed, latest)
        left = await request_remainder(self._project, needed, report, latest, shown={"question": self.question})
        return left or await self._finished(report)

    async def _finished(self, report: ApplyReport) -> StepResult:
        result = step_result(report)
        if not report.items or report.status == "approved":
            return result
        title = self.get_task_objective()
        notebook = await record_writes(self._project, title=title, question=self.question, report=report)
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
