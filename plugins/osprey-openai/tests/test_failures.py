"""What is said of a question that was not answered."""

from __future__ import annotations

import logging
import ssl
import traceback
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import anyio
import pytest
import trustme
from openai_wire import CANARY, Driver, answer, chunk

from osprey.api import ChatMessage, ChatRequest, ModelError, ModelErrorKind, Speaker, TextDelta
from osprey.testing.wire_server import Answering, Script, WireServer, serve_wire

pytestmark = pytest.mark.anyio

K = ModelErrorKind


async def complete(driver: Any, request: ChatRequest) -> None:
    await driver.complete(request)


async def stream(driver: Any, request: ChatRequest) -> None:
    async with aclosing(driver.stream(request)) as pieces:
        _ = [piece async for piece in pieces]


Way = Callable[[Any, ChatRequest], Awaitable[None]]
BOTH = pytest.mark.parametrize("way", [complete, stream])


async def failed(drive: Driver, request: ChatRequest, way: Way, script: Script, **address: Any) -> ModelError:
    async with serve_wire(script) as server:
        return await error_of(drive(server.url, **address), request, way)


async def error_of(driver: Any, request: ChatRequest, way: Way) -> ModelError:
    with pytest.raises(ModelError) as caught:
        await way(driver, request)
    error = caught.value
    keeps_the_key(error)
    assert len(str(error)) <= 700
    assert "\n" not in str(error)
    assert "lab" in str(error)
    assert "'model-7'" in str(error)
    return error


def keeps_the_key(error: ModelError) -> None:
    """Look for the key in all that can be reached from an error."""
    assert error.__cause__ is None
    assert error.__context__ is None
    told = [str(error), repr(error), repr(vars(error)), "".join(traceback.format_exception(error))]
    assert not any(CANARY in text for text in told)


def says(status: int, message: str = "no", body: dict[str, Any] | None = None, **headers: str) -> Script:
    async def script(answering: Answering) -> None:
        complaint = {"message": f"{message}; the key was {CANARY}", "type": "some_error", "code": None}
        await answering.json({"error": complaint} if body is None else body, status, **headers)

    return script


@BOTH
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, K.INVALID),
        (401, K.DENIED),
        (402, K.EXHAUSTED),
        (403, K.DENIED),
        (404, K.INVALID),
        (408, K.TIMEOUT),
        (413, K.INVALID),
        (422, K.INVALID),
        (429, K.RATE_LIMITED),
        (500, K.SERVER),
        (502, K.SERVER),
        (503, K.SERVER),
        (504, K.TIMEOUT),
        (529, K.OVERLOADED),
        (201, K.MALFORMED),
    ],
)
async def test_a_status_says_why(
    drive: Driver, hello: ChatRequest, way: Way, status: int, kind: ModelErrorKind
) -> None:
    error = await failed(drive, hello, way, says(status, "no such thing"))
    assert error.kind is kind
    assert f"answers {status}" in str(error)
    assert "no such thing; the key was ***" in str(error)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (503, {"error": {"message": "Overloaded, try later"}}, K.OVERLOADED),
        (429, {"error": {"code": "insufficient_quota", "message": "You exceeded your quota"}}, K.EXHAUSTED),
        (400, {"error": {"code": "context_length_exceeded", "message": "too long"}}, K.INVALID),
        (500, {"detail": "CUDA out of memory"}, K.SERVER),
        (400, [{"error": {"code": 400, "message": "API key not valid"}}], K.INVALID),
        (500, "text", K.SERVER),
        (500, None, K.SERVER),
    ],
)
async def test_what_an_endpoint_says_refines_its_status(
    drive: Driver, hello: ChatRequest, status: int, body: Any, kind: ModelErrorKind
) -> None:
    async def script(answering: Answering) -> None:
        await answering.json(body, status)

    assert (await failed(drive, hello, complete, script)).kind is kind


@BOTH
async def test_an_error_page_is_quoted_briefly_and_on_one_line(drive: Driver, hello: ChatRequest, way: Way) -> None:
    async def script(answering: Answering) -> None:
        page = b"<html>\n<h1>Bad\x1b[31m Gateway</h1>" + CANARY.encode() + b"x" * 2**20
        await answering.whole(page, 502, content_type="text/html")

    error = await failed(drive, hello, way, script)
    assert error.kind is K.SERVER
    assert "\x1b" not in str(error)


