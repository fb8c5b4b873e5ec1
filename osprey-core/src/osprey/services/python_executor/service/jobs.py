"""The rehearsal of a run as a job for the runner."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from osprey.services.python_executor.models import RunJob, RunMode
from osprey.services.python_executor.service.keeping import load_request

if TYPE_CHECKING:
    from osprey.project import Project
    from osprey.services.python_executor.requests import PythonExecutionRequest
    from osprey.services.python_executor.service.state import ServiceState


def target_of(project: Project, request: PythonExecutionRequest) -> str:
    """Give the name of the target that a request is about."""
    return request.target or project.config.control_system.default_target


def rehearsal_job(project: Project, request: PythonExecutionRequest, state: ServiceState) -> RunJob:
    """Give the job that rehearses the code of a state."""
    from osprey.services.python_executor.generation.phrasebook import CONTEXT_KEY

    folder = Path(state["folder"])
    _, context = load_request(folder)
    inputs = {key: value for key, value in context.items() if key != CONTEXT_KEY}  # that is for the generator
    return RunJob(
        code=state["code"], mode=RunMode.DRY, target=target_of(project, request), inputs=inputs, folder=folder
    )
