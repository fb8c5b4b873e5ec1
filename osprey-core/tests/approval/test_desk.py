"""The desk: what a person's word does to a request, and what it cannot do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from osprey.approval import desk
from osprey.errors import RefusedError, UsageError

pytestmark = pytest.mark.anyio

TWO = {"two": {"persons": 2}}
TWO_WITH_EXPERT = {"two": {"persons": 2, "roles": {"expert": 1}}}
A, B, C = "X:HCM1:SP", "X:HCM2:SP", "X:HCM3:SP"
OLD = {A: 1.0, B: 2.0, C: 3.0}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def refused(rule: str) -> Any:
    return pytest.raises(RefusedError, check=lambda error: error.rule == rule)


def channels_of(row: Any) -> list[str]:
    return [item["channel"] for group in json.loads(row.document)["writes"]["groups"] for item in group]


async def agree(room: Any, row: Any, *names: str) -> Any:
    """Have people approve one after the other, each by their secret."""
    for name in names:
        row = await desk.approve(room.project, row.id, row.sha256[:8], await room.proved(name))
    return row


async def test_one_person_approves_what_no_rule_asks_more_for(make_room: Any) -> None:
    room = await make_room()
    row = await room.asked()
    done = await desk.approve(room.project, row.id, row.sha256[:8], room.who("alice"))
    assert (done.state, done.decided_by) == ("approved", "os:alice")
    assert (await room.apply(row)).status == "done"
    assert len(room.machine.puts) == 1


async def test_two_people_approve_and_until_then_nothing_can_be_carried_out(make_room: Any) -> None:
    room = await make_room(TWO)
    row = await room.asked(by="alice")
    assert (await agree(room, row, "bob")).state == "pending"
    report = await room.apply(row)
    assert (report.status, report.rule) == ("refused", "approval.pending")
    assert (await agree(room, row, "carol")).state == "approved"
    assert (await room.apply(row)).status == "done"
    approvals = [vote.person for vote in await room.journal.requests.decisions(row.id)]
    assert approvals == ["bob", "carol"]


async def test_whoever_asked_does_not_count_not_even_with_a_secret_at_another_terminal(make_room: Any) -> None:
    room = await make_room(TWO)
    row = await room.asked(by="alice")
    for at in ("alice", "bob"):
        with refused("approval.requester"):
            await desk.approve(room.project, row.id, row.sha256, await room.proved("alice", at=at))
    assert await room.rules() == ["approval.requester"] * 2


async def test_without_a_secret_nobody_counts_where_two_have_to(make_room: Any) -> None:
    room = await make_room(TWO)
    row = await room.asked()
    with refused("approval.not_authenticated"):
        await desk.approve(room.project, row.id, row.sha256, room.who("bob"))
    assert await room.state(row) == "pending"


async def test_nobody_votes_twice(make_room: Any) -> None:
    room = await make_room(TWO)
    row = await room.asked()
    await agree(room, row, "bob")
    with refused("approval.voted"):
        await agree(room, row, "bob")
    with refused("approval.voted"):
        await desk.approve(room.project, row.id, row.sha256, await room.proved("bob", at="dave"))


async def test_the_last_place_is_kept_for_the_role_that_is_missing(make_room: Any) -> None:
    room = await make_room(TWO_WITH_EXPERT)
    row = await room.asked()
    await agree(room, row, "bob")
    with refused("approval.not_entitled"):
        await agree(room, row, "dave")
    assert (await agree(room, row, "carol")).state == "approved"


async def test_one_no_is_enough_whoever_has_voted(make_room: Any) -> None:
    room = await make_room(TWO)
    row = await room.asked()
    await agree(room, row, "bob")
    rejected = await desk.reject(room.project, row.id, room.who("dave"), "beam is stored")
    assert (rejected.state, rejected.reason, rejected.decided_by) == ("rejected", "beam is stored", "os:dave")
    with refused("approval.rejected"):
        await agree(room, row, "carol")


async def test_another_hash_and_too_short_a_one_approve_nothing(make_room: Any) -> None:
    room = await make_room()
    row, other = await room.asked(), await room.asked({B: 2.0})
    for prefix in (other.sha256, other.sha256[:8], row.sha256[:7], "", "yes"):
        with refused("approval.hash"):
            await desk.approve(room.project, row.id, prefix, room.who("bob"))
    assert await room.rules() == ["approval.hash"] * 5


async def test_those_who_asked_or_approved_withdraw_and_nobody_else(make_room: Any) -> None:
    room = await make_room()
    row = await room.asked(by="alice")
    await desk.approve(room.project, row.id, row.sha256, room.who("bob"))
    with refused("approval.not_yours"):
        await desk.withdraw(room.project, row.id, room.who("dave"), "why not")
    assert await room.state(row) == "approved"
    assert (await desk.withdraw(room.project, row.id, room.who("bob"), "changed my mind")).state == "withdrawn"
    assert (await room.apply(row)).rule == "approval.withdrawn"
    again = await room.asked(by="alice")
    assert (await desk.withdraw(room.project, again.id, room.who("alice"), "not needed")).state == "withdrawn"


async def test_a_remark_gives_nobody_a_part_in_a_request(make_room: Any) -> None:
    room = await make_room()
    row = await room.asked(by="alice")
    await desk.comment(room.project, row.id, room.who("dave"), "looks odd")
    await desk.postpone(room.project, row.id, room.who("dave"), "after the shift")
    with refused("approval.not_yours"):
        await desk.withdraw(room.project, row.id, room.who("dave"), "mine now")


@pytest.mark.parametrize("text", ["yes", "approve", "yes but only 5 A", "reject", "approve {hash}"])
async def test_a_remark_decides_nothing_whatever_it_says(make_room: Any, text: str) -> None:
    room = await make_room()
    row = await room.asked()
    said = text.format(hash=row.sha256[:8])
    assert (await desk.comment(room.project, row.id, room.who("bob"), said)).state == "pending"
    assert (await desk.postpone(room.project, row.id, room.who("bob"), said)).state == "pending"
    kept = await room.journal.requests.decisions(row.id)
    assert [(decision.word, decision.text) for decision in kept] == [("comment", said), ("postpone", said)]
    assert (await room.apply(row)).rule == "approval.pending"


async def test_an_edit_is_a_new_request_that_nobody_has_approved(make_room: Any) -> None:
    room = await make_room()
    row = await room.asked(OLD)
    await desk.approve(room.project, row.id, row.sha256, room.who("bob"))
    edited = await desk.edit(
        room.project, row.id, {"groups": [[{"channel": A, "value": 0.5, "unit": "A"}]]}, room.who("bob")
    )
    assert (edited.state, edited.supersedes, await room.state(row)) == ("pending", row.id, "superseded")
    assert edited.authors == ("alice", "bob")
    assert (await room.apply(row)).rule == "approval.superseded"
    with refused("approval.hash"):
        await desk.approve(room.project, edited.id, row.sha256, room.who("bob"))
    await desk.approve(room.project, edited.id, edited.sha256, room.who("bob"))
    assert (await room.apply(edited)).status == "done"
    assert [(put.channel, put.value) for put in room.machine.puts] == [(A, 0.5)]


async def test_an_edit_is_checked_again_all_of_it(make_room: Any) -> None:
    room = await make_room()
    row = await room.asked(OLD)
    with refused("limits.max"):
        await desk.edit(room.project, row.id, {"groups": [[{"channel": A, "value": 11.0}]]}, room.who("bob"))
    assert await room.state(row) == "pending"
    assert (await room.rules())[-1] == "limits.max", "a refusal leaves its row"


async def test_an_edit_falls_under_the_rules_for_what_it_has_become(make_room: Any) -> None:
    room = await make_room({"large": {"change_above": 0.3, "persons": 2}, "closed": {"channels": [B], "deny": "no"}})
    row = await room.asked({A: 0.1})
    assert row.needs.persons == 1
    edited = await desk.edit(room.project, row.id, {"groups": [[{"channel": A, "value": 9.0}]]}, room.who("bob"))
    assert edited.needs.persons == 2
    with refused("approval.denied"):
        await desk.edit(room.project, edited.id, {"groups": [[{"channel": B, "value": 0.1}]]}, room.who("bob"))
    assert await room.state(edited) == "pending"


@pytest.mark.parametrize("at", ["bob", "alice"])
async def test_an_editor_does_not_count_at_whoevers_terminal_they_were(make_room: Any, at: str) -> None:
    """Somebody who shows a secret at another's terminal is the author of what they edit there."""
    room = await make_room(TWO)
    row = await room.asked(OLD, by="alice")
    edited = await desk.edit(
        room.project, row.id, {"groups": [[{"channel": A, "value": 0.5}]]}, await room.proved("bob", at=at)
    )
    assert set(edited.authors) == {"alice", "bob"}
    with refused("approval.requester"):
        await agree(room, edited, "bob")
    assert (await agree(room, edited, "carol", "dave")).state == "approved"


