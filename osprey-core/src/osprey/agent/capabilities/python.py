"""Python: generate, rehearse, approve, replay, observe, record."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from osprey.agent.capabilities.carrying_out import carry_out, step_result
from osprey.agent.wording import format_results
from osprey.approval import current_actor, file_write_request
from osprey.base import ApprovalNeeded, BaseCapability, StepResult, StepStatus
from osprey.control import ApplyReport, JudgeRequest, Outcome, WriteBatch, WriteItem, guard_of
from osprey.errors import RefusedError
from osprey.services.python_executor import (
    PythonExecutionRequest,
    RunFolder,
    RunOutcome,
    RunStatus,
    create_code_generator,
    runner_of,
)

if TYPE_CHECKING:
    from osprey.services.python_executor import IntendedWrite

KIND = "python_executor"


class PythonCapability(BaseCapability):
    """Write Python for the step, rehearse it against a shadow of the machine, and apply what was approved."""

    name = "python"
    description = "Analyse, plot, or change channels by a rehearsed script"

    async def prepare(self) -> StepResult | ApprovalNeeded:
        code = await self._generate()
        folder = RunFolder.create(self._project, self._step.context_key)
        outcome = await runner_of(self._project).rehearse(
            code, target=self.target, folder=folder, inputs=self.input_contexts()
        )
        if outcome.status is not RunStatus.OK or not outcome.writes:
            return self._finished(folder, outcome, report=None)
        return await self._file(code, folder, outcome)

    async def conclude(self, needed: ApprovalNeeded) -> StepResult:
        report = await carry_out(self._project, needed)
        folder = RunFolder.open(str(needed.memo["folder"]))
        if not _all_confirmed(report):
            folder.record_decision(report)
            result = step_result(report)
            if not report.items:
                return result
            return self._with_files(result, folder)
        outcome = await runner_of(self._project).observe(folder, target=self.target, report=report)
        return self._finished(folder, outcome, report=report)

    async def _generate(self) -> str:
        generator = create_code_generator(self._project)
        context: dict[str, Any] = dict(self.input_contexts())
        if "template" in self._step.parameters:
            context["phrasebook"] = dict(self._step.parameters)
        request = PythonExecutionRequest(
            user_query=str(self._state["user_query"]),
            task_objective=self._step.task_objective,
            execution_folder_name=self._step.context_key,
            capability_context_data=context,
        )
        return await generator.generate_code(request, [])

    async def _file(self, code: str, folder: RunFolder, outcome: RunOutcome) -> ApprovalNeeded:
        if not outcome.is_replayable:
            raise RefusedError(outcome.why_not_replayable, rule="python.not_replayable")
        actor = current_actor()
        judgement = await guard_of(self._project).judge(
            JudgeRequest(batch=_batch(self.target, outcome.writes), actor=actor)
        )
        row = await file_write_request(
            self._project,
            judgement,
            kind=KIND,
            title=self._step.task_objective,
            thread=str(self._state["thread"]),
            key=self.request_key,
            actor=actor,
            bound={
                "code_sha256": hashlib.sha256(code.encode()).hexdigest(),
                "rehearsed_reads": outcome.rehearsed_reads,
            },
            shown={
                "question": self._state["user_query"],
                "code": code,
                "folder": str(folder.path),
                "tier": outcome.tier,
            },
        )
        kept = str(row.presentation["folder"])
        if kept != str(folder.path):  # the step ran again after a crash: the first rehearsal counts
            folder.discard()
        return ApprovalNeeded(request_id=row.id, sha256=row.sha256, memo={"folder": kept})

    def _finished(self, folder: RunFolder, outcome: RunOutcome, report: ApplyReport | None) -> StepResult:
        notebook = folder.record(
            outcome, question=str(self._state["user_query"]), title=self._step.task_objective, report=report
        )
        lines = [step_result(report).text] if report else []
        if outcome.status is RunStatus.OK:
            lines.append(format_results(outcome.results))
        else:
            lines.append(f"The script ended with {outcome.status}: {outcome.error}")
        return StepResult(
            status=StepStatus.DONE if outcome.status is RunStatus.OK else StepStatus.FAILED,
            text="\n".join(line for line in lines if line),
            context={"results": outcome.results},
            runs=(str(folder.path),),
            artifacts=(*(str(figure) for figure in outcome.figures), str(notebook)),
            warnings=tuple(outcome.warnings),
        )

    def _with_files(self, result: StepResult, folder: RunFolder) -> StepResult:
        return StepResult(status=result.status, text=result.text, runs=(str(folder.path),))


def _batch(target: str, writes: tuple[IntendedWrite, ...]) -> WriteBatch:
    groups: dict[int, list[WriteItem]] = {}
    for write in writes:
        item = WriteItem(channel=write.channel, value=write.value, unit=write.unit, line=write.line)
        groups.setdefault(write.group, []).append(item)
    return WriteBatch(target=target, groups=tuple(tuple(groups[number]) for number in sorted(groups)))


def _all_confirmed(report: ApplyReport) -> bool:
    return bool(report.items) and all(item.outcome is Outcome.CONFIRMED for item in report.items)


def results_of(context: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give the results of an earlier python step out of its context."""
    return context.get("results", {})
