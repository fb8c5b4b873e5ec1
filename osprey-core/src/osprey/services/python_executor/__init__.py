"""Python execution: code is generated, rehearsed, approved as its effect, applied and recorded.

Import from this page: the request and its generators, the runner with its jobs and outcomes, the record.
`sandbox` holds what isolates a run; nobody outside this room starts generated code.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from osprey.services.python_executor.models import (
    IntendedWrite,
    PythonExecutionRequest,
    RecordedRead,
    Recording,
    RunJob,
    RunMode,
    RunOutcome,
    RunStatus,
    WriteAnswer,
)

if TYPE_CHECKING:
    from osprey.services.python_executor.analysis import analyze_code_security
    from osprey.services.python_executor.generation import CodeGenerator, create_code_generator, generator_of
    from osprey.services.python_executor.record import RunRecord, new_run_folder, write_record
    from osprey.services.python_executor.runner import PythonRunner, runner_of

_ELSEWHERE = {
    "analyze_code_security": "analysis",
    "CodeGenerator": "generation",
    "create_code_generator": "generation",
    "generator_of": "generation",
    "PythonRunner": "runner",
    "runner_of": "runner",
    "RunRecord": "record",
    "new_run_folder": "record",
    "write_record": "record",
}

__all__ = [
    "CodeGenerator",
    "IntendedWrite",
    "PythonExecutionRequest",
    "PythonRunner",
    "RecordedRead",
    "Recording",
    "RunJob",
    "RunMode",
    "RunOutcome",
    "RunRecord",
    "RunStatus",
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
