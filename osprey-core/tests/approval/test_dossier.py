"""What is shown beside a request: who has said what, who is missing, what stands in the way, what an edit changed."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from osprey.approval import desk
from osprey.approval.agreement import told_of_missing, told_of_needs
from osprey.approval.dossier import dossier_of, votes_of
from osprey.errors import UsageError
from osprey.journal import DecisionWord, Needs

pytestmark = pytest.mark.anyio

TWO = {"two": {"kinds": ["channel_write"], "persons": 2, "roles": {"expert": 1}}}


@pytest.mark.parametrize(
    ("needs", "told"),
    [
        (Needs(), "one person"),
        (Needs(is_authenticated=True), "one person, by a secret"),
        (Needs(roles={"expert": 1}), "one person; 1 with the role expert"),
        (Needs(persons=2), "2 people, each by a secret, none of whom asked for it or edited it"),
    ],
)
def test_what_is_needed_is_a_sentence(needs: Needs, told: str) -> None:
    assert told_of_needs(needs) == told


async def test_a_new_request_tells_who_could_approve_it(make_room: Any) -> None:
    room = await make_room(TWO)
    dossier = await dossier_of(room.project, (await room.asked(by="alice")).id)
    assert dossier.missing == "2 people (bob, carol, dave); still needed: expert"
    assert (dossier.votes, dossier.said, dossier.unmet, dossier.obstacles) == (0, (), "", ())
    assert (dossier.is_editable, dossier.is_partial) == (True, True)


async def test_after_a_vote_only_those_are_named_who_can_bring_what_is_missing(make_room: Any) -> None:
    room = await make_room(TWO)
    row = await room.asked(by="alice")
    await desk.approve(room.project, row.id, row.sha256, await room.proved("bob"))
    dossier = await dossier_of(room.project, row.id)
    assert dossier.votes == 1
    assert dossier.missing == "one more person (carol); still needed: expert"


async def test_everything_that_was_said_is_there_in_order(make_room: Any) -> None:
    room = await make_room()
    row = await room.asked()
    await desk.comment(room.project, row.id, room.who("bob"), "yes but only 5 A")
    await desk.postpone(room.project, row.id, room.who("carol"), "after the shift")
    await desk.reject(room.project, row.id, room.who("dave"), "beam is back")
    dossier = await dossier_of(room.project, row.id)
    said = [(one.person, one.word, one.text) for one in dossier.said]
    assert said == [
        ("bob", DecisionWord.COMMENT, "yes but only 5 A"),
        ("carol", DecisionWord.POSTPONE, "after the shift"),
        ("dave", DecisionWord.REJECT, "beam is back"),
    ]
    assert dossier.missing == ""


async def test_needs_that_nobody_can_meet_are_said(make_room: Any) -> None:
    room = await make_room({"many": {"persons": 4}})
    dossier = await dossier_of(room.project, (await room.asked(by="alice")).id)
    assert "4 people" in dossier.unmet


async def test_an_edit_shows_what_it_changed_on_both_requests(make_room: Any) -> None:
    room = await make_room()
    row = await room.asked({"X:HCM1:SP": 1.5, "X:HCM2:SP": 2.5})
    groups = [[{"channel": "X:HCM1:SP", "value": 1.25}, {"channel": "X:HCM2:SP", "value": 2.5}]]
    newer = await desk.edit(room.project, row.id, {"groups": groups}, room.who("bob"))
    dossier = await dossier_of(room.project, newer.id)
    assert [line.split(" = ")[0] for line in dossier.difference] == ["-X:HCM1:SP", "+X:HCM1:SP", " X:HCM2:SP"]
    assert "1.25" in dossier.difference[1]
    assert dossier.superseded is not None
    assert dossier.superseded.id == row.id
    older = await dossier_of(room.project, row.id)
    assert older.successor is not None
    assert older.successor.id == newer.id
    assert not older.is_editable


async def test_a_vote_that_was_slipped_in_counts_for_nobody_and_is_said(make_room: Any) -> None:
    room = await make_room(TWO)
    row = await room.asked(by="alice")
    await desk.approve(room.project, row.id, row.sha256, await room.proved("bob"))
    copied = "INSERT INTO decisions SELECT request_id, 2, word, actor, terminal, host, 'carol', roles, method, "
    copied += "is_authenticated, ns, sha256, text, remembered, seal FROM decisions"
    await room.project.database.safety.run(lambda connection: connection.execute(text(copied)))
    dossier = await dossier_of(room.project, row.id)
    assert dossier.votes == 0
    assert "written without the audit's key" in dossier.obstacles[0]
    assert await votes_of(room.project, [row]) == {row.id: 0}


async def test_rules_that_changed_since_are_an_obstacle(make_room: Any) -> None:
    room = await make_room()
    row = await room.asked()
    other = await make_room(TWO)
    assert room.project.config.approval.version != other.project.config.approval.version
    object.__setattr__(room.project.config, "approval", other.project.config.approval)
    dossier = await dossier_of(room.project, row.id)
    assert ["are not those" in obstacle for obstacle in dossier.obstacles] == [True]


async def test_a_request_without_writes_has_neither_movement_nor_items(make_room: Any) -> None:
    room = await make_room()
    dossier = await dossier_of(room.project, (await room.asked_text()).id)
    assert dossier.movement is None
    assert dossier.is_editable, "a memory's text can be changed"
    assert not dossier.is_partial


async def test_nobody_is_missing_where_nothing_is_asked(make_room: Any) -> None:
    room = await make_room()
    row = await room.asked()
    approved = await desk.approve(room.project, row.id, row.sha256, room.who("bob"))
    said = await room.journal.requests.decisions(row.id)
    assert told_of_missing(room.project.config.approval, approved, said) == ""


async def test_an_unknown_request_is_a_wrong_command(make_room: Any) -> None:
    room = await make_room()
    with pytest.raises(UsageError, match="there is no request"):
        await dossier_of(room.project, "req-none")
