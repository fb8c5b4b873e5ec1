"""A project on the mock connector, and its agent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from osprey.agent.session import Agent, open_agent
from osprey.plugins import LoadOptions
from osprey.project import Project, open_project

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

OpenBench = Callable[..., AbstractAsyncContextManager[tuple[Project, Agent]]]


@pytest.fixture
def open_bench(tmp_path: Path) -> OpenBench:
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
