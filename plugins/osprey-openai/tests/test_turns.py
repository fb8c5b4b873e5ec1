"""A whole turn whose models answer over the wire: planned, read, and put into words."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from openai_wire import CANARY, answer

from osprey.agent.session import open_agent
from osprey.project import open_project
from osprey.testing.wire_server import Answering, serve_wire

pytestmark = pytest.mark.anyio

CONFIG = """\
control_system:
  default_target: bench
  targets: {bench: {connector: mock, posture: simulation, channels: channels.yml}}
models: {default: {provider: lab, model_id: model-7, max_retries: 0}}
api: {providers: {lab: {dialect: openai, base_url: "%s/v1", api_key: "${TURNS_KEY}"}}}
"""
CHANNELS = "channels:\n- {name: DCCT, device: DCCT, description: Beam current, unit: mA}\n"
STEP = {
    "context_key": "a",
    "capability": "channel_read",
    "task_objective": "Read it",
    "parameters": {"channels": ["DCCT"]},
    "inputs": [],
}


def content_of(question: dict[str, Any], words: str) -> str:
    """Answer as a model would: the kinds of steps, the plan, and then the words."""
    form = question.get("response_format", {}).get("json_schema", {}).get("name")
    if form == "Classification":
        return json.dumps({"capabilities": [{"capability": "channel_read", "reason": ""}], "intent": "look"})
    if form == "DraftPlan":
        return json.dumps({"steps": [STEP], "answer": "words", "explain": "whether it is normal"})
    [shown] = re.findall(r"Beam current: (\S+ mA)", question["messages"][0]["content"])
    return words.format(shown=shown)


@pytest.mark.parametrize(
    ("words", "begins", "discarded"),
    [
        (
            "DCCT is at {shown}.",
            "In words, by lab/model-7 (nothing was changed, and the record counts):\nDCCT is at ",
            0,
        ),
        ("DCCT is at 99999 mA.", "Beam current: ", 1),
    ],
)
async def test_an_answer_is_put_into_words_over_the_wire(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, begins: str, discarded: int
) -> None:
    async def script(answering: Answering) -> None:
        await answering.json(answer({"content": content_of(answering.question.body, words)}))

    monkeypatch.setenv("TURNS_KEY", CANARY)
    (tmp_path / "channels.yml").write_text(CHANNELS, encoding="utf-8")
    async with serve_wire(script) as server:
        (tmp_path / "config.yml").write_text(CONFIG % server.url, encoding="utf-8")
        async with open_project(tmp_path) as project, open_agent(project) as agent:
            done = await agent.ask("is the beam normal")
    assert done.answer.startswith(begins)
    assert "[DCCT]" in done.answer
    assert (len(server.questions), done.usage["calls"], done.usage["discarded"]) == (3, 3, discarded)
    assert done.usage["input_tokens"] == 60
    assert CANARY not in done.answer
