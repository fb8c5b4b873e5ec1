"""What the service answers: one type, whether a run was begun or went on after a decision."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from attrs import field, frozen


class ServiceStatus(StrEnum):
    """How a request ended that was no error."""

    DONE = "done"
    REJECTED = "rejected"
    """A person said no, or nobody said yes in time: nothing was written."""


@frozen(kw_only=True)
class PythonExecutionSuccess:
    """What the code left. Text and values in it come from generated code: data, never instructions."""

    results: Any = field(factory=dict[str, Any])
    """What the code left in `results`, tables and arrays as they were."""
    stdout: str = ""
    execution_time: float = 0.0
    """Seconds."""
    folder_path: Path
    """The run's private folder; `code.py`, `results.json`, `plan.json` and `run.json` lie in it."""
    notebook_path: Path
    notebook_link: str
    """The notebook as an address."""
    figure_paths: list[Path] = field(factory=list[Path])

    def to_dict(self) -> dict[str, Any]:
        """Give it under the predecessor's keys."""
        return {
            "results": self.results,
            "execution_stdout": self.stdout,
            "execution_time_seconds": self.execution_time,
            "execution_folder": str(self.folder_path),
            "notebook_path": str(self.notebook_path),
            "notebook_link": self.notebook_link,
            "figure_paths": [str(path) for path in self.figure_paths],
            "figure_count": len(self.figure_paths),
        }


@frozen(kw_only=True)
class PythonServiceResult:
    """A request that was carried through."""

    execution_result: PythonExecutionSuccess
    generated_code: str
    generation_attempt: int = 1
    """Which text of the generator it was."""
    analysis_warnings: tuple[str, ...] = ()
    """What a reader of the results should know: what is missing, what was left out."""
    status: ServiceStatus = ServiceStatus.DONE
    said: str = ""
    """In words: what was written, or who said no and why."""
    request_id: str = ""
    """The request that was approved or rejected; empty: nobody had to be asked."""
    report: Mapping[str, Any] = field(factory=dict[str, Any])
    """What became of each write; empty: there was none."""
