"""What the configuration says of new threads holds until a slash command says otherwise."""

from __future__ import annotations

import pytest

from osprey.agent.state import TurnStatus
from osprey.sessions import ThreadSettings, threads_of

from .conftest import SmallBench

pytestmark = pytest.mark.anyio

CONTROL = "execution_control: {{agent_control: {{{0}: true}}}}\n"


@pytest.mark.parametrize(
    ("key", "settings"),
    [
        ("planning_mode_enabled", ThreadSettings(planning=True)),
        ("task_extraction_bypass_enabled", ThreadSettings(extracts_tasks=False)),
        ("capability_selection_bypass_enabled", ThreadSettings(selects_capabilities=False)),
    ],
)
async def test_a_new_thread_begins_with_what_is_configured(
    small_bench: SmallBench, key: str, settings: ThreadSettings
) -> None:
    async with small_bench(CONTROL.format(key)) as (project, agent):
        assert await threads_of(project).settings("t") == settings
        await agent.ask("read BEND:CURRENT:SP", thread="t")
        assert await threads_of(project).settings("t") == settings


async def test_a_plan_waits_by_configuration_until_the_thread_is_told_otherwise(small_bench: SmallBench) -> None:
    async with small_bench(CONTROL.format("planning_mode_enabled")) as (_, agent):
        assert (await agent.ask("read BEND:CURRENT:SP")).status is TurnStatus.WAITING
        await agent.ask("/planning off", thread="t")
        assert (await agent.ask("read BEND:CURRENT:SP", thread="t")).status is TurnStatus.DONE


@pytest.mark.parametrize(
    ("key", "name", "value"),
    [
        ("task_extraction_bypass_enabled", "extracts_tasks", False),
        ("capability_selection_bypass_enabled", "selects_capabilities", False),
    ],
)
async def test_a_turn_is_worked_on_by_the_defaults_of_its_thread(
    small_bench: SmallBench, key: str, name: str, value: bool
) -> None:
    async with small_bench(CONTROL.format(key)) as (project, agent):
        await agent.ask("read BEND:CURRENT:SP", thread="t")
        (row,) = await threads_of(project).turns("t")
        assert row.entry[name] is value
