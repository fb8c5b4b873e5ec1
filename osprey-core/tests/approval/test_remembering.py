"""Remembered decisions: the same again, within a scope, a number of uses and a time, and never more."""

from __future__ import annotations

from typing import Any

import pytest

from osprey.approval import desk
from osprey.approval.executing import grant_approved
from osprey.approval.remembering import Wish, use_remembered
from osprey.approval.rules import Facts, ItemFacts
from osprey.errors import RefusedError

pytestmark = pytest.mark.anyio

A, B, C = "X:HCM1:SP", "X:HCM2:SP", "X:HCM3:SP"
OFTEN = {"often": {"remember_uses": 3, "remember_for_s": 600.0}}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def refused(rule: str) -> Any:
    return pytest.raises(RefusedError, check=lambda error: error.rule == rule)


async def remember(room: Any, row: Any, *, uses: int = 2, lasts_s: float = 300.0, **ranges: Any) -> Any:
    """Approve a request and have that remembered; give the remembered decision."""
    wish = Wish(uses=uses, lasts_s=lasts_s, ranges=ranges.get("ranges", {}))
    await desk.approve(room.project, row.id, row.sha256, room.who("bob"), wish=wish)
    return (await room.journal.remembered.list())[-1]


async def test_the_same_again_is_approved_as_often_as_was_said_and_then_a_person_is_asked(make_room: Any) -> None:
    room = await make_room(OFTEN)
    first = await room.asked({A: 1.0})
    assert (await room.apply(first)).rule == "approval.pending"
    kept = await remember(room, first)
    await room.apply(first)
    for _ in range(2):
        again = await room.asked({A: 1.0})
        assert (again.state, again.decided_by) == ("approved", f"remembered:{kept.id}")
        [vote] = await room.journal.requests.decisions(again.id)
        assert (vote.person, vote.method, vote.remembered) == ("bob", "remembered", kept.id)
        assert (await room.apply(again)).status == "done"
    assert (await room.asked({A: 1.0})).state == "pending"
    assert [(row.uses, row.max_uses) for row in await room.journal.remembered.list()] == [(2, 2)]
    assert len(room.machine.puts) == 3


@pytest.mark.parametrize(
    ("groups", "is_covered"),
    [
        ([{A: 1.0}], True),
        ([{A: 2.0}], True),
        ([{A: 0.5}], False),
        ([{A: 2.0000000000000004}], False),
        ([{A: 1.5}, {A: 1.0}], True),
        ([{A: 1.5}, {A: 2.5}], False),
        ([{A: 1.5, B: 1.0}], False),
        ([{B: 1.5}], False),
        ([{C: 3.0}], True),
        ([{A: 1.0, C: 3.0}], True),
        ([{A: 1.0, C: 3.1}], False),
    ],
)
async def test_every_item_has_to_lie_in_the_range_of_its_channel(
    make_room: Any, groups: list[dict[str, float]], is_covered: bool
) -> None:
    room = await make_room(OFTEN)
    await remember(room, await room.asked({A: 1.5, C: 3.0}), ranges={A: (1.0, 2.0)})
    assert (await room.asked(*groups)).state == ("approved" if is_covered else "pending")


async def test_without_a_range_exactly_the_approved_values_are_covered(make_room: Any) -> None:
    room = await make_room(OFTEN)
    await remember(room, await room.asked({A: 1.0}, {A: 3.0}), uses=3)
    assert (await room.asked({A: 1.0})).state == "approved"
    assert (await room.asked({A: 2.0})).state == "approved", "between the first and the last value of one list"
    assert (await room.asked({A: 3.1})).state == "pending"


async def test_another_person_kind_or_text_is_not_covered(make_room: Any) -> None:
    room = await make_room(OFTEN)
    await remember(room, await room.asked({A: 1.0}, by="alice"))
    assert (await room.asked({A: 1.0}, by="dave")).state == "pending"
    assert (await room.asked({A: 1.0}, by="alice", kind="python_executor")).state == "pending"
    await remember(room, await room.asked_text("memory_save", "beam is down"))
    assert (await room.asked_text("memory_save", "beam is up")).state == "pending"
    assert (await room.asked_text("memory_edit", "beam is down")).state == "pending"
    assert (await room.asked_text("memory_save", "beam is down")).state == "approved"


async def test_another_target_is_not_covered_whatever_it_is_said_to_be(make_room: Any) -> None:
    room = await make_room(OFTEN)
    await remember(room, await room.asked({A: 1.0}))
    row = await room.asked({A: 1.0}, target="annex")
    assert row.state == "pending"
    said = Facts(kind="channel_write", target="bench", items=(ItemFacts(channel=A, share=0.0),))
    assert await use_remembered(room.project, row, said) is None, "the document says which target it is"


async def test_when_its_time_is_over_a_person_is_asked(make_room: Any) -> None:
    room = await make_room(OFTEN)
    await remember(room, await room.asked({A: 1.0}), lasts_s=0.000001)
    assert (await room.asked({A: 1.0})).state == "pending"


