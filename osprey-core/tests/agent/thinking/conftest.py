"""A project whose one model answers from a script, through the real way of asking; planned first, or as it goes."""

from __future__ import annotations

import json
import sys
import types
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from osprey.agent.session import open_agent
from osprey.agent.thinking.conversation import PastTurn
from osprey.agent.thinking.desk import Ask, plan_turn
from osprey.agent.thinking.outcome import Outcome
from osprey.agent.thinking.tracing import Thought
from osprey.errors import ModelError
from osprey.models.chat.account import Account
from osprey.models.chat.messages import ChatReply, ChatRequest, Speaker, TextDelta, Usage
from osprey.models.chat.protocol import ModelAddress
from osprey.plugins import LoadOptions
from osprey.project import Project, open_project

from .reactive_bench import BROKEN, CONTROL, Bench, Open

CONFIG = """
facility: {time_zone: Europe/Berlin}
control_system:
  default_target: bench
  targets:
    bench:
      connector: mock
      posture: simulation
      writes_enabled: true
      limits: {file: limits.yml}
      channels: channels.yml
models: {default: {provider: scripted, model_id: m, max_retries: 0}}
"""
LIMITS = "defaults: {min: 0, max: 10, tolerance_absolute: 0.01}\nchannels:\n  'BEND:CURRENT:SP': {}\n"
CHANNELS = """channels:
- {name: 'BEND:CURRENT:SP', device: BEND, description: Bend current, role: setpoint, unit: A}
- {name: 'BEND:CURRENT:RB', device: BEND, description: Bend current, unit: A}
- {name: 'DCCT', device: DCCT, description: Beam current, quantity: current, family_words: [beam], unit: mA}
"""
PLUGIN = """
from osprey.api import Capability, Model, hookimpl

@hookimpl
def osprey_models():
    yield Model(name="scripted", summary="From a script", implementation="scripted_driver:Driver")

@hookimpl
def osprey_capabilities():
    yield Capability(name="orbit_fit", summary="Fit an orbit", implementation="no_module:Fit",
                     consumes=("CHANNEL_VALUES",), provides=("FIT",))
"""

Answer = str | dict[str, Any] | ModelError | Callable[[ChatRequest], "str | ChatReply"]
NOW_NS = 1_795_176_000 * 10**9


class Script:
    """What the model answers, in order, and what it was asked."""

    def __init__(self) -> None:
        self.answers: list[Answer | ChatReply] = []
        self.requests: list[ChatRequest] = []

    def answer(self, request: ChatRequest) -> ChatReply:
        self.requests.append(request)
        assert self.answers, f"one question too many: {request.form and request.form.name}"
        given = self.answers.pop(0)
        if callable(given):
            given = given(request)
        if isinstance(given, ModelError):
            raise given
        if isinstance(given, ChatReply):
            return given
        text = given if isinstance(given, str) else json.dumps(given)
        return ChatReply(text=text, usage=Usage(input_tokens=10, output_tokens=5))

    @property
    def forms(self) -> list[str]:
        """The forms of answers that were asked for, in order."""
        return [request.form.name if request.form else "" for request in self.requests]

    def told(self, place: int = -1) -> str:
        """What Osprey said to the model in one question."""
        return "\n".join(m.text for m in self.requests[place].messages if m.speaker is Speaker.SYSTEM)

    def last_said(self, place: int = -1) -> str:
        """The last message of one question."""
        return self.requests[place].messages[-1].text


class Desk:
    """Plans in one project, and keeps what it cost and what was thought."""

    def __init__(self, project: Project, script: Script) -> None:
        self.project = project
        self.script = script
        self.account = Account()
        self.thoughts: list[Thought] = []

    async def __call__(self, text: str, *history: PastTurn, **fields: Any) -> Outcome:
        return await plan_turn(
            self.project,
            Ask(text=text, target="bench", history=history, **fields),
            account=self.account,
            on_thought=self.thoughts.append,
            now_ns=NOW_NS,
        )


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Script:
    made = Script()

    class Driver:
        """A driver that has no endpoint."""

        def __init__(self, address: ModelAddress) -> None:
            self.address = address

        async def complete(self, request: ChatRequest) -> ChatReply:
            return made.answer(request)

        async def stream(self, request: ChatRequest) -> AsyncGenerator[TextDelta | ChatReply]:
            yield made.answer(request)

        async def aclose(self) -> None:
            return

    module = types.ModuleType("scripted_driver")
    module.Driver = Driver  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "scripted_driver", module)
    return made


@pytest.fixture
async def open_desk(tmp_path: Path, script: Script) -> AsyncIterator[Callable[[str], Desk]]:
    """Open the desk with more lines of configuration."""
    opened: list[Project] = []

    def make(more: str = "") -> Desk:
        files = {"config.yml": CONFIG + more, "limits.yml": LIMITS, "channels.yml": CHANNELS, "plug.py": PLUGIN}
        for name, text in files.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        project = open_project(tmp_path, options=LoadOptions(local=(tmp_path / "plug.py",)))
        opened.append(project)
        return Desk(project, script)

    yield make
    for project in opened:
        await project.aclose()


@pytest.fixture
def desk(open_desk: Callable[[str], Desk]) -> Desk:
    return open_desk("")


@pytest.fixture
async def open_react(tmp_path: Path, script: Script) -> AsyncIterator[Open]:
    """Opens a project in reactive mode, once or again; with more of `agent_control`, of the limits, and of the file."""
    async with AsyncExitStack() as opened:

        async def open_one(
            control: str = "", limits: str = "", more: str = "", config: str = CONFIG, channels: str = CHANNELS
        ) -> Bench:
            text = config + CONTROL % (control and f", {control}", limits) + more
            files = {"config.yml": text, "limits.yml": LIMITS, "channels.yml": channels, "plug.py": PLUGIN + BROKEN}
            for name, written in files.items():
                (tmp_path / name).write_text(written, encoding="utf-8")
            options = LoadOptions(local=(tmp_path / "plug.py",))
            project = await opened.enter_async_context(open_project(tmp_path, options=options))
            return Bench(project, await opened.enter_async_context(open_agent(project)), script)

        yield open_one


@pytest.fixture
async def react(open_react: Open) -> Bench:
    """One that is as it comes."""
    return await open_react()
