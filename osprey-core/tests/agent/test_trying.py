"""Errors of steps: what is tried again and how often, what never is, and when another plan is made."""

from __future__ import annotations

import anyio
import pytest

from osprey.agent.events import Event, StepRetried
from osprey.agent.state import TurnResult, TurnStatus
from osprey.approval import current_actor
from osprey.base import ErrorSeverity, ExecutionPlan, PlannedStep
from osprey.journal import journal_of

pytestmark = pytest.mark.anyio

TOYS = '''
from osprey.api import BaseCapability, Capability, ConnectorError, RefusedError, StepResult, hookimpl
from osprey.api import ErrorClassification, ErrorSeverity

TRIED = []


class Shaky(BaseCapability):
    """Fails as often as its step says, with the error that it says."""

    name = "shaky"
    description = "Fail some times"

    async def execute(self):
        TRIED.append(1)
        if len(TRIED) <= self.parameter("times"):
            raise {"connector": ConnectorError("no answer"), "value": ValueError("odd"),
                   "refused": RefusedError("no", rule="toy.no")}[self.parameter("error")]
        return StepResult(text=f"done at {len(TRIED)}")

    @staticmethod
    def get_retry_policy():
        return {"max_attempts": 4, "delay_seconds": 0.0, "backoff_factor": 1.0}


class Eager(Shaky):
    """Calls everything retriable."""

    name = "eager"

    @staticmethod
    def classify_error(exc, context):
        return ErrorClassification("retriable", f"{context['capability']} says {exc}")


class Odd(Shaky):
    name = "odd"

    @staticmethod
    def get_retry_policy():
        return {"max_attempts": "often"}


@hookimpl
def osprey_capabilities():
    TRIED.clear()
    for kind in (Shaky, Eager, Odd):
        yield Capability(name=kind.name, summary="Fail", implementation=f"{__name__}:{kind.__name__}")
'''


def plan(capability: str, times: int, error: str) -> ExecutionPlan:
    parameters = {"times": times, "error": error}
    return ExecutionPlan(
        steps=(PlannedStep(context_key="a", capability=capability, task_objective="a", parameters=parameters),)
    )


@pytest.mark.parametrize(
    ("capability", "error", "times", "more", "status", "told", "again"),
    [
        ("shaky", "connector", 2, "", TurnStatus.DONE, "done at 3", 2),
        ("shaky", "connector", 3, "", TurnStatus.FAILED, "no answer", 2),
        ("shaky", "connector", 3, "max_step_retries: 9", TurnStatus.DONE, "done at 4", 3),
        ("shaky", "connector", 4, "max_step_retries: 9", TurnStatus.FAILED, "no answer", 3),
        ("shaky", "connector", 1, "max_step_retries: 0", TurnStatus.FAILED, "no answer", 0),
        ("shaky", "value", 1, "", TurnStatus.FAILED, "capability 'shaky' failed: ValueError: odd", 0),
        ("eager", "value", 1, "", TurnStatus.DONE, "done at 2", 1),
        ("eager", "refused", 1, "", TurnStatus.REFUSED, "no", 0),
        ("odd", "connector", 1, "", TurnStatus.FAILED, "no answer", 0),
    ],
)
async def test_a_step_is_tried_again_as_its_capability_says_and_the_configuration_lets_it(
    small_bench, capability: str, error: str, times: int, more: str, status: TurnStatus, told: str, again: int
) -> None:
    seen: list[Event] = []
    limits = f"execution_control: {{limits: {{{more}}}}}\n"
    async with small_bench(limits, plugin=TOYS) as (_, agent):
        ended = await agent.carry_out(plan(capability, times, error), question="x", listener=seen.append)
    assert (ended.status, told in ended.answer) == (status, True), ended.answer
    tried = [event for event in seen if isinstance(event, StepRetried)]
    assert [event.attempt for event in tried] == list(range(2, 2 + again))
    if capability == "eager" and again:
        assert tried[0].why == "eager says odd"


async def test_the_time_of_a_turn_is_that_of_all_attempts(small_bench) -> None:
    slow = TOYS.replace('"delay_seconds": 0.0', '"delay_seconds": 1000.0')
    limits = "execution_control: {limits: {max_execution_time_seconds: 0.2}}\n"
    async with small_bench(limits, plugin=slow) as (_, agent):
        ended = await agent.carry_out(plan("shaky", 1, "connector"), question="x")
    assert ended.status is TurnStatus.FAILED
    assert "max_execution_time_seconds" in ended.answer


async def test_a_halt_between_two_attempts_ends_the_turn_as_refused(small_bench) -> None:
    slow = TOYS.replace('"delay_seconds": 0.0', '"delay_seconds": 1000.0')
    async with small_bench(plugin=slow) as (project, agent):
        seen: list[Event] = []
        results: list[TurnResult] = []

        async def work() -> None:
            results.append(await agent.carry_out(plan("shaky", 1, "connector"), question="x", listener=seen.append))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(work)
            while not any(isinstance(event, StepRetried) for event in seen):
                await anyio.sleep(0.01)
            await journal_of(project).halt.set(current_actor(), "smoke")
    assert results[0].status is TurnStatus.REFUSED
    assert "smoke" in results[0].answer


def test_the_severities_are_the_five_of_the_guides() -> None:
    assert set(ErrorSeverity) == {"critical", "retriable", "replanning", "reclassification", "fatal"}
