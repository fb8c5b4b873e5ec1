"""A project in reactive mode, opened by `conftest`, for the tests of turns that are planned as they go."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from osprey.agent.session import Agent
from osprey.agent.state import TurnResult
from osprey.approval import current_actor, identity_of
from osprey.approval.desk import reject
from osprey.control import Reading, targets_of
from osprey.journal import RequestRow, journal_of
from osprey.models.chat.messages import ChatReply, Finish, Speaker, ToolCall, Usage
from osprey.project import Project

BROKEN = """
    yield Capability(name="bad_apple", summary="Cannot be imported", implementation="no_module:Apple")
"""
CONTROL = "execution_control:\n  agent_control: {orchestration_mode: react%s}\n  limits: {%s}\n"
SP, RB = "BEND:CURRENT:SP", "BEND:CURRENT:RB"
TASK = "look at the bend magnet and bring it to 2 A"


def calls(*wanted: tuple[str, dict[str, Any]]) -> ChatReply:
    """An answer that asks for steps."""
    made = tuple(ToolCall(id="x", name=name, arguments={"objective": f"Do {name}", **given}) for name, given in wanted)
    return ChatReply(tool_calls=made, finish=Finish.TOOL_CALLS, usage=Usage(input_tokens=10, output_tokens=5))


def read(*channels: str, **more: Any) -> tuple[str, dict[str, Any]]:
    return "channel_read", {"channels": list(channels), **more}


def write(value: float) -> tuple[str, dict[str, Any]]:
    return "channel_write", {"groups": [[{"channel": SP, "value": value, "unit": "A"}]]}


class Bench:
    """A project in reactive mode, whose model answers from a script."""

    def __init__(self, project: Project, agent: Agent, script: Any) -> None:
        self.project = project
        self.agent = agent
        self.script = script

    async def ask(self, *answers: Any, text: str = TASK, thread: str | None = None) -> TurnResult:
        self.script.answers += answers
        return await self.agent.ask(text, thread=thread)

    async def request(self, result: TurnResult) -> RequestRow:
        assert result.approval, result.answer
        return await journal_of(self.project).requests.get(result.approval)

    async def approve(self, result: TurnResult, *answers: Any) -> TurnResult:
        row = await self.request(result)
        await journal_of(self.project).requests.approve(row.id, row.sha256[:8], current_actor())
        self.script.answers += answers
        return await self.agent.resume(result.thread)

    async def no(self, result: TurnResult) -> TurnResult:
        await reject(self.project, (await self.request(result)).id, identity_of(self.project), "not now")
        return await self.agent.resume(result.thread)

    async def value(self) -> float:
        target = await targets_of(self.project).get("bench")
        [present] = await target.connector.read([SP], timeout_s=5)
        assert isinstance(present, Reading)
        return float(present.value)

    def results(self, place: int = -1) -> list[str]:
        """What the model was told of its calls in one question."""
        return [m.text for m in self.script.requests[place].messages if m.speaker is Speaker.TOOL]


Open = Callable[..., Awaitable[Bench]]