@BOTH
async def test_retry_after_is_read_as_seconds_and_as_a_date(drive: Driver, hello: ChatRequest, way: Way) -> None:
    assert (await failed(drive, hello, way, says(429, retry_after="17"))).retry_after_s == 17.0
    later = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    by_date = (await failed(drive, hello, way, says(429, retry_after=later))).retry_after_s
    assert by_date is not None
    assert 3000 < by_date <= 3600
    assert (await failed(drive, hello, way, says(503, retry_after="2.5"))).retry_after_s == 2.5


@pytest.mark.parametrize(
    ("text", "expected"),
    [("-4", 0.0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0), ("soon", None), ("inf", None), ("nan", None), ("", None)],
)
async def test_a_strange_retry_after_does_no_harm(
    drive: Driver, hello: ChatRequest, text: str, expected: float | None
) -> None:
    assert (await failed(drive, hello, complete, says(429, retry_after=text))).retry_after_s == expected


@BOTH
async def test_a_redirect_is_not_followed(drive: Driver, hello: ChatRequest, way: Way) -> None:
    async with serve_wire(says(200)) as elsewhere:
        script = says(307, location=f"{elsewhere.url}/v1?key={CANARY}")
        error = await failed(drive, hello, way, script)
    assert error.kind is K.INVALID
    assert f"leads to {elsewhere.url}/v1" in str(error)
    assert elsewhere.questions == []


@BOTH
async def test_html_with_200_is_malformed(drive: Driver, hello: ChatRequest, way: Way) -> None:
    async def script(answering: Answering) -> None:
        await answering.whole(b"<html>login</html>", content_type="text/html; charset=utf-8")

    error = await failed(drive, hello, way, script)
    assert error.kind is K.MALFORMED
    assert "'text/html'" in str(error)
    assert "api.providers.lab.base_url" in str(error)


async def test_json_where_a_stream_was_asked_for_is_malformed(drive: Driver, hello: ChatRequest) -> None:
    async def script(answering: Answering) -> None:
        await answering.json(answer({"content": "well"}))

    assert (await failed(drive, hello, stream, script)).kind is K.MALFORMED


async def test_an_answer_in_compressed_form_is_malformed(drive: Driver, hello: ChatRequest) -> None:
    async def script(answering: Answering) -> None:
        await answering.whole(b"", content_encoding="gzip")

    assert (await failed(drive, hello, complete, script)).kind is K.MALFORMED


@pytest.mark.parametrize("body", [b"", b"  ", b'{"choices": [{"mess', b"\xff\xfe", b"[" * 200_000, b"NaN"])
async def test_a_broken_body_is_malformed(drive: Driver, hello: ChatRequest, body: bytes) -> None:
    async def script(answering: Answering) -> None:
        await answering.whole(body)

    assert (await failed(drive, hello, complete, script)).kind is K.MALFORMED


@BOTH
async def test_an_error_where_an_answer_should_be_is_told(drive: Driver, hello: ChatRequest, way: Way) -> None:
    async def script(answering: Answering) -> None:
        complaint = {"error": {"message": f"busy {CANARY}", "type": "rate_limit_error"}}
        if answering.question.body["stream"]:
            await answering.begin_events()
            await answering.event(chunk({"content": "It is"}))
            await answering.event(complaint)
            await answering.end()
        else:
            await answering.json(complaint)

    error = await failed(drive, hello, way, script)
    assert error.kind is K.RATE_LIMITED
    assert "busy ***" in str(error)


def pieces(*contents: bytes, closes: bool = False) -> Script:
    async def script(answering: Answering) -> None:
        await answering.begin_events()
        await answering.event(chunk({"content": "It is"}))
        for content in contents:
            await answering.piece(content)
        if closes:
            await answering.close()
        else:
            await answering.end()

    return script


@pytest.mark.parametrize(
    "script",
    [
        pieces(closes=True),
        pieces(),
        pieces(b"data: [DONE]\n\n"),
        pieces(b'data: {"choices": [{"del\n\n'),
        pieces(b'data: {"choices": [{"del', closes=True),
        pieces(b"data: 12\n\n"),
        pieces(b"data: \xff\n\n"),
        pieces(b'data: {"choices": [{"delta": {}, "finish_reason": "error"}]}\n\n'),
        pieces(b'data: {"choices": [{"delta": "text"}]}\n\n'),
    ],
)
async def test_a_stream_that_is_cut_off_or_broken_is_malformed_and_gives_no_reply(
    drive: Driver, hello: ChatRequest, script: Script
) -> None:
    got: list[Any] = []
    async with serve_wire(script) as server:
        with pytest.raises(ModelError) as caught:
            async for piece in drive(server.url).stream(hello):
                got.append(piece)  # noqa: PERF401 -- what came before the failure is looked at
    assert caught.value.kind is K.MALFORMED
    keeps_the_key(caught.value)
    assert got == [TextDelta("It is")]


