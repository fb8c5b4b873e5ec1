"""A question that no grammar knows, planned by a model over the real wire; and by the phrasebook where one fails."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from osprey.agent.session import Agent, open_agent
from osprey.agent.state import TurnResult, TurnStatus
from osprey.journal import RequestState, journal_of
from osprey.project import open_project
from osprey.sessions import traces_of
from osprey.testing.wire_server import Answering, serve_wire

pytestmark = pytest.mark.anyio

KEY = "sk-canary-0123456789abcdef"
CONFIG = """
models:
  default: {{provider: openai, model_id: tiny, max_retries: 0, timeout_s: 20}}
api:
  providers:
    openai: {{base_url: '{url}/v1', api_key: {key}, prices: {{tiny: {{input_per_million: 1, output_per_million: 2}}}}}}
{more}
"""
STEERER = "SR:S02:HCM03:CURRENT:SP"
BEAM = "SR:S01:DCCT01:CURRENT:RB"


@pytest.fixture
def anyio_backend() -> str:
    """What asks over HTTP is asyncio's."""
    return "asyncio"


def spoken(value: Any) -> dict[str, Any]:
    """An answer on OpenAI's wire."""
    text = value if isinstance(value, str) else json.dumps(value)
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "tiny-2026",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
    }


def scripted(*answers: Any) -> Callable[[Answering], Awaitable[None]]:
    left = list(answers)

    async def script(answering: Answering) -> None:
        answer = left.pop(0)
        if isinstance(answer, int):
            await answering.json({"error": {"message": "no"}}, answer)
        else:
            await answering.json(spoken(answer))

    return script


def kinds(*names: str, intent: str = "look") -> dict[str, Any]:
    return {"capabilities": [{"capability": name, "reason": "needed"} for name in names], "intent": intent}


def plan(capability: str, parameters: dict[str, Any]) -> dict[str, Any]:
    step = {"context_key": "one", "capability": capability, "task_objective": "Do it", "parameters": parameters}
    return {"steps": [step]}


async def asked(folder: Path, url: str, question: str, more: str = "") -> tuple[TurnResult, list[Any], list[Any], str]:
    (folder / "config.yml").write_text(CONFIG.format(url=url, key=KEY, more=more), encoding="utf-8")
    async with open_project(folder) as project, open_agent(project) as agent:
        assert isinstance(agent, Agent)
        result = await agent.ask(question)
        spans = await traces_of(project).of(result.turn)
        requests = await journal_of(project).requests.list()
    kept = "".join(path.read_bytes().decode("latin-1") for path in (folder / ".osprey").glob("*.db*"))
    return result, spans, requests, kept


async def test_a_model_plans_a_read_in_two_calls_which_are_accounted_for_and_its_key_is_kept_nowhere(
    tmp_path: Path,
) -> None:
    answers = (kinds("channel_read"), plan("channel_read", {"channels": [BEAM]}))
    async with serve_wire(scripted(*answers)) as server:
        result, spans, _, kept = await asked(tmp_path, server.url, "wie geht es denn dem Strahl heute so?")
    assert result.status is TurnStatus.DONE, result.answer
    assert BEAM in result.answer
    assert len(server.questions) == 2
    assert result.usage == {
        "calls": 2,
        "input_tokens": 200,
        "output_tokens": 40,
        "cached_tokens": 0,
        "discarded": 0,
        "seconds": result.usage["seconds"],
        "cost": pytest.approx((200 * 1 + 40 * 2) / 1e6),
    }
    asks = [span for span in spans if span.name == "model"]
    assert [(span.status, span.about["provider"], span.about["input_tokens"]) for span in asks] == [
        ("ok", "openai", 100)
    ] * 2
    assert server.questions[0].headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in kept


async def test_a_model_s_write_waits_for_a_person_like_any_other(tmp_path: Path) -> None:
    write = plan("channel_write", {"groups": [[{"channel": STEERER, "value": 0.5, "unit": "A"}]]})
    async with serve_wire(scripted(kinds("channel_write", intent="change"), write)) as server:
        result, _, requests, _ = await asked(tmp_path, server.url, "ein halbes Ampere auf den dritten bitte")
    assert result.status is TurnStatus.WAITING, result.answer
    [row] = requests
    assert (row.kind, row.state) == ("channel_write", RequestState.PENDING)


async def test_a_channel_that_a_model_invents_is_never_asked_for(tmp_path: Path) -> None:
    invented = plan("channel_write", {"groups": [[{"channel": "SR:HCM99:SP", "value": 0.5}]]})
    answers = (kinds("channel_write", intent="change"), invented, invented)
    async with serve_wire(scripted(*answers)) as server:
        result, _, requests, _ = await asked(tmp_path, server.url, "ein halbes Ampere auf den neunundneunzigsten")
    assert result.status is TurnStatus.FAILED
    assert requests == []
    assert len(server.questions) == 3, "one repair, and no more"


@pytest.mark.parametrize("failure", [500, 429, 401, "this is no plan"])
async def test_the_phrasebook_takes_over_when_a_model_fails_and_says_so(tmp_path: Path, failure: Any) -> None:
    async with serve_wire(scripted(*[failure] * 6)) as server:
        result, spans, _, _ = await asked(tmp_path, server.url, "what is the beam current")
    assert result.status is TurnStatus.DONE, result.answer
    assert BEAM in result.answer
    assert "phrasebook read the request" in result.answer
    assert any(span.name == "model" and span.status != "ok" for span in spans) or failure == "this is no plan"
    assert server.questions


async def test_a_turn_asks_no_model_beyond_its_budget(tmp_path: Path) -> None:
    more = "execution_control: {limits: {max_turn_tokens: 100}}"
    async with serve_wire(scripted(kinds("channel_read"))) as server:
        result, _, _, _ = await asked(tmp_path, server.url, "what is the beam current", more)
    assert result.status is TurnStatus.DONE
    assert "max_turn_tokens is 100" in result.answer
    assert len(server.questions) == 1
