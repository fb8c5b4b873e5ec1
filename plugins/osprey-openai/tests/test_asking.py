"""What an endpoint is sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai_wire import CANARY, Driver, answer, chunk, stream

from osprey.api import (
    AnswerForm,
    ChatMessage,
    ChatRequest,
    ModelAbilities,
    ModelAddress,
    ModelError,
    ModelErrorKind,
    Speaker,
    ToolCall,
    ToolSpec,
)
from osprey.testing.wire_server import Answering, Question, serve_wire
from osprey_openai.connection import wire_options

pytestmark = pytest.mark.anyio

CLOSED = {
    "type": "object",
    "properties": {"channel": {"type": "string"}},
    "required": ["channel"],
    "additionalProperties": False,
}
READ = ToolSpec(name="read", description="Read a channel.", parameters=CLOSED)
HELLO = (ChatMessage(speaker=Speaker.USER, text="hello"),)


async def well(answering: Answering) -> None:
    await answering.json(answer({"content": "well"}))


async def sent(drive: Driver, request: ChatRequest, **address: Any) -> Question:
    async with serve_wire(well) as server:
        await drive(server.url, **address).complete(request)
    (question,) = server.questions
    return question


async def test_a_question_goes_to_chat_completions_with_the_key_and_nothing_of_the_library(
    drive: Driver, hello: ChatRequest
) -> None:
    question = await sent(drive, hello)
    assert question.path == "/v1/chat/completions"
    assert question.headers["authorization"] == f"Bearer {CANARY}"
    assert set(question.headers) == {
        *("host", "authorization", "accept", "accept-encoding", "content-type", "content-length", "user-agent"),
    }
    assert question.headers["user-agent"] == "osprey"
    assert question.body == {
        "model": "model-7",
        "messages": [{"role": "user", "content": "hello"}],
        "stream": False,
    }


async def test_without_a_key_no_authorization_is_sent(drive: Driver, hello: ChatRequest) -> None:
    assert "authorization" not in (await sent(drive, hello, api_key="")).headers


async def test_the_headers_of_the_configuration_are_sent_and_win(drive: Driver, hello: ChatRequest) -> None:
    question = await sent(drive, hello, headers={"X-Group": "ring", "Authorization": "Basic abc"})
    assert question.headers["x-group"] == "ring"
    assert question.headers["authorization"] == "Basic abc"


async def test_a_conversation_with_tools_is_told_in_full(drive: Driver) -> None:
    calls = (
        ToolCall(id="call_1", name="read", arguments={"channel": "SR:I"}),
        ToolCall(id="call_2", name="read", arguments=None, text='{"channel": "SR'),
    )
    request = ChatRequest(
        messages=(
            ChatMessage(speaker=Speaker.SYSTEM, text="be brief"),
            ChatMessage(speaker=Speaker.USER, text="current?"),
            ChatMessage(speaker=Speaker.ASSISTANT, tool_calls=calls),
            ChatMessage(speaker=Speaker.TOOL, text="400 mA", tool_call_id="call_1"),
            ChatMessage(speaker=Speaker.TOOL, text="unreadable", tool_call_id="call_2"),
        ),
        tools=(READ,),
    )
    body = (await sent(drive, request)).body
    system, user, assistant, first, second = body["messages"]
    assert system == {"role": "system", "content": "be brief"}
    assert user == {"role": "user", "content": "current?"}
    assert [c["id"] for c in assistant["tool_calls"]] == ["call_1", "call_2"]
    assert json.loads(assistant["tool_calls"][0]["function"]["arguments"]) == {"channel": "SR:I"}
    assert json.loads(assistant["tool_calls"][1]["function"]["arguments"]) == {"unreadable": '{"channel": "SR'}
    assert first == {"role": "tool", "content": "400 mA", "tool_call_id": "call_1"}
    assert second["tool_call_id"] == "call_2"
    assert body["tools"] == [
        {"type": "function", "function": {"name": "read", "description": "Read a channel.", "parameters": CLOSED}}
    ]


async def test_limits_of_the_question_go_before_those_of_the_model(drive: Driver) -> None:
    own = ChatRequest(messages=HELLO, max_tokens=7, temperature=0.0)
    body = (await sent(drive, own, max_tokens=100, temperature=0.9)).body
    assert (body["max_tokens"], body["temperature"]) == (7, 0.0)
    body = (await sent(drive, ChatRequest(messages=HELLO), max_tokens=100, temperature=0.9)).body
    assert (body["max_tokens"], body["temperature"]) == (100, 0.9)


@pytest.mark.parametrize("model_id", ["gpt-5-mini", "o1", "gpt-5-codex", "gpt-6"])
async def test_no_model_name_changes_what_is_sent(drive: Driver, model_id: str) -> None:
    request = ChatRequest(messages=HELLO, tools=(READ,), temperature=0.3)
    question = await sent(drive, request, model_id=model_id)
    assert question.path == "/v1/chat/completions"
    assert question.body["temperature"] == 0.3
    assert "temperature" not in (await sent(drive, ChatRequest(messages=HELLO), model_id=model_id)).body


def test_openai_itself_is_told_the_limit_by_its_new_name() -> None:
    request = ChatRequest(messages=HELLO, max_tokens=9)
    address = ModelAddress(provider="openai", model_id="m")
    assert wire_options(request, address, "https://api.openai.com/v1")["extra_body"] == {"max_completion_tokens": 9}
    assert wire_options(request, address, "https://api.example.org/v1")["extra_body"] == {"max_tokens": 9}


async def test_a_closed_form_is_asked_for_strictly(drive: Driver) -> None:
    request = ChatRequest(messages=HELLO, form=AnswerForm(name="a channel!", schema=CLOSED), tools=(READ,))
    body = (await sent(drive, request)).body
    assert body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "a_channel_", "schema": CLOSED, "strict": True},
    }
    assert len(body["tools"]) == 1


async def test_an_open_form_is_handed_on_without_strictness(drive: Driver) -> None:
    schema = {"type": "object", "properties": {"note": {"type": "string"}}}
    body = (await sent(drive, ChatRequest(messages=HELLO, form=AnswerForm(name="n", schema=schema)))).body
    assert body["response_format"]["json_schema"] == {"name": "n", "schema": schema, "strict": False}


async def test_a_form_is_not_sent_to_an_endpoint_that_knows_none(drive: Driver) -> None:
    request = ChatRequest(messages=HELLO, form=AnswerForm(name="n", schema=CLOSED))
    assert "response_format" not in (await sent(drive, request, abilities=ModelAbilities(json_schema=False))).body


async def test_tools_are_refused_where_the_model_can_call_none(drive: Driver) -> None:
    async with serve_wire(well) as server:
        with pytest.raises(ModelError, match="cannot call tools") as caught:
            driver = drive(server.url, abilities=ModelAbilities(tools=False))
            await driver.complete(ChatRequest(messages=HELLO, tools=(READ,)))
    assert caught.value.kind is ModelErrorKind.INVALID
    assert server.questions == []


async def test_a_stream_is_asked_for_with_its_usage(drive: Driver, hello: ChatRequest) -> None:
    async def script(answering: Answering) -> None:
        await stream(answering, chunk({"content": "well"}, "stop"))

    async with serve_wire(script) as server:
        _ = [piece async for piece in drive(server.url).stream(hello)]
    (question,) = server.questions
    assert question.body["stream"] is True
    assert question.body["stream_options"] == {"include_usage": True}
    assert question.headers["accept"] == "text/event-stream"
    assert question.headers["authorization"] == f"Bearer {CANARY}"


async def test_an_attempt_is_one_request(drive: Driver, hello: ChatRequest) -> None:
    async def script(answering: Answering) -> None:
        await answering.json({"error": {"message": "no"}}, 500)

    async with serve_wire(script) as server:
        driver = drive(server.url)
        with pytest.raises(ModelError):
            await driver.complete(hello)
        with pytest.raises(ModelError):
            _ = [piece async for piece in driver.stream(hello)]
    assert len(server.questions) == 2
