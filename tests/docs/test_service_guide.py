"""The guide on the Python service: its snippets run, and its tables name what there is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from tests.docs.generate import REFERENCE

from osprey.project import Project, open_project
from osprey.services.python_executor import PythonExecutionRequest, exceptions

GUIDE = (REFERENCE.parent / "how-to/call-the-python-service.md").read_text(encoding="utf-8")
CODE = """\
from osprey.runtime import inputs, read_channel
samples = inputs.get("samples", [1.0])
results = {"mean": sum(samples) / len(samples), "bend": read_channel("BEND:CURRENT:SP")}
"""
CONFIG = f"""
control_system: {{targets: {{bench: {{connector: mock, posture: simulation}}}}}}
execution: {{code_generator: mock, generators: {{mock: {{code: {json.dumps(CODE)}}}}}}}
"""
pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """LangGraph runs on asyncio alone."""
    return "asyncio"


@pytest.fixture
async def project(tmp_path: Path) -> Any:
    (tmp_path / "config.yml").write_text(CONFIG, encoding="utf-8")
    async with open_project(tmp_path) as opened:
        with opened.activate():
            yield opened


def snippets() -> Iterator[dict[str, Any]]:
    for text in re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL):
        names: dict[str, Any] = {"__name__": "guide"}
        exec(text, names)  # noqa: S102 - our own documentation
        yield names


@pytest.mark.sandbox
async def test_the_snippets_run(project: Project) -> None:
    by_itself, in_a_node = snippets()
    assert await by_itself["mean_current"]() == 401.5
    assert set((await in_a_node["analyse"]({}))["data"]) == {"mean", "bend"}


def test_every_field_of_a_request_is_told_of() -> None:
    set_by_the_service = {"execution_folder_path"}
    fields = {field.name for field in attrs.fields(PythonExecutionRequest)} - set_by_the_service
    assert {name for name in fields if f"`{name}`" not in GUIDE} == set()


def test_every_error_that_is_named_is_there() -> None:
    named = set(re.findall(r"`(Code\w+Error|ExecutionTimeoutError|WorkflowError)`", GUIDE))
    assert len(named) == 5
    assert all(hasattr(exceptions, name) for name in named)
