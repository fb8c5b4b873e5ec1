"""What is made of an answer."""

from __future__ import annotations

import json
from typing import Any

import anyio
import pytest
from openai_wire import Driver, answer, call, chunk, stream

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
    Usage,
)
from osprey.testing.wire_server import Answering, serve_wire

pytestmark = pytest.mark.anyio


async def replied(drive: Driver, request: ChatRequest, value: Any) -> ChatReply:
    async def script(answering: Answering) -> None:
        await answering.json(value)

    async with serve_wire(script) as server:
        return await drive(server.url).complete(request)


async def streamed(drive: Driver, request: ChatRequest, *chunks: Any) -> tuple[list[str], ChatReply]:
    async def script(answering: Answering) -> None:
        await stream(answering, *chunks)

    async with serve_wire(script) as server:
        pieces = [piece async for piece in drive(server.url).stream(request)]
    *deltas, reply = pieces
    assert isinstance(reply, ChatReply)
    texts = [delta.text for delta in deltas if isinstance(delta, TextDelta)]
    assert len(texts) == len(deltas)
    assert "".join(texts) == reply.text
    return texts, reply


async def test_text_usage_and_model(drive: Driver, hello: ChatRequest) -> None:
    assert await replied(drive, hello, answer({"content": "It is 400 mA."})) == ChatReply(
        text="It is 400 mA.",
        finish=Finish.STOP,
        usage=Usage(input_tokens=20, output_tokens=5, cached_tokens=12),
        model="model-7-2026",
    )


async def test_text_comes_in_pieces_and_usage_in_the_last_chunk(drive: Driver, hello: ChatRequest) -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}}
    texts, reply = await streamed(
        drive,
        hello,
        chunk({"role": "assistant", "content": ""}),
        chunk({"content": "It is "}),
        chunk({"content": "400 mA — µ."}),
        chunk({}, "stop"),
        chunk(None, usage=usage),
    )
    assert texts == ["It is ", "400 mA — µ."]
    assert reply.usage == Usage(input_tokens=9, output_tokens=2, cached_tokens=4)
    assert (reply.finish, reply.model) == (Finish.STOP, "model-7-2026")


async def test_calls_of_tools_at_the_same_time(drive: Driver, hello: ChatRequest) -> None:
    calls = [call("read", '{"channel": "A"}', "call_1"), call("read", '{"channel": "B"}', "call_2")]
    reply = await replied(drive, hello, answer({"content": None, "tool_calls": calls}, "tool_calls"))
    assert [(c.id, c.name, c.arguments) for c in reply.tool_calls] == [
        ("call_1", "read", {"channel": "A"}),
        ("call_2", "read", {"channel": "B"}),
    ]
    assert (reply.finish, reply.text) == (Finish.TOOL_CALLS, "")


async def test_calls_that_come_in_pieces_and_interleaved(drive: Driver, hello: ChatRequest) -> None:
    def piece(index: int, arguments: str, **more: Any) -> dict[str, Any]:
        function = {"arguments": arguments, **({"name": more.pop("name")} if "name" in more else {})}
        return {"tool_calls": [{"index": index, "function": function, **more}]}

    _, reply = await streamed(
        drive,
        hello,
        chunk(piece(0, "", id="call_1", name="read")),
        chunk(piece(0, '{"chan')),
        chunk(piece(1, '{"channel": ', id="call_2", name="write")),
        chunk(piece(0, 'nel": "A"}')),
        chunk(piece(1, '"B"}')),
        chunk({}, "tool_calls"),
    )
    assert reply.tool_calls == (
        ToolCall(id="call_1", name="read", arguments={"channel": "A"}, text='{"channel": "A"}'),
        ToolCall(id="call_2", name="write", arguments={"channel": "B"}, text='{"channel": "B"}'),
    )


