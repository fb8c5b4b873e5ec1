"""What a search for channels says: how many there are, and how to see the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from osprey.agent.capabilities.choosing import set_chooser
from osprey.agent.session import open_agent
from osprey.control.channels.pipelines import Question
from osprey.errors import ConfigError
from osprey.project import open_project

pytestmark = pytest.mark.anyio

CONFIG = """
control_system:
  default_target: bench
  targets:
    bench: {connector: mock, posture: simulation, channels: channels.yml}
"""


async def test_all_channels_are_counted_and_those_left_out_are_said(tmp_path: Path) -> None:
    monitors = "".join(f"- {{name: 'BPM{n:03}:X', family: BPM, description: Orbit}}\n" for n in range(120))
    (tmp_path / "config.yml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "channels.yml").write_text(f"channels:\n{monitors}", encoding="utf-8")
    async with open_project(tmp_path) as project, open_agent(project) as agent:
        answer = (await agent.ask("list all bpms")).answer
    assert answer.startswith("120 channels match 'bpms':")
    assert "... and 95 more; name a sector, a device or a quantity to see fewer" in answer


PIPELINE = "channel_finder: {pipeline_mode: %s}\n"


@pytest.mark.parametrize(("mode", "trail"), [("in_context", ""), ("middle_layer", " (family: QUAD)")])
async def test_the_configuration_says_by_which_pipeline(open_bench, mode: str, trail: str) -> None:
    bench = await open_bench(PIPELINE % mode)
    done = await bench.run(bench.step("which", "channel_find", query="quadrupole quad"))
    assert done.answer.startswith(f"1 channels match 'quadrupole quad'{trail}:")
    context = done.contexts["which"]
    assert (context["pipeline"], context["channels"]) == (mode, ["QUAD:CURRENT:SP"])


async def test_a_pipeline_that_there_is_not_stops_the_start(open_bench) -> None:
    with pytest.raises(ConfigError, match=r"pipeline_mode.*hierarchical"):
        await open_bench(PIPELINE % "by_guessing")


async def test_a_step_may_name_another_pipeline_and_nothing_that_is_none(bench) -> None:
    found = await bench.run(bench.step("which", "channel_find", query="quad", pipeline="middle_layer"))
    assert found.contexts["which"]["pipeline"] == "middle_layer"
    wrong = await bench.run(bench.step("which", "channel_find", query="quad", pipeline="magic"))
    assert "there is no pipeline 'magic'; there are in_context, hierarchical, middle_layer" in wrong.answer
    limit = await bench.run(bench.step("which", "channel_find", query="quad", limit="many"))
    assert "'limit' is a whole number from 1, not 'many'" in limit.answer


async def test_the_chooser_of_the_project_is_asked(bench) -> None:
    class Second:
        async def choose(self, question: Question) -> list[int]:
            return [1]

    set_chooser(bench.project, Second())
    found = await bench.run(bench.step("which", "channel_find", query="current"))
    assert len(found.contexts["which"]["channels"]) == 1
    set_chooser(bench.project, None)
    found = await bench.run(bench.step("which", "channel_find", query="current"))
    assert len(found.contexts["which"]["channels"]) > 1
