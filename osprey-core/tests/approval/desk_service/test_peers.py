"""Peers that do not behave: they harm nobody but themselves."""

from __future__ import annotations

import os
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from osprey.approval.desk_service import server
from osprey.approval.desk_service.messages import Reject, message_of
from osprey.errors import OspreyError, RefusedError

pytestmark = pytest.mark.anyio


async def test_half_a_frame_holds_nobody_up_and_is_not_waited_for_for_ever(make_desk_room: Any, serving: Any) -> None:
    async with serving(await make_desk_room(), patience_s=0.1) as served, served.line(is_greeted=False) as line:
        await line.stream.send(b"\x00\x00")
        assert await line.rest() == b""
    async with serving(await make_desk_room()) as served, served.line(is_greeted=False) as line:
        await line.stream.send(b"\x00\x00")
        await served.answers()


async def test_a_peer_that_never_reads_holds_nobody_up(served: Any) -> None:
    await served.room.asked(by="alice")

    async def ask_without_end(line: Any) -> None:
        while True:
            await line.say({"op": "list", "body": {}})

    async with served.line() as line, anyio.create_task_group() as group:
        group.start_soon(ask_without_end, line)
        for _ in range(5):
            await served.answers()
        group.cancel_scope.cancel()
    await served.answers()


async def test_a_peer_that_never_reads_is_let_go(make_desk_room: Any, serving: Any) -> None:
    room = await make_desk_room()
    for _ in range(20):
        await room.asked(by="alice", title="t" * 10_000)
    async with serving(room, patience_s=0.2) as served, served.line() as line:
        for _ in range(5):
            await line.say({"op": "list", "body": {}})
        # Nothing is read until the desk has lost its patience: then sending to it fails.
        with anyio.fail_after(60), pytest.raises(anyio.BrokenResourceError):
            while True:
                await line.stream.send(b"x")
                await anyio.lowlevel.checkpoint()


async def test_fifty_connections_at_once_are_all_answered(served: Any) -> None:
    row = await served.room.asked(by="alice")
    seen: list[str] = []

    async def look() -> None:
        async with served.client() as client:
            seen.extend(entry.id for entry in await client.list_open())

    async with anyio.create_task_group() as group:
        for _ in range(50):
            group.start_soon(look)
    assert seen == [row.id] * 50


async def test_one_user_cannot_keep_all_places(open_to_all: Any, knock: Any) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(64):
            await stack.enter_async_context(open_to_all.line())
        with pytest.raises(RefusedError) as refused:
            async with open_to_all.client():
                pass
        assert refused.value.rule == "desk.busy"
        knock("daemon")
        await open_to_all.answers()
    await anyio.wait_all_tasks_blocked()
    knock(os.getuid())
    await open_to_all.answers()


async def test_there_is_an_end_to_the_places_of_all(
    make_desk_room: Any, folder: Path, knock: Any, monkeypatch: pytest.MonkeyPatch, serving: Any
) -> None:
    monkeypatch.setattr(server.resource, "getrlimit", lambda _: (8, 8))  # open files: four places, one each
    users = {"desk_users": ["daemon", "bin", "mail"], "desk_socket": str(folder / "s")}
    async with serving(await make_desk_room(**users)) as served, AsyncExitStack() as stack:
        for user in (os.getuid(), "daemon", "bin", "mail"):
            knock(user)
            await stack.enter_async_context(served.client())
        knock(4711)
        with pytest.raises(RefusedError) as refused:
            async with served.client():
                pass
    assert refused.value.rule == "desk.busy", "not even who they are is looked at"


async def test_a_failure_within_ends_its_own_connection_only(served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_: Any) -> Any:
        raise KeyError("x")

    with monkeypatch.context() as patch:
        patch.setattr(server, "answer", fails)
        async with served.client() as client:
            with pytest.raises(RefusedError, match="KeyError") as refused:
                await client.list_open()
    assert refused.value.rule == "desk.error"
    await served.answers()


async def test_an_answer_that_is_too_long_is_an_error_and_not_half_an_answer(
    served: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def tells_too_much(*_: Any) -> Any:
        return "x" * (17 * 1024 * 1024)

    with monkeypatch.context() as patch:
        patch.setattr(server, "answer", tells_too_much)
        async with served.client() as client:
            with pytest.raises(OspreyError, match="at most"):
                await client.list_open()
    await served.answers()


async def test_a_decision_stands_although_its_caller_went_away(served: Any) -> None:
    row = await served.room.asked(by="alice")
    async with served.line() as line:
        await line.say(message_of(Reject(request_id=row.id, reason="beam is on")))
    with anyio.fail_after(20):
        while await served.room.state(row) != "rejected":
            await anyio.sleep(0.01)
    await served.answers()
