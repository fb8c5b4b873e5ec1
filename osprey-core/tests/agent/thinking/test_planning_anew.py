"""Another plan after a step that failed: when a model makes one, and when nobody does."""

from __future__ import annotations

from typing import Any

import pytest

from osprey.agent.capabilities.channel_read import ChannelReadCapability
from osprey.agent.session import open_agent
from osprey.agent.state import TurnStatus
from osprey.base import StepResult
from osprey.errors import ConfigError, UsageError

pytestmark = pytest.mark.anyio


def kinds(*names: str) -> dict[str, Any]:
    return {"capabilities": [{"capability": name, "reason": "needed"} for name in names], "intent": "look"}


def plan(channel: str, *before: dict[str, Any]) -> dict[str, Any]:
    step = {
        "context_key": "reading",
        "capability": "channel_read",
        "task_objective": "Read it",
        "parameters": {"channels": [channel]},
    }
    return {"steps": [*before, step]}


NOTE = {
    "context_key": "note",
    "capability": "memory",
    "task_objective": "Remember it",
    "parameters": {"op": "save", "text": "x"},
}


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> list[Exception]:
    """Errors that reading raises, one after the other; then it reads."""
    errors: list[Exception] = []
    execute = ChannelReadCapability.execute

    async def maybe(self: ChannelReadCapability) -> StepResult:
        if errors:
            raise errors.pop(0)
        return await execute(self)

    monkeypatch.setattr(ChannelReadCapability, "execute", maybe)
    return errors


async def test_a_model_plans_anew_once_with_what_went_wrong(
    open_desk: Any, script: Any, failing: list[Exception]
) -> None:
    failing.append(UsageError("DCCT is out of order, read BEND"))
    script.answers += [kinds("channel_read"), plan("DCCT"), kinds("channel_read"), plan("BEND:CURRENT:RB")]
    async with open_agent(open_desk("").project) as agent:
        done = await agent.ask("how is the beam doing")
    assert done.status is TurnStatus.DONE
    assert "[BEND:CURRENT:RB]" in done.answer
    assert "out of order" not in done.answer
    asked = "\n".join(message.text for message in script.requests[-1].messages)
    assert "what went wrong with the plan before" in asked
    assert "DCCT is out of order" in asked
    assert done.usage["calls"] == 4


async def test_there_are_no_more_plans_than_attempts(open_desk: Any, script: Any, failing: list[Exception]) -> None:
    failing += [UsageError("no"), UsageError("still no")]
    script.answers += [kinds("channel_read"), plan("DCCT"), kinds("channel_read"), plan("DCCT")]
    async with open_agent(open_desk("").project) as agent:
        ended = await agent.ask("how is the beam doing")
    assert (ended.status, "still no" in ended.answer) == (TurnStatus.FAILED, True)


@pytest.mark.parametrize(
    ("error", "more", "question", "answers"),
    [
        (ConfigError("broken"), "", "how is the beam doing", [kinds("channel_read"), plan("DCCT")]),
        (
            UsageError("no"),
            "execution_control: {limits: {max_planning_attempts: 1}}\n",
            "how is the beam doing",
            [kinds("channel_read"), plan("DCCT")],
        ),
        (UsageError("no"), "", "how is the beam", [kinds("memory", "channel_read"), plan("DCCT", NOTE)]),
    ],
    ids=["critical", "one attempt", "something was done"],
)
async def test_a_turn_ends_where_another_plan_would_not_help_or_might_do_something_twice(
    open_desk: Any,
    script: Any,
    failing: list[Exception],
    error: Exception,
    more: str,
    question: str,
    answers: list[Any],
) -> None:
    failing.append(error)
    script.answers += answers
    async with open_agent(open_desk(more).project) as agent:
        ended = await agent.ask(question)
    assert (ended.status, str(error) in ended.answer) == (TurnStatus.FAILED, True)
    assert script.answers == []