async def test_calls_without_an_index_are_kept_apart(drive: Driver, hello: ChatRequest) -> None:
    first, second = call("read", '{"channel": "A"}', "call_1"), call("read", '{"channel": "B"}', "call_2")
    _, together = await streamed(drive, hello, chunk({"tool_calls": [first, second]}), chunk({}, "stop"))
    _, apart = await streamed(
        drive, hello, chunk({"tool_calls": [first]}), chunk({"tool_calls": [second]}), chunk({}, "stop")
    )
    assert together.tool_calls == apart.tool_calls
    assert [c.arguments for c in apart.tool_calls] == [{"channel": "A"}, {"channel": "B"}]
    assert apart.finish is Finish.TOOL_CALLS


async def test_calls_that_all_have_the_same_index_are_kept_apart(drive: Driver, hello: ChatRequest) -> None:
    first, second = call("read", '{"a"', "call_1", index=0), call("read", '{"b"', "call_2", index=0)
    rest = {"index": 0, "function": {"arguments": ": 2}"}}
    _, reply = await streamed(
        drive,
        hello,
        chunk({"tool_calls": [first]}),
        chunk({"tool_calls": [{"index": 0, "function": {"arguments": ": 1}"}}]}),
        chunk({"tool_calls": [second]}),
        chunk({"tool_calls": [rest]}, "tool_calls"),
    )
    assert [(c.id, c.arguments) for c in reply.tool_calls] == [("call_1", {"a": 1}), ("call_2", {"b": 2})]


async def test_calls_without_ids_get_some(drive: Driver, hello: ChatRequest) -> None:
    calls = [{"function": {"name": "read", "arguments": f'{{"n": {number}}}'}} for number in range(2)]
    whole = await replied(drive, hello, answer({"tool_calls": calls}, "tool_calls"))
    _, apart = await streamed(drive, hello, *(chunk({"tool_calls": [one]}) for one in calls), chunk({}, "tool_calls"))
    for reply in (whole, apart):
        assert [(c.id, c.arguments) for c in reply.tool_calls] == [("call_0", {"n": 0}), ("call_1", {"n": 1})]


async def test_a_server_that_holds_a_finished_stream_open_or_breaks_it_off_takes_nothing_from_it(
    drive: Driver, hello: ChatRequest
) -> None:
    async def holding(answering: Answering) -> None:
        await answering.begin_events()
        await answering.event(chunk({"content": "well"}, "stop"))
        await answering.event("[DONE]")
        await answering.hang()

    async def breaking(answering: Answering) -> None:
        await answering.begin_events()
        await answering.event(chunk({"content": "well"}, "stop"))
        await answering.event("[DONE]")
        await answering.close()

    for script in (holding, breaking):
        async with serve_wire(script) as server:
            *_, reply = [piece async for piece in drive(server.url).stream(hello)]
            assert isinstance(reply, ChatReply)
            assert reply.text == "well"


@pytest.mark.parametrize(
    "text",
    ['{"channel": "SR', "[1]", '"SR:I"', "null", "12", '{"v": NaN}', '{"v": 1, "v": 100}', "{}{}", "[" * 100_000],
)
async def test_arguments_that_are_no_object_are_kept_as_text_and_never_mended(
    drive: Driver, hello: ChatRequest, text: str
) -> None:
    reply = await replied(drive, hello, answer({"tool_calls": [call("write", text)]}, "tool_calls"))
    assert reply.tool_calls == (ToolCall(id="call_a", name="write", arguments=None, text=text),)
    _, reply = await streamed(
        drive, hello, chunk({"tool_calls": [call("write", text, index=0)]}), chunk({}, "tool_calls")
    )
    assert reply.tool_calls == (ToolCall(id="call_a", name="write", arguments=None, text=text),)


@pytest.mark.parametrize("arguments", ["", " ", None, {}, "{}"])
async def test_a_call_without_arguments_has_none(drive: Driver, hello: ChatRequest, arguments: Any) -> None:
    reply = await replied(drive, hello, answer({"tool_calls": [call("stop", arguments)]}, "tool_calls"))
    assert reply.tool_calls[0].arguments == {}


async def test_arguments_that_come_as_an_object_are_taken(drive: Driver, hello: ChatRequest) -> None:
    reply = await replied(drive, hello, answer({"tool_calls": [call("read", {"channel": "µ"})]}, "stop"))
    assert reply.tool_calls[0].arguments == {"channel": "µ"}
    assert reply.finish is Finish.TOOL_CALLS


