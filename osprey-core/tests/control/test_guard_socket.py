"""The guard as a process of its own: the same questions and answers over a unix socket."""

from __future__ import annotations

import json
import os
import pwd
from functools import partial

import anyio
import pytest
from attrs import evolve

from osprey.control import Actor, ApplyRequest, JudgeRequest, Outcome, WriteBatch, WriteItem
from osprey.control.guard.client import GuardClient
from osprey.control.guard.frames import MOST_BYTES
from osprey.control.guard.server import own_version, serve_guard
from osprey.control.payload import write_document
from osprey.errors import ConfigError, ConnectorError, RefusedError, UsageError

SP = "SR:01:HCM1:SP"

pytestmark = pytest.mark.anyio


@pytest.fixture
async def served(make_room, tmp_path):
    room = await make_room()
    path = tmp_path / "guard.sock"
    async with anyio.create_task_group() as group:
        await group.start(serve_guard, room.guard, path)
        yield room, path
        group.cancel_scope.cancel()


def request_of(room, value, target="machine"):
    item = WriteItem(channel=SP, value=value, unit="A")
    return JudgeRequest(batch=WriteBatch(target=target, groups=((item,),)), actor=Actor(subject="os:alice"))


async def test_a_write_is_judged_approved_and_applied_over_the_socket(served):
    room, path = served
    async with GuardClient.connect(path) as client:
        judgement = await client.judge(request_of(room, 2.5))
        assert judgement == await room.guard.judge(request_of(room, 2.5)) or judgement.is_allowed
        request = await room.approve_document(write_document(judgement))
        report = await client.apply(request)
        assert (report.status, report.items[0].outcome) == ("done", Outcome.CONFIRMED)
        again = await client.apply(request)
        assert (again.status, again.rule) == ("refused", "approval.done")
    assert room.connector.count_puts(SP) == 1


async def test_a_refusal_comes_back_with_its_rule(served):
    room, path = served
    async with GuardClient.connect(path) as client:
        judgement = await client.judge(request_of(room, float("nan")))
        assert judgement.items[0].rule == "value.finite"
        empty = JudgeRequest(batch=WriteBatch(target="machine", groups=()), actor=request_of(room, 1).actor)
        with pytest.raises(RefusedError) as refused:
            await client.judge(empty)
        assert refused.value.rule == "batch.empty"


async def test_an_error_comes_back_in_its_own_class(served):
    room, path = served
    async with GuardClient.connect(path) as client:
        with pytest.raises(ConfigError, match="is not configured"):
            await client.judge(request_of(room, 1.0, target="moon"))
        with pytest.raises(UsageError, match="there is no request"):
            actor = request_of(room, 1.0).actor
            await client.apply(ApplyRequest(request_id="req-none", sha256="0" * 64, actor=actor))


async def test_several_clients_are_served_at_once(served):
    room, path = served
    judged = []

    async def ask(value):
        async with GuardClient.connect(path) as client:
            judged.append((await client.judge(request_of(room, value))).is_allowed)

    async with anyio.create_task_group() as group:
        for value in (1.0, 2.0, 99.0):
            group.start_soon(ask, value)
    assert sorted(judged) == [False, True, True]


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ({"op": "write", "body": {}}, "guard.not_understood"),
        ({"op": "apply"}, "guard.not_understood"),
        ({"op": "judge", "body": {}, "force": True}, "guard.not_understood"),
        ({"op": "judge", "body": {"batch": 1}}, "guard.error"),
        ({}, "guard.not_understood"),
    ],
)
async def test_a_question_that_is_not_understood_is_refused(served, body, rule):
    _, path = served
    text = json.dumps(body).encode()
    answer = await exchange(path, len(text).to_bytes(4, "big") + text)
    assert answer["error"]["rule"] == rule


@pytest.mark.parametrize("sent", [(MOST_BYTES + 1).to_bytes(4, "big"), b"\x00\x00\x00\x02[]", b"\x00\x00\x00\x01{"])
async def test_what_is_not_a_frame_ends_the_connection(served, sent):
    _, path = served
    assert (await exchange(path, sent))["error"]["type"] == "FrameError"


async def test_half_a_frame_harms_nobody(served):
    room, path = served
    async with await anyio.connect_unix(path) as stream:
        await stream.send(b"\x00\x00")
    async with GuardClient.connect(path) as client:
        assert (await client.judge(request_of(room, 1.0))).is_allowed


async def test_an_apply_is_finished_although_its_caller_went_away(served):
    room, path = served
    request = await room.approve({SP: 2.5})
    text = json.dumps(
        {
            "op": "apply",
            "body": {
                "request_id": request.request_id,
                "sha256": request.sha256,
                "actor": {"subject": "os:alice", "terminal": "", "host": ""},
            },
        }
    ).encode()
    async with await anyio.connect_unix(path) as stream:
        await greet(stream)
        await stream.send(len(text).to_bytes(4, "big") + text)
    with anyio.fail_after(20):
        while (await room.row(request)).state != "done":
            await anyio.sleep(0.01)
    assert room.connector.count_puts(SP) == 1


