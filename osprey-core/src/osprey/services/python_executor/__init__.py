"""Python execution: code is generated, rehearsed, approved as its effect, applied and recorded.

Import from this page: the service with its request and result, the generators, the runner with its jobs and outcomes,
the record.
`sandbox` holds what isolates a run; nobody outside this room starts generated code.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from osprey.services.python_executor.models import (
    AnalysisPhase,
    IntendedWrite,
    PlanningMode,
    PythonExecutionRequest,
    PythonExecutionSuccess,
    PythonServiceResult,
    RecordedRead,
    Recording,
    RunJob,
    RunMode,
    RunOutcome,
    RunStatus,
    ServiceStatus,
    StructuredPlan,
    WriteAnswer,
)

if TYPE_CHECKING:
    from osprey.services.python_executor.analysis import analyze_code_security
    from osprey.services.python_executor.generation import CodeGenerator, create_code_generator, generator_of
    from osprey.services.python_executor.record import RunRecord, new_run_folder, write_record
    from osprey.services.python_executor.runner import PythonRunner, runner_of
    from osprey.services.python_executor.service import PythonExecutorService

_ELSEWHERE = {
    "analyze_code_security": "analysis",
    "CodeGenerator": "generation",
    "create_code_generator": "generation",
    "generator_of": "generation",
    "PythonExecutorService": "service",
    "PythonRunner": "runner",
    "runner_of": "runner",
    "RunRecord": "record",
    "new_run_folder": "record",
    "write_record": "record",
}

__all__ = [
    "AnalysisPhase",
    "CodeGenerator",
    "IntendedWrite",
    "PlanningMode",
    "PythonExecutionRequest",
    "PythonExecutionSuccess",
    "PythonExecutorService",
    "PythonRunner",
    "PythonServiceResult",
    "RecordedRead",
    "Recording",
    "RunJob",
    "RunMode",
    "RunOutcome",
    "RunRecord",
    "RunStatus",
    "ServiceStatus",
    "StructuredPlan",
    "WriteAnswer",
    "analyze_code_security",
    "create_code_generator",
    "generator_of",
    "new_run_folder",
    "runner_of",
    "write_record",
]


def __getattr__(name: str) -> Any:
    if name in _ELSEWHERE:
        return getattr(import_module(f"{__name__}.{_ELSEWHERE[name]}"), name)
    msg = f"osprey.services.python_executor has no {name!r}"
    raise AttributeError(msg)
