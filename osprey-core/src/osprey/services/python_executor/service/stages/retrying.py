"""Whether code is written again after a failure: the budgets, and what another attempt could change."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from osprey.services.python_executor.error_chain import ErrorText, ExecutionError
from osprey.services.python_executor.record import write_private
from osprey.services.python_executor.service.endings import RunEnd
from osprey.services.python_executor.service.state import Change, EndState, FailureState, ServiceState

if TYPE_CHECKING:
    from osprey.project import Project
    from osprey.services.python_executor.requests import PythonExecutionRequest

GENERATION: Final = "generation"
EXECUTION: Final = "execution"
MISSING: Final = "MissingResults"
"""The kind of failure of code that ran well and left out what was asked for."""


def error_chain(state: ServiceState) -> list[str]:
    """Give what went wrong before, oldest first."""
    return [
        ErrorText(
            ExecutionError(
                error_type=failure["kind"],
                error_message=failure["message"],
                failed_code=failure["code"] or None,
                traceback=failure["traceback"] or None,
                attempt_number=number,
                stage=failure["stage"],
            )
        )
        for number, failure in enumerate(state["failures"], start=1)
    ]


def after_failure(
    project: Project, request: PythonExecutionRequest, state: ServiceState, failure: FailureState, end: EndState
) -> Change:
    """Give what changes after a failed attempt: it is written again, or the run ends as `end` says."""
    failures = [*state["failures"], failure]
    _keep_attempt(Path(state["folder"]), len(failures), failure)
    changed: Change = {"failures": failures}
    if may_try_again(project, request, failures):
        # Nothing of the failed text may be analysed or run while there is no new one.
        return {
            **changed,
            "attempt": state["attempt"] + 1,
            "code": "",
            "is_code_agreed": False,
            "accepts_missing": False,
        }
    return {**changed, "end": end}


def end_as(
    status: RunEnd,
    text: str = "",
    *,
    rule: str = "",
    has_outcome: bool = False,
    observed: bool = False,
    request_id: str = "",
) -> EndState:
    """Give how a run ends."""
    return {
        "status": status.value,
        "text": text,
        "rule": rule,
        "observed": observed,
        "has_outcome": has_outcome,
        "request_id": request_id,
        "report": None,
    }


def may_try_again(project: Project, request: PythonExecutionRequest, failures: list[FailureState]) -> bool:
    execution = project.config.execution
    most = {GENERATION: execution.max_generation_retries, EXECUTION: execution.max_execution_retries}
    stage = failures[-1]["stage"]
    of_stage = sum(failure["stage"] == stage for failure in failures)
    return of_stage <= most[stage] and len(failures) <= request.retries


def _keep_attempt(folder: Path, number: int, failure: FailureState) -> None:
    """Leave a failed text in the run's folder, with what was wrong with it."""
    place = folder / "attempts"
    place.mkdir(mode=0o700, exist_ok=True)
    told = "".join(f"# {line}\n" for line in failure["message"].splitlines())
    write_private(place / f"{number:02}_{failure['stage']}.py", f"{told}{failure['code']}".encode(errors="replace"))