async def test_a_body_that_is_cut_off_is_malformed(drive: Driver, hello: ChatRequest) -> None:
    async def script(answering: Answering) -> None:
        await answering.head(content_type="application/json", content_length="1000")
        await answering.send(b'{"choices": [')
        await answering.close()

    assert (await failed(drive, hello, complete, script)).kind is K.MALFORMED


@BOTH
async def test_a_connection_that_is_closed_before_an_answer_is_unreachable(
    drive: Driver, hello: ChatRequest, way: Way
) -> None:
    assert (await failed(drive, hello, way, Answering.close)).kind is K.UNREACHABLE


@BOTH
async def test_nobody_at_the_address_is_unreachable(drive: Driver, hello: ChatRequest, way: Way) -> None:
    async with serve_wire(says(200)) as server:
        url = server.url
    error = await error_of(drive(url), hello, way)
    assert error.kind is K.UNREACHABLE
    assert f"{url}/v1" in str(error)
    error = await error_of(drive("http://no-such-host.invalid"), hello, way)
    assert error.kind is K.UNREACHABLE


@BOTH
async def test_an_untrusted_certificate_is_unreachable_and_said_to_be(
    drive: Driver, hello: ChatRequest, way: Way
) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(tls)
    async with serve_wire(says(200), tls=tls) as server:
        error = await error_of(drive(server.url), hello, way)
    assert error.kind is K.UNREACHABLE
    assert "TLS" in str(error)
    assert server.questions == []


@BOTH
async def test_no_answer_before_the_deadline_is_a_timeout_and_the_driver_leaves(
    drive: Driver, hello: ChatRequest, way: Way
) -> None:
    async with serve_wire(Answering.hang) as server:
        error = await error_of(drive(server.url, timeout_s=0.2), hello, way)
        await server.left.wait()
    assert error.kind is K.TIMEOUT


@BOTH
async def test_a_slow_drip_does_not_move_the_deadline(drive: Driver, hello: ChatRequest, way: Way) -> None:
    async def script(answering: Answering) -> None:
        if answering.question.body["stream"]:
            await answering.begin_events()
        else:
            await answering.head(content_type="application/json", transfer_encoding="chunked")
        while True:
            await answering.piece(b": still here\n\n")
            await anyio.sleep(0.01)

    async with serve_wire(script) as server:
        error = await error_of(drive(server.url, timeout_s=0.3), hello, way)
        await server.left.wait()
    assert error.kind is K.TIMEOUT


async def hanging_stream(answering: Answering) -> None:
    await answering.begin_events()
    await answering.event(chunk({"content": "It is"}))
    await answering.hang()


async def test_cancelling_in_the_middle_of_a_stream_closes_the_connection(drive: Driver, hello: ChatRequest) -> None:
    began = anyio.Event()

    async def read(server: WireServer) -> None:
        async for _ in drive(server.url).stream(hello):
            began.set()

    async with serve_wire(hanging_stream) as server:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(read, server)
            await began.wait()
            tasks.cancel_scope.cancel()
        await server.left.wait()


async def test_leaving_a_stream_early_closes_the_connection(drive: Driver, hello: ChatRequest) -> None:
    async with serve_wire(hanging_stream) as server:
        async with aclosing(drive(server.url).stream(hello)) as pieces:
            assert await anext(pieces) == TextDelta("It is")
        await server.left.wait()


async def test_cancelling_a_whole_answer_closes_the_connection(drive: Driver, hello: ChatRequest) -> None:
    asked = anyio.Event()

    async def script(answering: Answering) -> None:
        asked.set()
        await answering.hang()

    async with serve_wire(script) as server:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(drive(server.url).complete, hello)
            await asked.wait()
            tasks.cancel_scope.cancel()
        await server.left.wait()


