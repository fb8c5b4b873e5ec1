"""What tests of the agent share: projects on the mock connector, and plans carried out in real turns."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from osprey.agent.session import Agent, open_agent
from osprey.agent.state import TurnResult
from osprey.approval import current_actor
from osprey.base import ExecutionPlan, PlannedStep
from osprey.journal import journal_of
from osprey.plugins import LoadOptions
from osprey.project import Project, open_project

BENCH = """
control_system:
  default_target: bench
  targets:
    bench:
      connector: mock
      posture: simulation
      writes_enabled: true
      limits: {file: limits.yml}
      channels: channels.yml
"""
BENCH_LIMITS = """
defaults: {min: -200, max: 200, tolerance_absolute: 0.01}
channels:
  'BEND:CURRENT:SP': {}
  'QUAD:CURRENT:SP': {max: 90}
"""
BENCH_CHANNELS = """channels:
- {name: 'BEND:CURRENT:SP', device: BEND, family: BEND, description: Bend current, role: setpoint, unit: A}
- {name: 'QUAD:CURRENT:SP', device: QUAD, family: QUAD, description: Quadrupole current, role: setpoint, unit: A}
- {name: 'DCCT:CURRENT', device: DCCT, family: DCCT, description: Beam current, quantity: current, unit: mA}
"""


def step(key: str, capability: str, /, *, inputs: Mapping[str, str] | None = None, **parameters: Any) -> PlannedStep:
    """A step whose objective is its key."""
    given = tuple({kind: name} for kind, name in (inputs or {}).items())
    return PlannedStep(
        context_key=key, capability=capability, task_objective=f"Do {key}", parameters=parameters, inputs=given
    )


class Bench:
    """A project with a mock target, its agent, and the person who decides."""

    def __init__(self, project: Project, agent: Agent) -> None:
        self.project = project
        self.agent = agent

    step = staticmethod(step)

    async def run(self, *steps: PlannedStep, question: str = "a plan") -> TurnResult:
        """Carry out a plan of these steps."""
        return await self.agent.carry_out(ExecutionPlan(steps=steps), question=question)

    async def approve(self, result: TurnResult) -> TurnResult:
        """Approve what a turn waits for, and go on with it."""
        assert result.approval, result.answer
        row = await journal_of(self.project).requests.get(result.approval)
        await journal_of(self.project).requests.approve(row.id, row.sha256[:8], current_actor())
        return await self.agent.resume(result.thread)

    async def state(self, result: TurnResult) -> dict[str, Any]:
        """The state that the graph keeps of a turn that waits."""
        graph = await self.agent.graph()
        return dict((await graph.aget_state({"configurable": {"thread_id": result.turn}})).values)


@pytest.fixture
async def open_bench(tmp_path: Path) -> AsyncIterator[Callable[..., Awaitable[Bench]]]:
    """Opens a bench; further files by name, `more` for its configuration, and a plugin's source if there is one."""
    async with AsyncExitStack() as opened:

        async def open_one(more: str = "", plugin: str = "", **files: str) -> Bench:
            written = {"config.yml": BENCH + more, "limits.yml": BENCH_LIMITS, "channels.yml": BENCH_CHANNELS}
            written |= {name.replace("_yml", ".yml"): text for name, text in files.items()}
            for name, text in written.items():
                (tmp_path / name).write_text(text, encoding="utf-8")
            options = None
            if plugin:
                (tmp_path / "toy.py").write_text(plugin, encoding="utf-8")
                options = LoadOptions(local=(tmp_path / "toy.py",))
            project = await opened.enter_async_context(open_project(tmp_path, options=options))
            return Bench(project, await opened.enter_async_context(open_agent(project)))

        yield open_one


@pytest.fixture
async def bench(open_bench: Callable[..., Awaitable[Bench]]) -> Bench:
    return await open_bench()


MOCK = """
control_system:
  default_target: bench
  targets:
    bench:
      connector: mock
      posture: simulation
      writes_enabled: true
      limits: {file: limits.yml}
      channels: channels.yml
"""
LIMITS = "defaults: {min: 0, max: 10, tolerance_absolute: 0.01}\nchannels:\n  'BEND:CURRENT:SP': {}\n"
CHANNELS = "channels:\n- {name: 'BEND:CURRENT:SP', device: BEND, description: Bend current, role: setpoint, unit: A}\n"

SmallBench = Callable[..., AbstractAsyncContextManager[tuple[Project, Agent]]]


@pytest.fixture
def small_bench(tmp_path: Path) -> SmallBench:
    """Give what opens a project with more configuration and a plugin's code, and its agent."""

    @asynccontextmanager
    async def opened(more: str = "", plugin: str = "") -> AsyncIterator[tuple[Project, Agent]]:
        for name, text in {"config.yml": MOCK + more, "limits.yml": LIMITS, "channels.yml": CHANNELS}.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        local = ()
        if plugin:
            local = (tmp_path / "toy_capabilities.py",)
            local[0].write_text(plugin, encoding="utf-8")
        async with open_project(tmp_path, options=LoadOptions(local=local)) as project, open_agent(project) as agent:
            yield project, agent

    return opened
