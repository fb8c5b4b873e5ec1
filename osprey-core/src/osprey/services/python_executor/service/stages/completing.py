"""Stage complete: the record is written, and what is said of the run is put together from it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from osprey.control.requests import ApplyReport
from osprey.control.wire import from_wire
from osprey.control.wording import format_results
from osprey.errors import StorageError
from osprey.services.python_executor._serialization import from_json, to_json
from osprey.services.python_executor.applying.records import record_run
from osprey.services.python_executor.applying.rehearsals import load_rehearsal
from osprey.services.python_executor.models import RunJob, RunOutcome
from osprey.services.python_executor.service.calls import RunCall
from osprey.services.python_executor.service.endings import Ended, RunEnd
from osprey.services.python_executor.service.events import Stage, tell_stage
from osprey.services.python_executor.service.expecting import missing_results, tell_missing
from osprey.services.python_executor.service.keeping import load_observed, load_request
from osprey.services.python_executor.service.stages.retrying import error_chain
from osprey.services.python_executor.service.state import Change, EndState, ServiceState

if TYPE_CHECKING:
    from osprey.project import Project
    from osprey.services.python_executor.requests import PythonExecutionRequest


@frozen(kw_only=True)
class _Ran:
    """What ran, as far as anything did."""

    job: RunJob | None = None
    rehearsed: RunOutcome | None = None
    counted: RunOutcome | None = None
    """The run whose results count."""


async def complete(project: Project, state: ServiceState) -> Change:
    """Write the record, and end the run."""
    tell_stage(Stage.COMPLETE, state["attempt"])
    end = state["end"]
    if end is None:
        return {}
    folder = Path(state["run_folder"] or state["folder"])
    request, _ = load_request(Path(state["folder"]))
    report = None if end["report"] is None else from_wire(ApplyReport, end["report"])
    ran = _ran(folder, end)
    notebook = ""
    if ran.counted is not None or report is not None or end["status"] == RunEnd.REJECTED:
        notebook = str(await _record(project, request, state, ran, report))
    return {"ended": to_json(_ended(state, request, end, folder, ran, notebook))}


def _ran(folder: Path, end: EndState) -> _Ran:
    try:
        job, rehearsed = load_rehearsal(folder)
        observed = load_observed(folder) if end["observed"] else None
    except StorageError:
        return _Ran()  # nothing ran yet, or it is gone: what was done is in the journal, and told from there
    if end["observed"]:
        return _Ran(job=job, rehearsed=rehearsed, counted=observed)
    if end["has_outcome"]:
        return _Ran(job=job, counted=rehearsed)
    return _Ran(job=job, rehearsed=rehearsed)


async def _record(
    project: Project, request: PythonExecutionRequest, state: ServiceState, ran: _Ran, report: ApplyReport | None
) -> Path:
    end = state["end"]
    return await record_run(
        project,
        title=request.task_objective,
        question=str(from_json(RunCall, state["call"]).shown.get("question", "")),
        code=ran.job.code if ran.job else state["code"],
        outcome=ran.counted,
        rehearsal=ran.rehearsed,
        report=report,
        folder=Path(state["run_folder"] or state["folder"]),
        answer=format_results(ran.counted.results) if ran.counted else "",
        job=ran.job,
        request_id=end["request_id"] if end else "",
    )


def _ended(
    state: ServiceState, request: PythonExecutionRequest, end: EndState, folder: Path, ran: _Ran, notebook: str
) -> Ended:
    outcome = ran.counted
    lines = [end["text"], _told(outcome)]
    return Ended(
        status=RunEnd(end["status"]),
        text="\n".join(line for line in lines if line),
        said=end["text"],
        rule=end["rule"],
        run_status=outcome.status.value if outcome else "",
        error=outcome.error if outcome else "",
        traceback="\n".join(outcome.error_frames) if outcome else "",
        folder=str(folder),
        notebook=notebook,
        figures=tuple(outcome.figures) if outcome else (),
        channels=tuple(dict.fromkeys(one.channel for one in outcome.writes)) if outcome else (),
        warnings=_warnings(request, outcome),
        code=ran.job.code if ran.job else state["code"],
        attempt=state["attempt"],
        request_id=end["request_id"],
        report=end["report"],
        seconds=outcome.seconds if outcome else 0.0,
        error_chain=tuple(str(error) for error in error_chain(state)),
        has_results=outcome is not None and outcome.is_done,
    )


def _told(outcome: RunOutcome | None) -> str:
    if outcome is None:
        return ""
    return (
        format_results(outcome.results)
        if outcome.is_done
        else f"The script ended with {outcome.status}: {outcome.error}"
    )


def _warnings(request: PythonExecutionRequest, outcome: RunOutcome | None) -> tuple[str, ...]:
    if outcome is None:
        return ()
    missing = missing_results(request.expected_results, outcome.results) if outcome.is_done else []
    told = [tell_missing(request.expected_results, missing)] if missing else []
    return (*outcome.warnings, *told)
