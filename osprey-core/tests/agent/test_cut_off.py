"""A step that has filed its request and is cut off before it can wait for it: nobody is left to carry that out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest

from osprey.agent.state import TurnStatus
from osprey.approval import current_actor, filing
from osprey.base import ExecutionPlan, PlannedStep
from osprey.errors import RefusedError
from osprey.journal import RequestState, journal_of
from osprey.project import Project

pytestmark = pytest.mark.anyio

TOYS = """
from osprey.api import BaseCapability, Capability, hookimpl
from osprey.agent.capabilities.channel_write import ChannelWriteCapability


class Breaks(ChannelWriteCapability):
    name = "breaks"
    description = "Files what it wants to write, and breaks"

    async def prepare(self):
        await super().prepare()
        raise ValueError("a bug")


class NoHalf(ChannelWriteCapability):
    name = "no_half"
    description = "Files what it wants to write, and says that it may run beside others"
    is_independent = True


@hookimpl
def osprey_capabilities():
    yield Capability(name="breaks", summary="Break", implementation=f"{__name__}:Breaks")
    yield Capability(name="no_half", summary="No half", implementation=f"{__name__}:NoHalf")
"""
LIMITED = "execution_control: {limits: {max_execution_time_seconds: 1.0}}\n"
Meanwhile = Callable[[], Awaitable[Any]]


def write(key: str, capability: str = "channel_write") -> PlannedStep:
    groups = [[{"channel": "BEND:CURRENT:SP", "value": 3, "unit": "A"}]]
    return PlannedStep(context_key=key, capability=capability, task_objective="x", parameters={"groups": groups})


@pytest.fixture
def after_filing(monkeypatch: pytest.MonkeyPatch) -> Callable[[Meanwhile], None]:
    """Have something happen after a request was stored and before its step knows; the step then waits to be cut off."""

    def set_up(meanwhile: Meanwhile) -> None:
        async def tell_filed(*_: Any) -> None:
            await meanwhile()
            await anyio.sleep_forever()

        monkeypatch.setattr(filing, "tell_filed", tell_filed)

    return set_up


async def events_of(project: Project, request_id: str) -> list[str]:
    return [row.event for row in await journal_of(project).audit.log() if row.subject == request_id]


async def test_a_halt_right_after_a_request_was_filed_takes_it_back(small_bench, after_filing) -> None:
    async with small_bench() as (project, agent):
        after_filing(lambda: journal_of(project).halt.set(current_actor(), "smoke in sector 3"))
        ended = await agent.ask("set BEND to 3 A", thread="t")
        [row] = await journal_of(project).requests.list()
        assert ended.status is TurnStatus.REFUSED
        assert "smoke in sector 3" in ended.answer
        assert f"request {row.id}" in ended.answer
        assert row.state is RequestState.WITHDRAWN
        assert "smoke in sector 3" in row.reason
        assert await events_of(project, row.id) == ["request.created", "request.withdrawn"]
        await journal_of(project).halt.release(current_actor(), "no smoke")
        with pytest.raises(RefusedError, match="withdrawn"):
            await journal_of(project).requests.approve(row.id, row.sha256[:8], current_actor())
        assert (await agent.resume("t")).status is TurnStatus.REFUSED


async def test_what_was_approved_at_once_is_taken_back_as_well(small_bench, after_filing) -> None:
    async with small_bench() as (project, agent):
        requests = journal_of(project).requests

        async def halted_and_approved() -> None:
            await journal_of(project).halt.set(current_actor(), "smoke")
            [row] = await requests.list()
            await requests.approve(row.id, row.sha256[:8], current_actor())

        after_filing(halted_and_approved)
        await agent.ask("set BEND to 3 A")
        assert [row.state for row in await requests.list()] == [RequestState.WITHDRAWN]
        assert await journal_of(project).ledger.list(unresolved_only=False) == []


async def test_what_the_end_of_a_turn_s_time_cuts_off_is_taken_back(small_bench, after_filing) -> None:
    async with small_bench(LIMITED) as (project, agent):
        after_filing(anyio.lowlevel.checkpoint)
        ended = await agent.ask("set BEND to 3 A")
        [row] = await journal_of(project).requests.list()
    assert ended.status is TurnStatus.FAILED
    assert "max_execution_time_seconds" in ended.answer
    assert row.state is RequestState.WITHDRAWN


async def test_what_a_step_had_filed_before_it_failed_is_taken_back(small_bench) -> None:
    async with small_bench(plugin=TOYS) as (project, agent):
        ended = await agent.carry_out(ExecutionPlan(steps=(write("a", "breaks"),)), question="x")
        [row] = await journal_of(project).requests.list()
    assert ended.status is TurnStatus.FAILED
    assert "a bug" in ended.answer
    assert row.state is RequestState.WITHDRAWN


async def test_what_steps_without_a_second_half_of_their_own_had_filed_is_taken_back(small_bench) -> None:
    async with small_bench(plugin=TOYS) as (project, agent):
        both = ExecutionPlan(steps=(write("a", "no_half"), write("b", "no_half")))
        ended = await agent.carry_out(both, question="x")
        rows = await journal_of(project).requests.list()
    assert ended.status is TurnStatus.FAILED
    assert [row.state for row in rows] == [RequestState.WITHDRAWN] * 2


async def test_a_request_that_a_person_has_decided_meanwhile_stays_decided(small_bench, after_filing) -> None:
    async with small_bench() as (project, agent):
        requests = journal_of(project).requests

        async def rejected_and_halted() -> None:
            [row] = await requests.list()
            await requests.reject(row.id, current_actor(), "no")
            await journal_of(project).halt.set(current_actor(), "smoke")

        after_filing(rejected_and_halted)
        await agent.ask("set BEND to 3 A")
        assert [row.state for row in await requests.list()] == [RequestState.REJECTED]


async def test_what_another_step_or_turn_waits_for_is_left_alone(small_bench) -> None:
    async with small_bench(plugin=TOYS) as (project, agent):
        waiting = await agent.ask("set BEND to 2 A", thread="t")
        await agent.carry_out(ExecutionPlan(steps=(write("a", "breaks"),)), question="x", thread="t")
        row = await journal_of(project).requests.get(waiting.approval)
    assert row.state is RequestState.PENDING
