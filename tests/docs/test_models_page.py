"""The guide to chat models: its configurations load, and what it says of recordings is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.docs.generate import REFERENCE

from osprey.api import ChatMessage, ChatReply, ChatRequest, Speaker
from osprey.config import ModelRole, load_config
from osprey.config.sections import unusable_parts
from osprey.models.chat._serialization import hash_of
from osprey.models.chat.asking import models_of
from osprey.models.chat.recording import VERSION, Recorded, Recorder
from osprey.plugins import LoadOptions, load_registry
from osprey.project import open_project

PAGE = (REFERENCE.parent / "how-to/use-a-model.md").read_text(encoding="utf-8")
ENDPOINTS, PRICES, REPLAY = (
    re.sub("(?m)^   ", "", text) if text.startswith("   ") else text
    for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
)


@pytest.mark.parametrize("text", [ENDPOINTS, PRICES])
def test_a_configuration_of_the_guide_loads(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.yml").write_text(text, encoding="utf-8")
    config = load_config(tmp_path, environ={})
    assert not config.unserved
    assert config.api.providers


@pytest.mark.anyio
async def test_the_replay_of_the_guide_answers_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text(REPLAY, encoding="utf-8")
    request = ChatRequest(messages=(ChatMessage(speaker=Speaker.USER, text="why?"),))
    recorded = Recorded(
        version=VERSION,
        hash=hash_of(request),
        role="response",
        provider="lab",
        model="large",
        begun_ns=0,
        seconds=0.0,
        request=request,
        reply=ChatReply(text="because"),
    )
    await Recorder(tmp_path / "talks.jsonl").append(recorded)
    async with open_project(tmp_path, options=LoadOptions(allow=())) as project:
        assert not [one for one in unusable_parts(project.config, project.registry) if one.path.startswith("models")]
        assert (await models_of(project).of(ModelRole.RESPONSE).ask(request)).text == "because"


def test_every_command_of_the_guide_is_one() -> None:
    registry = load_registry(load_config(None, environ={}).plugins, LoadOptions(allow=()))
    assert set(re.findall(r"\$ osprey (\w+)", PAGE)) <= set(registry.names("commands"))
