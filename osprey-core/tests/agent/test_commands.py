"""Slash commands: each changes what it says it changes, and nothing behind the first word is taken for one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from osprey.agent.commands import read_wish
from osprey.agent.commands.table import COMMANDS
from osprey.agent.state import TurnStatus
from osprey.errors import UsageError
from osprey.journal import RequestState, journal_of
from osprey.project import open_project
from osprey.sessions import ThreadApproval, ThreadSettings, threads_of

pytestmark = pytest.mark.anyio

READ = "what is the current of BEND"


async def test_planning_alone_holds_for_the_thread_and_off_ends_it(small_bench) -> None:
    async with small_bench() as (_, agent):
        said = await agent.ask("/planning on")
        assert said.status is TurnStatus.DONE
        waiting = await agent.ask(READ, thread=said.thread)
        assert waiting.status is TurnStatus.WAITING
        await agent.ask("/planning off", thread=said.thread)
        assert (await agent.ask(READ, thread=said.thread)).status is TurnStatus.DONE


@pytest.mark.parametrize("typed", ["/planning", "/planning:on", "/planning on", "/planning\non"])
async def test_planning_before_a_question_holds_for_that_question_alone(small_bench, typed: str) -> None:
    async with small_bench() as (_, agent):
        waiting = await agent.ask(f"{typed} {READ}")
        assert waiting.status is TurnStatus.WAITING
        assert (await agent.ask(READ, thread=waiting.thread)).status is TurnStatus.DONE


async def test_planning_off_before_a_question_leaves_the_thread_as_it_is(small_bench) -> None:
    async with small_bench() as (_, agent):
        said = await agent.ask("/planning on")
        assert (await agent.ask(f"/planning off {READ}", thread=said.thread)).status is TurnStatus.DONE
        assert (await agent.ask(READ, thread=said.thread)).status is TurnStatus.WAITING


async def test_approval_on_asks_for_every_step_of_the_thread_and_configured_for_those_of_the_configuration(
    small_bench,
) -> None:
    async with small_bench() as (project, agent):
        said = await agent.ask("/approval on")
        waiting = await agent.ask(READ, thread=said.thread)
        assert waiting.status is TurnStatus.WAITING
        row = await journal_of(project).requests.get(str(waiting.approval))
        assert row.kind == "channel_read"
        remembering = await agent.ask("remember that BEND is slow", thread=said.thread)
        assert remembering.status is TurnStatus.WAITING
        await agent.ask("/approval configured", thread=said.thread)
        assert (await agent.ask(READ, thread=said.thread)).status is TurnStatus.DONE


@pytest.mark.parametrize("typed", ["/approval off", "/approval:off", "/approval:disabled set BEND to 3 A"])
async def test_no_command_takes_an_approval_away(small_bench, typed: str) -> None:
    async with small_bench("approval: {global_mode: all_capabilities}\n") as (project, agent):
        with pytest.raises(UsageError, match="no command takes an approval away"):
            await agent.ask(typed, thread="t")
        assert (await agent.ask(READ, thread="t")).status is TurnStatus.WAITING
        [row] = await journal_of(project).requests.list()
        assert row.state is RequestState.PENDING


@pytest.mark.parametrize(
    ("typed", "name", "value"),
    [
        ("/task off", "extracts_tasks", False),
        ("/task:on", "extracts_tasks", True),
        ("/caps off", "selects_capabilities", False),
        ("/caps:enabled", "selects_capabilities", True),
        ("/approval:all", "approval", ThreadApproval.ALL),
        ("/approval selective", "approval", ThreadApproval.CONFIGURED),
        ("/planning", "planning", True),
        ("/chat:memory", "chat", "memory"),
    ],
)
async def test_a_setting_is_kept_with_its_thread_and_reaches_its_turns(
    small_bench, typed: str, name: str, value: object
) -> None:
    async with small_bench() as (project, agent):
        said = await agent.ask(typed)
        assert said.answer
        assert getattr(await threads_of(project).settings(said.thread), name) == value
        assert await threads_of(project).settings("another") == ThreadSettings()
        turn = await agent.ask("remember that BEND is slow", thread=said.thread)
        [row] = await threads_of(project).turns(turn.thread, last=1)
        key = {"planning": "planning_mode"}.get(name, name)
        assert row.entry[key] == value


async def test_a_direct_chat_talks_to_its_capability_until_it_is_left(small_bench) -> None:
    async with small_bench() as (_, agent):
        said = await agent.ask("/chat:channel_find")
        assert "channel_find" in said.answer
        found = await agent.ask("bend current", thread=said.thread)
        assert "1 channels match 'bend current'" in found.answer
        left = await agent.ask("/exit", thread=said.thread)
        assert not left.is_exit
        assert (await agent.ask(READ, thread=said.thread)).status is TurnStatus.DONE
        assert (await agent.ask("/exit", thread=said.thread)).is_exit


async def test_chat_lists_what_can_be_talked_to_and_names_the_closest(small_bench) -> None:
    async with small_bench() as (_, agent):
        assert "/chat:memory" in (await agent.ask("/chat")).answer
        with pytest.raises(UsageError, match="channel_find"):
            await agent.ask("/chat:channel_fnd")
        with pytest.raises(UsageError, match="can be talked to"):
            await agent.ask("/chat:channel_write set BEND to 3 A")


async def test_help_config_and_status_say_what_is_so(small_bench) -> None:
    async with small_bench("facility: {name: Test bench}\n") as (_, agent):
        told = (await agent.ask("/help")).answer
        assert all(f"/{name}" in told for name in COMMANDS)
        assert "Have a person look at the plan" in (await agent.ask("/help planning")).answer
        assert json.loads((await agent.ask("/config")).answer)["facility"]["name"] == "Test bench"
        waiting = await agent.ask("/planning set BEND to 3 A")
        status = (await agent.ask("/status", thread=waiting.thread)).answer
        assert str(waiting.approval) in status
        assert "target bench: mock, simulation, writes on (default)" in status
        assert "not halted" in status


@pytest.mark.parametrize("typed", ["/planing", "/statsu", "/hlep", "/exit now", "/task", "/caps:perhaps"])
async def test_a_command_that_is_wrong_is_said_and_changes_nothing(small_bench, typed: str) -> None:
    async with small_bench() as (project, agent):
        with pytest.raises(UsageError, match=r"/|stands alone"):
            await agent.ask(typed, thread="t")
        assert await threads_of(project).turns("t") == []


@pytest.mark.parametrize(
    "typed",
    [
        "what is /planning",
        "please /approval on",
        "/data/ring.csv holds what",
        "/ planning",
        "remember that /exit is a path\n/help  stays  as it is",
    ],
)
async def test_what_is_no_command_at_the_front_stays_untouched(tmp_path: Path, typed: str) -> None:
    async with open_project(tmp_path) as project:
        wish = await read_wish(project, "t", typed, ThreadSettings())
        assert wish.question == typed
        assert wish.settings == ThreadSettings()


async def test_the_text_behind_a_command_keeps_its_lines_and_spaces(tmp_path: Path) -> None:
    async with open_project(tmp_path) as project:
        wish = await read_wish(project, "t", "/planning  read  A\n/help me", ThreadSettings())
        assert wish.question == "read  A\n/help me"
        assert wish.settings.planning
