"""The guide on generators: its snippets make a package, which writes programs that run."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.docs.generate import REFERENCE

from osprey.plugins import LoadOptions
from osprey.project import Project, open_project
from osprey.services.python_executor import PythonExecutionRequest, RunJob, RunMode, runner_of
from osprey.services.python_executor.exceptions import CodeGenerationError
from osprey.services.python_executor.generation import generator_of
from osprey.services.python_executor.generation.basic.settings import BasicSettings
from osprey.services.python_executor.generation.mock import MockBehavior, MockSettings

GUIDE = (REFERENCE.parent / "how-to/write-python-generators.md").read_text(encoding="utf-8")
MACHINE = "control_system: {targets: {bench: {connector: mock, posture: simulation}}}\n"
pytestmark = pytest.mark.anyio


@pytest.fixture
def facility(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Write the guide's package, and put it on the path."""
    package = tmp_path / "site/my_facility"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    for name, text in re.findall(r"```python\n# ([\w/.]+)\n(.*?)```", GUIDE, re.DOTALL):
        (tmp_path / "site" / name).write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    yield tmp_path / "site"
    for module in [name for name in sys.modules if name.partition(".")[0] in ("my_facility", "try_generator")]:
        del sys.modules[module]


@pytest.fixture
def project(facility: Path, tmp_path: Path) -> Iterator[Project]:
    (tmp_path / "config.yml").write_text(MACHINE, encoding="utf-8")
    opened = open_project(tmp_path, options=LoadOptions(allow=(), local=(facility / "my_facility/plugin.py",)))
    with opened.activate():
        yield opened


async def test_the_domain_generator_writes_a_program_that_runs(project: Project) -> None:
    generator = generator_of(project, "orbit", {"orbit": {"sector": 2}})
    request = PythonExecutionRequest(user_query="q", task_objective="Mean of the orbit")
    outcome = await runner_of(project).run(RunJob(code=await generator.generate_code(request, []), mode=RunMode.READ))
    assert outcome.is_done, outcome.error
    assert outcome.results["mean"]["unit"] == "mm"
    assert [read.channel for read in outcome.reads] == ["SR:S02:BPM1:X"]


async def test_the_hybrid_turns_to_a_model_after_a_failure(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    generator: Any = generator_of(project, "hybrid")
    request = PythonExecutionRequest(user_query="q", task_objective="Draw the tune")
    with pytest.raises(CodeGenerationError, match="it knows orbits"):
        await generator.generate_code(request, [])
    asked: list[list[str]] = []

    async def answer(_: object, errors: list[str]) -> str:
        asked.append(errors)
        return "results = 1"

    monkeypatch.setattr(generator.model, "generate_code", answer)
    assert await generator.generate_code(request, ["no form"]) == "results = 1"
    assert asked == [["no form"]]


def test_the_last_snippet_prints_the_program(
    project: Project, capsys: pytest.CaptureFixture[str], facility: Path
) -> None:
    exec(compile((facility / "try_generator.py").read_text(encoding="utf-8"), "try_generator.py", "exec"), {})  # noqa: S102 - the guide's own
    assert "SR:S04:BPM1:X" in capsys.readouterr().out


def test_every_setting_and_behavior_is_described() -> None:
    for name in (*BasicSettings.__annotations__, *MockSettings.__annotations__, *MockBehavior):
        assert f"`{name}`" in GUIDE
