"""What a run keeps in its own private folder between its stages: the request, and how the code ran."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import cattrs
from attrs import asdict, evolve

from osprey.errors import StorageError, UsageError
from osprey.services.python_executor._serialization import from_json, to_json
from osprey.services.python_executor.models import RunOutcome
from osprey.services.python_executor.record import new_run_folder, runs_folder, slug_of, write_private
from osprey.services.python_executor.requests import PythonExecutionRequest, StructuredPlan, planned
from osprey.services.python_executor.values import decode, encode

if TYPE_CHECKING:
    from osprey.project import Project

_REQUEST: Final = "request.json"
_OBSERVED: Final = "observed.json"


def make_folder(project: Project, request: PythonExecutionRequest) -> Path:
    """Give the folder of a run: a new one, or the one that the request goes on in.

    :raises UsageError: that is no folder of a run of this project.
    """
    wanted = request.existing_execution_folder
    if wanted is None:
        return new_run_folder(project.state_dir, request.execution_folder_name or slug_of(request.task_objective))
    folder = Path(wanted).resolve()
    if folder.parent != runs_folder(project.state_dir).resolve() or not _is_free(folder):
        msg = (
            f"existing_execution_folder {wanted!r} is no folder of a run of this project that has ended without a "
            "write: leave it out for a new one"
        )
        raise UsageError(msg)
    return folder


def _is_free(folder: Path) -> bool:
    """Say whether a run may go on in a folder: what is asked there, or was written from there, stays as it is."""
    try:
        plan = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
        return plan["document"] is None and not plan["intended_writes"]
    except (OSError, ValueError, LookupError, TypeError):
        return False


def save_request(folder: Path, request: PythonExecutionRequest) -> None:
    """Keep a request, tables and arrays too.

    :raises UsageError: something in it cannot be kept; nothing was.
    """
    context = encode(request.capability_context_data, "capability_context_data")
    rest = asdict(evolve(request, capability_context_data={}, execution_folder_path=folder))
    plain = {**encode(rest, "the request"), "capability_context_data": context}
    write_private(folder / _REQUEST, json.dumps(plain, allow_nan=False).encode())


def load_request(folder: Path) -> tuple[PythonExecutionRequest, dict[str, Any]]:
    """Give a request as its generator gets it, and its context as the code gets it.

    :raises StorageError: it is gone, or is not what was kept.
    """
    kept = _read(folder / _REQUEST)
    context = kept["capability_context_data"]
    plan = kept["structured_plan"]
    try:
        fields: dict[str, Any] = {
            **kept,
            "capability_context_data": decode(context, folder),
            "structured_plan": None if plan is None else cattrs.structure(plan, StructuredPlan),
        }
        return planned(PythonExecutionRequest(**fields)), context
    except (TypeError, ValueError, cattrs.BaseValidationError) as exc:
        msg = f"the request kept in {folder / _REQUEST} cannot be read: {exc}"
        raise StorageError(msg) from exc


def save_observed(outcome: RunOutcome) -> None:
    """Keep how the observe pass went, until the record is written."""
    write_private(outcome.folder / _OBSERVED, json.dumps(to_json(outcome), allow_nan=True).encode())


def load_observed(folder: Path) -> RunOutcome:
    """Give what `save_observed` kept.

    :raises StorageError: it is gone, or is not what was kept.
    """
    try:
        return from_json(RunOutcome, _read(folder / _OBSERVED))
    except (TypeError, LookupError, cattrs.BaseValidationError) as exc:
        msg = f"what is kept in {folder / _OBSERVED} cannot be read: {exc}"
        raise StorageError(msg) from exc


def _read(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        msg = f"what the run keeps in {path} cannot be read: {exc}"
        raise StorageError(msg) from exc