async def test_an_endless_answer_is_given_up(
    drive: Driver, hello: ChatRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    from osprey.models.chat import reading

    monkeypatch.setattr(reading, "LONGEST_ANSWER_BYTES", 2**16)

    async def script(answering: Answering) -> None:
        await answering.head(content_type=answering.question.headers["accept"], transfer_encoding="chunked")
        while True:
            await answering.piece(b"x" * 4096)

    for way in (complete, stream):
        error = await failed(drive, hello, way, script)
        assert error.kind is K.MALFORMED
        assert "longer than" in str(error)


@pytest.mark.parametrize(
    ("base_url", "words"),
    [
        ("", "where it answers is not known; write api.providers.lab.base_url"),
        ("ftp://models", "is no plain address"),
        ("https://my models/v1", "is no plain address"),
        ("models.example.org/v1", "is no plain address"),
        (f"https://me:{CANARY}@models.example.org", "is no plain address"),
        (f"https://models.example.org/v1?key={CANARY}", "is no plain address"),
        ("https://[::1", "is no plain address"),
        ("https://models:port", "is no plain address"),
    ],
)
async def test_an_address_that_cannot_be_used_is_said_to_be(
    drive: Driver, hello: ChatRequest, base_url: str, words: str
) -> None:
    for way in (complete, stream):
        error = await error_of(drive("", base_url=base_url), hello, way)
        assert error.kind is K.INVALID
        assert words in str(error)


@pytest.mark.parametrize("key", [f"{CANARY}\n", f" {CANARY}", f"{CANARY}µ", f"{CANARY}\r\nX-Evil: 1"])
async def test_a_key_that_cannot_be_sent_is_denied_before_anything_is(
    drive: Driver, hello: ChatRequest, key: str
) -> None:
    async with serve_wire(says(200)) as server:
        error = await error_of(drive(server.url, api_key=key), hello, complete)
    assert error.kind is K.DENIED
    assert "cannot be sent" in str(error)
    assert server.questions == []


async def test_a_header_of_the_configuration_is_blotted_out_like_the_key(drive: Driver, hello: ChatRequest) -> None:
    async def script(answering: Answering) -> None:
        await answering.json(
            {"error": {"message": f"bad token {answering.question.headers['x-token'].split()[-1]}"}}, 401
        )

    error = await failed(drive, hello, complete, script, api_key="", headers={"X-Token": "hush-hush-hush"})
    assert "hush" not in str(error)
    error = await failed(drive, hello, complete, script, api_key="", headers={"X-Token": "Bearer hush-hush-hush"})
    assert "hush" not in str(error)


@pytest.mark.parametrize("script_ends", [Answering.close, Answering.end])
async def test_a_status_is_told_though_its_words_are_cut_off(
    drive: Driver, hello: ChatRequest, script_ends: Script
) -> None:
    async def script(answering: Answering) -> None:
        await answering.head(503, content_type="application/json", transfer_encoding="chunked", retry_after="4")
        await answering.piece(b'{"error": {"mess')
        await script_ends(answering)

    error = await failed(drive, hello, complete, script)
    assert (error.kind, error.retry_after_s) == (K.SERVER, 4.0)


async def test_a_question_that_cannot_be_written_is_invalid(drive: Driver) -> None:
    broken = ChatRequest(messages=(ChatMessage(speaker=Speaker.USER, text="half of a pair: \ud800"),))
    async with serve_wire(says(200)) as server:
        assert (await error_of(drive(server.url), broken, complete)).kind is K.INVALID
    assert server.questions == []


async def test_the_key_is_in_no_log_and_no_repr(
    drive: Driver, hello: ChatRequest, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with serve_wire(says(401)) as server:
        driver = drive(server.url)
        for way in (complete, stream):
            await error_of(driver, hello, way)
        assert CANARY not in repr(driver)
        assert CANARY not in repr(driver._connection)
        assert CANARY not in repr(driver.wire(driver.address))
    assert caplog.records
    assert CANARY not in caplog.text


async def test_a_driver_can_be_closed_twice_and_asked_again(drive: Driver, hello: ChatRequest) -> None:
    async def script(answering: Answering) -> None:
        await answering.json(answer({"content": "well"}))

    async with serve_wire(script) as server:
        driver = drive(server.url)
        await driver.aclose()
        assert (await driver.complete(hello)).text == "well"
        await driver.aclose()
        await driver.aclose()
        assert (await driver.complete(hello)).text == "well"
