"""One task of one process at a time works on a thread."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from osprey.agent.session import Agent, open_agent
from osprey.agent.state import TurnStatus
from osprey.agent.threads import locked_thread
from osprey.errors import ConflictError, UsageError
from osprey.project import Project, open_project

pytestmark = pytest.mark.anyio

CONFIG = """
control_system:
  default_target: bench
  targets:
    bench: {connector: mock, posture: simulation, writes_enabled: true, limits: {file: limits.yml}}
"""


@pytest.fixture
async def project(tmp_path: Path) -> AsyncIterator[Project]:
    (tmp_path / "config.yml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "limits.yml").write_text("channels: {}\n", encoding="utf-8")
    async with open_project(tmp_path) as opened:
        yield opened


@pytest.fixture
async def agent(project: Project) -> AsyncIterator[Agent]:
    async with open_agent(project) as opened:
        yield opened


async def test_a_second_worker_is_told(project: Project) -> None:
    async with locked_thread(project, "a"), open_project(project.root) as other:
        with pytest.raises(ConflictError, match="another process"):
            async with locked_thread(other, "a"):
                pass
        with pytest.raises(ConflictError, match="another task"):
            async with locked_thread(project, "a"):
                pass


async def test_threads_do_not_disturb_each_other_and_are_given_back(project: Project) -> None:
    async with locked_thread(project, "a"), locked_thread(project, "b"):
        pass
    async with locked_thread(project, "a"):
        pass


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "x" * 101, "a\0b"])
async def test_a_name_that_could_leave_the_folder_is_refused(project: Project, name: str) -> None:
    with pytest.raises(UsageError, match="thread"):
        async with locked_thread(project, name):
            pass


async def test_the_agent_touches_no_thread_that_somebody_works_on(project: Project, agent: Agent) -> None:
    first = await agent.ask("remember that BEND is slow", thread="a")
    assert first.status is TurnStatus.DONE
    async with open_project(project.root) as other, locked_thread(other, "a"):
        for refused in (agent.ask("remember that BEND is fast", thread="a"), agent.resume("a")):
            with pytest.raises(ConflictError, match="worked on"):
                await refused
    told = await agent.ask("what do you remember about BEND", thread="a")
    assert "slow" in told.answer
    assert "fast" not in told.answer