async def test_what_is_closed_cannot_be_edited(make_room: Any) -> None:
    room = await make_room()
    row = await room.asked()
    await desk.reject(room.project, row.id, room.who("bob"), "no")
    with refused("approval.rejected"):
        await desk.edit(room.project, row.id, {"groups": [[{"channel": A, "value": 0.5}]]}, room.who("bob"))
    with refused("approval.rejected"):
        await desk.approve_some(room.project, row.id, row.sha256, [1], room.who("bob"))
    assert await room.rules() == ["approval.rejected"] * 2


@pytest.mark.parametrize("edited", [{}, [], {"groups": 3}, {"groups": [["x"]]}, {"groups": [[{"channel": A}]]}])
async def test_an_edit_without_a_meaning_changes_nothing(make_room: Any, edited: Any) -> None:
    room = await make_room()
    row = await room.asked()
    with pytest.raises(UsageError):
        await desk.edit(room.project, row.id, edited, room.who("bob"))
    assert await room.state(row) == "pending"


async def test_nothing_left_to_write_is_no_edit(make_room: Any) -> None:
    room = await make_room()
    row = await room.asked()
    with refused("batch.empty"):
        await desk.edit(room.project, row.id, {"groups": [[]]}, room.who("bob"))
    assert await room.state(row) == "pending"
    assert await room.rules() == ["batch.empty"]