@pytest.mark.parametrize(
    ("finish", "expected"),
    [
        ("stop", Finish.STOP),
        ("length", Finish.LENGTH),
        ("content_filter", Finish.REFUSAL),
        ("tool_calls", Finish.STOP),  # it says so, but calls none
        (None, Finish.STOP),
    ],
)
async def test_why_an_answer_ended(drive: Driver, hello: ChatRequest, finish: str | None, expected: Finish) -> None:
    reply = await replied(drive, hello, answer({"content": "half of"}, finish))
    assert (reply.finish, reply.text) == (expected, "half of")


async def test_a_refusal_is_told_with_its_words(drive: Driver, hello: ChatRequest) -> None:
    words = "I cannot help with that."
    reply = await replied(drive, hello, answer({"content": None, "refusal": words}))
    assert (reply.finish, reply.text) == (Finish.REFUSAL, words)
    _, reply = await streamed(drive, hello, chunk({"refusal": words[:8]}), chunk({"refusal": words[8:]}, "stop"))
    assert (reply.finish, reply.text) == (Finish.REFUSAL, words)


async def test_a_structured_answer_is_the_text(drive: Driver) -> None:
    schema = {
        "type": "object",
        "properties": {"n": {"type": "integer"}},
        "required": ["n"],
        "additionalProperties": False,
    }
    request = ChatRequest(
        messages=(ChatMessage(speaker=Speaker.USER, text="count"),), form=AnswerForm(name="count", schema=schema)
    )
    assert (await replied(drive, request, answer({"content": '{"n": 3}'}))).text == '{"n": 3}'
    # One that was cut off is told as it is; it is not for a driver to judge it.
    cut = await replied(drive, request, answer({"content": '{"n": '}, "length"))
    assert (cut.text, cut.finish) == ('{"n": ', Finish.LENGTH)
    texts, reply = await streamed(drive, request, chunk({"content": '{"n"'}), chunk({"content": ": 3}"}, "stop"))
    assert (texts, json.loads(reply.text)) == (['{"n"', ": 3}"], {"n": 3})


async def test_text_in_parts_is_joined(drive: Driver, hello: ChatRequest) -> None:
    parts = [{"type": "text", "text": "It "}, {"type": "image"}, {"type": "text", "text": "is."}]
    assert (await replied(drive, hello, answer({"content": parts}))).text == "It is."


async def test_an_empty_answer_is_an_empty_answer(drive: Driver, hello: ChatRequest) -> None:
    reply = await replied(drive, hello, answer({"content": ""}))
    assert (reply.text, reply.tool_calls, reply.finish) == ("", (), Finish.STOP)


async def test_an_answer_of_2_mb_arrives_whole(drive: Driver, hello: ChatRequest) -> None:
    text = "0123456789abcdef" * 2**17
    assert (await replied(drive, hello, answer({"content": text}))).text == text
    _, reply = await streamed(drive, hello, chunk({"content": text}), chunk({}, "stop"))
    assert reply.text == text


@pytest.mark.parametrize(
    "usage", [None, [], {"prompt_tokens": "many"}, {"prompt_tokens": -1, "completion_tokens": None}]
)
async def test_usage_that_is_not_told_is_zero(drive: Driver, hello: ChatRequest, usage: Any) -> None:
    assert (await replied(drive, hello, answer({"content": "a"}, usage=usage))).usage == Usage()


@pytest.mark.parametrize(
    "value",
    [
        answer({"content": "a"}, "error"),
        answer({"content": 3}),
        answer({"tool_calls": [{"id": "a", "function": {"arguments": "{}"}}]}),
        answer({"tool_calls": "read"}),
        {"object": "chat.completion"},
        {"choices": []},
        {"choices": [None]},
        {"choices": [{"message": None}]},
        {"choices": "yes"},
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
        await answering.json(answer({"content": answering.question.body["messages"][0]["content"]}))

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
