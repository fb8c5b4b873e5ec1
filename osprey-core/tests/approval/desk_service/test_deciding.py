"""The inbox of a desk that is served, and decisions on what it shows."""

from __future__ import annotations

import os
import pwd
from typing import Any

import anyio
import pytest

from osprey.approval import card_of
from osprey.approval.desk_service import server
from osprey.approval.desk_service.client import DeskLostError
from osprey.approval.desk_service.messages import Approve, Comment, Postpone, Reject, Withdraw
from osprey.errors import RefusedError, UsageError
from osprey.journal import RequestState

pytestmark = pytest.mark.anyio

OWN = pwd.getpwuid(os.getuid()).pw_name


async def test_the_inbox_and_a_request_are_those_of_the_project(served: Any) -> None:
    row = await served.room.asked(by="alice")
    async with served.client() as client:
        [entry] = await client.list_open()
        shown = await client.show(row.id)
    assert (entry.id, entry.sha256, entry.state, entry.votes) == (row.id, row.sha256, RequestState.PENDING, 0)
    assert entry.needs == row.needs
    assert shown.card == card_of(served.room.project, row)
    assert shown.document == row.document
    assert (shown.looked_at, shown.moved) == (1, ())


async def test_a_decision_is_recorded_under_the_name_that_the_operating_system_gives(served: Any) -> None:
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


async def test_one_person_is_enough_where_no_secret_is_asked_for(make_desk_room: Any, serving: Any) -> None:
    async with serving(await make_desk_room({})) as served, served.client() as client:
        row = await served.room.asked(by="alice")
        entry = await client.decide(Approve(request_id=row.id, hash_prefix=row.sha256[:8]))
        assert (entry.state, entry.votes, entry.missing) == (RequestState.APPROVED, 1, "")
        assert (await served.room.apply(row)).status == "done"


async def test_only_who_has_a_part_in_a_request_takes_it_back(served: Any) -> None:
    theirs, own = await served.room.asked(by="alice"), await served.room.asked(by=OWN)
    async with served.client() as client:
        with pytest.raises(RefusedError) as refused:
            await client.decide(Withdraw(request_id=theirs.id, reason="x"))
        assert refused.value.rule == "approval.not_yours"
        assert (await client.decide(Withdraw(request_id=own.id, reason="x"))).state == "withdrawn"


async def test_an_approval_names_the_hash_of_what_was_shown(served: Any) -> None:
    row = await served.room.asked(by="alice")
    async with served.client() as client:
        for prefix in ("", "yes", row.sha256[:7], "00000000"):
            with pytest.raises(RefusedError) as refused:
                await client.decide(Approve(request_id=row.id, hash_prefix=prefix))
            assert refused.value.rule == "approval.hash"
    assert await served.room.journal.requests.decisions(row.id) == []


async def test_a_no_comes_back_in_its_own_class_and_the_conversation_goes_on(served: Any) -> None:
    async with served.client() as client:
        with pytest.raises(UsageError, match="there is no request"):
            await client.show("req-none")
        assert await client.list_open() == ()


async def test_a_question_that_was_given_up_does_not_answer_the_next(
    served: Any, monkeypatch: pytest.MonkeyPatch
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
