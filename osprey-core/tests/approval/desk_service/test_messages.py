"""What is said over the desk's socket, and what is not listened to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from osprey.approval.desk_service import server
from osprey.approval.desk_service.client import DeskClient, DeskLostError
from osprey.approval.desk_service.messages import MOST_ASKED_BYTES, QUESTIONS, Comment, message_of, read_question
from osprey.control.guard.server import own_version
from osprey.errors import OspreyError, UsageError

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("op", QUESTIONS)
def test_every_question_makes_the_round_trip(op: str) -> None:
    body = dict.fromkeys(QUESTIONS[op].__annotations__, "some text")
    question = read_question({"op": op, "body": body})
    assert message_of(question) == {"op": op, "body": body}


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"op": "approve"},
        {"op": "edit", "body": {}},
        {"op": ["approve"], "body": {}},
        {"op": "hello", "body": {"version": "0"}},
        {"op": "list", "body": None},
        {"op": "list", "body": []},
        {"op": "list", "body": {}, "as": "ann"},
        {"op": "list", "body": {"person": "ann"}},
        {"op": "approve", "body": {"request_id": "r", "hash_prefix": "0" * 8, "actor": "os:daemon"}},
        {"op": "approve", "body": {"request_id": "r", "hash_prefix": "0" * 8, "is_authenticated": True}},
        {"op": "approve", "body": {"request_id": "r", "hash_prefix": 12345678}},
        {"op": "approve", "body": {"request_id": "r", "hash_prefix": None}},
        {"op": "reject", "body": {"request_id": "r"}},
    ],
)
async def test_what_no_question_has_is_refused_and_recorded(served: Any, message: dict[str, Any]) -> None:
    async with served.line() as line:
        await line.say(message)
        assert (await line.hear())["error"]["rule"] == "desk.not_understood"
    assert await served.room.rules() == ["desk.not_understood"]


@pytest.mark.parametrize(
    ("greeting", "rule"),
    [
        ({"op": "hello", "body": {"version": "0.0.1"}}, "desk.version"),
        ({"op": "hello", "body": {"version": own_version(), "subject": "os:daemon"}}, "desk.not_understood"),
        ({"op": "hello", "body": {"version": own_version()}, "as": "ann"}, "desk.not_understood"),
        ({"op": "list", "body": {}}, "desk.not_understood"),
    ],
)
async def test_nothing_is_listened_to_before_a_greeting(served: Any, greeting: dict[str, Any], rule: str) -> None:
    async with served.line(is_greeted=False) as line:
        await line.say(greeting)
        assert (await line.hear())["error"]["rule"] == rule
        assert await line.rest() == b""


@pytest.mark.parametrize(
    "sent", [(MOST_ASKED_BYTES + 1).to_bytes(4, "big"), b"\xff\xff\xff\xff", b"\x00\x00\x00\x02[]"]
)
async def test_what_is_no_frame_ends_the_connection(served: Any, sent: bytes) -> None:
    async with served.line() as line:
        await line.stream.send(sent)
        assert (await line.hear())["error"]["type"] == "FrameError"
        assert await line.rest() == b""
    await served.answers()


async def test_a_reason_that_is_too_long_is_refused_before_it_is_sent(served: Any) -> None:
    async with served.client() as client:
        with pytest.raises(UsageError, match="say it shorter"):
            await client.decide(Comment(request_id="r", text="x" * MOST_ASKED_BYTES))
        assert await client.list_open() == ()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"ok": []}, "not understood"),
        ({"ok": [{"id": "r"}]}, "not understood"),
        ({"no": 1}, "not understood"),
        ({"error": {"type": "UsageError"}}, "not understood"),
        ({"error": {"type": "ExitCode", "message": "clear \x1b[2J the screen", "rule": ""}}, r"clear \\u001b\[2J the"),
    ],
)
async def test_what_a_false_desk_says_is_data(folder: Path, false_desk: Any, said: Any, told: str) -> None:
    welcome = {"ok": {"version": own_version(), "subject": "os:x", "doubt": ""}}
    async with false_desk(folder / "s", welcome, said), DeskClient.connect(folder / "s") as client:
        with pytest.raises(OspreyError, match=told):
            await client.show("r")


async def test_a_document_that_is_not_the_hashed_one_is_not_shown(served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    row, answered = await served.room.asked(by="alice"), server.answer

    async def swaps(*question: Any) -> Any:
        return {**await answered(*question), "document": "{}"}

    monkeypatch.setattr(server, "answer", swaps)
    async with served.client() as client:
        with pytest.raises(DeskLostError, match="not its own"):
            await client.show(row.id)
