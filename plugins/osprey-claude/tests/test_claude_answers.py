"""What is made of an answer."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from claude_wire import Driver, answer, block, call, call_block, dumped, end, start, stream, text, text_block

from osprey.api import (
    AnswerForm,
    ChatMessage,
    ChatReply,
    ChatRequest,
    Finish,
    ModelError,
    ModelErrorKind,
    Speaker,
    TextDelta,
    ToolCall,
    ToolSpec,
    Usage,
)
from osprey.testing.wire_server import Answering, serve_wire

pytestmark = pytest.mark.anyio

OPEN = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}}
COUNT = ChatRequest(
    messages=(ChatMessage(speaker=Speaker.USER, text="count"),), form=AnswerForm(name="count", schema=OPEN)
)


async def replied(drive: Driver, request: ChatRequest, value: Any) -> ChatReply:
    async def script(answering: Answering) -> None:
        await answering.json(value)

    async with serve_wire(script) as server:
        return await drive(server.url).complete(request)


async def streamed(drive: Driver, request: ChatRequest, *events: dict[str, Any]) -> tuple[list[str], ChatReply]:
    async def script(answering: Answering) -> None:
        await stream(answering, start(), *events)

    async with serve_wire(script) as server:
        pieces = [piece async for piece in drive(server.url).stream(request)]
    *deltas, reply = pieces
    assert isinstance(reply, ChatReply)
    texts = [delta.text for delta in deltas if isinstance(delta, TextDelta)]
    assert len(texts) == len(deltas)
    assert "".join(texts) == reply.text
    return texts, reply


async def test_text_usage_and_model(drive: Driver, hello: ChatRequest) -> None:
    expected = ChatReply(
        text="It is 400 mA.",
        finish=Finish.STOP,
        usage=Usage(input_tokens=23, output_tokens=5, cached_tokens=12),
        model="model-7-2026",
    )
    assert await replied(drive, hello, answer(text("It is "), text("400 mA."))) == expected
    ping = {"type": "ping"}
    texts, reply = await streamed(drive, hello, ping, *text_block(0, "It is "), *text_block(1, "400 ", "mA."), *end())
    assert texts == ["It is ", "400 ", "mA."]
    assert reply == expected


async def test_what_a_model_thinks_is_not_its_answer(drive: Driver, hello: ChatRequest) -> None:
    thought = {"type": "thinking", "thinking": "hm", "signature": "x"}
    assert (await replied(drive, hello, answer(thought, text("yes")))).text == "yes"
    deltas = ({"type": "thinking_delta", "thinking": "hm"}, {"type": "signature_delta", "signature": "x"})
    _, reply = await streamed(
        drive, hello, *block(0, {"type": "thinking", "thinking": ""}, *deltas), *text_block(1, "yes"), *end()
    )
    assert reply.text == "yes"


async def test_calls_of_tools_at_the_same_time(drive: Driver, hello: ChatRequest) -> None:
    blocks = (text("I look."), call("read", {"channel": "µ"}, "toolu_1"), call("read", {"channel": "B"}, "toolu_2"))
    reply = await replied(drive, hello, answer(*blocks, stop="tool_use"))
    assert reply.tool_calls == (
        ToolCall(id="toolu_1", name="read", arguments={"channel": "µ"}, text=dumped({"channel": "µ"})),
        ToolCall(id="toolu_2", name="read", arguments={"channel": "B"}, text=dumped({"channel": "B"})),
    )
    assert (reply.finish, reply.text) == (Finish.TOOL_CALLS, "I look.")
    _, reply = await streamed(
        drive,
        hello,
        *text_block(0, "I look."),
        *call_block(1, "read", "", '{"chan', 'nel": "A"}', identity="toolu_1"),
        *call_block(2, "read", identity="toolu_2"),
        *end("tool_use"),
    )
    assert reply.tool_calls == (
        ToolCall(id="toolu_1", name="read", arguments={"channel": "A"}, text='{"channel": "A"}'),
        ToolCall(id="toolu_2", name="read", arguments={}, text=""),
    )
    assert (reply.finish, reply.text) == (Finish.TOOL_CALLS, "I look.")


@pytest.mark.parametrize("written", ['{"channel": "SR', "[1]", "null", '{"v": NaN}', '{"v": 1, "v": 100}', "{}{}"])
async def test_arguments_that_are_no_object_are_kept_as_text_and_never_mended(
    drive: Driver, hello: ChatRequest, written: str
) -> None:
    _, reply = await streamed(drive, hello, *call_block(0, "write", written), *end("tool_use"))
    assert reply.tool_calls == (ToolCall(id="toolu_a", name="write", arguments=None, text=written),)


@pytest.mark.parametrize("given", [[1], "x", 3, None])
async def test_an_input_that_is_no_object_is_kept_as_text(drive: Driver, hello: ChatRequest, given: Any) -> None:
    reply = await replied(drive, hello, answer(call("write", given), stop="tool_use"))
    assert reply.tool_calls == (ToolCall(id="toolu_a", name="write", arguments=None, text=dumped(given)),)


@pytest.mark.parametrize(
    ("stop", "expected"),
    [
        ("end_turn", Finish.STOP),
        ("stop_sequence", Finish.STOP),
        ("max_tokens", Finish.LENGTH),
        ("model_context_window_exceeded", Finish.LENGTH),
        ("refusal", Finish.REFUSAL),
    ],
)
async def test_why_an_answer_ended(drive: Driver, hello: ChatRequest, stop: str, expected: Finish) -> None:
    reply = await replied(drive, hello, answer(text("half of"), stop=stop))
    assert (reply.finish, reply.text) == (expected, "half of")
    _, reply = await streamed(drive, hello, *text_block(0, "half of"), *end(stop))
    assert (reply.finish, reply.text) == (expected, "half of")


async def test_a_tool_that_was_cut_off_is_not_called(drive: Driver, hello: ChatRequest) -> None:
    _, reply = await streamed(drive, hello, *call_block(0, "write", '{"value": 1'), *end("max_tokens"))
    assert reply.finish is Finish.LENGTH
    assert reply.tool_calls[0].arguments is None


async def test_what_the_tool_of_a_form_is_called_with_is_the_text(drive: Driver) -> None:
    reply = await replied(drive, COUNT, answer(call("count", {"n": 3}), stop="tool_use"))
    assert (reply.text, reply.tool_calls, reply.finish) == ('{"n": 3}', (), Finish.STOP)
    texts, reply = await streamed(drive, COUNT, *call_block(0, "count", '{"n"', ": 3}"), *end("tool_use"))
    assert texts == ['{"n"', ": 3}"]
    assert (reply.text, reply.tool_calls, reply.finish) == ('{"n": 3}', (), Finish.STOP)
    _, reply = await streamed(drive, COUNT, *call_block(0, "count", '{"n"'), *end("max_tokens"))
    assert (reply.text, reply.finish) == ('{"n"', Finish.LENGTH)


async def test_a_model_that_calls_a_real_tool_instead_of_giving_its_answer_calls_it(drive: Driver) -> None:
    tool = ToolSpec(name="read", description="", parameters={"type": "object"})
    request = ChatRequest(messages=COUNT.messages, form=COUNT.form, tools=(tool,))
    reply = await replied(drive, request, answer(call("read", {"channel": "A"}), stop="tool_use"))
    assert (reply.text, reply.finish) == ("", Finish.TOOL_CALLS)
    assert reply.tool_calls[0].name == "read"


async def test_a_structured_answer_of_the_endpoint_is_the_text(drive: Driver) -> None:
    form = AnswerForm(name="n", schema={**OPEN, "properties": {}, "additionalProperties": False})
    request = ChatRequest(messages=COUNT.messages, form=form)
    assert (await replied(drive, request, answer(text("{}")))).text == "{}"


async def test_an_empty_answer_is_an_empty_answer(drive: Driver, hello: ChatRequest) -> None:
    for reply in (await replied(drive, hello, answer()), (await streamed(drive, hello, *end()))[1]):
        assert (reply.text, reply.tool_calls, reply.finish) == ("", (), Finish.STOP)


async def test_an_answer_of_2_mb_arrives_whole(drive: Driver, hello: ChatRequest) -> None:
    words = "0123456789abcdef" * 2**17
    assert (await replied(drive, hello, answer(text(words)))).text == words
    _, reply = await streamed(drive, hello, *text_block(0, words), *end())
    assert reply.text == words


@pytest.mark.parametrize("usage", [None, [], {"input_tokens": "many"}, {"input_tokens": -1, "output_tokens": None}])
async def test_usage_that_is_not_told_is_zero(drive: Driver, hello: ChatRequest, usage: Any) -> None:
    assert (await replied(drive, hello, answer(text("a"), usage=usage))).usage == Usage()


async def test_events_and_blocks_that_nobody_knows_are_passed_over(drive: Driver, hello: ChatRequest) -> None:
    new = {"type": "something_new", "index": 7}
    _, reply = await streamed(drive, hello, new, *block(0, {"type": "hologram"}), *text_block(1, "yes"), *end())
    assert reply.text == "yes"


@pytest.mark.parametrize(
    "value",
    [
        answer(text("a"), stop="pause_turn"),
        answer(text("a"), stop=None),
        answer(content="text"),
        answer(content=[None]),
        answer({"type": "tool_use", "id": "a", "input": {}}),
        {"type": "message"},
        {"detail": "hello"},
        [],
        "text",
        None,
    ],
)
async def test_what_is_no_answer_of_the_dialect_is_malformed(drive: Driver, hello: ChatRequest, value: Any) -> None:
    with pytest.raises(ModelError) as caught:
        await replied(drive, hello, value)
    assert caught.value.kind is ModelErrorKind.MALFORMED


async def test_fifty_questions_at_once_get_their_own_answers(drive: Driver) -> None:
    together = anyio.Event()
    waiting = 0

    async def script(answering: Answering) -> None:
        nonlocal waiting
        waiting += 1
        if waiting == 50:
            together.set()
        await together.wait()
        await answering.json(answer(text(answering.question.body["messages"][0]["content"])))

    answers: dict[str, str] = {}

    async with serve_wire(script) as server:
        driver = drive(server.url)

        async def ask(words: str) -> None:
            request = ChatRequest(messages=(ChatMessage(speaker=Speaker.USER, text=words),))
            answers[words] = (await driver.complete(request)).text

        async with anyio.create_task_group() as tasks:
            for number in range(50):
                tasks.start_soon(ask, f"question {number}")
    assert answers == {f"question {number}": f"question {number}" for number in range(50)}