@pytest.mark.parametrize("chosen", [[1], [2], [3], [1, 3], [3, 1, 1]])
async def test_a_part_is_approved_and_exactly_that_part_is_carried_out(make_room: Any, chosen: list[int]) -> None:
    room = await make_room()
    row = await room.asked({A: 1.0, B: 2.0}, {C: 3.0})
    part = await desk.approve_some(room.project, row.id, row.sha256[:8], chosen, room.who("bob"))
    wanted = [name for number, name in enumerate((A, B, C), start=1) if number in chosen]
    assert (part.state, await room.state(row)) == ("approved", "superseded")
    assert channels_of(part) == wanted
    assert (await room.apply(part)).status == "done"
    assert [(put.channel, put.value) for put in room.machine.puts] == [(name, OLD[name]) for name in wanted]
    assert (await room.apply(row)).rule == "approval.superseded"


@pytest.mark.parametrize("chosen", [[], [0], [4], [-1], [1, 4]])
async def test_a_part_that_is_not_there_is_refused_with_the_numbers_that_are(make_room: Any, chosen: list[int]) -> None:
    room = await make_room()
    row = await room.asked(OLD)
    with pytest.raises(UsageError, match="items 1 to 3"):
        await desk.approve_some(room.project, row.id, row.sha256[:8], chosen, room.who("bob"))
    assert await room.state(row) == "pending"


async def test_a_part_needs_the_hash_of_the_whole(make_room: Any) -> None:
    room = await make_room()
    row = await room.asked(OLD)
    for prefix in ("0" * 64, row.sha256[:7], ""):
        with refused("approval.hash"):
            await desk.approve_some(room.project, row.id, prefix, [1], room.who("bob"))
    assert await room.state(row) == "pending"
    assert await room.rules() == ["approval.hash"] * 3


async def test_a_part_that_two_have_to_approve_waits_for_two_others(make_room: Any) -> None:
    room = await make_room(TWO)
    row = await room.asked(OLD, by="alice")
    part = await desk.approve_some(room.project, row.id, row.sha256, [1], await room.proved("bob"))
    assert (part.state, set(part.authors)) == ("pending", {"alice", "bob"})
    assert (await agree(room, part, "carol", "dave")).state == "approved"


async def test_of_what_is_no_list_no_part_can_be_approved(make_room: Any) -> None:
    room = await make_room()
    row = await room.asked_text()
    with pytest.raises(UsageError, match="no part can be approved"):
        await desk.approve_some(room.project, row.id, row.sha256, [1], room.who("bob"))


async def test_what_has_expired_is_nobodys_no_and_cannot_be_decided(make_room: Any) -> None:
    room = await make_room()
    row = await room.asked()
    room.clock.move(3601)
    with refused("approval.expired"):
        await desk.approve(room.project, row.id, row.sha256, room.who("bob"))
    stored = await room.journal.requests.get(row.id)
    assert (stored.state, stored.decided_by, await room.journal.requests.decisions(row.id)) == ("expired", None, [])
    assert [(e.event, e.actor) for e in await room.journal.audit.log() if e.event == "request.expired"] == [
        ("request.expired", "osprey:clock")
    ]


async def test_a_kind_that_nothing_declares_any_more_cannot_be_approved(
    make_room: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = await make_room()
    row = await room.asked_text()
    kinds = room.project.registry.entries("approval_kinds")
    monkeypatch.setattr(
        room.project.registry, "entries", lambda point: [kind for kind in kinds if kind.name != "memory"]
    )
    for attempt in (
        desk.approve(room.project, row.id, row.sha256, room.who("bob")),
        desk.edit(room.project, row.id, {"content": "x"}, room.who("bob")),
        desk.approve_some(room.project, row.id, row.sha256, [1], room.who("bob")),
    ):
        with refused("approval.no_policy"):
            await attempt
    assert await room.rules() == ["approval.no_policy"] * 3


async def test_what_a_terminal_could_not_decode_is_no_remark_and_no_crash(make_room: Any) -> None:
    room = await make_room()
    row = await room.asked()
    with pytest.raises(UsageError, match="lone surrogates"):
        await desk.comment(room.project, row.id, room.who("bob"), "yes\udcff")
    with pytest.raises(UsageError, match="lone surrogates"):
        await desk.reject(room.project, row.id, room.who("bob"), "no\udcff")
    assert await room.state(row) == "pending"
