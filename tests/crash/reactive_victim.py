"""The process that works on a turn step by step, approves the write that it asks for, and is killed while it does."""

from __future__ import annotations

import os
import threading
import time
import traceback
from pathlib import Path

import anyio
from tests.crash.victim import die

from osprey.agent.session import Agent, open_agent
from osprey.agent.state import TurnResult, TurnStatus
from osprey.approval import current_actor
from osprey.journal import RequestState, journal_of
from osprey.plugins import LoadOptions
from osprey.project import Project, open_project

RECORD = "AO0001"
TOOK = "took.txt"
FAILED = "failed.txt"
CONFIG = """
execution_control:
  agent_control: {orchestration_mode: react}
models: {default: {provider: stepwise, model_id: m, max_retries: 0}}
"""
PLUGIN = """
from osprey.api import (
    BaseCapability, Capability, ChatReply, Finish, Model, Speaker, StepResult, ToolCall, hookimpl,
)


class Say(BaseCapability):
    name = "say"
    description = "Say what it is told"

    async def execute(self):
        return StepResult(text=str(self.parameter("said")), context={"said": self.parameter("said")})


class Stepwise:
    \"\"\"Answers by what was said so far and by nothing else: whoever goes on with a turn hears the same.\"\"\"

    def __init__(self, address):
        self.address = address

    async def complete(self, request):
        [task] = [one.text for one in request.messages if one.speaker is Speaker.USER]
        name, value = task.split()[-3], float(task.split()[-1])
        place = sum(one.speaker is Speaker.ASSISTANT for one in request.messages)
        rounds = (
            [("say", {"said": f"{name}-1"})],
            [("memory", {"op": "save", "text": f"{name} note 1"}), ("say", {"said": f"{name}-2"})],
            [("channel_write", {"groups": [[{"channel": "CRASH:AO0001", "value": value, "unit": "mA"}]]})],
            [("memory", {"op": "save", "text": f"{name} note 2"})],
        )
        if place == len(rounds):
            return ChatReply(text=f"All of {name} is done.")
        calls = (
            ToolCall(id="any", name=tool, arguments={"objective": f"do {tool}", **given})
            for tool, given in rounds[place]
        )
        return ChatReply(tool_calls=tuple(calls), finish=Finish.TOOL_CALLS)

    async def aclose(self):
        return


@hookimpl
def osprey_capabilities():
    yield Capability(name="say", summary="Say it", implementation=f"{__name__}:Say")


@hookimpl
def osprey_models():
    yield Model(name="stepwise", summary="Says the next", implementation=f"{__name__}:Stepwise")
"""


def open_room(folder: Path) -> Project:
    """Open the project of the trials."""
    return open_project(folder, options=LoadOptions(local=(folder / "stepwise.py",)))


def task_of(name: str, value: float) -> str:
    """Give what is asked for; the model reads its script out of it."""
    return f"do all of {name} at {value}"


def work_and_die(folder: str, name: str, value: float, after_s: float | None) -> None:
    """Work on a turn on a thread of its name; die some seconds after its question was asked, or not at all."""
    try:
        anyio.run(_work, Path(folder), name, value, after_s)
    except BaseException:
        (Path(folder) / FAILED).write_text(traceback.format_exc(), encoding="utf-8")
        raise
    os._exit(0)


async def _work(folder: Path, name: str, value: float, after_s: float | None) -> None:
    async with open_room(folder) as project, open_agent(project) as agent:
        begun = time.perf_counter()
        if after_s is not None:
            threading.Timer(after_s, die).start()
        await go_to_its_end(agent, await agent.ask(task_of(name, value), thread=name))
        (folder / TOOK).write_text(str(time.perf_counter() - begun), encoding="utf-8")


async def go_to_its_end(agent: Agent, result: TurnResult) -> TurnResult:
    """Approve what the turn waits for, as a person would, until it waits for nothing."""
    requests = journal_of(agent.project).requests
    for _ in range(3):
        if result.status is not TurnStatus.WAITING:
            break
        row = await requests.get(str(result.approval))
        if row.state is RequestState.PENDING:
            await requests.approve(row.id, row.sha256[:8], current_actor())
        result = await agent.resume(result.thread)
    return result
