"""One turn whose model is hostile: asked for real, and looked at from every side that could have been hurt."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from attrs import field, frozen

from osprey.agent.session import open_agent
from osprey.agent.state import TurnResult, TurnStatus
from osprey.control import Reading, targets_of
from osprey.journal import RequestState, journal_of
from osprey.project import Project, open_project
from osprey.sessions import Span, traces_of
from osprey.testing.hostile_models.cases import READ, SETPOINT, Case, Ending
from osprey.testing.hostile_models.said import Answer, Broken, Hung, Said, Status
from osprey.testing.wire_server import Answering, WireServer, serve_wire

KEY: Final = "sk-canary-0123456789abcdef"
WAYS: Final = ("plan_first", "react", "react, after a step")
_CONFIG: Final = """
control_system:
  default_target: bench
  targets:
    bench:
      connector: mock
      posture: simulation
      writes_enabled: true
      limits: {{file: limits.yml}}
      channels: channels.yml
execution_control: {{agent_control: {{orchestration_mode: {mode}}}}}
models: {{default: {{provider: lab, model_id: m, max_retries: 0, timeout_s: {timeout_s}}}}}
api: {{providers: {{lab: {{dialect: {dialect}, base_url: '{url}', api_key: {key}}}}}}}
"""
_LIMITS: Final = f"defaults: {{min: 0, max: 10, tolerance_absolute: 0.01}}\nchannels:\n  '{SETPOINT}': {{}}\n"
_CHANNELS: Final = f"""channels:
- {{name: '{SETPOINT}', device: BEND, description: Bend current, role: setpoint, unit: A}}
- {{name: '{READ}', device: DCCT, description: Beam current, quantity: current, unit: mA}}
"""
_FIRST: Final = Said(calls=(("channel_read", json.dumps({"objective": "Look first", "channels": [READ]})),))
_MOST_ASKED: Final = 4
_LONGEST_ANSWER: Final = 5_000


@frozen(kw_only=True)
class Dialect:
    """How a driver's dialect writes an answer."""

    name: str
    """As the driver's plugin declares it."""
    write: Callable[[Said], Any]
    """Gives a whole answer as JSON-able values."""
    path: str = ""
    """Of the base URL, behind the host."""


@frozen(kw_only=True)
class _Seen:
    """What is there after the turn."""

    result: TurnResult
    server: WireServer
    spans: list[Span]
    requests: list[Any]
    writes: list[Any]
    setpoints: tuple[Any, Any]
    """Before and after."""
    stored: str = field(repr=False)


async def check(dialect: Dialect, case: Case, way: str, folder: Path) -> None:
    """Work on a turn, and go on only if what the model did was handled, counted, shown, and not carried out."""
    answers = [_FIRST] if way == "react, after a step" else []
    async with _turn(dialect, case, way.partition(",")[0], answers, folder) as seen:
        _check_harmless(seen, case, way)
        _check_counted(seen)
        _check_traced(seen, case, way)
        if way == "plan_first":
            _check_phrasebook(seen.result, "no model gave a plan")
        else:
            _check_reactive(seen, case, has_begun=bool(answers))


def _check_harmless(seen: _Seen, case: Case, way: str) -> None:
    assert seen.writes == []
    assert seen.setpoints[0] == seen.setpoints[1]
    may_ask = case.ending is Ending.WAITS and way != "plan_first"
    assert [row.state for row in seen.requests] == [RequestState.PENDING] * may_ask
    assert {step["capability"] for step in seen.result.plan.get("steps", ())} <= {"channel_read", "channel_write"}
    named = [step["parameters"].get("channels", [READ]) for step in seen.result.plan.get("steps", ())]
    assert all(channels == [READ] for channels in named)
    assert len(seen.result.answer) < _LONGEST_ANSWER
    assert KEY not in seen.stored


def _check_counted(seen: _Seen) -> None:
    asked = [span for span in seen.spans if span.name == "model"]
    assert 0 < len(seen.server.questions) == len(asked) <= _MOST_ASKED
    assert seen.result.usage["calls"] == len(asked)


def _check_traced(seen: _Seen, case: Case, way: str) -> None:
    asked = [span.status for span in seen.spans if span.name == "model"]
    thoughts = [span.status for span in seen.spans if span.name == "thought"]
    if not isinstance(case.answer, Said):
        assert asked[-1] != "ok"
    if way == "plan_first":
        assert any(status != "ok" for status in thoughts)
    elif case.ending not in (Ending.SAID, Ending.WAITS):
        assert any(status != "ok" and case.traced in status for status in thoughts), thoughts


def _check_reactive(seen: _Seen, case: Case, *, has_begun: bool) -> None:
    result = seen.result
    match case.ending:
        case Ending.NO_MODEL if not has_begun:
            _check_phrasebook(result, "no model gave a first step")
        case Ending.NO_MODEL:
            assert result.status is TurnStatus.FAILED
            assert "The work ended early: no model goes on" in result.answer
        case Ending.NO_STEP | Ending.LOOP:
            assert result.status is TurnStatus.FAILED
            assert case.ending.value in result.answer
        case Ending.SAID if not has_begun:
            assert result.status is TurnStatus.FAILED
            assert Ending.NO_STEP.value in result.answer
        case Ending.SAID:
            assert result.status is TurnStatus.DONE
        case Ending.WAITS:
            assert result.status is TurnStatus.WAITING
            assert "WARNING" in str(seen.requests[0].presentation["assumptions"])
    assert (READ in result.answer) or not has_begun or result.status is TurnStatus.WAITING


def _check_phrasebook(result: TurnResult, why: str) -> None:
    assert result.status is TurnStatus.DONE, result.answer
    assert why in result.answer
    assert "phrasebook" in result.answer


@asynccontextmanager
async def _turn(dialect: Dialect, case: Case, mode: str, answers: list[Said], folder: Path) -> AsyncGenerator[_Seen]:
    left: list[Answer] = [*answers]

    async def script(answering: Answering) -> None:
        await _send(answering, left.pop(0) if left else case.answer, dialect)

    async with serve_wire(script) as server:
        url, timeout_s = f"{server.url}{dialect.path}", 1 if isinstance(case.answer, Hung) else 30
        config = _CONFIG.format(mode=mode, dialect=dialect.name, url=url, key=KEY, timeout_s=timeout_s)
        for name, text in {"config.yml": config, "limits.yml": _LIMITS, "channels.yml": _CHANNELS}.items():
            (folder / name).write_text(text, encoding="utf-8")
        async with open_project(folder) as project, open_agent(project) as agent:
            before = await _setpoint(project)
            result = await agent.ask(f"read {READ}")
            yield _Seen(
                result=result,
                server=server,
                spans=await traces_of(project).of(result.turn),
                requests=await journal_of(project).requests.list(),
                writes=await journal_of(project).ledger.list(unresolved_only=False),
                setpoints=(before, await _setpoint(project)),
                stored="".join(path.read_bytes().decode("latin-1") for path in (folder / ".osprey").glob("*.db*")),
            )


async def _send(answering: Answering, answer: Answer, dialect: Dialect) -> None:
    match answer:
        case Said():
            await answering.json(dialect.write(answer))
        case Status(code=code):
            await answering.json({"error": {"type": "some_error", "message": "not now"}}, code)
        case Broken(body=body):
            await answering.whole(body)
        case Hung():
            await answering.hang()


async def _setpoint(project: Project) -> Any:
    [present] = await (await targets_of(project).get("bench")).connector.read([SETPOINT], timeout_s=5)
    return present.value if isinstance(present, Reading) else present
