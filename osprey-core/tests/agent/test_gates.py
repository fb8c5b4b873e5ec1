"""Plans and steps that wait for a person before they begin, and what goes on afterwards: what was approved."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from osprey.agent.plan_approval.files import plan_file, write_plan_file
from osprey.agent.session import Agent, open_agent
from osprey.agent.state import TurnResult, TurnStatus
from osprey.approval import card_of, identity_of
from osprey.approval.desk import edit, reject
from osprey.base import ApprovalNeeded
from osprey.control import targets_of
from osprey.errors import RefusedError, UsageError
from osprey.journal import RequestRow, RequestState, journal_of
from osprey.project import Project, open_project
from osprey.services.memory_storage import notes_of
from osprey.services.python_executor.applying.go_ahead import go_ahead

pytestmark = pytest.mark.anyio

MOCK = """
control_system:
  default_target: bench
  targets:
    bench:
      connector: mock
      posture: simulation
      writes_enabled: true
      limits: {file: limits.yml}
      channels: channels.yml
"""
LIMITS = "defaults: {min: 0, max: 10, tolerance_absolute: 0.01}\nchannels:\n  'BEND:CURRENT:SP': {}\n"
CHANNELS = "channels:\n- {name: 'BEND:CURRENT:SP', device: BEND, description: Bend current, role: setpoint, unit: A}\n"
Bench = tuple[Project, Agent]


@pytest.fixture
def bench(tmp_path: Path) -> Callable[..., Any]:
    @asynccontextmanager
    async def opened(approval: str = "{}") -> AsyncIterator[Bench]:
        config = f"{MOCK}approval: {approval}\n"
        for name, text in {"config.yml": config, "limits.yml": LIMITS, "channels.yml": CHANNELS}.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        async with open_project(tmp_path) as project, open_agent(project) as agent:
            yield project, agent

    return opened


async def waiting_for(project: Project, result: TurnResult) -> RequestRow:
    assert result.status is TurnStatus.WAITING, result
    assert result.approval
    return await journal_of(project).requests.get(result.approval)


async def approve(project: Project, row: RequestRow) -> None:
    identity = identity_of(project)
    await journal_of(project).requests.approve(row.id, row.sha256[:8], identity.actor, voter=identity.voter)


async def test_in_planning_mode_the_plan_waits_and_each_write_in_it_waits_again(bench: Any) -> None:
    async with bench() as (project, agent):
        asked = await agent.ask("/planning set BEND to 3 A")
        plan = await waiting_for(project, asked)
        assert plan.kind == "orchestrator_plan"
        await approve(project, plan)
        going = await agent.resume(asked.thread)
        write = await waiting_for(project, going)
        assert write.kind == "channel_write"
        await approve(project, write)
        done = await agent.resume(asked.thread)
        assert done.status is TurnStatus.DONE
        assert (await journal_of(project).requests.get(plan.id)).state is RequestState.DONE


async def test_a_plan_that_was_rejected_ends_the_turn_says_so_and_asks_nothing_again(bench: Any) -> None:
    async with bench() as (project, agent):
        asked = await agent.ask("/planning set BEND to 3 A")
        plan = await waiting_for(project, asked)
        await reject(project, plan.id, identity_of(project), "not during user beam")
        ended = await agent.resume(asked.thread)
        assert ended.status is TurnStatus.REFUSED
        assert "was rejected" in ended.answer
        assert "not during user beam" in ended.answer
        assert len(await journal_of(project).requests.list()) == 1
        assert (await agent.resume(asked.thread)).answer == ended.answer


async def test_the_plan_that_is_executed_is_the_edited_one_that_was_approved(bench: Any) -> None:
    async with bench() as (project, agent):
        asked = await agent.ask("/planning set BEND to 3 A")
        plan = await waiting_for(project, asked)
        edited = json.loads(plan.document)["content"]["plan"]
        edited["steps"][0]["parameters"]["groups"][0][0]["value"] = 2.0
        newer = await edit(project, plan.id, edited, identity_of(project))
        assert (newer.supersedes, newer.state) == (plan.id, RequestState.PENDING)
        assert (await journal_of(project).requests.get(plan.id)).state is RequestState.SUPERSEDED
        still = await agent.resume(asked.thread)
        assert still.approval == newer.id
        await approve(project, newer)
        write = await waiting_for(project, await agent.resume(asked.thread))
        assert card_of(project, write).rows[0].new == "2.0"
        await approve(project, write)
        assert (await agent.resume(asked.thread)).status is TurnStatus.DONE


async def test_a_plan_has_a_file_that_is_never_executed_by_being_there(bench: Any) -> None:
    async with bench() as (project, agent):
        asked = await agent.ask("/planning set BEND to 3 A")
        plan = await waiting_for(project, asked)
        path = plan_file(project, plan.id)
        text = json.loads(path.read_text(encoding="utf-8"))
        text["plan"]["steps"][0]["parameters"]["groups"][0][0]["value"] = 9.0
        path.write_text(json.dumps(text), encoding="utf-8")
        await approve(project, plan)
        going = await agent.resume(asked.thread)
        write = await waiting_for(project, going)
        assert card_of(project, write).rows[0].new == "3.0"
        assert path.exists(), "an edited file is somebody's work"
        await reject(project, write.id, identity_of(project), "enough")
        assert (await agent.resume(asked.thread)).status is TurnStatus.REFUSED


async def test_a_file_that_nobody_edited_goes_with_its_request(bench: Any) -> None:
    async with bench() as (project, agent):
        asked = await agent.ask("/planning what do you remember about BEND")
        plan = await waiting_for(project, asked)
        assert write_plan_file(project, plan).exists()
        await approve(project, plan)
        assert (await agent.resume(asked.thread)).status is TurnStatus.DONE
        assert not plan_file(project, plan.id).exists()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda plan: plan["steps"][0].update(capability="rm_rf"), "no capability 'rm_rf'"),
        (lambda plan: plan["steps"].append(dict(plan["steps"][0])), "another step has it"),
        (lambda plan: plan["steps"][0].update(inputs=[{"ORBIT": "nowhere"}]), "no earlier step leaves behind"),
        (lambda plan: plan["steps"][0].update(extra=1), "extra"),
        (lambda plan: plan["steps"].clear(), "no step"),
        (lambda plan: plan.update(steps="all"), "a list"),
        (lambda plan: plan["steps"][0].update(parameters=[1]), "a mapping"),
        (lambda plan: plan["steps"][0].pop("context_key"), "context_key"),
    ],
)
async def test_an_edited_plan_that_cannot_run_is_refused_and_the_first_stays(
    bench: Any, change: Any, told: str
) -> None:
    async with bench() as (project, agent):
        plan = await waiting_for(project, await agent.ask("/planning set BEND to 3 A"))
        edited = json.loads(plan.document)["content"]["plan"]
        change(edited)
        with pytest.raises(UsageError, match=told):
            await edit(project, plan.id, edited, identity_of(project))
        assert (await journal_of(project).requests.get(plan.id)).state is RequestState.PENDING


async def test_the_card_of_a_plan_shows_steps_sources_writes_and_the_flow(bench: Any) -> None:
    async with bench() as (project, agent):
        asked = await agent.ask("/planning set BEND to 3 A")
        card = card_of(project, await waiting_for(project, asked))
        flow, step = card.sections
        assert "●  1. " in flow.text
        assert "writes BEND:CURRENT:SP to 3.0 A" in step.text
        assert "would change 1 channel, asked for again" in card.risk
        assert card.simulated


async def test_all_capabilities_truly_asks_for_all(bench: Any) -> None:
    async with bench("{global_mode: all_capabilities}") as (project, agent):
        asked = await agent.ask("remember that BEND is slow")
        row = await waiting_for(project, asked)
        assert row.kind == "memory_save"
        looked = await waiting_for(project, await agent.ask("what do you remember about BEND"))
        assert looked.kind == "memory_search"
        found = await agent.ask("which channels are of BEND")
        step = await waiting_for(project, found)
        assert step.kind == "channel_find"
        await approve(project, step)
        assert (await agent.resume(found.thread)).status is TurnStatus.DONE


async def test_a_step_that_was_rejected_does_not_run(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async with bench("{capabilities: {channel_read: true}}") as (project, agent):
        reads: list[object] = []
        connector = (await targets_of(project).get()).connector
        read = connector.read

        async def counted(*args: Any, **kwargs: Any) -> Any:
            reads.append(args)
            return await read(*args, **kwargs)

        monkeypatch.setattr(connector, "read", counted)
        asked = await agent.ask("what is BEND:CURRENT:SP")
        row = await waiting_for(project, asked)
        assert row.kind == "channel_read"
        before = len(reads)
        await reject(project, row.id, identity_of(project), "no")
        assert (await agent.resume(asked.thread)).status is TurnStatus.REFUSED
        assert len(reads) == before


async def test_what_is_remembered_is_what_was_approved_and_once(bench: Any) -> None:
    async with bench("{capabilities: {memory: {enabled: true}}}") as (project, agent):
        asked = await agent.ask("remember that BEND is slow")
        row = await waiting_for(project, asked)
        assert await notes_of(project).search(row.requester) == []
        newer = await edit(project, row.id, {"content": "BEND needs 3 s"}, identity_of(project))
        await approve(project, newer)
        done = await agent.resume(asked.thread)
        assert "BEND needs 3 s" in done.answer
        again = await agent.resume(asked.thread)
        assert again.answer == done.answer
        assert [note.text for note in await notes_of(project).search(row.requester)] == ["BEND needs 3 s"]


async def test_a_policy_on_plans_asks_for_them_without_a_slash_command(bench: Any) -> None:
    async with bench("{policies: {plans: {kinds: [orchestrator_plan], channels: ['BEND:*']}}}") as (project, agent):
        assert (await waiting_for(project, await agent.ask("set BEND to 3 A"))).kind == "orchestrator_plan"


async def test_a_policy_that_was_changed_since_stops_the_plan(bench: Any) -> None:
    async with bench() as (project, agent):
        asked = await agent.ask("/planning set BEND to 3 A")
        await approve(project, await waiting_for(project, asked))
    async with bench("{policies: {two: {persons: 2}}}") as (project, agent):
        ended = await agent.resume(asked.thread)
        assert ended.status is TurnStatus.REFUSED
        assert "approval rules" in ended.answer


async def test_a_slash_command_that_is_not_known_is_a_usage_error_that_names_the_closest(bench: Any) -> None:
    async with bench() as (_, agent):
        with pytest.raises(UsageError, match="/planning"):
            await agent.ask("/plannig set BEND to 3 A")


async def test_code_is_read_before_it_runs_where_all_code_is_approved(bench: Any) -> None:
    async with bench("{capabilities: {python_execution: {mode: all_code}}}") as (project, agent):
        asked = await agent.ask("plot BEND:CURRENT:SP over the last hour")
        row = await waiting_for(project, asked)
        assert row.kind == "python_executor"
        assert "osprey" in card_of(project, row).code
        await reject(project, row.id, identity_of(project), "not now")
        ended = await agent.resume(asked.thread)
        assert ended.status is TurnStatus.REFUSED
        assert "The code was not run" in ended.answer


async def test_code_that_is_approved_during_a_halt_waits_for_its_end_and_keeps_its_approval(bench: Any) -> None:
    async with bench("{capabilities: {python_execution: {mode: all_code}}}") as (project, agent):
        asked = await agent.ask("plot BEND:CURRENT:SP over the last hour")
        row = await waiting_for(project, asked)
        who = identity_of(project).actor
        await journal_of(project).halt.set(who, "beam loss")
        await approve(project, row)
        held = await agent.resume(asked.thread)
        assert held.status is TurnStatus.WAITING
        assert (await journal_of(project).requests.get(row.id)).state is RequestState.APPROVED
        await journal_of(project).halt.release(who, "found")
        await agent.resume(asked.thread)
        assert (await journal_of(project).requests.get(row.id)).state is RequestState.DONE


async def test_a_document_that_was_swapped_after_its_go_ahead_begins_nothing(bench: Any) -> None:
    async with bench("{capabilities: {python_execution: {mode: all_code}}}") as (project, agent):
        row = await waiting_for(project, await agent.ask("plot BEND:CURRENT:SP over the last hour"))
        await approve(project, row)
        needed = ApprovalNeeded(request_id=row.id, sha256=row.sha256)
        assert isinstance(await go_ahead(project, needed, ""), RequestRow)
        swapped = row.document.replace("osprey", "ospray")
        with sqlite3.connect(project.state_dir / "osprey.db") as database:
            database.execute("DROP TRIGGER requests_are_fixed")  # as somebody would who owns the file
            database.execute("UPDATE requests SET document = ? WHERE id = ?", (swapped, row.id))
        with pytest.raises(RefusedError) as caught:
            await go_ahead(project, needed, "")
        assert caught.value.rule == "approval.hash"