async def test_what_a_revoked_decision_has_approved_is_not_carried_out(make_room: Any) -> None:
    room = await make_room(OFTEN)
    kept = await remember(room, await room.asked({A: 1.0}))
    waiting = await room.asked({A: 1.0})
    assert waiting.state == "approved"
    await room.journal.remembered.revoke(kept.id, room.who("alice").actor, "beam studies are over")
    assert (await room.apply(waiting)).rule == "approval.revoked"
    assert (await room.asked({A: 1.0})).state == "pending"
    assert room.machine.puts == []
    with refused("approval.remembered"):
        await room.journal.remembered.revoke(kept.id, room.who("alice").actor, "again")


async def test_what_was_carried_out_before_the_revocation_stays_so(make_room: Any) -> None:
    room = await make_room(OFTEN)
    kept = await remember(room, await room.asked({A: 1.0}))
    used = await room.asked({A: 1.0})
    assert (await room.apply(used)).status == "done"
    await room.journal.remembered.revoke(kept.id, room.who("alice").actor, "over")
    assert await room.state(used) == "done"


@pytest.mark.parametrize(
    ("policies", "wish"),
    [
        ({}, Wish(uses=1, lasts_s=1)),
        ({"silent": {"kinds": ["*"]}, **OFTEN}, Wish(uses=1, lasts_s=1)),
        (OFTEN, Wish(uses=4, lasts_s=1)),
        (OFTEN, Wish(uses=1, lasts_s=601)),
        (OFTEN, Wish(uses=1, lasts_s=float("inf"))),
        (OFTEN, Wish(uses=1, lasts_s=float("nan"))),
        (OFTEN, Wish(uses=0, lasts_s=1)),
        (OFTEN, Wish(uses=1, lasts_s=-1)),
        (OFTEN, Wish(uses=1, lasts_s=1, ranges={B: (0, 1)})),
        (OFTEN, Wish(uses=1, lasts_s=1, ranges={A: (float("nan"), 1)})),
        (OFTEN, Wish(uses=1, lasts_s=1, ranges={A: (2, 1)})),
        (OFTEN, Wish(uses=1, lasts_s=1, ranges={A: (5, 6)})),
    ],
)
async def test_what_the_rules_do_not_allow_is_refused_and_approves_nothing(
    make_room: Any, policies: Any, wish: Wish
) -> None:
    room = await make_room(policies)
    row = await room.asked({A: 1.0})
    with refused("approval.not_remembered"):
        await desk.approve(room.project, row.id, row.sha256, room.who("bob"), wish=wish)
    assert await room.state(row) == "pending"
    assert await room.journal.remembered.list() == []
    assert await room.rules() == ["approval.not_remembered"]


async def test_a_decision_of_two_people_is_never_remembered(make_room: Any) -> None:
    room = await make_room({**OFTEN, "two": {"persons": 2}})
    row = await room.asked({A: 1.0})
    with refused("approval.not_remembered"):
        await desk.approve(room.project, row.id, row.sha256, await room.proved("bob"), wish=Wish(uses=1, lasts_s=1))


async def test_what_falls_under_a_stricter_rule_is_not_covered_by_a_decision_on_less(make_room: Any) -> None:
    room = await make_room({**OFTEN, "large": {"change_above": 0.3, "persons": 2}})
    await remember(room, await room.asked({A: 1.0}), ranges={A: (-10, 10)})
    assert (await room.asked({A: 2.0})).state == "approved"
    large = await room.asked({A: 9.0})
    assert (large.state, large.needs.persons) == ("pending", 2)


async def test_a_decision_without_a_secret_does_not_speak_where_one_is_needed(make_room: Any) -> None:
    secret = {"secret": {"authenticated": True, "remember_uses": 3, "remember_for_s": 600.0, "channels": [B]}}
    room = await make_room({**OFTEN, **secret})
    kept = await remember(room, await room.asked({A: 1.0}), ranges={A: (0, 2)})
    assert not kept.is_authenticated
    assert (await room.asked({A: 1.0})).state == "approved"
    row = await room.asked({B: 1.0})
    with refused("approval.not_authenticated"):
        await desk.approve(room.project, row.id, row.sha256, room.who("bob"), wish=Wish(uses=1, lasts_s=1))
    assert len(await room.journal.remembered.list()) == 1, "what was refused is not remembered"
    wish = Wish(uses=1, lasts_s=60)
    await desk.approve(room.project, row.id, row.sha256, await room.proved("bob"), wish=wish)
    assert (await room.asked({B: 1.0})).state == "approved"


async def test_a_text_that_was_remembered_is_granted_again(make_room: Any) -> None:
    room = await make_room(OFTEN)
    kept = await remember(room, await room.asked_text("memory_save", "beam is down"))
    again = await room.asked_text("memory_save", "beam is down")
    assert again.decided_by == f"remembered:{kept.id}"
    done = await grant_approved(room.project, again.id, again.sha256, room.who("alice").actor)
    assert done.state == "done"
