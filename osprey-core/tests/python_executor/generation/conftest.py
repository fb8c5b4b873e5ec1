"""A project with a mock machine and a model that answers from a script, and requests to its generators."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from osprey.plugins import LoadOptions
from osprey.project import Project, open_project
from osprey.services.python_executor import PythonExecutionRequest

PLUGIN = Path(__file__).parents[2] / "models" / "plugin" / "scripted_models.py"
MACHINE = """
control_system:
  default_target: bench
  targets:
    bench:
      connector: mock
      posture: simulation
      channels: channels.yml
"""
CHANNELS = """
channels:
  - {name: "BEND:CURRENT:SP", description: Bending magnet, unit: A}
  - {name: "DCCT:CURRENT", description: Beam current, unit: mA}
"""
WRITER = "models: {python_code_generator: {provider: scripted, model_id: one, max_retries: 0}}\n"


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Nothing here needs asyncio alone."""
    return request.param


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The plugin whose models answer by a script."""
    monkeypatch.syspath_prepend(str(PLUGIN.parent))
    sys.modules.pop("scripted_models", None)
    import scripted_models

    yield scripted_models
    sys.modules.pop("scripted_models", None)


@pytest.fixture
async def open_bench(tmp_path: Path, models: Any) -> AsyncIterator[Any]:
    """Opens the project with more of its file, and makes it the current one."""
    async with AsyncExitStack() as opened:

        async def open_one(more: str = "", *local: Path) -> Project:
            (tmp_path / "config.yml").write_text(MACHINE + more, encoding="utf-8")
            (tmp_path / "channels.yml").write_text(CHANNELS, encoding="utf-8")
            options = LoadOptions(allow=(), local=(PLUGIN, *local))
            project = await opened.enter_async_context(open_project(tmp_path, options=options))
            opened.enter_context(project.activate())
            return project

        yield open_one


@pytest.fixture
def ask() -> Any:
    """Makes a request."""

    def make(objective: str = "Compute the mean of the beam current", **fields: Any) -> PythonExecutionRequest:
        fields = {"user_query": "what is the mean?", **fields}
        return PythonExecutionRequest(task_objective=objective, **fields)

    return make
