"""Whom the desk answers, and whose approval counts where a secret is asked for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from osprey.approval.desk_service import callers, server
from osprey.approval.desk_service.messages import Approve
from osprey.approval.desk_service.server import serve_desk
from osprey.errors import RefusedError, UsageError
from osprey.journal import RequestState

pytestmark = pytest.mark.anyio


async def test_two_other_users_decide_together(open_to_all: Any, knock: Any) -> None:
    row = await open_to_all.room.asked(by="alice")
    approval = Approve(request_id=row.id, hash_prefix=row.sha256[:8])
    knock("daemon")
    async with open_to_all.client() as client:
        first = await client.decide(approval)
        assert (first.state, first.votes, first.missing) == (RequestState.PENDING, 1, "one more person (ben)")
        with pytest.raises(RefusedError) as refused:
            await client.decide(approval)
        assert refused.value.rule == "approval.voted"
    knock("bin")
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
    ("user", "why"),
    [
        (os.getuid(), "served by this user"),
        ("mail", "approval.people names nobody with the subject os:mail"),
    ],
)
async def test_who_could_be_the_one_who_asks_does_not_count(open_to_all: Any, knock: Any, user: Any, why: str) -> None:
    row = await open_to_all.room.asked(by="alice")
    knock(user)
    async with open_to_all.client() as client:
        assert why in client.welcome.doubt
        with pytest.raises(RefusedError, match=why) as refused:
            await client.decide(Approve(request_id=row.id, hash_prefix=row.sha256[:8]))
    assert refused.value.rule == "approval.not_authenticated"
    assert await open_to_all.room.state(row) == "pending"


async def test_who_asked_by_another_subject_does_not_count(
    make_desk_room: Any, folder: Path, knock: Any, serving: Any
) -> None:
    people = {"ann": {"subjects": ["os:daemon", "os:ann-at-home"]}}
    more = {"people": people, "desk_users": ["daemon"], "desk_socket": str(folder / "s")}
    async with serving(await make_desk_room(**more)) as served:
        row = await served.room.asked(by="ann-at-home")
        knock("daemon")
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


async def test_a_stranger_is_told_so_and_fills_no_audit(open_to_all: Any, knock: Any) -> None:
    knock(4711)
    for _ in range(3):
        with pytest.raises(RefusedError, match=r"4711 may not ask this desk") as refused:
            async with open_to_all.client():
                pass
        assert refused.value.rule == "desk.peer"
    refusals = [row for row in await open_to_all.room.journal.audit.log() if row.event == "refused"]
    assert [(row.actor, row.detail["rule"]) for row in refusals] == [("os:4711", "desk.peer")]


async def test_a_system_that_does_not_tell_who_asks_is_answered_to_nobody(
    served: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "peer_of", lambda _: None)
    with pytest.raises(RefusedError, match="does not tell"):
        async with served.client():
            pass


async def test_an_unknown_user_in_the_configuration_stops_the_start(make_desk_room: Any) -> None:
    room = await make_desk_room(desk_users=["nobody-of-this-name"])
    with pytest.raises(UsageError, match=r"nobody-of-this-name.*no such user"):
        await serve_desk(room.project)


@pytest.mark.parametrize(("users", "is_met"), [(["daemon", "bin"], True), (["daemon", "mail"], False), ([], False)])
async def test_a_request_says_whether_the_people_at_the_desk_can_meet_it(
    make_desk_room: Any, users: list[str], is_met: bool
) -> None:
    row = await (await make_desk_room(desk_users=users)).asked(by="alice")
    assert any("nobody can approve this" in warning for warning in row.presentation["standing"]) is not is_met
