"""The capabilities that the guide describes, made of its own snippets: they run in a real turn."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.docs.generate import REFERENCE

from osprey.agent.session import open_agent
from osprey.agent.state import TurnStatus
from osprey.base import ExecutionPlan, PlannedStep
from osprey.plugins import LoadOptions
from osprey.project import open_project

GUIDE = (REFERENCE.parent / "how-to/write-a-capability.md").read_text(encoding="utf-8")
CONFIG = "control_system: {default_target: m, targets: {m: {connector: mock, posture: simulation}}}\n"
pytestmark = pytest.mark.anyio


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Put the guide's package on the path; its plugin module is loaded as a local one."""
    package = tmp_path / "site/my_facility"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    for snippet in re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL):
        name = re.match(r"# my_facility/(\w+\.py)\n", snippet)
        assert name, snippet
        (package / name[1]).write_text(snippet.removeprefix(name[0]), encoding="utf-8")
    declared = package / "plugin.py"
    older = 'Capability(name="older", summary="o", implementation="my_facility.older:DataAnalysisCapability")'
    declared.write_text(f"{declared.read_text(encoding='utf-8')}    yield {older}\n", encoding="utf-8")
    (tmp_path / "config.yml").write_text(CONFIG, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    yield declared
    for module in [name for name in sys.modules if name.partition(".")[0] == "my_facility"]:
        del sys.modules[module]


def _step(key: str, capability: str, **parameters: Any) -> PlannedStep:
    return PlannedStep(context_key=key, capability=capability, task_objective=key, parameters=parameters)


async def _run(plugin: Path, root: Path, *steps: PlannedStep) -> tuple[Any, dict[str, Any]]:
    async with open_project(root, options=LoadOptions(local=(plugin,))) as project, open_agent(project) as agent:
        done = await agent.carry_out(ExecutionPlan(steps=steps), question="how is the orbit")
        return done, done.contexts


async def test_the_capabilities_of_the_guide_work_together(plugin: Path, tmp_path: Path) -> None:
    channels = ["BPM01:X", "BPM02:X"]
    reading = _step("values", "channel_read", channels=channels)
    done, contexts = await _run(
        plugin, tmp_path, reading, _step("shape", "orbit_shape", factor=2.0), _step("verdict", "orbit_verdict")
    )
    assert done.status is TurnStatus.DONE, done.answer
    values = [one["value"] for one in contexts["values"]["readings"].values()]
    assert contexts["shape"]["rms"] == pytest.approx(2 * (sum(value**2 for value in values) / 2) ** 0.5)
    assert contexts["shape"]["worst"] in channels
    assert contexts["verdict"]["good"] is (contexts["shape"]["rms"] < 0.5)


async def test_its_words_on_what_is_missing_are_those_of_the_kernel(plugin: Path, tmp_path: Path) -> None:
    done, _ = await _run(plugin, tmp_path, _step("shape", "orbit_shape"))
    assert done.status is TurnStatus.FAILED
    assert "needs CHANNEL_VALUES, which no earlier step leaves behind" in done.answer


async def test_the_older_form_gets_the_state(plugin: Path, tmp_path: Path) -> None:
    done, contexts = await _run(plugin, tmp_path, _step("older", "older"))
    assert done.status is TurnStatus.DONE, done.answer
    left = contexts["older"]
    assert (left["asked"], left["task"]) == ("how is the orbit", "how is the orbit")
    assert left["by"].startswith("os:")
