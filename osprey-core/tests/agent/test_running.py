"""A turn on its way: what runs at once, what cuts it off, what it tells, and what is left of it."""

from __future__ import annotations

import sqlite3
from typing import Any

import anyio
import pytest

from osprey.agent.events import (
    ApprovalRequired,
    ApprovalSettled,
    Event,
    PlanMade,
    StepBegan,
    StepEnded,
    TurnBegan,
    TurnEnded,
)
from osprey.agent.state import TurnStatus
from osprey.approval import current_actor
from osprey.base import ExecutionPlan, PlannedStep
from osprey.journal import journal_of
from osprey.sessions import threads_of, traces_of

pytestmark = pytest.mark.anyio

TOYS = '''
import anyio
from osprey.api import Capability, hookimpl
from osprey.base import ApprovalNeeded, BaseCapability, StepResult, StepStatus

MEETING = {}


class Meet(BaseCapability):
    """Ends only when the other step of its plan has begun too."""

    name = "meet"
    description = "Meet another step"
    is_independent = True

    async def execute(self):
        barrier = MEETING.setdefault(self.thread, [])
        barrier.append(self._step.context_key)
        with anyio.fail_after(10):
            while len(barrier) < self.parameter("of"):
                await anyio.sleep(0)
        return StepResult(text=f"{self._step.context_key} met", context={"met": sorted(barrier)})


class Endless(BaseCapability):
    name = "endless"
    description = "Never ends by itself"

    async def execute(self):
        await anyio.sleep_forever()


class Wrong(BaseCapability):
    """Asks for an approval though it has no second half."""

    name = "wrong"
    description = "Ask for nothing"
    is_independent = True

    async def execute(self):
        return ApprovalNeeded(request_id="req-0", sha256="0" * 64)


class Heard(BaseCapability):
    name = "heard"
    description = "Say what a slash command said"
    direct_chat_enabled = True

    async def execute(self):
        return StepResult(text=f"heard {self.slash_command('beam')!r} {self.slash_command('other')!r}")


@hookimpl
def osprey_capabilities():
    for kind in (Meet, Endless, Wrong, Heard):
        commands = ("beam",) if kind is Heard else ()
        yield Capability(name=kind.name, summary=kind.description, implementation=f"{__name__}:{kind.__name__}",
                         commands=commands)
'''


def plan(*steps: tuple[str, str, dict[str, Any]] | PlannedStep) -> ExecutionPlan:
    made = [
        step
        if isinstance(step, PlannedStep)
        else PlannedStep(context_key=step[0], capability=step[1], task_objective=step[0], parameters=step[2])
        for step in steps
    ]
    return ExecutionPlan(steps=tuple(made))


async def test_steps_without_an_effect_that_need_nothing_of_each_other_run_at_once(small_bench) -> None:
    async with small_bench(plugin=TOYS) as (_, agent):
        done = await agent.carry_out(plan(("a", "meet", {"of": 2}), ("b", "meet", {"of": 2})), question="meet")
    assert done.status is TurnStatus.DONE
    assert done.contexts == {"a": {"met": ["a", "b"]}, "b": {"met": ["a", "b"]}}
    assert done.answer.startswith("a met\nb met"), "in the order of the plan"


async def test_a_step_that_needs_the_result_of_another_runs_after_it(small_bench) -> None:
    needy = PlannedStep(
        context_key="b", capability="meet", task_objective="b", parameters={"of": 2}, inputs=({"MET": "a"},)
    )
    async with small_bench(plugin=TOYS) as (_, agent):
        done = await agent.carry_out(plan(("a", "meet", {"of": 1}), needy), question="meet")
    assert done.status is TurnStatus.DONE
    assert done.contexts["a"] == {"met": ["a"]}


async def test_no_step_runs_beside_one_that_may_change_something(small_bench) -> None:
    """What stands behind a write in the plan reads the machine after it."""
    read = {"channels": ["BEND:CURRENT:SP"]}
    write = {"groups": [[{"channel": "BEND:CURRENT:SP", "value": 3.0}]]}
    steps = plan(("before", "channel_read", read), ("set", "channel_write", write), ("after", "channel_read", read))
    async with small_bench() as (project, agent):
        asked = await agent.carry_out(steps, question="set and look")
        assert list(asked.contexts) == ["before"]
        row = await journal_of(project).requests.get(str(asked.approval))
        await journal_of(project).requests.approve(row.id, row.sha256[:8], current_actor())
        done = await agent.resume(asked.thread)
    assert done.status is TurnStatus.DONE
    assert done.contexts["after"]["readings"]["BEND:CURRENT:SP"]["value"] == 3.0


async def test_a_step_that_asks_without_a_second_half_fails_and_says_so(small_bench) -> None:
    async with small_bench(plugin=TOYS) as (_, agent):
        together = await agent.carry_out(plan(("a", "wrong", {}), ("b", "meet", {"of": 1})), question="x")
    assert together.status is TurnStatus.FAILED
    assert "no second half" in together.answer
    assert "b met" in together.answer


async def test_a_halt_cuts_off_what_is_under_way_and_says_who_and_why(small_bench) -> None:
    async with small_bench(plugin=TOYS) as (project, agent):
        results: list[Any] = []

        async def work() -> None:
            results.append(await agent.carry_out(plan(("a", "endless", {})), question="for ever"))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(work)
            while not await threads_of(project).list():
                await anyio.sleep(0.01)
            await journal_of(project).halt.set(current_actor(), "smoke in sector 3")
    assert results[0].status is TurnStatus.REFUSED
    assert "smoke in sector 3" in results[0].answer


