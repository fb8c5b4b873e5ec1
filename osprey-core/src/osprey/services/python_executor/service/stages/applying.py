"""Stage execution, its second half: the guard carries out what was approved, and the machine is looked at after it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from osprey.base import ApprovalNeeded, StepStatus
from osprey.control.wire import to_wire
from osprey.errors import SandboxError, StorageError
from osprey.journal import journal_of
from osprey.services.python_executor._serialization import from_json
from osprey.services.python_executor.applying.carrying_out import carry_out, is_wholly_confirmed, step_result
from osprey.services.python_executor.applying.rehearsals import load_rehearsal, observation_of
from osprey.services.python_executor.applying.remainders import merged_report, request_remainder
from osprey.services.python_executor.runner import runner_of
from osprey.services.python_executor.service.asking import asked_state, needed_of
from osprey.services.python_executor.service.calls import RunCall
from osprey.services.python_executor.service.endings import About, RunEnd
from osprey.services.python_executor.service.events import Stage, tell_stage
from osprey.services.python_executor.service.keeping import save_observed
from osprey.services.python_executor.service.stages.retrying import end_as
from osprey.services.python_executor.service.state import AskedState, Change, EndState, ServiceState

if TYPE_CHECKING:
    from osprey.control import ApplyReport
    from osprey.project import Project

_ENDS = {
    StepStatus.DONE: RunEnd.DONE,
    StepStatus.FAILED: RunEnd.FAILED,
    StepStatus.REFUSED: RunEnd.REFUSED,
    StepStatus.WAITING: RunEnd.FAILED,
}
_SAID_NO = frozenset({"rejected", "expired", "withdrawn", "superseded"})


async def apply(project: Project, state: ServiceState) -> Change:
    """Have the guard do what was approved, or tell what became of it; ask for what was left; observe."""
    asked = state["asked"]
    if asked is None:
        return {}
    tell_stage(Stage.EXECUTION, state["attempt"])
    needed, call = needed_of(asked), from_json(RunCall, state["call"])
    latest = await carry_out(project, needed)
    report = merged_report(needed, latest)
    left = await request_remainder(project, needed, report, latest, shown=call.shown)
    if isinstance(left, ApprovalNeeded):
        return await _ask_for_rest(project, left)
    if left is not None and left.status is StepStatus.WAITING:
        return {"held_by": left.text, "waits": True}
    if left is not None:
        return {"asked": None, "end": _end(_ENDS[left.status], left.text, report, observed=False)}
    if report.status == "approved":
        return {"held_by": step_result(report).text, "waits": True}
    folder = await _folder(project, asked, state)
    return {"asked": None, "run_folder": str(folder), "end": await _observed(project, folder, report)}


async def _ask_for_rest(project: Project, left: ApprovalNeeded) -> Change:
    row = await journal_of(project).requests.get(left.request_id)
    asked = asked_state(project, row, About.WRITES, memo=left.memo, said=left.said)
    return {"asked": asked, "held_by": "", "waits": True}


async def _folder(project: Project, asked: AskedState, state: ServiceState) -> Path:
    """Give where the rehearsal is kept: of an edited request it is another one than when the run began."""
    row = await journal_of(project).requests.get(asked["request_id"])
    return Path(str(row.presentation.get("folder") or state["folder"]))


async def _observed(project: Project, folder: Path, report: ApplyReport) -> EndState:
    """Run the code again without a right to write, so that its later readings are real."""
    result = step_result(report)
    status = RunEnd.REJECTED if report.status in _SAID_NO else _ENDS[result.status]
    if not is_wholly_confirmed(report):
        return _end(status, result.text, report, observed=False)
    try:
        job, rehearsed = load_rehearsal(folder)
        outcome = await runner_of(project).run(observation_of(job, rehearsed, report))
        save_observed(outcome)
    except (StorageError, SandboxError) as exc:
        # The writes were made and are in the journal; only the readings after them could not be.
        return _end(RunEnd.FAILED, f"{result.text}\n{exc}", report, observed=False)
    return _end(RunEnd.DONE if outcome.is_done else RunEnd.FAILED, result.text, report, observed=True)


def _end(status: RunEnd, text: str, report: ApplyReport, *, observed: bool) -> EndState:
    plain: dict[str, Any] = to_wire(report)
    end = end_as(status, text, has_outcome=observed, observed=observed, request_id=report.request_id)
    return {**end, "report": plain, "rule": report.rule}
