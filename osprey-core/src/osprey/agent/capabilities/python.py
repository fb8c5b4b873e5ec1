"""Python: generate, rehearse, approve, replay, observe, record."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from osprey.agent.thread_approval import approval_in
from osprey.approval import Draft, Facts, current_actor, file_request, file_write_request
from osprey.approval.asking import asks
from osprey.approval.kinds.document import read_content, write_content
from osprey.base import ApprovalNeeded, BaseCapability, StepResult, StepStatus
from osprey.base.contexts import PythonResults
from osprey.config import DemandArea
from osprey.control import JudgeRequest, guard_of, targets_of
from osprey.control.wording import format_results
from osprey.errors import RefusedError, SandboxError, StorageError
from osprey.journal import journal_of
from osprey.services.python_executor import (
    PythonExecutionRequest,
    RunJob,
    RunMode,
    RunOutcome,
    generator_of,
    new_run_folder,
    runner_of,
)
from osprey.services.python_executor.applying.carrying_out import carry_out, is_wholly_confirmed, step_result
from osprey.services.python_executor.applying.go_ahead import go_ahead
from osprey.services.python_executor.applying.records import record_run
from osprey.services.python_executor.applying.rehearsals import (
    batch_of,
    bound_of,
    discard_run,
    load_rehearsal,
    observation_of,
    save_rehearsal,
    shown_of,
)
from osprey.services.python_executor.applying.remainders import merged_report, request_remainder

if TYPE_CHECKING:
    from osprey.control import ApplyReport

KIND = "python_executor"
_CODE = "is_code"
"""In the memo of a request that is about the code itself, before it has run."""


class PythonCapability(BaseCapability):
    """Write Python for the step, rehearse it against a shadow of the machine, and apply what was approved."""

    name = "python"
    description = "Analyse, plot, or change channels by a rehearsed script"
    provides = ("PYTHON_RESULTS",)
    asks_by_itself = True

    async def prepare(self) -> StepResult | ApprovalNeeded:
        self._project.config.require(DemandArea.EXECUTION)
        code = await self._generate()
        if self._is_code_asked():
            return await self._file_code(code)
        return await self._run(code)

    def _is_code_asked(self) -> bool:
        """Say whether a person reads all code before it runs: by the mode of approval, or of execution."""
        reading = self._project.config.execution.modes.get("read_only")
        asked = reading is not None and bool(reading.requires_approval)
        return asked or asks(approval_in(self._project, self._state), self.name).is_asked

    async def _run(self, code: str) -> StepResult | ApprovalNeeded:
        job = RunJob(
            code=code,
            mode=RunMode.DRY,
            target=self.target,
            inputs=await self.loaded_inputs(),
            folder=new_run_folder(self._project.state_dir, self._step.task_objective),
        )
        outcome = await runner_of(self._project).run(job)
        if not outcome.is_done or not outcome.writes:
            return await self._finished(job, outcome)
        return await self._file(job, outcome)

    async def _file_code(self, code: str) -> ApprovalNeeded:
        """Have a person read the code before it runs at all; writes that it makes are asked for after that."""
        draft = Draft(
            document=write_content(KIND, {"code": code, "execution_mode": "read_only", "target": self.target}),
            title=self._step.task_objective,
            thread=self.thread,
            risk="runs this code once in the sandbox, without a right to write; its writes are asked for by themselves",
            actor=current_actor(),
            facts=Facts(kind=KIND, target=self.target),
            key=f"{self.request_key}/code",
            shown={
                "question": self.question,
                "target": self.target,
                "simulated": (await targets_of(self._project).get(self.target)).simulated,
                "assumptions": self.assumptions,
            },
        )
        row = await file_request(self._project, draft)
        return ApprovalNeeded(request_id=row.id, sha256=row.sha256, memo={_CODE: True})

    async def _run_approved(self, needed: ApprovalNeeded) -> StepResult | ApprovalNeeded:
        """Run the code of the approved document, and no other."""
        row = await go_ahead(self._project, needed, "The code was not run.")
        if isinstance(row, StepResult):
            return row
        return await self._run(str(read_content(KIND, row.document)["code"]))

    async def conclude(self, needed: ApprovalNeeded) -> StepResult | ApprovalNeeded:
        if needed.memo.get(_CODE):
            return await self._run_approved(needed)
        latest = await carry_out(self._project, needed)
        report = merged_report(needed, latest)
        left = await request_remainder(self._project, needed, report, latest, shown={"question": self.question})
        if left:
            return left
        if report.status == "approved":
            return step_result(report)
        try:
            return await self._observed(await self._folder(needed), report)
        except (StorageError, SandboxError) as exc:
            # The writes were made and are in the journal; only the readings after them could not be.
            return StepResult(status=StepStatus.FAILED, text=f"{step_result(report).text}\n{exc}")

    async def _folder(self, needed: ApprovalNeeded) -> Path:
        """Give where the rehearsal is kept: of an edited request it is another one than when the step began."""
        row = await journal_of(self._project).requests.get(needed.request_id)
        return Path(str(row.presentation.get("folder") or needed.memo["folder"]))

    async def _observed(self, folder: Path, report: ApplyReport) -> StepResult:
        job, rehearsed = load_rehearsal(folder)
        if is_wholly_confirmed(report):
            observed = await runner_of(self._project).run(observation_of(job, rehearsed, report))
            return await self._finished(job, observed, report, rehearsed)
        return await self._not_applied(job, rehearsed, report)

    async def _generate(self) -> str:
        generator = generator_of(self._project)
        context: dict[str, Any] = dict(await self.loaded_inputs())
        if "template" in self._step.parameters:
            context["phrasebook"] = dict(self._step.parameters)
        request = PythonExecutionRequest(
            user_query=self.question,
            task_objective=self._step.task_objective,
            execution_folder_name=self._step.context_key,
            capability_context_data=context,
            target=self.target,
        )
        return await generator.generate_code(request, [])

    async def _file(self, job: RunJob, outcome: RunOutcome) -> ApprovalNeeded:
        actor = current_actor()
        if not outcome.replayable:
            rule = "python.not_replayable"
            await journal_of(self._project).audit.refusal(
                actor, "write", rule, outcome.why_not, {"target": self.target}
            )
            raise RefusedError(outcome.why_not, rule=rule)
        judgement = await guard_of(self._project).judge(
            JudgeRequest(batch=batch_of(self.target, outcome.writes), actor=actor)
        )
        save_rehearsal(job, outcome)
        row = await file_write_request(
            self._project,
            judgement,
            kind=KIND,
            title=self._step.task_objective,
            thread=str(self._state["thread"]),
            key=self.request_key,
            actor=actor,
            bound=bound_of(job, outcome),
            shown={"question": self.question, "assumptions": self.assumptions, **shown_of(job, outcome)},
        )
        kept = str(row.presentation["folder"])
        if kept != str(outcome.folder):  # the step ran again after a crash: the first rehearsal counts
            discard_run(outcome.folder)
        return ApprovalNeeded(request_id=row.id, sha256=row.sha256, memo={"folder": kept})

    async def _finished(
        self,
        job: RunJob,
        outcome: RunOutcome,
        report: ApplyReport | None = None,
        rehearsed: RunOutcome | None = None,
    ) -> StepResult:
        notebook = await self._record(job, outcome, report, rehearsed)
        lines = [step_result(report).text] if report else []
        if outcome.is_done:
            lines.append(format_results(outcome.results))
        else:
            lines.append(f"The script ended with {outcome.status}: {outcome.error}")
        figures = tuple(str(outcome.folder / name) for name in outcome.figures)
        return StepResult(
            status=StepStatus.DONE if outcome.is_done else StepStatus.FAILED,
            text="\n".join(line for line in lines if line),
            context=await self.leave(
                PythonResults(results=outcome.results, figures=tuple(outcome.figures)),
                channels=tuple(dict.fromkeys(one.channel for one in outcome.writes)),
                request_id=report.request_id if report else "",
                run=outcome.folder.name,
            ),
            runs=(str(outcome.folder),),
            artifacts=(*figures, str(notebook)),
            warnings=outcome.warnings,
        )

    async def _not_applied(self, job: RunJob, rehearsed: RunOutcome, report: ApplyReport) -> StepResult:
        result = step_result(report)
        notebook = await self._record(job, None, report, rehearsed)
        return StepResult(
            status=result.status,
            text=result.text,
            runs=(str(rehearsed.folder),),
            artifacts=(str(notebook),),
        )

    async def _record(
        self, job: RunJob, outcome: RunOutcome | None, report: ApplyReport | None, rehearsed: RunOutcome | None
    ) -> Path:
        run = outcome or rehearsed
        return await record_run(
            self._project,
            title=self._step.task_objective,
            question=self.question,
            code=job.code,
            outcome=outcome,
            rehearsal=rehearsed,
            report=report,
            folder=run.folder if run else new_run_folder(self._project.state_dir, self._step.context_key),
            answer=format_results(outcome.results) if outcome else "",
            job=job,
        )
