"""Stage analysis: whether a text is fit to be run, and whether a person reads it before it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from osprey.approval import Draft, Facts, current_actor, file_request
from osprey.approval.kinds.document import write_content
from osprey.control import targets_of
from osprey.errors import RefusedError
from osprey.services.python_executor._serialization import from_json
from osprey.services.python_executor.analysis import check_text
from osprey.services.python_executor.applying.rehearsals import save_rehearsal
from osprey.services.python_executor.models import RunOutcome, RunStatus
from osprey.services.python_executor.runner import normal_text
from osprey.services.python_executor.service.asking import KIND, asked_state, shown_beside
from osprey.services.python_executor.service.calls import RunCall
from osprey.services.python_executor.service.endings import About, RunEnd
from osprey.services.python_executor.service.events import Stage, tell_stage
from osprey.services.python_executor.service.jobs import rehearsal_job, target_of
from osprey.services.python_executor.service.keeping import load_request
from osprey.services.python_executor.service.stages.retrying import GENERATION, after_failure, end_as
from osprey.services.python_executor.service.state import Change, ServiceState

if TYPE_CHECKING:
    from osprey.project import Project
    from osprey.services.python_executor.analysis import Finding
    from osprey.services.python_executor.requests import PythonExecutionRequest


async def analyse(project: Project, state: ServiceState) -> Change:
    """Look at a text, and file a request where a person has to read it first."""
    tell_stage(Stage.ANALYSIS, state["attempt"])
    request, _ = load_request(Path(state["folder"]))
    finding = check_text(normal_text(state["code"]))
    if finding is not None:
        return _unfit(project, request, state, finding)
    call = from_json(RunCall, state["call"])
    if not call.is_code_asked or state["is_code_agreed"]:
        return {}
    try:
        return await _ask_about_code(project, request, call, state)
    except RefusedError as exc:
        return {"end": end_as(RunEnd.REFUSED, str(exc), rule=exc.rule)}


def _unfit(project: Project, request: PythonExecutionRequest, state: ServiceState, finding: Finding) -> Change:
    job = rehearsal_job(project, request, state)
    folder = Path(state["folder"])
    outcome = RunOutcome(
        status=RunStatus.REJECTED, mode=job.mode, folder=folder, error=finding.message, error_line=finding.line
    )
    save_rehearsal(job, outcome)
    return after_failure(
        project,
        request,
        state,
        {
            "stage": GENERATION,
            "kind": "CodeSyntaxError",
            "message": finding.message,
            "line": finding.line,
            "code": state["code"],
            "traceback": "",
        },
        end_as(RunEnd.FAILED, has_outcome=True),
    )


async def _ask_about_code(
    project: Project, request: PythonExecutionRequest, call: RunCall, state: ServiceState
) -> Change:
    """Have a person read the code before it runs at all; writes that it makes are asked for after that."""
    target = target_of(project, request)
    draft = Draft(
        document=write_content(KIND, {"code": state["code"], "execution_mode": "read_only", "target": target}),
        title=request.task_objective,
        thread=call.thread,
        risk="runs this code once in the sandbox, without a right to write; its writes are asked for by themselves",
        actor=current_actor(),
        facts=Facts(kind=KIND, target=target),
        key=f"{call.key}/{state['token']}/code/{state['attempt']}",
        shown={
            "target": target,
            "simulated": (await targets_of(project).get(target)).simulated,
            **shown_beside(call),
        },
    )
    row = await file_request(project, draft)
    return {"asked": asked_state(project, row, About.CODE)}
