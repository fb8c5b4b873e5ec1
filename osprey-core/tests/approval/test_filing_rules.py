"""Filing: what the rules refuse is not stored, and stands in the audit, whichever way it was filed."""

from __future__ import annotations

from typing import Any

import anyio.to_thread
import pytest
from attrs import evolve

from osprey.approval import Draft, Facts, desk, file_request
from osprey.approval.filing import file_request_sync
from osprey.approval.kinds import registration_of
from osprey.approval.kinds.document import write_content
from osprey.errors import RefusedError

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def draft(room: Any, kind: str) -> Draft:
    return Draft(
        document=write_content(kind, {"content": "x"}),
        title="x",
        thread="t",
        risk="",
        actor=room.who("alice").actor,
        facts=Facts(kind=kind),
    )


async def file_in_thread(project: Any, new: Draft) -> Any:
    """File as a caller does that cannot await."""
    return await anyio.to_thread.run_sync(file_request_sync, project, new)


WAYS = pytest.mark.parametrize("file", [file_request, file_in_thread])


@WAYS
@pytest.mark.parametrize(("kind", "rule"), [("no_such_kind", "approval.no_policy"), ("deployment", "approval.denied")])
async def test_what_may_not_be_asked_is_not_stored_but_audited(make_room: Any, file: Any, kind: str, rule: str) -> None:
    room = await make_room({"closed": {"kinds": ["deployment"], "deny": "not from here"}})
    with pytest.raises(RefusedError) as caught:
        await file(room.project, draft(room, kind))
    assert caught.value.rule == rule
    assert await room.journal.requests.list() == []
    [row] = await room.journal.audit.log()
    assert (row.event, row.actor, row.detail["rule"], row.detail["kind"]) == ("refused", "os:alice", rule, kind)


@WAYS
async def test_what_is_filed_has_its_needs_its_authors_and_the_version_of_the_rules(make_room: Any, file: Any) -> None:
    room = await make_room(
        {"two": {"kinds": ["memory_*"], "persons": 2, "roles": {"expert": 1}, "expires_after_s": 60}}
    )
    row = await file(room.project, draft(room, "memory_save"))
    assert (row.needs.persons, dict(row.needs.roles), row.authors) == (2, {"expert": 1}, ("alice",))
    assert row.needs.rules == ("approval.one_person", "approval.policies.two")
    assert row.policy == room.project.config.approval.version
    assert 0 < row.expires_ns - row.created_ns <= 61e9


async def test_what_nobody_can_approve_says_so(make_room: Any) -> None:
    room = await make_room({"many": {"persons": 4}})
    row = await room.asked(by="alice")
    assert "nobody can approve this as things are: 4 people with a secret" in row.presentation["standing"][0]


async def test_what_an_edit_makes_of_a_text_is_under_the_rules_of_its_target_too(make_room: Any) -> None:
    room = await make_room({"ring": {"targets": ["ring"], "persons": 2}})
    kind = "logbook_entry"
    new = evolve(
        draft(room, kind),
        document=write_content(kind, {"title": "x", "text": "y", "target": "ring"}),
        facts=Facts(kind=kind, target="ring"),
    )
    row = await file_request(room.project, new)
    edited = await desk.edit(room.project, row.id, {"text": "z"}, room.who("alice"))
    assert (row.needs.persons, edited.needs.persons) == (2, 2)


async def test_the_step_of_a_capability_without_a_kind_for_steps_is_refused(
    make_room: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = await make_room()
    registry = room.project.registry
    entries = registry.entries

    def without_steps(group: str) -> Any:
        return [entry for entry in entries(group) if entry.name != "capability_step"]

    assert registration_of(room.project, "channel_read").name == "capability_step"
    monkeypatch.setattr(registry, "entries", without_steps)
    with pytest.raises(RefusedError) as caught:
        registration_of(room.project, "channel_read")
    assert caught.value.rule == "approval.no_policy"
