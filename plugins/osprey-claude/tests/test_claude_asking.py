"""What an endpoint is sent."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from claude_wire import CANARY, Driver, answer, end, start, stream, text, text_block

from osprey.api import (
    AnswerForm,
    ChatMessage,
    ChatRequest,
    ModelAbilities,
    ModelError,
    ModelErrorKind,
    Speaker,
    ToolCall,
    ToolSpec,
)
from osprey.testing.wire_server import Answering, Question, serve_wire

pytestmark = pytest.mark.anyio

CLOSED = {
    "type": "object",
    "properties": {"channel": {"type": "string"}},
    "required": ["channel"],
    "additionalProperties": False,
}
OPEN = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}}
READ = ToolSpec(name="read", description="Read a channel.", parameters=CLOSED)
WIRED_READ = {"name": "read", "description": "Read a channel.", "input_schema": CLOSED}
HELLO = (ChatMessage(speaker=Speaker.USER, text="hello"),)


async def well(answering: Answering) -> None:
    await answering.json(answer(text("well")))


async def sent(drive: Driver, request: ChatRequest, **address: Any) -> Question:
    async with serve_wire(well) as server:
        await drive(server.url, **address).complete(request)
    (question,) = server.questions
    return question


async def test_a_question_goes_to_messages_with_the_key_and_nothing_of_the_library(
    drive: Driver, hello: ChatRequest
) -> None:
    question = await sent(drive, hello)
    assert question.path == "/v1/messages"
    assert question.headers["x-api-key"] == CANARY
    assert question.headers["anthropic-version"] == "2023-06-01"
    assert set(question.headers) == {
        *("host", "x-api-key", "anthropic-version", "accept", "accept-encoding", "content-type", "content-length"),
        "user-agent",
    }
    assert question.headers["user-agent"] == "osprey"
    assert question.body == {
        "model": "model-7",
        "max_tokens": 4096,
        "messages": [{"role": "user", "content": "hello"}],
    }


async def test_without_a_key_none_is_sent_and_headers_of_the_configuration_win(
    drive: Driver, hello: ChatRequest
) -> None:
    question = await sent(drive, hello, api_key="", headers={"Authorization": "Bearer lab", "Anthropic-Version": "x"})
    assert "x-api-key" not in question.headers
    assert question.headers["authorization"] == "Bearer lab"
    assert question.headers["anthropic-version"] == "x"


@pytest.mark.parametrize("tail", ["", "/", "/v1", "/v1/"])
async def test_the_version_in_an_address_is_not_sent_twice(drive: Driver, hello: ChatRequest, tail: str) -> None:
    async with serve_wire(well) as server:
        await drive("", base_url=f"{server.url}/anthropic{tail}").complete(hello)
    assert server.questions[0].path == "/anthropic/v1/messages"


async def test_a_conversation_with_tools_is_told_in_full(drive: Driver) -> None:
    calls = (
        ToolCall(id="toolu_1", name="read", arguments={"channel": "SR:I"}),
        ToolCall(id="toolu_2", name="read", arguments=None, text='{"channel": "SR'),
    )
    request = ChatRequest(
        messages=(
            ChatMessage(speaker=Speaker.SYSTEM, text="be brief"),
            ChatMessage(speaker=Speaker.USER, text="current?"),
            ChatMessage(speaker=Speaker.ASSISTANT, text="I look.", tool_calls=calls),
            ChatMessage(speaker=Speaker.TOOL, text="400 mA", tool_call_id="toolu_1"),
            ChatMessage(speaker=Speaker.TOOL, text="unreadable", tool_call_id="toolu_2"),
            ChatMessage(speaker=Speaker.SYSTEM, text="and exact"),
        ),
        tools=(READ,),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        body = (await sent(drive, request)).body
    assert body["system"] == "be brief\n\nand exact"
    user, assistant, results = body["messages"]
    assert user == {"role": "user", "content": "current?"}
    assert assistant["content"] == [
        {"type": "text", "text": "I look."},
        {"type": "tool_use", "id": "toolu_1", "name": "read", "input": {"channel": "SR:I"}},
        {"type": "tool_use", "id": "toolu_2", "name": "read", "input": {"unreadable": '{"channel": "SR'}},
    ]
    assert results["role"] == "user"
    assert [(one["type"], one["tool_use_id"], one["content"]) for one in results["content"]] == [
        ("tool_result", "toolu_1", "400 mA"),
        ("tool_result", "toolu_2", "unreadable"),
    ]
    assert body["tools"] == [WIRED_READ]
    assert "tool_choice" not in body


async def test_limits_of_the_question_go_before_those_of_the_model(drive: Driver) -> None:
    own = ChatRequest(messages=HELLO, max_tokens=7, temperature=0.0)
    body = (await sent(drive, own, max_tokens=100, temperature=0.9)).body
    assert (body["max_tokens"], body["temperature"]) == (7, 0.0)
    body = (await sent(drive, ChatRequest(messages=HELLO), max_tokens=100_000, temperature=0.9)).body
    assert (body["max_tokens"], body["temperature"]) == (100_000, 0.9)


@pytest.mark.parametrize("model_id", ["claude-fable-5", "claude-sonnet-5-5", "claude-opus-4-7"])
async def test_no_model_name_changes_what_is_sent(drive: Driver, model_id: str) -> None:
    request = ChatRequest(messages=HELLO, temperature=0.3)
    body = (await sent(drive, request, model_id=model_id)).body
    assert body == {
        "model": model_id,
        "max_tokens": 4096,
        "messages": [{"role": "user", "content": "hello"}],
        "temperature": 0.3,
    }


async def test_the_endpoint_holds_an_answer_to_a_closed_form(drive: Driver) -> None:
    request = ChatRequest(messages=HELLO, form=AnswerForm(name="channel", schema=CLOSED), tools=(READ,))
    body = (await sent(drive, request)).body
    assert body["output_config"] == {"format": {"type": "json_schema", "schema": CLOSED}}
    assert body["tools"] == [WIRED_READ]
    assert "tool_choice" not in body


async def test_a_tool_holds_an_answer_to_an_open_form(drive: Driver) -> None:
    request = ChatRequest(messages=HELLO, form=AnswerForm(name="a count!", schema=OPEN))
    body = (await sent(drive, request)).body
    assert "output_config" not in body
    assert body["tools"] == [{"name": "a_count_", "description": "Give the answer.", "input_schema": OPEN}]
    assert body["tool_choice"] == {"type": "tool", "name": "a_count_"}


async def test_with_tools_of_the_question_the_model_chooses_between_them_and_the_answer(drive: Driver) -> None:
    request = ChatRequest(messages=HELLO, form=AnswerForm(name="read", schema=OPEN), tools=(READ,))
    body = (await sent(drive, request)).body
    assert [tool["name"] for tool in body["tools"]] == ["read", "read_2"]
    assert body["tool_choice"] == {"type": "any"}


@pytest.mark.parametrize(
    ("abilities", "schema"), [(ModelAbilities(json_schema=False), CLOSED), (ModelAbilities(tools=False), OPEN)]
)
async def test_a_form_is_not_sent_where_nothing_can_hold_an_answer_to_it(
    drive: Driver, abilities: ModelAbilities, schema: dict[str, Any]
) -> None:
    request = ChatRequest(messages=HELLO, form=AnswerForm(name="n", schema=schema))
    assert set((await sent(drive, request, abilities=abilities)).body) == {"model", "max_tokens", "messages"}


async def test_tools_are_refused_where_the_model_can_call_none(drive: Driver) -> None:
    async with serve_wire(well) as server:
        with pytest.raises(ModelError, match="cannot call tools") as caught:
            driver = drive(server.url, abilities=ModelAbilities(tools=False))
            await driver.complete(ChatRequest(messages=HELLO, tools=(READ,)))
    assert caught.value.kind is ModelErrorKind.INVALID
    assert server.questions == []


async def test_a_stream_is_asked_for(drive: Driver, hello: ChatRequest) -> None:
    async def script(answering: Answering) -> None:
        await stream(answering, start(), *text_block(0, "well"), *end())

    async with serve_wire(script) as server:
        _ = [piece async for piece in drive(server.url).stream(hello)]
    (question,) = server.questions
    assert question.body["stream"] is True
    assert question.headers["accept"] == "text/event-stream"
    assert question.headers["x-api-key"] == CANARY


@pytest.mark.parametrize("status", [429, 500, 529])
async def test_an_attempt_is_one_request(drive: Driver, hello: ChatRequest, status: int) -> None:
    async def script(answering: Answering) -> None:
        complaint = {"type": "error", "error": {"type": "api_error", "message": "no"}}
        await answering.json(complaint, status, retry_after="0")

    async with serve_wire(script) as server:
        driver = drive(server.url)
        with pytest.raises(ModelError):
            await driver.complete(hello)
        with pytest.raises(ModelError):
            _ = [piece async for piece in driver.stream(hello)]
    assert len(server.questions) == 2