async def test_a_halt_that_was_set_before_lets_a_question_that_only_reads_be_answered(small_bench) -> None:
    async with small_bench() as (project, agent):
        await journal_of(project).halt.set(current_actor(), "maintenance")
        assert (await agent.ask("what is the current of BEND")).status is TurnStatus.DONE


async def test_a_turn_works_no_longer_than_its_limit(small_bench) -> None:
    limit = "execution_control: {limits: {max_execution_time_seconds: 0.2}}\n"
    async with small_bench(limit, plugin=TOYS) as (_, agent):
        ended = await agent.carry_out(plan(("a", "endless", {}), ("b", "meet", {"of": 1})), question="for ever")
    assert ended.status is TurnStatus.FAILED
    assert "max_execution_time_seconds" in ended.answer


async def test_a_turn_tells_what_happens_in_order(small_bench) -> None:
    seen: list[Event] = []
    async with small_bench() as (project, agent):
        asked = await agent.ask("set BEND to 3 A", listener=seen.append)
        row = await journal_of(project).requests.get(str(asked.approval))
        await journal_of(project).requests.approve(row.id, row.sha256[:8], current_actor())
        await agent.resume(asked.thread, listener=seen.append)
    kinds = [type(event) for event in seen]
    first = [TurnBegan, PlanMade, StepBegan, StepEnded, ApprovalRequired, TurnEnded]
    assert kinds == [*first, TurnBegan, ApprovalSettled, TurnEnded]
    assert seen[3] == StepEnded(key=seen[2].key, capability="channel_write", status="asks")


async def test_a_listener_that_fails_stops_nothing(small_bench) -> None:
    def fail(event: Event) -> None:
        raise ValueError(event)

    async with small_bench() as (_, agent):
        assert (await agent.ask("remember that BEND is slow", listener=fail)).status is TurnStatus.DONE


async def test_the_parts_of_a_turn_are_timed_and_belong_together(small_bench) -> None:
    async with small_bench() as (project, agent):
        done = await agent.ask("what is the current of BEND")
        spans = {span.name: span for span in await traces_of(project).of(done.turn)}
    assert set(spans) == {"turn", "plan", "thought", "step", "respond"}
    turn = spans["turn"]
    assert (turn.parent, turn.status, turn.about) == ("", "done", {"thread": done.thread})
    assert {span.parent for name, span in spans.items() if name not in ("turn", "thought")} == {turn.id}
    assert spans["thought"].parent == spans["plan"].id
    assert spans["step"].about["capability"] == "channel_read"
    assert all(turn.begun_ns <= span.begun_ns <= span.ended_ns <= turn.ended_ns for span in spans.values())


async def test_the_checkpoints_of_a_turn_that_has_ended_are_gone_and_its_result_is_kept(small_bench) -> None:
    async with small_bench() as (project, agent):
        done = await agent.ask("what is the current of BEND")
        waiting = await agent.ask("set BEND to 3 A", thread=done.thread)
        with sqlite3.connect(project.state_dir / "checkpoints.db") as checkpoints:
            kept = {row[0] for row in checkpoints.execute("SELECT DISTINCT thread_id FROM checkpoints")}
        checkpoints.close()
        assert kept == {waiting.turn}
        again = await agent.resume(done.thread, turn=done.turn)
    assert again.answer == done.answer


async def test_a_turn_that_is_cancelled_is_stored_as_stopped_and_goes_on_when_it_is_resumed(small_bench) -> None:
    async with small_bench(plugin=TOYS) as (project, agent):
        with anyio.move_on_after(0.5):
            await agent.carry_out(plan(("a", "endless", {})), question="for ever")
        [thread] = await threads_of(project).list()
        assert thread.status is TurnStatus.STOPPED
        with anyio.move_on_after(0.5) as scope:
            await agent.resume(thread.thread)
        assert scope.cancelled_caught, "it went on where it was"


async def test_a_turn_whose_process_died_before_its_first_checkpoint_begins_again(small_bench, monkeypatch) -> None:
    class PowerCutError(BaseException):
        pass

    async with small_bench() as (project, agent):
        graph = await agent.graph()

        async def die(*_: Any, **__: Any) -> Any:
            raise PowerCutError

        with monkeypatch.context() as cut:
            cut.setattr(graph.checkpointer, "aput", die)
            with pytest.raises(PowerCutError):
                await agent.ask("what is the current of BEND", thread="cut")
        await graph.checkpointer.adelete_thread((await threads_of(project).turns("cut"))[0].turn)
        done = await agent.resume("cut")
    assert done.status is TurnStatus.DONE
    assert "BEND:CURRENT:SP" in done.answer


@pytest.mark.parametrize(
    ("typed", "heard"), [("/beam hello", "True None"), ("/beam:on hello", "'on' None"), ("hello", "None None")]
)
async def test_a_command_of_a_capability_is_handed_to_its_steps(small_bench, typed: str, heard: str) -> None:
    async with small_bench(plugin=TOYS) as (_, agent):
        await agent.ask("/chat:heard", thread="t")
        said = await agent.ask(typed, thread="t")
        assert f"heard {heard}" in said.answer
        assert "/beam[:VALUE] TEXT" in (await agent.ask("/help")).answer
