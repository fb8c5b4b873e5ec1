"""The approval desk over its socket: whom it answers, whose approval counts, and what it does not let anybody do."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import stat
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from attrs import frozen

from osprey.approval import card_of
from osprey.approval.desk_service import callers, server
from osprey.approval.desk_service.client import DeskAbsentError, DeskClient, DeskLostError
from osprey.approval.desk_service.messages import (
    MOST_ASKED_BYTES,
    QUESTIONS,
    Approve,
    Comment,
    Postpone,
    Reject,
    Withdraw,
    message_of,
    read_question,
)
from osprey.approval.desk_service.place import SOCKET_FILE, require_place, weakness_of
from osprey.approval.desk_service.server import serve_desk
from osprey.control.guard.peers import Peer
from osprey.control.guard.server import own_version
from osprey.errors import OspreyError, RefusedError, UsageError
from osprey.journal import RequestState

pytestmark = pytest.mark.anyio

OWN = pwd.getpwuid(os.getuid()).pw_name
TWO = {"two": {"kinds": ["channel_write"], "persons": 2}}
PEOPLE = {
    "ann": {"subjects": ["os:daemon"], "roles": ["operator"]},
    "ben": {"subjects": ["os:bin"]},
    "own": {"subjects": [f"os:{OWN}"]},
}
DAEMON, BIN, MAIL = (pwd.getpwnam(name).pw_uid for name in ("daemon", "bin", "mail"))
TOO_LONG = (MOST_ASKED_BYTES + 1).to_bytes(4, "big")


@frozen
class Served:
    """A desk that is served, with the project behind it."""

    room: Any
    path: Path

    def client(self) -> Any:
        return DeskClient.connect(self.path)

    def stream(self) -> Any:
        return anyio.connect_unix(self.path)


@asynccontextmanager
async def serving(room: Any, **more: Any) -> AsyncIterator[Served]:
    async with anyio.create_task_group() as group:
        told = await group.start(lambda task_status: serve_desk(room.project, task_status=task_status, **more))
        yield Served(room, told.path)
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()


@pytest.fixture
async def served(make_room: Any) -> AsyncIterator[Served]:
    """The desk of a project whose lists of writes need two people, for nobody but its own user."""
    async with serving(await make_room(TWO, people=PEOPLE)) as one:
        yield one


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user of the host can enter and only this one write to."""
    made = Path(tempfile.mkdtemp(prefix="desk-")).resolve()
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def knock(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Choose whom the operating system names at the other end of the next connections.

    That it truly does is shown with users of the host in `tests/cli/test_desk_commands.py`.
    """
    monkeypatch.setattr(callers, "doubt_of_service", lambda: "")
    return lambda uid: monkeypatch.setattr(server, "peer_of", lambda _: Peer(uid))


@pytest.fixture
async def open_to_all(make_room: Any, folder: Path) -> AsyncIterator[Served]:
    """The desk of the same project, for three users of the host, two of whom are people with a name."""
    more = {"people": PEOPLE, "desk_users": ["daemon", "bin", "mail"], "desk_socket": str(folder / "desk.sock")}
    async with serving(await make_room(TWO, **more)) as one:
        yield one


# The inbox and its decisions


async def test_the_inbox_and_a_request_are_those_of_the_project(served: Served) -> None:
    row = await served.room.asked(by="alice")
    async with served.client() as client:
        [entry] = await client.list_open()
        shown = await client.show(row.id)
    assert (entry.id, entry.sha256, entry.state, entry.votes) == (row.id, row.sha256, RequestState.PENDING, 0)
    assert entry.needs == row.needs
    assert shown.card == card_of(served.room.project, row)
    assert shown.document == row.document
    assert (shown.looked_at, shown.moved) == (1, ())


async def test_a_decision_is_recorded_under_the_name_that_the_operating_system_gives(served: Served) -> None:
    row = await served.room.asked(by="alice")
    async with served.client() as client:
        assert client.welcome.subject == f"os:{OWN}"
        assert client.server == OWN
        assert (await client.decide(Comment(request_id=row.id, text="yes, but only 5 A"))).state == "pending"
        assert (await client.decide(Postpone(request_id=row.id))).state == "pending"
        assert (await client.decide(Reject(request_id=row.id, reason="beam is on"))).state == "rejected"
        said = (await client.show(row.id)).said
    assert [(one.word, one.person, one.method, one.text) for one in said] == [
        ("comment", "own", "peer", "yes, but only 5 A"),
        ("postpone", "own", "peer", ""),
        ("reject", "own", "peer", "beam is on"),
    ]
    decided = await served.room.journal.requests.decisions(row.id)
    assert {(one.actor, one.terminal) for one in decided} == {(f"os:{OWN}", f"desk uid={os.getuid()}")}


async def test_one_person_is_enough_where_no_secret_is_asked_for(make_room: Any) -> None:
    async with serving(await make_room({}, people=PEOPLE)) as served, served.client() as client:
        row = await served.room.asked(by="alice")
        entry = await client.decide(Approve(request_id=row.id, hash_prefix=row.sha256[:8]))
        assert (entry.state, entry.votes, entry.missing) == (RequestState.APPROVED, 1, "")
        assert (await served.room.apply(row)).status == "done"


async def test_only_who_has_a_part_in_a_request_takes_it_back(served: Served) -> None:
    theirs, own = await served.room.asked(by="alice"), await served.room.asked(by=OWN)
    async with served.client() as client:
        with pytest.raises(RefusedError) as refused:
            await client.decide(Withdraw(request_id=theirs.id, reason="x"))
        assert refused.value.rule == "approval.not_yours"
        assert (await client.decide(Withdraw(request_id=own.id, reason="x"))).state == "withdrawn"


async def test_an_approval_names_the_hash_of_what_was_shown(served: Served) -> None:
    row = await served.room.asked(by="alice")
    async with served.client() as client:
        for prefix in ("", "yes", row.sha256[:7], "00000000"):
            with pytest.raises(RefusedError) as refused:
                await client.decide(Approve(request_id=row.id, hash_prefix=prefix))
            assert refused.value.rule == "approval.hash"
    assert await served.room.journal.requests.decisions(row.id) == []


async def test_a_no_comes_back_in_its_own_class_and_the_conversation_goes_on(served: Served) -> None:
    async with served.client() as client:
        with pytest.raises(UsageError, match="there is no request"):
            await client.show("req-none")
        assert await client.list_open() == ()


# Who counts


async def test_two_other_users_decide_together(open_to_all: Served, knock: Any) -> None:
    row = await open_to_all.room.asked(by="alice")
    approval = Approve(request_id=row.id, hash_prefix=row.sha256[:8])
    knock(DAEMON)
    async with open_to_all.client() as client:
        first = await client.decide(approval)
        assert (first.state, first.votes, first.missing) == (RequestState.PENDING, 1, "one more person (ben)")
        with pytest.raises(RefusedError) as refused:
            await client.decide(approval)
        assert refused.value.rule == "approval.voted"
    knock(BIN)
    async with open_to_all.client() as client:
        second = await client.decide(approval)
    assert (second.state, second.votes, second.missing) == (RequestState.APPROVED, 2, "")
    votes = await open_to_all.room.journal.requests.decisions(row.id)
    assert [(v.person, v.actor, v.roles, v.method, v.is_authenticated) for v in votes] == [
        ("ann", "os:daemon", ("operator",), "peer", True),
        ("ben", "os:bin", (), "peer", True),
    ]
    assert (await open_to_all.room.apply(row)).status == "done"


@pytest.mark.parametrize(
    ("uid", "why"),
    [
        (os.getuid(), "served by this user"),
        (MAIL, "approval.people names nobody with the subject os:mail"),
    ],
)
async def test_who_could_be_the_one_who_asks_does_not_count(
    open_to_all: Served, knock: Any, uid: int, why: str
) -> None:
    row = await open_to_all.room.asked(by="alice")
    knock(uid)
    async with open_to_all.client() as client:
        assert why in client.welcome.doubt
        with pytest.raises(RefusedError, match=why) as refused:
            await client.decide(Approve(request_id=row.id, hash_prefix=row.sha256[:8]))
    assert refused.value.rule == "approval.not_authenticated"
    assert await open_to_all.room.state(row) == "pending"


async def test_who_asked_by_another_subject_does_not_count(make_room: Any, folder: Path, knock: Any) -> None:
    people = {**PEOPLE, "ann": {"subjects": ["os:daemon", "os:ann-at-home"]}}
    more = {"people": people, "desk_users": ["daemon"], "desk_socket": str(folder / "s")}
    async with serving(await make_room(TWO, **more)) as served:
        row = await served.room.asked(by="ann-at-home")
        knock(DAEMON)
        async with served.client() as client:
            with pytest.raises(RefusedError) as refused:
                await client.decide(Approve(request_id=row.id, hash_prefix=row.sha256[:8]))
    assert refused.value.rule == "approval.requester"


@pytest.mark.parametrize(
    ("own", "uid", "why"),
    [
        (1000, 1001, ""),
        (1000, 1000, "served by this user"),
        (1000, 0, "root can act as every user"),
        (1000, 65534, "cannot tell apart"),
        (0, 1001, "served by root"),
    ],
)
def test_the_doubts_about_a_user(monkeypatch: pytest.MonkeyPatch, own: int, uid: int, why: str) -> None:
    monkeypatch.setattr(callers.os, "getuid", lambda: own)
    monkeypatch.setattr(callers.os, "geteuid", lambda: own)
    doubt = callers.doubt_of(uid)
    assert why in doubt
    assert bool(doubt) is bool(why)


async def test_a_stranger_is_told_so_and_fills_no_audit(open_to_all: Served, knock: Any) -> None:
    knock(4711)
    for _ in range(3):
        with pytest.raises(RefusedError, match=r"4711 may not ask this desk") as refused:
            async with open_to_all.client():
                pass
        assert refused.value.rule == "desk.peer"
    refusals = [row for row in await open_to_all.room.journal.audit.log() if row.event == "refused"]
    assert [(row.actor, row.detail["rule"]) for row in refusals] == [("os:4711", "desk.peer")]


async def test_a_system_that_does_not_tell_who_asks_is_answered_to_nobody(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "peer_of", lambda _: None)
    with pytest.raises(RefusedError, match="does not tell"):
        async with served.client():
            pass


async def test_an_unknown_user_in_the_configuration_stops_the_start(make_room: Any) -> None:
    room = await make_room(TWO, desk_users=["nobody-of-this-name"])
    with pytest.raises(UsageError, match=r"nobody-of-this-name.*no such user"):
        await serve_desk(room.project)


@pytest.mark.parametrize(("users", "is_met"), [(["daemon", "bin"], True), (["daemon", "mail"], False), ([], False)])
async def test_a_request_says_whether_the_people_at_the_desk_can_meet_it(
    make_room: Any, users: list[str], is_met: bool
) -> None:
    row = await (await make_room(TWO, people=PEOPLE, desk_users=users)).asked(by="alice")
    assert any("nobody can approve this" in warning for warning in row.presentation["standing"]) is not is_met


# What is said over the socket


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
async def test_what_no_question_has_is_refused_and_recorded(served: Served, message: dict[str, Any]) -> None:
    async with await served.stream() as stream:
        await greet(stream)
        await stream.send(framed(message))
        assert (await answer_from(stream))["error"]["rule"] == "desk.not_understood"
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
async def test_nothing_is_listened_to_before_a_greeting(served: Served, greeting: dict[str, Any], rule: str) -> None:
    async with await served.stream() as stream:
        await stream.send(framed(greeting))
        assert (await answer_from(stream))["error"]["rule"] == rule
        assert await rest_of(stream) == b""


@pytest.mark.parametrize(
    "sent", [(MOST_ASKED_BYTES + 1).to_bytes(4, "big"), b"\xff\xff\xff\xff", b"\x00\x00\x00\x02[]"]
)
async def test_what_is_no_frame_ends_the_connection(served: Served, sent: bytes) -> None:
    async with await served.stream() as stream:
        await greet(stream)
        await stream.send(sent)
        assert (await answer_from(stream))["error"]["type"] == "FrameError"
        assert await rest_of(stream) == b""
    await answers(served)


async def test_a_reason_that_is_too_long_is_refused_before_it_is_sent(served: Served) -> None:
    async with served.client() as client:
        with pytest.raises(UsageError, match="say it shorter"):
            await client.decide(Comment(request_id="r", text="x" * MOST_ASKED_BYTES))
        assert await client.list_open() == ()


# Peers that do not behave


async def test_half_a_frame_holds_nobody_up_and_is_not_waited_for_for_ever(make_room: Any) -> None:
    async with serving(await make_room(TWO), patience_s=0.1) as served, await served.stream() as stream:
        await stream.send(b"\x00\x00")
        assert await rest_of(stream) == b""
    async with serving(await make_room(TWO)) as served, await served.stream() as stream:
        await stream.send(b"\x00\x00")
        await answers(served)


async def test_a_peer_that_never_reads_holds_nobody_up(served: Served) -> None:
    await served.room.asked(by="alice")

    async def ask_without_end(stream: Any) -> None:
        while True:
            await stream.send(framed({"op": "list", "body": {}}))

    async with await served.stream() as stream, anyio.create_task_group() as group:
        await greet(stream)
        group.start_soon(ask_without_end, stream)
        for _ in range(5):
            await answers(served)
        group.cancel_scope.cancel()
    await answers(served)


async def test_a_peer_that_never_reads_is_let_go(make_room: Any) -> None:
    room = await make_room(TWO)
    for _ in range(20):
        await room.asked(by="alice", title="t" * 10_000)
    async with serving(room, patience_s=0.2) as served, await served.stream() as stream:
        await greet(stream)
        for _ in range(5):
            await stream.send(framed({"op": "list", "body": {}}))
        # Nothing is read until the desk has lost its patience: then sending to it fails.
        with anyio.fail_after(60), pytest.raises(anyio.BrokenResourceError):
            while True:
                await stream.send(b"x")
                await anyio.lowlevel.checkpoint()


async def test_fifty_connections_at_once_are_all_answered(served: Served) -> None:
    row = await served.room.asked(by="alice")
    seen: list[str] = []

    async def look() -> None:
        async with served.client() as client:
            seen.extend(entry.id for entry in await client.list_open())

    async with anyio.create_task_group() as group:
        for _ in range(50):
            group.start_soon(look)
    assert seen == [row.id] * 50


async def test_one_user_cannot_keep_all_places(open_to_all: Served, knock: Any) -> None:
    streams = [await open_to_all.stream() for _ in range(64)]
    for stream in streams:
        await greet(stream)
    with pytest.raises(RefusedError) as refused:
        async with open_to_all.client():
            pass
    assert refused.value.rule == "desk.busy"
    knock(DAEMON)
    await answers(open_to_all)
    for stream in streams:
        await stream.aclose()
    await anyio.wait_all_tasks_blocked()
    knock(os.getuid())
    await answers(open_to_all)


async def test_there_is_an_end_to_the_places_of_all(
    make_room: Any, folder: Path, knock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server.resource, "getrlimit", lambda _: (8, 8))  # open files: four places, one each
    users = {"desk_users": ["daemon", "bin", "mail"], "desk_socket": str(folder / "s")}
    async with serving(await make_room(TWO, **users)) as served, AsyncExitStack() as stack:
        for uid in (os.getuid(), DAEMON, BIN, MAIL):
            knock(uid)
            await stack.enter_async_context(served.client())
        knock(4711)
        with pytest.raises(RefusedError) as refused:
            async with served.client():
                pass
    assert refused.value.rule == "desk.busy", "not even who they are is looked at"


async def test_a_failure_within_ends_its_own_connection_only(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_: Any) -> Any:
        raise KeyError("x")

    with monkeypatch.context() as patch:
        patch.setattr(server, "answer", fails)
        async with served.client() as client:
            with pytest.raises(RefusedError, match="KeyError") as refused:
                await client.list_open()
    assert refused.value.rule == "desk.error"
    await answers(served)


async def test_an_answer_that_is_too_long_is_an_error_and_not_half_an_answer(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def tells_too_much(*_: Any) -> Any:
        return "x" * (17 * 1024 * 1024)

    with monkeypatch.context() as patch:
        patch.setattr(server, "answer", tells_too_much)
        async with served.client() as client:
            with pytest.raises(OspreyError, match="at most"):
                await client.list_open()
    await answers(served)


async def test_a_decision_stands_although_its_caller_went_away(served: Served) -> None:
    row = await served.room.asked(by="alice")
    async with await served.stream() as stream:
        await greet(stream)
        await stream.send(framed(message_of(Reject(request_id=row.id, reason="beam is on"))))
    with anyio.fail_after(20):
        while await served.room.state(row) != "rejected":
            await anyio.sleep(0.01)
    await answers(served)


async def test_a_question_that_was_given_up_does_not_answer_the_next(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_asked = anyio.Event()

    async def never_answers(*_: Any) -> Any:
        is_asked.set()
        await anyio.sleep_forever()

    monkeypatch.setattr(server, "answer", never_answers)
    async with served.client() as client:
        async with anyio.create_task_group() as group:
            group.start_soon(client.list_open)
            await is_asked.wait()
            group.cancel_scope.cancel()
        with pytest.raises(DeskLostError, match="connect again"):
            await client.list_open()


# Where the socket lies


async def test_the_socket_is_in_the_private_folder_unless_it_is_placed_elsewhere(served: Served) -> None:
    assert served.path == served.room.project.state_dir / SOCKET_FILE
    assert stat.S_IMODE(served.path.stat().st_mode) == 0o600


async def test_a_place_is_seen_from_the_projects_folder(make_room: Any) -> None:
    room = await make_room({}, desk_socket="run/desk.sock")
    assert room.project.config.approval.desk_socket == room.project.root / "run/desk.sock"


async def test_other_users_can_connect_where_they_can_enter(open_to_all: Served) -> None:
    assert stat.S_IMODE(open_to_all.path.stat().st_mode) == 0o666


async def test_a_desk_for_others_is_not_served_where_they_cannot_come(make_room: Any) -> None:
    room = await make_room(TWO, desk_users=["daemon", "bin"])
    with pytest.raises(UsageError, match=r"can enter .*set `approval.desk_socket`"):
        await serve_desk(room.project)


@pytest.mark.parametrize("mode", [0o775, 0o757, 0o777, 0o1777])
async def test_a_folder_that_others_write_to_is_refused_by_both_sides(make_room: Any, folder: Path, mode: int) -> None:
    path = folder / "desk.sock"
    room = await make_room(TWO, desk_socket=str(path))
    folder.chmod(mode)
    with pytest.raises(UsageError, match="others may write to"):
        await serve_desk(room.project)
    await _is_not_asked(path, "others may write to")


async def test_so_is_a_folder_within_one_that_others_write_to(make_room: Any, folder: Path) -> None:
    inner = folder / "inner"
    inner.mkdir(mode=0o755)
    folder.chmod(0o777)
    room = await make_room(TWO, desk_socket=str(inner / "desk.sock"))
    with pytest.raises(UsageError, match="others may write to"):
        await serve_desk(room.project)
    folder.chmod(0o1777)
    assert weakness_of(inner / "desk.sock", os.getuid()) == "", "in a sticky folder nobody moves what is another's"


def test_a_folder_of_somebody_else_is_no_place(folder: Path) -> None:
    assert weakness_of(folder / "s", os.getuid()) == ""
    told = weakness_of(folder / "s", DAEMON)
    assert told == ("" if os.getuid() == 0 else f"{folder} belongs to {OWN}, who could put another socket there")


async def test_a_path_through_a_symbolic_link_is_refused_with_the_real_one(make_room: Any, folder: Path) -> None:
    (folder / "real").mkdir()
    (folder / "link").symlink_to(folder / "real")
    room = await make_room(TWO, desk_socket=str(folder / "link/desk.sock"))
    with pytest.raises(UsageError, match=str(folder / "real/desk.sock")):
        await serve_desk(room.project)


async def test_a_client_does_not_follow_a_symbolic_link(served: Served, folder: Path) -> None:
    (folder / "desk.sock").symlink_to(served.path)
    with pytest.raises(RefusedError, match="another name") as refused:
        async with DeskClient.connect(folder / "desk.sock"):
            pass
    assert refused.value.rule == "desk.place"


@pytest.mark.parametrize("make", [Path.touch, lambda path: path.symlink_to(path.with_name("elsewhere"))])
def test_what_is_no_socket_is_left_alone(folder: Path, make: Any) -> None:
    make(folder / "desk.sock")
    before = (folder / "desk.sock").lstat()
    with pytest.raises(UsageError, match="is no socket"):
        require_place(folder / "desk.sock", os.getuid(), is_for_others=True)
    assert (folder / "desk.sock").lstat().st_ino == before.st_ino


async def test_a_socket_that_a_killed_service_left_is_replaced(make_room: Any, folder: Path) -> None:
    path = folder / "desk.sock"
    async with await anyio.create_unix_listener(path):
        pass
    assert path.is_socket()
    async with serving(await make_room(TWO, desk_socket=str(path))) as served:
        await answers(served)
    assert not path.exists()


async def test_two_services_do_not_share_a_socket(make_room: Any, folder: Path) -> None:
    first, second = [await make_room(TWO, desk_socket=str(folder / "desk.sock")) for _ in range(2)]
    async with serving(first) as served:
        with pytest.raises(UsageError, match="already serves"):
            await serve_desk(second.project)
        await answers(served)


def test_a_path_that_is_too_long_or_nowhere_is_refused_with_the_remedy(folder: Path) -> None:
    for path in (folder / ("x" * 120), folder / "nowhere/desk.sock"):
        with pytest.raises(UsageError, match=r"approval\.desk_socket"):
            require_place(path, os.getuid(), is_for_others=False)


async def test_a_desk_that_is_not_there_is_named(folder: Path) -> None:
    with pytest.raises(DeskAbsentError, match=r"no desk can be reached at .*osprey desk serve"):
        async with DeskClient.connect(folder / "desk.sock"):
            pass


# A desk that is none


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
async def test_what_a_false_desk_says_is_data(folder: Path, said: Any, told: str) -> None:
    welcome = {"ok": {"version": own_version(), "subject": "os:x", "doubt": ""}}
    async with _false_desk(folder / "s", welcome, said), DeskClient.connect(folder / "s") as client:
        with pytest.raises(OspreyError, match=told):
            await client.show("r")


async def test_a_document_that_is_not_the_hashed_one_is_not_shown(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, answered = await served.room.asked(by="alice"), server.answer

    async def swaps(*question: Any) -> Any:
        return {**await answered(*question), "document": "{}"}

    monkeypatch.setattr(server, "answer", swaps)
    async with served.client() as client:
        with pytest.raises(DeskLostError, match="not its own"):
            await client.show(row.id)


@asynccontextmanager
async def _false_desk(path: Path, *answers: Any) -> AsyncIterator[None]:
    async def serve(stream: Any) -> None:
        async with stream:
            for said in answers:
                await stream.receive()
                await stream.send(framed(said))
            await rest_of(stream)

    async with await anyio.create_unix_listener(path) as listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, serve)
        yield
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()


async def _is_not_asked(path: Path, why: str) -> None:
    """Show that a client says nothing, not even its version, to a socket that others could have put there."""
    heard: list[bytes] = []

    async def listen(stream: Any) -> None:
        async with stream:
            heard.append(await rest_of(stream))

    async with await anyio.create_unix_listener(path) as listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, listen)
        with pytest.raises(RefusedError, match=why) as refused:
            async with DeskClient.connect(path):
                pass
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()
    assert (refused.value.rule, heard) == ("desk.place", [b""])


async def answers(served: Served) -> None:
    """Show that the desk answers others."""
    with anyio.fail_after(60):
        async with served.client() as client:
            await client.list_open()


def framed(message: Any) -> bytes:
    text = json.dumps(message).encode()
    return len(text).to_bytes(4, "big") + text


async def greet(stream: Any) -> None:
    await stream.send(framed({"op": "hello", "body": {"version": own_version()}}))
    assert "ok" in await answer_from(stream)


async def answer_from(stream: Any) -> Any:
    received = b""
    while len(received) < 4 or len(received) < 4 + int.from_bytes(received[:4], "big"):
        received += await stream.receive()
    return json.loads(received[4:])


async def rest_of(stream: Any) -> bytes:
    """Give what comes until the other side closes."""
    received = b""
    try:
        while True:
            received += await stream.receive()
    except (anyio.EndOfStream, anyio.BrokenResourceError):
        return received
