"""Who somebody is: by the operating system's word, or by a secret that only they know."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from osprey.approval import people
from osprey.approval.people import authenticate, hash_secret, identity_of_peer, person_of
from osprey.control import Actor
from osprey.errors import RefusedError, UsageError

pytestmark = pytest.mark.anyio


def refused(rule: str) -> Any:
    return pytest.raises(RefusedError, check=lambda error: error.rule == rule)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_the_right_secret_proves_who_somebody_is_whoevers_terminal_it_is(make_room: Any) -> None:
    room = await make_room()
    identity = await room.proved("bob", at="alice")
    assert identity.actor.subject == "os:alice"
    assert (identity.voter.person, identity.voter.method, identity.voter.is_authenticated) == ("bob", "secret", True)
    assert identity.voter.roles == ("operator",)


async def test_a_wrong_secret_is_refused_and_audited(make_room: Any) -> None:
    room = await make_room()
    with refused("approval.secret"):
        await authenticate(room.project, "bob", "the secret of alice")
    [row] = await room.journal.audit.log()
    assert (row.event, row.subject, row.detail["rule"]) == ("refused", "person:bob", "approval.secret")
    assert "the secret of alice" not in str(row)


async def test_whoever_guesses_does_not_learn_whether_there_is_such_a_person(
    make_room: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = await make_room()
    work: list[str] = []
    digest = people._digest

    def counted(secret: str, *arguments: Any) -> bytes:
        work.append(secret)
        return digest(secret, *arguments)

    monkeypatch.setattr(people, "_digest", counted)
    told = []
    for name in ("bob", "nobody"):
        with refused("approval.secret") as caught:
            await authenticate(room.project, name, "guess")
        told.append(str(caught.value).replace(name, "NAME"))
    assert told[0] == told[1]
    assert work == ["guess", "guess"], "both cost the same"


async def test_five_wrong_secrets_lock_a_person_for_a_while_and_nobody_else(make_room: Any) -> None:
    room = await make_room()
    for _ in range(5):
        with refused("approval.secret"):
            await authenticate(room.project, "bob", "guess")
    with refused("approval.locked"):
        await room.proved("bob")
    assert (await room.proved("carol")).voter.person == "carol"
    assert await room.rules() == ["approval.secret"] * 5 + ["approval.locked"]


async def test_an_attempt_while_locked_does_not_prolong_the_lock(make_room: Any) -> None:
    room = await make_room()
    room.clock.move(-16 * 60)
    for _ in range(5):
        with refused("approval.secret"):
            await authenticate(room.project, "bob", "guess")
    room.clock.move(16 * 60)
    assert (await room.proved("bob")).voter.person == "bob"


async def test_many_guesses_at_once_are_no_more_than_many_in_turn(
    make_room: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever lets a hundred processes guess before the first is refused must not get a hundred guesses."""
    room = await make_room()
    refusals: list[str] = []
    at_once = 12

    async def guess(secret: str) -> None:
        try:
            await authenticate(room.project, "bob", secret)
        except RefusedError as error:
            refusals.append(error.rule)

    async with anyio.create_task_group() as tasks:
        for _ in range(at_once):
            tasks.start_soon(guess, "guess")
    with refused("approval.locked"):
        await room.proved("bob")
    assert refusals.count("approval.secret") <= 5
    assert len(refusals) == at_once


async def test_what_no_text_encoding_knows_is_a_wrong_secret(make_room: Any) -> None:
    room = await make_room()
    with refused("approval.secret"):
        await authenticate(room.project, "bob", "\udcff")


async def test_a_peer_of_another_user_is_known_by_the_system_and_one_of_ours_is_not(make_room: Any) -> None:
    room = await make_room()
    actor = Actor(subject="os:bob")
    assert identity_of_peer(room.project, actor, is_other_user=True).voter.is_authenticated
    assert not identity_of_peer(room.project, actor, is_other_user=False).voter.is_authenticated


async def test_a_subject_is_one_person_and_an_unknown_one_is_itself(make_room: Any) -> None:
    room = await make_room()
    config = room.project.config.approval
    assert person_of(config, "os:alice") == "alice"
    assert person_of(config, "os:mallory") == "os:mallory"
    assert person_of(config, "alice") == "alice"
    assert room.who("mallory").voter.roles == ()


def test_a_hash_has_its_own_salt_and_a_short_secret_is_none() -> None:
    with pytest.raises(UsageError, match="at least 6 characters"):
        hash_secret("12345")
    first, second = hash_secret("123456"), hash_secret("123456")
    assert first != second
    assert "123456" not in first.split(":")
