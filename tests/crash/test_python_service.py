"""A process that carries out Python is killed anywhere: whoever goes on writes nothing twice, and tells all of it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from langgraph.types import Command
from tests.crash.python_victim import CHANNEL, SETTINGS, STAGES, WORK, carry_out, write_room

from osprey.control import guard_of
from osprey.journal import RequestState, journal_of
from osprey.project import open_project
from osprey.services.python_executor import PythonExecutorService, ServiceStatus

pytestmark = [pytest.mark.crash, pytest.mark.anyio, pytest.mark.sandbox, pytest.mark.timeout(300)]


@pytest.fixture
def anyio_backend() -> str:
    """LangGraph runs on asyncio alone."""
    return "asyncio"


@pytest.mark.parametrize("point", [*map(str, range(1, STAGES + 1)), *WORK])
async def test_a_killed_run_goes_on_and_writes_once(tmp_path: Path, point: str) -> None:
    write_room(tmp_path)
    victim = subprocess.run(
        [sys.executable, "-m", "tests.crash.python_victim", str(tmp_path), point], capture_output=True, text=True
    )
    assert victim.returncode == -signal.SIGKILL, victim.stderr
    async with open_project(tmp_path) as project:
        with project.activate():
            service, requests = PythonExecutorService(), journal_of(project).requests
            await guard_of(project).recover()
            agreed = [row for row in await requests.list() if row.state not in (RequestState.PENDING,)]
            if agreed:
                result = await service.ainvoke(Command(resume={"request_id": agreed[0].id}), SETTINGS)
            else:
                result = await carry_out(project, service)
            assert result.status is ServiceStatus.DONE
            assert result.report["status"] == "done"
            made = [
                intent
                for row in await requests.list()
                for intent in await journal_of(project).ledger.intents_of(row.id)
                if intent.channel == CHANNEL
            ]
            assert [intent.request_id for intent in made] == [result.request_id]
