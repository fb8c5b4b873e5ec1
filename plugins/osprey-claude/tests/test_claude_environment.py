"""Only the address counts: what the environment of the process says reaches no endpoint, and nobody else is told."""

from __future__ import annotations

import socket
import subprocess
import sys
from typing import Any

import pytest
from claude_wire import CANARY, Driver, answer, text

from osprey.api import ChatRequest
from osprey.testing.wire_server import Answering, serve_wire

pytestmark = pytest.mark.anyio

AMBIENT = "ambient-secret-of-the-shell"


async def well(answering: Answering) -> None:
    await answering.json(answer(text("well")))


@pytest.mark.parametrize("key", [CANARY, "", "lsv2_pt_looks_like_langsmith"])
async def test_no_variable_of_the_process_is_picked_up(
    drive: Driver, hello: ChatRequest, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    async with serve_wire(well) as elsewhere, serve_wire(well) as server:
        for name in ("ANTHROPIC_BASE_URL", "ANTHROPIC_API_URL", "ANTHROPIC_PROXY", "LANGSMITH_GATEWAY"):
            monkeypatch.setenv(name, elsewhere.url)
        for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_PROFILE", "ANTHROPIC_ORGANIZATION_ID"):
            monkeypatch.setenv(name, AMBIENT)
        monkeypatch.setenv("LANGSMITH_ENDPOINT", elsewhere.url)
        for name in ("LANGSMITH_API_KEY", "LANGSMITH_GATEWAY_API_KEY", "LANGCHAIN_API_KEY"):
            monkeypatch.setenv(name, AMBIENT)
        for name in ("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2", "LANGCHAIN_TRACING"):
            monkeypatch.setenv(name, "true")
        headers = f"Host: {AMBIENT}\nContent-Length: 1\nAccept: text/x\nX-Ambient: {AMBIENT}\nX-Api-Key: {AMBIENT}"
        monkeypatch.setenv("ANTHROPIC_CUSTOM_HEADERS", headers)
        monkeypatch.setenv("LC_OUTPUT_VERSION", "responses/v1")
        driver = drive(server.url, api_key=key)
        assert (await driver.complete(hello)).text == "well"
    (question,) = server.questions
    assert AMBIENT not in repr(question)
    assert question.headers["host"] == server.url.removeprefix("http://")
    assert question.headers["accept"] == "application/json"
    assert question.headers.get("x-api-key", "") == key
    assert "authorization" not in question.headers
    assert question.path == "/v1/messages"
    assert elsewhere.questions == []


async def test_the_proxy_of_the_site_is_used(
    drive: Driver, hello: ChatRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serve_wire(well) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "")
        assert (await drive("http://models.invalid").complete(hello)).text == "well"
    (question,) = proxy.questions
    assert question.path == "http://models.invalid/v1/messages"


async def test_nobody_but_the_endpoint_is_contacted(
    drive: Driver, hello: ChatRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    monkeypatch.setenv("LANGSMITH_API_KEY", AMBIENT)
    asked: list[Any] = []
    resolve = socket.getaddrinfo

    def noting(host: Any, *more: Any, **named: Any) -> Any:
        asked.append(host)
        return resolve(host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", noting)
    async with serve_wire(well) as server:
        await drive(server.url).complete(hello)
    assert {host for host in asked if host not in {"127.0.0.1", b"127.0.0.1"}} == set()


def printed(script: str) -> str:
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()


BUILDING = """
from osprey.api import ModelAddress
from osprey_claude.chat.driver import ClaudeChatModel
ClaudeChatModel(ModelAddress(provider='lab', model_id='model-7'))
"""
HEAVY = "{'langchain_core', 'langchain_anthropic', 'anthropic', 'httpx2', 'langsmith', 'pydantic'}"


@pytest.mark.parametrize(
    "code",
    [
        "import osprey_claude.plugin as p; list(p.osprey_models())",
        BUILDING,
    ],
)
def test_declaring_and_building_import_nothing_heavy(code: str) -> None:
    script = f"{code}\nimport sys; print(sorted({HEAVY} & set(sys.modules)))"
    assert printed(script) == "[]"


def test_importing_the_connections_opens_no_socket() -> None:
    script = (
        "import socket, sys\n"
        "def refuse(*a, **k): raise AssertionError('a socket was opened')\n"
        "socket.socket.connect = refuse; socket.getaddrinfo = refuse\n"
        "import osprey_claude.chat.connection; print('imported')"
    )
    assert printed(script) == "imported"
