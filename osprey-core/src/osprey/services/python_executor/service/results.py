"""The typed result of a run, read from its folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from osprey.errors import StorageError
from osprey.services.python_executor.service.endings import Ended, RunEnd
from osprey.services.python_executor.service_result import PythonExecutionSuccess, PythonServiceResult, ServiceStatus
from osprey.services.python_executor.values import decode


def result_of(ended: Ended) -> PythonServiceResult:
    """Give the result of a run that was carried through, or that a person said no to.

    :raises StorageError: its folder is gone.
    """
    folder, notebook = Path(ended.folder), Path(ended.notebook)
    success = PythonExecutionSuccess(
        results=load_results(folder) if ended.has_results else {},
        stdout=_text(folder / "stdout.txt"),
        execution_time=ended.seconds,
        folder_path=folder,
        notebook_path=notebook,
        notebook_link=notebook.as_uri(),
        figure_paths=[folder / name for name in ended.figures],
    )
    return PythonServiceResult(
        execution_result=success,
        generated_code=ended.code,
        generation_attempt=ended.attempt,
        analysis_warnings=ended.warnings,
        status=ServiceStatus.REJECTED if ended.status is RunEnd.REJECTED else ServiceStatus.DONE,
        said=ended.text,
        request_id=ended.request_id,
        report=ended.report or {},
    )


def load_results(folder: Path) -> Any:
    """Give what the code of a run left in `results`, tables and arrays as they were.

    :raises StorageError: it cannot be read.
    """
    return decode(plain_results(folder), folder)


def plain_results(folder: Path) -> Any:
    """Give the same as it is recorded, as JSON.

    :raises StorageError: it cannot be read.
    """
    path = folder / "results.json"
    try:
        return json.loads(_text(path))
    except ValueError as exc:
        msg = f"the results in {path} cannot be read: {exc}"
        raise StorageError(msg) from exc


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as exc:
        msg = f"what the run left in {path} cannot be read: {exc}"
        raise StorageError(msg) from exc
