"""Stage generation: the generator writes a text, told of what went wrong before."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from osprey.errors import OspreyError
from osprey.services.python_executor.exceptions import CodeGenerationError
from osprey.services.python_executor.generation import generator_of
from osprey.services.python_executor.service.endings import RunEnd
from osprey.services.python_executor.service.events import Stage, tell_stage
from osprey.services.python_executor.service.keeping import load_request
from osprey.services.python_executor.service.stages.retrying import (
    GENERATION,
    MISSING,
    after_failure,
    end_as,
    error_chain,
)
from osprey.services.python_executor.service.state import Change, EndState, FailureState, ServiceState

if TYPE_CHECKING:
    from osprey.project import Project
    from osprey.services.python_executor.requests import PythonExecutionRequest

_LOG: Final = logging.getLogger(__name__)


async def generate(project: Project, state: ServiceState) -> Change:
    """Have a text written.

    :raises OspreyError: what it needs is not there (a model, a plugin): other code would not help.
    """
    request, _ = load_request(Path(state["folder"]))
    failures = state["failures"]
    tell_stage(Stage.GENERATION, state["attempt"], failures[-1]["message"] if failures else "")
    try:
        code = await _written(project, request, state)
    except CodeGenerationError as exc:
        return _failed(project, request, state, str(exc))
    if not any(code == failure["code"] for failure in failures):
        return {"code": code}
    # It would do what it did before, and every budget would be spent on finding that out again.
    last = failures[-1]
    if code == last["code"] and last["kind"] == MISSING:
        return {"code": code, "accepts_missing": True}
    return {"code": "", "end": end_as(RunEnd.FAILED, has_outcome=True) if last["code"] else _unwritten(last)}


async def _written(project: Project, request: PythonExecutionRequest, state: ServiceState) -> str:
    if request.approved_code is not None and not state["failures"]:
        return request.approved_code
    chain = error_chain(state)
    try:
        written: object = await generator_of(project).generate_code(request, chain)
    except OspreyError:
        raise
    except Exception as exc:
        _LOG.exception("the generator failed")
        msg = f"the generator failed: {type(exc).__name__}: {exc}"
        raise CodeGenerationError(msg, generation_attempt=len(chain) + 1, error_chain=chain) from exc
    code = cast("Any", written)  # a generator of anybody's may give what it likes
    if not isinstance(code, str) or not code.strip():
        msg = f"the generator gave {'an empty text' if isinstance(code, str) else type(code).__name__}, and no code"
        raise CodeGenerationError(msg, generation_attempt=len(chain) + 1, error_chain=chain)
    return code


def _failed(project: Project, request: PythonExecutionRequest, state: ServiceState, told: str) -> Change:
    failure: FailureState = {
        "stage": GENERATION,
        "kind": "CodeGenerationError",
        "message": told,
        "line": None,
        "code": "",
        "traceback": "",
    }
    return {"code": "", **after_failure(project, request, state, failure, end_as(RunEnd.UNWRITTEN, told))}


def _unwritten(failure: FailureState) -> EndState:
    return end_as(RunEnd.UNWRITTEN, failure["message"])
