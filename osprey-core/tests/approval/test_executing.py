"""Carrying out what is no list of writes: from an id and a hash, once, and from the stored text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anyio
import pytest
from attrs import evolve

from osprey.approval import desk
from osprey.approval.executing import NotDoneError, carry_out_approved, grant_approved, spend_approved
from osprey.config.approval import ApprovalPolicyConfig
from osprey.errors import RefusedError
from osprey.journal import Journal

pytestmark = pytest.mark.anyio

TABLE = "CREATE TABLE IF NOT EXISTS notes (text TEXT NOT NULL)"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def refused(rule: str) -> Any:
    return pytest.raises(RefusedError, check=lambda error: error.rule == rule)


def note(connection: Any, content: Mapping[str, Any]) -> Mapping[str, Any]:
    """The effect of a spend: one row in this very transaction."""
    connection.exec_driver_sql("INSERT INTO notes VALUES (?)", (content["content"],))
    return {"kept": content["content"]}


class Logbook:
    """Something elsewhere, that counts what it is told."""

    def __init__(self, failure: BaseException | None = None) -> None:
        self.entries: list[str] = []
        self.failure = failure

    async def write(self, content: Mapping[str, Any]) -> Mapping[str, Any]:
        await anyio.lowlevel.checkpoint()
        if isinstance(self.failure, NotDoneError):
            raise self.failure
        self.entries.append(content["content"])
        if self.failure is not None:
            raise self.failure
        return {"entry": len(self.entries)}


async def notes(room: Any) -> list[str]:
    return await room.project.database.read(
        lambda connection: list(connection.exec_driver_sql("SELECT text FROM notes").scalars())
    )


async def approved(room: Any, kind: str = "memory_save", text: str = "keep this") -> Any:
    room.project.database.general.run_sync(lambda connection: connection.exec_driver_sql(TABLE))
    row = await room.asked_text(kind, text)
    return await desk.approve(room.project, row.id, row.sha256, room.who("bob"))


async def spend(room: Any, row: Any, **changes: Any) -> Any:
    sha256 = changes.get("sha256", row.sha256)
    return await spend_approved(room.project, row.id, sha256, room.who("alice").actor, changes.get("effect", note))


async def carry_out(room: Any, row: Any, work: Any) -> Any:
    return await carry_out_approved(room.project, row.id, row.sha256, room.who("alice").actor, work)


async def test_a_spend_does_its_effect_once_from_the_stored_text(make_room: Any) -> None:
    room = await make_room()
    row = await approved(room)
    done = await spend(room, row)
    assert (done.state, dict(done.report)) == ("done", {"kept": "keep this"})
    for _ in range(2):
        with refused("approval.done"):
            await spend(room, row)
    assert await notes(room) == ["keep this"]


async def test_of_many_that_spend_at_once_one_does(make_room: Any) -> None:
    room = await make_room()
    row = await approved(room)
    told: list[str] = []

    async def attempt() -> None:
        try:
            told.append(str((await spend(room, row)).state))
        except RefusedError as error:
            told.append(error.rule)

    async with anyio.create_task_group() as tasks:
        for _ in range(12):
            tasks.start_soon(attempt)
    assert sorted(told) == ["approval.done"] * 11 + ["done"]
    assert await notes(room) == ["keep this"]


async def test_an_effect_that_fails_leaves_the_approval_as_it_was_and_nothing_behind(make_room: Any) -> None:
    room = await make_room()
    row = await approved(room)

    def failing(connection: Any, content: Mapping[str, Any]) -> Mapping[str, Any]:
        note(connection, content)
        raise OSError("no space")

    for effect in (failing, lambda connection, content: {"report": {note(connection, content)["kept"]}}):
        with pytest.raises(Exception, match=r"no space|cannot be stored as JSON"):
            await spend(room, row, effect=effect)
    assert (await room.state(row), await notes(room)) == ("approved", [])
    assert (await spend(room, row)).state == "done"


async def test_without_an_approval_nothing_is_done(make_room: Any) -> None:
    room = await make_room()
    book = Logbook()
    pending = await room.asked_text("logbook_entry")
    rejected = await room.asked_text("logbook_entry", "not this")
    await desk.reject(room.project, rejected.id, room.who("bob"), "no")
    withdrawn = await approved(room, "logbook_entry")
    await desk.withdraw(room.project, withdrawn.id, room.who("bob"), "changed my mind")
    for row, rule in (
        (pending, "approval.pending"),
        (rejected, "approval.rejected"),
        (withdrawn, "approval.withdrawn"),
    ):
        with refused(rule):
            await carry_out(room, row, book.write)
        with refused(rule):
            await spend(room, row)
    assert book.entries == []
    assert await room.rules() == [r for rule in ("pending", "rejected", "withdrawn") for r in [f"approval.{rule}"] * 2]


async def test_another_hash_carries_nothing_out(make_room: Any) -> None:
    room = await make_room()
    row, other = await approved(room), await approved(room, text="another")
    for sha256 in (other.sha256, row.sha256[:63], "", "0" * 64):
        with refused("approval.hash"):
            await spend(room, row, sha256=sha256)
    assert await notes(room) == []


async def test_when_its_time_is_over_nothing_is_done(make_room: Any) -> None:
    room = await make_room()
    row = await approved(room)
    room.clock.move(3601)
    with refused("approval.expired"):
        await spend(room, row)
    assert await room.state(row) == "expired"


async def test_rules_that_were_changed_since_are_asked_anew(make_room: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    room = await make_room()
    row = await approved(room)
    config = room.project.config
    stricter = evolve(config.approval, policies={"two": ApprovalPolicyConfig(persons=2)})
    monkeypatch.setattr(room.project, "config", evolve(config, approval=stricter))
    book = Logbook()
    with refused("approval.policy_changed"):
        await spend(room, row)
    with refused("approval.policy_changed"):
        await carry_out(room, row, book.write)
    assert (await room.state(row), await notes(room), book.entries) == ("approved", [], [])
    assert await room.rules() == ["approval.policy_changed"] * 2


async def test_a_kind_that_is_gone_is_not_carried_out(make_room: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    room = await make_room()
    row = await approved(room)
    kinds = room.project.registry.entries("approval_kinds")
    left = [kind for kind in kinds if kind.name != "memory"]
    monkeypatch.setattr(room.project.registry, "entries", lambda point: left)
    with refused("approval.no_policy"):
        await spend(room, row)
    assert await room.rules() == ["approval.no_policy"]


async def test_writes_are_the_guards_alone(make_room: Any) -> None:
    room = await make_room()
    row = await room.asked()
    await desk.approve(room.project, row.id, row.sha256, room.who("bob"))
    book = Logbook()
    for attempt in (spend(room, row), carry_out(room, row, book.write)):
        with refused("payload.kind"):
            await attempt
    assert (await room.state(row), book.entries) == ("approved", [])


async def test_a_text_is_not_the_guards(make_room: Any) -> None:
    room = await make_room()
    row = await approved(room)
    assert (await room.apply(row)).rule == "payload.kind"
    assert room.machine.puts == []


async def test_a_grant_is_used_up(make_room: Any) -> None:
    room = await make_room()
    row = await approved(room, "capability_step")
    actor = room.who("alice").actor
    assert (await grant_approved(room.project, row.id, row.sha256, actor)).report == {"granted": ["content"]}
    with refused("approval.done"):
        await grant_approved(room.project, row.id, row.sha256, actor)


async def test_work_elsewhere_is_done_once_and_its_report_kept(make_room: Any) -> None:
    room = await make_room()
    row, book = await approved(room, "logbook_entry"), Logbook()
    done = await carry_out(room, row, book.write)
    assert (done.state, dict(done.report)) == ("done", {"entry": 1})
    with refused("approval.done"):
        await carry_out(room, row, book.write)
    assert book.entries == ["keep this"]


async def test_work_that_fails_leaves_a_doubt_that_is_told_and_never_tried_again(make_room: Any) -> None:
    room = await make_room()
    row, book = await approved(room, "logbook_entry"), Logbook(OSError("connection lost"))
    ended = await carry_out(room, row, book.write)
    assert ended.state == "in_doubt"
    assert "OSError: connection lost; it may have happened" in ended.report["reason"]
    with refused("approval.in_doubt"):
        await carry_out(room, row, book.write)
    assert book.entries == ["keep this"]


async def test_work_that_knows_that_it_did_nothing_has_failed(make_room: Any) -> None:
    room = await make_room()
    row, book = await approved(room, "logbook_entry"), Logbook(NotDoneError("the logbook is read-only"))
    ended = await carry_out(room, row, book.write)
    assert (ended.state, ended.report["reason"], book.entries) == ("failed", "the logbook is read-only", [])


async def test_work_that_is_stopped_leaves_a_doubt(make_room: Any) -> None:
    room = await make_room()
    row, begun = await approved(room, "logbook_entry"), anyio.Event()

    async def endless(content: Mapping[str, Any]) -> Mapping[str, Any]:
        begun.set()
        await anyio.sleep_forever()
        return content

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(carry_out, room, row, endless)
        await begun.wait()
        tasks.cancel_scope.cancel()
    ended = await room.journal.requests.get(row.id)
    assert ended.state == "in_doubt"
    assert "it was stopped" in ended.report["reason"]


async def test_whoever_is_stopped_before_it_begins_has_begun_nothing(make_room: Any) -> None:
    room = await make_room()
    row, book = await approved(room, "logbook_entry"), Logbook()
    with anyio.CancelScope() as scope:
        scope.cancel()
        await carry_out(room, row, book.write)
    assert (await room.state(row), book.entries) == ("approved", [])


async def test_a_report_that_cannot_be_stored_does_not_undo_what_was_done(make_room: Any) -> None:
    room = await make_room()
    row, book = await approved(room, "logbook_entry"), Logbook()

    async def told(content: Mapping[str, Any]) -> Mapping[str, Any]:
        await book.write(content)
        return {"entry": float("nan"), "who": {1, 2}}

    done = await carry_out(room, row, told)
    assert done.state == "done"
    assert "cannot be stored" in done.report["reason"]


async def test_a_document_that_is_swapped_while_it_is_looked_at_is_not_carried_out(
    make_room: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is done is read from the row that was claimed, not from an earlier look at it."""
    room = await make_room()
    row, book = await approved(room, "logbook_entry"), Logbook()
    get = room.journal.requests.get
    swapped = evolve(row, document=row.document.replace("keep this", "keep that"))

    async def get_swapped(request_id: str) -> Any:
        found = await get(request_id)
        return swapped if found.state == "approved" else found

    monkeypatch.setattr(room.journal.requests, "get", get_swapped)
    done = await carry_out(room, row, book.write)
    assert (done.state, book.entries) == ("done", ["keep this"])


async def test_what_a_dead_process_had_begun_is_in_doubt(make_room: Any) -> None:
    """A claim without writes says nothing of what was done, so recovery cannot call it failed."""
    room = await make_room()
    row = await approved(room, "logbook_entry")
    dead = Journal.open(room.project.database)
    await dead.ledger.claim(row.id, row.sha256, room.who("alice").actor, [])
    await dead.aclose()
    assert [orphan.id for orphan in await room.journal.ledger.orphan_requests()] == [row.id]
    ended = await room.journal.ledger.conclude_recovery(row.id)
    assert ended.state == "in_doubt"
