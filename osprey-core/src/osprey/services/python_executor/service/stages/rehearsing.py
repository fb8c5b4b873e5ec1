"""Stage execution, its first half: the code runs against a shadow of the machine; what it wants to write is filed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from osprey.approval import current_actor, file_write_request
from osprey.control import JudgeRequest, guard_of
from osprey.errors import RefusedError
from osprey.journal import journal_of
from osprey.services.python_executor._serialization import from_json
from osprey.services.python_executor.applying.grades import grade_of
from osprey.services.python_executor.applying.rehearsals import (
    batch_of,
    bound_of,
    load_rehearsal,
    save_rehearsal,
    shown_of,
)
from osprey.services.python_executor.runner import runner_of
from osprey.services.python_executor.service.asking import KIND, asked_state, shown_beside
from osprey.services.python_executor.service.calls import RunCall
from osprey.services.python_executor.service.endings import About, RunEnd
from osprey.services.python_executor.service.events import Stage, tell_stage
from osprey.services.python_executor.service.expecting import missing_results, tell_missing
from osprey.services.python_executor.service.jobs import rehearsal_job
from osprey.services.python_executor.service.keeping import load_request
from osprey.services.python_executor.service.stages.retrying import (
    EXECUTION,
    MISSING,
    after_failure,
    end_as,
    may_try_again,
)
from osprey.services.python_executor.service.state import Change, FailureState, ServiceState

if TYPE_CHECKING:
    from osprey.project import Project
    from osprey.services.python_executor.models import RunJob, RunOutcome
    from osprey.services.python_executor.requests import PythonExecutionRequest

_NO_RESULTS: Final = "the code never set `results`: assign what is to be kept to it, as a mapping"


async def rehearse(project: Project, state: ServiceState) -> Change:
    """Run the code without a right to write; end, write it again, or ask for its writes.

    :raises SandboxError, ConnectorError: what it runs in or reads from is not there; the code stands.
    """
    tell_stage(Stage.EXECUTION, state["attempt"])
    request, _ = load_request(Path(state["folder"]))
    job, outcome = await _rehearsed(project, request, state)
    if not outcome.is_done:
        failure = _failure(state, outcome.error_type or outcome.status.value, outcome.error, outcome)
        return after_failure(project, request, state, failure, end_as(RunEnd.FAILED, has_outcome=True))
    changed = _missing(project, request, state, outcome)
    if changed is not None:
        return changed
    if not outcome.writes:
        return {"end": end_as(RunEnd.DONE, has_outcome=True)}
    try:
        return await _file(project, request, state, job, outcome)
    except RefusedError as exc:
        return {"end": end_as(RunEnd.REFUSED, str(exc), rule=exc.rule)}


async def _rehearsed(
    project: Project, request: PythonExecutionRequest, state: ServiceState
) -> tuple[RunJob, RunOutcome]:
    if state["accepts_missing"]:
        return load_rehearsal(Path(state["folder"]))
    job = rehearsal_job(project, request, state)
    outcome = await runner_of(project).run(job)
    save_rehearsal(job, outcome)
    return job, outcome


def _missing(
    project: Project, request: PythonExecutionRequest, state: ServiceState, outcome: RunOutcome
) -> Change | None:
    """Give what changes where the code left out what was asked for; None where it goes on."""
    left_nothing = outcome.results is None and not outcome.writes and not outcome.figures
    missing = missing_results(request.expected_results, outcome.results)
    if not left_nothing and not missing:
        return None
    told = _NO_RESULTS if left_nothing else tell_missing(request.expected_results, missing)
    failure = _failure(state, MISSING, told, outcome)
    may = may_try_again(project, request, [*state["failures"], failure])
    if left_nothing or (may and not state["accepts_missing"]):
        end = end_as(RunEnd.FAILED, _NO_RESULTS, has_outcome=True)
        if state["accepts_missing"]:
            return {"end": end}
        return after_failure(project, request, state, failure, end)
    return None


def _failure(state: ServiceState, kind: str, message: str, outcome: RunOutcome) -> FailureState:
    return {
        "stage": EXECUTION,
        "kind": kind,
        "message": message,
        "line": outcome.error_line,
        "code": state["code"],
        "traceback": "\n".join(outcome.error_frames),
    }


async def _file(
    project: Project, request: PythonExecutionRequest, state: ServiceState, job: RunJob, outcome: RunOutcome
) -> Change:
    actor, call = current_actor(), from_json(RunCall, state["call"])
    try:
        _require_write_mode(project)
        grade_of(outcome)
    except RefusedError as exc:
        told = {"target": job.target}
        await journal_of(project).audit.refusal(actor, "write", exc.rule, str(exc), told)
        raise
    batch = batch_of(str(job.target), outcome.writes)
    judgement = await guard_of(project).judge(JudgeRequest(batch=batch, actor=actor))
    shown: dict[str, Any] = {**shown_beside(call), **shown_of(job, outcome)}
    row = await file_write_request(
        project,
        judgement,
        kind=KIND,
        title=request.task_objective,
        thread=call.thread,
        key=f"{call.key}/{state['token']}",
        actor=actor,
        bound=bound_of(job, outcome),
        shown=shown,
    )
    return {"asked": asked_state(project, row, About.WRITES)}


def _require_write_mode(project: Project) -> None:
    """Go on only if generated code may ask for writes at all.

    :raises RefusedError: ``python.mode_forbids_writes``.
    """
    mode = project.config.execution.modes.get("write_access")
    if mode is not None and mode.allows_writes is False:
        msg = (
            "execution.modes.write_access.allows_writes is false, so no write of generated code is asked for: "
            "take the key out, or write the channels without a script"
        )
        raise RefusedError(msg, rule="python.mode_forbids_writes")
