"""Questions, and drivers to the servers of these tests."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

import osprey_openai.connection  # noqa: F401 -- so that no test's deadline pays for the import
from osprey.api import ChatMessage, ChatRequest, ModelAddress, Speaker
from osprey_openai.driver import OpenAIChatModel

sys.path.insert(0, str(Path(__file__).parent / "peers"))

from openai_wire import CANARY, Driver


@pytest.fixture(autouse=True)
def _no_proxy_of_the_person_who_runs_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture
async def drive() -> AsyncIterator[Driver]:
    """Make drivers that the test need not close."""
    made: list[OpenAIChatModel] = []

    def make(url: str, **address: Any) -> OpenAIChatModel:
        known = {"provider": "lab", "model_id": "model-7", "api_key": CANARY, "timeout_s": 20.0}
        made.append(OpenAIChatModel(ModelAddress(**{**known, "base_url": f"{url}/v1", **address})))
        return made[-1]

    yield make
    for driver in made:
        await driver.aclose()


@pytest.fixture
def hello() -> ChatRequest:
    """The shortest question."""
    return ChatRequest(messages=(ChatMessage(speaker=Speaker.USER, text="hello"),))