async def test_a_question_that_was_given_up_does_not_answer_the_next(served, monkeypatch):
    room, path = served
    is_asked = anyio.Event()

    async def never_answers(self, request):
        is_asked.set()
        await anyio.sleep_forever()

    monkeypatch.setattr(type(room.guard), "judge", never_answers)
    async with GuardClient.connect(path) as client:
        async with anyio.create_task_group() as group:
            group.start_soon(client.judge, request_of(room, 1.0))
            await is_asked.wait()
            group.cancel_scope.cancel()
        with pytest.raises(ConnectorError, match="connect again"):
            await client.judge(request_of(room, 2.0))


async def test_a_guard_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConnectorError, match="no guard answers at"):
        async with GuardClient.connect(tmp_path / "nothing.sock"):
            pass


async def test_the_socket_is_for_its_user_only(served):
    _, path = served
    assert path.stat().st_mode & 0o077 == 0


async def test_another_user_is_refused(served, monkeypatch):
    _, path = served
    monkeypatch.setattr("osprey.control.guard.peers.os.getuid", lambda: -1)
    async with await anyio.connect_unix(path) as stream:
        answer = json.loads((await _receive_all(stream))[4:])
    assert answer["error"]["rule"] == "guard.peer"


async def test_a_user_whom_the_configuration_names_is_answered(tmp_path, make_room, monkeypatch):
    room, user = await make_room(), pwd.getpwuid(os.getuid()).pw_name
    monkeypatch.setattr("osprey.control.guard.peers.os.getuid", lambda: -1)
    async with anyio.create_task_group() as group:
        await group.start(partial(serve_guard, room.guard, tmp_path / "s", users=(user,)))
        async with GuardClient.connect(tmp_path / "s") as client:
            assert (await client.judge(request_of(room, 1.0))).is_allowed
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()


async def test_the_one_who_is_recorded_is_the_one_whom_the_operating_system_names(served):
    room, path = served
    async with GuardClient.connect(path) as client:
        request = await room.approve({SP: 2.5})
        await client.apply(request)  # alice is who the request says that it comes from
    claimed = (await room.row(request)).claimed_by
    assert claimed == f"os:{pwd.getpwuid(os.getuid()).pw_name}"
    rows = [row for row in await room.journal.audit.log() if row.event == "ledger.claimed"]
    assert f"uid={os.getuid()}" in rows[-1].terminal


async def test_a_service_that_speaks_for_another_is_named_beside_it(served):
    room, path = served
    request = evolve(await room.approve({SP: 2.5}), actor=Actor(subject="token:panel"))
    async with GuardClient.connect(path) as client:
        await client.apply(request)
    user = pwd.getpwuid(os.getuid()).pw_name
    assert (await room.row(request)).claimed_by == f"token:panel via os:{user}"


@pytest.mark.parametrize(
    ("greeting", "rule"),
    [
        ({"op": "hello", "body": {"version": "0.0.1"}}, "guard.version"),
        ({"op": "hello", "body": {"version": own_version(), "force": True}}, "guard.not_understood"),
        ({"op": "hello", "body": {"version": 1}}, "guard.not_understood"),
        ({"op": "recover"}, "guard.not_understood"),
    ],
)
async def test_who_does_not_speak_the_same_version_is_refused_before_anything_else(served, greeting, rule):
    _, path = served
    async with await anyio.connect_unix(path) as stream:
        await stream.send(framed(greeting))
        answer = json.loads((await _receive_all(stream))[4:])
    assert answer["error"]["rule"] == rule


async def test_a_second_guard_on_the_same_socket_refuses_to_start(served):
    room, path = served
    with pytest.raises(UsageError, match="another guard already serves"):
        await serve_guard(room.guard, path)
    async with GuardClient.connect(path) as client:
        assert (await client.judge(request_of(room, 1.0))).is_allowed


async def test_a_socket_whose_path_is_too_long_is_refused_with_the_remedy(make_room, tmp_path):
    room = await make_room()
    with pytest.raises(UsageError, match=r"storage\.path"):
        await serve_guard(room.guard, tmp_path / ("x" * 120))


async def test_recovery_is_asked_over_the_socket_as_well(served):
    _, path = served
    async with GuardClient.connect(path) as client:
        assert await client.recover() == ()


async def exchange(path, sent):
    async with await anyio.connect_unix(path) as stream:
        await greet(stream)
        await stream.send(sent)
        received = await _receive_all(stream, is_one=True)
    return json.loads(received[4:])


def framed(message):
    text = json.dumps(message).encode()
    return len(text).to_bytes(4, "big") + text


async def greet(stream):
    await stream.send(framed({"op": "hello", "body": {"version": own_version()}}))
    assert b'"ok"' in await _receive_all(stream, is_one=True)


async def _receive_all(stream, *, is_one=False):
    received = b""
    try:
        while not is_one or len(received) < 4 or len(received) < 4 + int.from_bytes(received[:4], "big"):
            received += await stream.receive()
    except anyio.EndOfStream:
        pass
    return received
