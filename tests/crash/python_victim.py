"""The process that has Python carried out by the service and is killed while it does."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
from langgraph.errors import GraphInterrupt
from langgraph.types import Command
from tests.crash.victim import die

from osprey.approval import identity_of
from osprey.approval.answers import request_id_in
from osprey.approval.desk import approve
from osprey.journal import journal_of
from osprey.project import Project, open_project
from osprey.services.python_executor import PythonExecutionRequest, PythonExecutorService, PythonServiceResult
from osprey.services.python_executor.service import StageBegan
from osprey.services.python_executor.service.stages import applying, rehearsing

CHANNEL = "BEND:CURRENT:SP"
SETTINGS: Any = {"configurable": {"thread_id": "one", "checkpoint_ns": "python_executor"}}
REQUEST = PythonExecutionRequest(user_query="set the bend to 2.5", task_objective="Set the bend")
STAGES = 5
"""As they are told: generation, analysis, rehearsal, apply, record."""
WORK = {
    "filed": (rehearsing, "file_write_request"),
    "rehearsed": (rehearsing, "save_rehearsal"),
    "carried-out": (applying, "carry_out"),
    "observed": (applying, "save_observed"),
}
"""Work that the process dies right after, before anything of it is kept."""
CONFIG = f"""
control_system:
  default_target: bench
  targets:
    bench: {{connector: mock, posture: simulation, writes_enabled: true, limits: {{file: limits.yml}}}}
execution:
  code_generator: mock
  generators: {{mock: {{behavior: channel_write, channel: "{CHANNEL}", value: 2.5}}}}
"""


def write_room(folder: Path) -> None:
    """Write the project of the trials."""
    (folder / "config.yml").write_text(CONFIG, encoding="utf-8")
    limits = f"defaults: {{min: -10, max: 10, tolerance_absolute: 0.01}}\nchannels:\n  '{CHANNEL}': {{}}\n"
    (folder / "limits.yml").write_text(limits, encoding="utf-8")


async def carry_out(
    project: Project, service: PythonExecutorService, listener: Callable[[StageBegan], None] | None = None
) -> PythonServiceResult:
    """Call the service, and approve what it asks."""
    try:
        return await service.ainvoke(REQUEST, SETTINGS, listener=listener)
    except GraphInterrupt as asked:
        request_id = str(request_id_in(asked.args[0][0].value))
    row = await journal_of(project).requests.get(request_id)
    await approve(project, row.id, row.sha256[:8], identity_of(project))
    return await service.ainvoke(Command(resume={"request_id": row.id}), SETTINGS, listener=listener)


def _die_after(point: str) -> None:
    module, name = WORK[point]
    real: Any = getattr(module, name)

    def dying(*args: Any, **named: Any) -> Any:
        made = real(*args, **named)
        if not hasattr(made, "__await__"):
            die()

        async def waited() -> None:
            await made
            die()

        return waited()

    setattr(module, name, dying)


async def _main(folder: Path, point: str) -> None:
    told: list[StageBegan] = []

    def listen(begun: StageBegan) -> None:
        told.append(begun)
        if str(len(told)) == point:
            die()

    if point in WORK:
        _die_after(point)
    async with open_project(folder) as project:
        with project.activate():
            await carry_out(project, PythonExecutorService(), listen)


if __name__ == "__main__":
    anyio.run(_main, Path(sys.argv[1]), sys.argv[2])
