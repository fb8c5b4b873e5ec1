"""A project with a mock machine whose generator writes by a script, and the person who decides."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from langgraph.errors import GraphInterrupt

from osprey.approval import Identity, identity_of
from osprey.approval.answers import request_id_in
from osprey.approval.desk import approve, edit, reject
from osprey.journal import RequestRow, journal_of
from osprey.plugins import LoadOptions
from osprey.project import Project, open_project
from osprey.services.python_executor import PythonExecutionRequest, PythonExecutorService

BENCH = """
control_system:
  default_target: bench
  targets:
    bench:
      connector: mock
      posture: simulation
      writes_enabled: true
      limits: {file: limits.yml}
execution:
  code_generator: scripted
"""
LIMITS = """
defaults: {min: -10, max: 10, tolerance_absolute: 0.01}
channels:
  'BEND:CURRENT:SP': {}
  'QUAD:CURRENT:SP': {}
"""
PLUGIN = '''
"""A generator that writes what a test has put down, and keeps how it was asked."""

from osprey.api import Generator, hookimpl

WRITES, ASKED = [], []


@hookimpl
def osprey_generators():
    yield Generator(name="scripted", summary="s", implementation="scripted_generator:Scripted")


class Scripted:
    async def generate_code(self, request, error_chain):
        ASKED.append((request, list(error_chain)))
        told = WRITES[min(len(ASKED), len(WRITES)) - 1]
        if isinstance(told, Exception):
            raise told
        return told(request) if callable(told) else told
'''
READS = "from osprey.runtime import read_channel\nresults = {'bend': read_channel('BEND:CURRENT:SP')}\n"
WRITE = "from osprey.runtime import write_channel\nwrite_channel('BEND:CURRENT:SP', 2.5)\nresults = {'set': 2.5}\n"


@pytest.fixture
def anyio_backend() -> str:
    """LangGraph runs on asyncio alone."""
    return "asyncio"


class Desk:
    """The service in a project, its generator, and the person who decides."""

    def __init__(self, project: Project, scripted: Any) -> None:
        self.project = project
        self.scripted = scripted
        self.service = PythonExecutorService()

    def writes(self, *told: Any) -> None:
        """Have the generator write one text after the other."""
        self.scripted.WRITES[:], self.scripted.ASKED[:] = told, []

    @property
    def asked(self) -> list[tuple[PythonExecutionRequest, list[str]]]:
        """How the generator was asked."""
        return self.scripted.ASKED

    async def run(self, thread: str = "one", /, *, config: dict[str, Any] | None = None, **fields: Any) -> Any:
        """Call the service."""
        fields = {"user_query": "what?", "task_objective": "Look at the bend", **fields}
        return await self.service.ainvoke(PythonExecutionRequest(**fields), _settings(thread, config))

    async def asks(self, thread: str = "one", /, **fields: Any) -> RequestRow:
        """Call the service, and give the request that it asks about."""
        with pytest.raises(GraphInterrupt) as asked:
            await self.run(thread, **fields)
        return await self.asked_in(asked)

    async def asked_in(self, asked: Any) -> RequestRow:
        [question] = asked.value.args[0]
        return await journal_of(self.project).requests.get(str(request_id_in(question.value)))

    async def resume(self, answer: Any, thread: str = "one") -> Any:
        from langgraph.types import Command

        return await self.service.ainvoke(Command(resume=answer), _settings(thread, None))

    @property
    def person(self) -> Identity:
        return identity_of(self.project)

    async def approve(self, row: RequestRow) -> RequestRow:
        return await approve(self.project, row.id, row.sha256[:8], self.person)

    async def reject(self, row: RequestRow, reason: str = "not during injection") -> RequestRow:
        return await reject(self.project, row.id, self.person, reason)

    async def edit(self, row: RequestRow, code: str) -> RequestRow:
        return await edit(self.project, row.id, {"code": code}, self.person)

    async def requests(self) -> list[RequestRow]:
        return await journal_of(self.project).requests.list()

    async def value(self, channel: str = "BEND:CURRENT:SP") -> Any:
        from osprey.control import targets_of

        target = await targets_of(self.project).get()
        [reading] = await target.connector.read([channel], timeout_s=5)
        return reading.value

    async def refusals(self) -> list[str]:
        rows = await journal_of(self.project).audit.log()
        return [row.detail["rule"] for row in rows if row.event == "refused"]


def _settings(thread: str, config: dict[str, Any] | None) -> dict[str, Any]:
    return {"configurable": {"thread_id": thread, "checkpoint_ns": "python_executor", **(config or {})}}


@pytest.fixture
def scripted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The plugin of the generator."""
    import sys

    (tmp_path / "scripted_generator.py").write_text(PLUGIN, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    sys.modules.pop("scripted_generator", None)
    import scripted_generator

    yield scripted_generator
    sys.modules.pop("scripted_generator", None)


@pytest.fixture
async def open_desk(tmp_path: Path, scripted: Any) -> AsyncIterator[Any]:
    """Opens the project with more of its file, and makes it the current one."""
    async with AsyncExitStack() as opened:

        async def open_one(more: str = "") -> Desk:
            (tmp_path / "config.yml").write_text(BENCH + more, encoding="utf-8")
            (tmp_path / "limits.yml").write_text(LIMITS, encoding="utf-8")
            options = LoadOptions(local=(tmp_path / "scripted_generator.py",))
            project = await opened.enter_async_context(open_project(tmp_path, options=options))
            opened.enter_context(project.activate())
            return Desk(project, scripted)

        yield open_one


@pytest.fixture
async def desk(open_desk: Any) -> Desk:
    return await open_desk()
