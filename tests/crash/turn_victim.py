"""The process that carries out a turn of several steps and is killed while it does."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import anyio
from tests.crash.victim import die

from osprey.agent.session import open_agent
from osprey.base import ExecutionPlan, PlannedStep
from osprey.plugins import LoadOptions
from osprey.project import Project, open_project

CONFIG = """
control_system:
  default_target: bench
  targets: {bench: {connector: mock, posture: simulation}}
"""
PLUGIN = """
from osprey.api import BaseCapability, Capability, StepResult, hookimpl


class Say(BaseCapability):
    name = "say"
    description = "Say what the plan says"

    async def execute(self):
        return StepResult(text=str(self.parameter("said")), context={"said": self.parameter("said")})


@hookimpl
def osprey_capabilities():
    yield Capability(name="say", summary="Say it", implementation=f"{__name__}:Say")
"""


def write_room(folder: Path) -> None:
    """Write the project of the trials."""
    (folder / "config.yml").write_text(CONFIG, encoding="utf-8")
    (folder / "say.py").write_text(PLUGIN, encoding="utf-8")


def open_room(folder: Path) -> Project:
    """Open it."""
    return open_project(folder, options=LoadOptions(local=(folder / "say.py",)))


def plan_of(name: str) -> ExecutionPlan:
    """Give five steps, two of which remember a note."""

    def say(number: int) -> PlannedStep:
        return PlannedStep(
            context_key=f"say{number}", capability="say", task_objective="say", parameters={"said": f"{name}-{number}"}
        )

    def remember(number: int) -> PlannedStep:
        return PlannedStep(
            context_key=f"note{number}",
            capability="memory",
            task_objective="remember",
            parameters={"op": "save", "text": f"{name} note {number}"},
        )

    return ExecutionPlan(steps=(say(1), remember(1), say(2), remember(2), say(3)))


def carry_out_and_die(folder: str, name: str, after_s: float | None) -> None:
    """Carry out a turn on a thread of its name; die some seconds after the process began, or not at all."""
    if after_s is not None:
        threading.Timer(after_s, die).start()
    anyio.run(_carry_out, Path(folder), name)
    os._exit(0)


async def _carry_out(folder: Path, name: str) -> None:
    async with open_room(folder) as project, open_agent(project) as agent:
        await agent.carry_out(plan_of(name), question=f"all of {name}", thread=name)
