"""Python: a step that is carried out by the Python service, in a run of the turn's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio.to_thread

from osprey.agent.events import StepRetried
from osprey.agent.telling import tell
from osprey.agent.thread_approval import approval_in
from osprey.approval.seeds.places import digest_of
from osprey.base import ApprovalNeeded, BaseCapability, StepResult, StepStatus
from osprey.base.contexts import PythonResults
from osprey.errors import RefusedError
from osprey.services.python_executor import PythonExecutionRequest
from osprey.services.python_executor.exceptions import CodeGenerationError
from osprey.services.python_executor.service import Asked, Ended, RunCall, Stage, StageBegan, runs_of
from osprey.services.python_executor.service.calls import is_code_asked
from osprey.services.python_executor.service.endings import RunEnd
from osprey.services.python_executor.service.events import listening
from osprey.services.python_executor.service.results import plain_results

if TYPE_CHECKING:
    from collections.abc import Mapping

_STATUS = {
    RunEnd.DONE: StepStatus.DONE,
    RunEnd.FAILED: StepStatus.FAILED,
    RunEnd.REFUSED: StepStatus.REFUSED,
    RunEnd.REJECTED: StepStatus.REFUSED,
}


class PythonCapability(BaseCapability):
    """Write Python for the step, rehearse it against a shadow of the machine, and apply what was approved."""

    name = "python"
    description = "Analyse, plot, or change channels by a rehearsed script"
    provides = ("PYTHON_RESULTS",)
    asks_by_itself = True

    async def prepare(self) -> StepResult | ApprovalNeeded:
        request = await self._request()
        with listening(self._tell_stage):
            return await self._told(await runs_of(self._project).begin(self._call(), request))

    async def conclude(self, needed: ApprovalNeeded) -> StepResult | ApprovalNeeded:
        with listening(self._tell_stage):
            standing = await runs_of(self._project).proceed(self._run_name)
        if isinstance(standing, Asked) and standing.held_by:
            return StepResult(status=StepStatus.WAITING, text=standing.held_by)
        return await self._told(standing)

    @property
    def _run_name(self) -> str:
        return f"{self._state['turn']}/{self.name}/{self._step.context_key}"

    def _call(self) -> RunCall:
        return RunCall(
            run=self._run_name,
            thread=self.thread,
            key=self.request_key,
            is_code_asked=is_code_asked(self._project, approval_in(self._project, self._state)),
            shown={"question": self.question, "assumptions": self.assumptions},
            # The same step again, after a crash or an error that may pass: what it has done so far stands.
            digest=digest_of(self._step.task_objective, dict(self._step.parameters), self.get_step_inputs()),
        )

    async def _request(self) -> PythonExecutionRequest:
        context: dict[str, Any] = dict(await self.loaded_inputs())
        if "template" in self._step.parameters:
            context["phrasebook"] = dict(self._step.parameters)
        return PythonExecutionRequest(
            user_query=self.question,
            task_objective=self._step.task_objective,
            capability_context_data=context,
            target=self.target,
        )

    def _tell_stage(self, begun: StageBegan) -> None:
        if begun.stage is Stage.GENERATION and begun.attempt > 1:
            key, name = self._step.context_key, self._step.capability
            tell(StepRetried(key=key, capability=name, attempt=begun.attempt, why=begun.why))

    async def _told(self, standing: Asked | Ended) -> StepResult | ApprovalNeeded:
        if isinstance(standing, Asked):
            return ApprovalNeeded(request_id=standing.request_id, sha256=standing.sha256, said=standing.said)
        if standing.status is RunEnd.UNWRITTEN:
            chain = standing.error_chain
            raise CodeGenerationError(standing.text, generation_attempt=standing.attempt, error_chain=chain)
        if standing.status is RunEnd.REFUSED and standing.report is None:
            raise RefusedError(standing.text, rule=standing.rule)
        return await self._ended(standing)

    async def _ended(self, ended: Ended) -> StepResult:
        folder = Path(ended.folder)
        figures = tuple(str(folder / name) for name in ended.figures)
        return StepResult(
            status=_STATUS[ended.status],
            text=ended.text,
            context=await self._left(ended, folder),
            runs=(ended.folder,) if ended.notebook else (),
            artifacts=(*figures, ended.notebook) if ended.notebook else (),
            warnings=ended.warnings,
        )

    async def _left(self, ended: Ended, folder: Path) -> Mapping[str, Any]:
        if not ended.run_status:
            return {}
        results = await anyio.to_thread.run_sync(plain_results, folder)
        return await self.leave(
            PythonResults(results=results, figures=ended.figures),
            channels=ended.channels,
            request_id=ended.request_id,
            run=folder.name,
        )
