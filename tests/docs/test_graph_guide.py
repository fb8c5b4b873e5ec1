"""The guide on graphs of one's own, carried out as it is printed."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from tests.docs.generate import REFERENCE

from osprey.approval import identity_of
from osprey.approval.desk import approve, reject
from osprey.journal import journal_of
from osprey.project import open_project

pytestmark = pytest.mark.anyio

GUIDE = (REFERENCE.parent / "how-to/ask-in-your-own-graph.md").read_text(encoding="utf-8")
CONFIG = """
control_system:
  default_target: bench
  targets:
    bench: {connector: mock, posture: simulation, writes_enabled: true, limits: {file: limits.yml}}
"""
OPERATIONS = [{"channel_address": "BEND:CURRENT:SP", "value": 3.0}]


@pytest.fixture
def modules(monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    graph, interface = ModuleType("guide_graph"), ModuleType("guide_interface")
    monkeypatch.setitem(sys.modules, graph.__name__, graph)  # where LangGraph looks up the types of the state
    for text in re.findall(r"```python\n(.*?)```", GUIDE, flags=re.DOTALL):
        exec(compile(text, "guide", "exec"), (graph if "graph.py" in text else interface).__dict__)  # noqa: S102
    return graph, interface


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.parametrize(("decides", "outcome"), [("approve", "done"), ("reject", "not done: rejected")])
async def test_the_graph_of_the_guide_waits_and_writes_what_was_approved(
    tmp_path: Path, modules: tuple[Any, Any], decides: str, outcome: str
) -> None:
    (tmp_path / "config.yml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "limits.yml").write_text("channels: {'BEND:CURRENT:SP': {max: 5}}\n", encoding="utf-8")
    module, interface = modules
    async with open_project(tmp_path) as project:
        with project.activate():
            graph = module.build(InMemorySaver())
            await graph.ainvoke({"operations": OPERATIONS}, interface.SETTINGS)
            [request_id] = await interface.waiting(graph)
            row = await journal_of(project).requests.get(request_id)
            if decides == "approve":
                await approve(project, row.id, row.sha256[:8], identity_of(project))
            else:
                await reject(project, row.id, identity_of(project), "not now")
            ended = await interface.resume(graph, request_id)
            assert ended["outcome"] == outcome
            assert await interface.waiting(graph) == []
