"""A project that tests of the seeds' functions run in, and what an interface does with a question in a graph."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypedDict

import pytest
from attrs import field, frozen
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command

from osprey.approval import Identity, ask_person, create_code_approval_interrupt, identity_of
from osprey.approval.desk import approve, reject
from osprey.journal import RequestRow, journal_of
from osprey.project import Project, open_project

CONFIG = """
control_system:
  default_target: bench
  targets:
    bench:
      connector: mock
      posture: simulation
      writes_enabled: true
      limits: {file: limits.yml}
"""
LIMITS = """
defaults: {min: -10, max: 10, tolerance_absolute: 0.01}
channels:
  'BEND:CURRENT:SP': {}
  'QUAD:CURRENT:SP': {}
"""


@pytest.fixture
def anyio_backend() -> str:
    """LangGraph runs on asyncio alone."""
    return "asyncio"


class Desk:
    """The project, and the person who decides what it is asked."""

    def __init__(self, project: Project) -> None:
        self.project = project

    @property
    def person(self) -> Identity:
        return identity_of(self.project)

    async def requests(self) -> list[RequestRow]:
        return await journal_of(self.project).requests.list()

    async def only_request(self) -> RequestRow:
        [row] = await self.requests()
        return row

    async def approve(self, request_id: str) -> RequestRow:
        row = await journal_of(self.project).requests.get(request_id)
        return await approve(self.project, row.id, row.sha256[:8], self.person)

    async def reject(self, request_id: str) -> RequestRow:
        return await reject(self.project, request_id, self.person, "not during injection")

    async def refusals(self) -> list[str]:
        rows = await journal_of(self.project).audit.log()
        return [row.detail["rule"] for row in rows if row.event == "refused"]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    (tmp_path / "config.yml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "limits.yml").write_text(LIMITS, encoding="utf-8")
    async with open_project(tmp_path) as opened:
        yield Desk(opened)


@pytest.fixture
async def configure(tmp_path: Path) -> AsyncIterator[Callable[[str], Awaitable[Project]]]:
    """Opens a second project, with more in its configuration."""
    async with AsyncExitStack() as opened:

        async def open_with(more: str) -> Project:
            folder = tmp_path / "configured"
            folder.mkdir(exist_ok=True)
            (folder / "config.yml").write_text(f"{CONFIG}{more}", encoding="utf-8")
            (folder / "limits.yml").write_text(LIMITS, encoding="utf-8")
            return await opened.enter_async_context(open_project(folder))

        yield open_with


def graph_of(state: Any, *nodes: Any) -> Any:
    """A graph that runs the nodes one after the other."""
    graph: Any = StateGraph(state)
    names = [node.__name__ for node in nodes]
    for name, node in zip(names, nodes, strict=True):
        graph.add_node(name, node)
    for before, after in zip([START, *names], [*names, END], strict=True):
        graph.add_edge(before, after)
    return graph.compile(checkpointer=InMemorySaver())


@pytest.fixture
def chain() -> Any:
    return graph_of


@frozen(kw_only=True)
class PythonExecutionRequest:
    """The request of the seeds' snippets."""

    user_query: str
    task_objective: str
    capability_prompts: tuple[str, ...] = field(default=(), converter=tuple)
    expected_results: dict[str, str] = field(factory=dict)
    execution_folder_name: str = ""
    capability_context_data: dict[str, Any] = field(factory=dict)


class ServiceState(TypedDict, total=False):
    """What the service keeps."""

    task: str
    question: dict[str, Any]
    is_approved: bool
    results: dict[str, Any]


class PythonService:
    """A service of three stages; its result is of one type, whether it was called or resumed."""

    new_request = PythonExecutionRequest

    def __init__(self) -> None:
        self.stages: list[str] = []
        graph: Any = StateGraph(ServiceState)
        for before, stage, after in (
            (START, self.generate, None),
            ("generate", self.ask, None),
            ("ask", self.execute, END),
        ):
            graph.add_node(stage.__name__, stage)
            graph.add_edge(before, stage.__name__)
            if after:
                graph.add_edge(stage.__name__, after)
        self._graph = graph.compile(checkpointer=InMemorySaver())

    async def generate(self, state: ServiceState) -> ServiceState:
        self.stages.append("generate")
        if state["task"] == "read only":
            return {"question": {}}
        analysis = {"has_epics_writes": False}
        question = create_code_approval_interrupt(f"# {state['task']}\n", analysis, "read_only")
        return {"question": dict(question)}

    async def ask(self, state: ServiceState) -> ServiceState:
        return {"is_approved": not state["question"] or ask_person(state["question"]).is_approved}

    async def execute(self, state: ServiceState) -> ServiceState:
        if not state["is_approved"]:
            return {"results": {}}
        self.stages.append("execute")
        return {"results": {"statistics": {"mean": 1.5}, "task": state["task"]}}

    async def ainvoke(self, request: Any, config: Any = None) -> Any:
        given = request if isinstance(request, Command) else {"task": request.task_objective}
        ended = await self._graph.ainvoke(given, config=config)
        if "__interrupt__" in ended:
            return ended
        return SimpleNamespace(execution_result=SimpleNamespace(results=ended["results"]))


@pytest.fixture
def python_service() -> PythonService:
    return PythonService()
