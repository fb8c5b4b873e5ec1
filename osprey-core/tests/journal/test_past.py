"""What became of a request is asked of the audit, so that no change of the tables alone brings one back to life."""

from __future__ import annotations

import shutil

import pytest

from osprey.errors import RefusedError
from osprey.journal import Journal, Needs, NewRemembered, RequestState, Voter
from osprey.storage import Database

pytestmark = pytest.mark.anyio

APPROVED_AGAIN = "UPDATE requests SET state = 'approved'"
END_OF = "event NOT IN ('request.created', 'request.approved') AND subject ="


def refused(rule: str):
    return pytest.raises(RefusedError, check=lambda error: error.rule == rule)


async def rules(desk) -> list[str]:
    return [row.detail["rule"] for row in await desk.journal.audit.log() if row.event == "refused"]


async def reopened(desk) -> None:
    """Start the next process on the same folder."""
    await desk.journal.aclose()
    desk.database.close()
    desk.database = Database.open(desk.state_dir)
    desk.journal = Journal.open(desk.database, clock=desk.clock)


async def withdraw(desk, row) -> None:
    await desk.journal.requests.withdraw(row.id, desk.alice, "not needed")


async def replace(desk, row) -> None:
    await desk.filed(supersedes=row.id)


async def claim(desk, row) -> None:
    await desk.journal.ledger.claim(row.id, row.sha256, desk.bob, [])


async def spend(desk, row) -> None:
    await desk.journal.ledger.spend(row.id, row.sha256, desk.bob, lambda *_: {})


@pytest.mark.parametrize("end", [withdraw, replace, claim, spend])
async def test_a_request_that_has_ended_is_not_carried_out_whatever_its_row_says(desk, end) -> None:
    row = await desk.approved()
    await end(desk, row)
    desk.tamper(f"{APPROVED_AGAIN} WHERE id = '{row.id}'")
    with refused("approval.replayed"):
        await desk.journal.ledger.claim(row.id, row.sha256, desk.bob, [])
    assert (await rules(desk))[-1] == "approval.replayed"


@pytest.mark.parametrize("end", [withdraw, replace, claim, spend])
async def test_nor_if_the_row_of_the_audit_that_tells_of_it_is_taken_out(desk, end) -> None:
    row = await desk.approved()
    await end(desk, row)
    await desk.journal.audit.verify()
    desk.tamper(f"{APPROVED_AGAIN} WHERE id = '{row.id}'", f"DELETE FROM audit WHERE {END_OF} '{row.id}'")  # noqa: S608
    await desk.filed()
    with pytest.raises(RefusedError) as caught:
        await desk.journal.ledger.claim(row.id, row.sha256, desk.bob, [])
    assert caught.value.rule in {"audit.broken", "audit.rolled_back"}


async def test_nor_if_that_row_is_made_to_tell_of_something_else(desk) -> None:
    row = await desk.approved()
    await claim(desk, row)
    desk.tamper(APPROVED_AGAIN, "UPDATE audit SET subject = 'req-x' WHERE event = 'ledger.claimed'")
    with refused("audit.broken"):
        await desk.journal.ledger.claim(row.id, row.sha256, desk.bob, [])


async def test_a_request_that_was_rejected_cannot_be_voted_for_again(desk) -> None:
    row = await desk.filed()
    await desk.journal.requests.reject(row.id, desk.bob, "no")
    desk.tamper("UPDATE requests SET state = 'pending'", "DELETE FROM decisions")
    with refused("approval.replayed"):
        await desk.journal.requests.approve(row.id, row.sha256, desk.alice)


async def test_an_approval_that_the_audit_does_not_tell_of_is_none(desk) -> None:
    row = await desk.filed()
    desk.tamper(APPROVED_AGAIN)
    with refused("approval.undecided"):
        await desk.journal.ledger.claim(row.id, row.sha256, desk.bob, [])


async def test_an_earlier_copy_of_the_database_is_never_worked_on_not_even_after_a_restart(desk, tmp_path) -> None:
    row = await desk.approved()
    await desk.journal.audit.verify()
    kept = tmp_path / "kept"
    shutil.copytree(desk.state_dir, kept)
    await claim(desk, row)
    await desk.journal.ledger.finish(row.id, [], RequestState.DONE, {})
    await desk.journal.aclose()
    desk.database.close()
    for path in desk.state_dir.glob("osprey.db*"):
        path.unlink()
    for path in kept.glob("osprey.db*"):
        shutil.copy(path, desk.state_dir)
    desk.database = Database.open(desk.state_dir)
    desk.journal = Journal.open(desk.database, clock=desk.clock)
    for _ in range(3):
        with refused("audit.rolled_back"):
            await desk.journal.ledger.claim(row.id, row.sha256, desk.bob, [])
        await reopened(desk)
    fresh = await desk.approved()
    with refused("audit.rolled_back"):
        await desk.journal.ledger.claim(fresh.id, fresh.sha256, desk.bob, [])
    assert not (await desk.journal.audit.verify()).is_intact
    (desk.state_dir / "audit.anchor").rename(tmp_path / "evidence")
    await reopened(desk)
    with refused("audit.no_anchor"):
        await desk.journal.ledger.claim(row.id, row.sha256, desk.bob, [])
    await claim(desk, await desk.approved())


async def test_once_the_anchor_was_lost_what_was_approved_before_is_refused_and_what_is_asked_anew_is_not(desk) -> None:
    approved, pending = await desk.approved(), await desk.filed()
    await desk.journal.audit.verify()
    (desk.state_dir / "audit.anchor").unlink()
    await reopened(desk)
    with refused("audit.no_anchor"):
        await desk.journal.ledger.claim(approved.id, approved.sha256, desk.bob, [])
    with refused("audit.no_anchor"):
        await desk.journal.requests.approve(pending.id, pending.sha256, desk.bob)
    await claim(desk, await desk.approved())


async def remembered(desk, uses: int = 1) -> str:
    """Have a decision remembered; give its id."""
    row = await desk.filed(needs=Needs(remember_uses=uses, remember_for_s=600.0))
    ends_ns = desk.clock() + 600 * 10**9
    new = NewRemembered(person="bob", roles=(), is_authenticated=False, max_uses=uses, ends_ns=ends_ns)
    await desk.journal.requests.approve(row.id, row.sha256, desk.bob, voter=Voter(person="bob"), remember=new)
    (kept,) = await desk.journal.remembered.list()
    return kept.id


async def use(desk, remembered_id: str):
    """Have the remembered decision approve one more request."""
    row = await desk.filed()
    voter = Voter(person="bob", method="remembered", remembered=remembered_id)
    return await desk.journal.requests.approve(row.id, row.sha256, desk.bob, voter=voter)


async def test_a_use_of_a_remembered_decision_cannot_be_taken_back(desk) -> None:
    kept = await remembered(desk)
    used = await use(desk, kept)
    desk.tamper(f"DELETE FROM decisions WHERE request_id = '{used.id}'")  # noqa: S608
    with refused("approval.remembered"):
        await use(desk, kept)
    assert [row.uses for row in await desk.journal.remembered.list()] == [0], "what the tables say"


async def test_a_revocation_cannot_be_taken_back(desk) -> None:
    kept = await remembered(desk, uses=5)
    waiting = await use(desk, kept)
    await desk.journal.remembered.revoke(kept, desk.alice, "beam studies are over")
    desk.tamper("UPDATE remembered SET revoked_ns = NULL, revoked_by = NULL")
    with refused("approval.revoked"):
        await desk.journal.ledger.claim(waiting.id, waiting.sha256, desk.bob, [])
    with refused("approval.revoked"):
        await use(desk, kept)
    desk.tamper("DELETE FROM audit WHERE event = 'remembered.revoked'")
    for _ in range(2):
        with refused("audit.broken"):
            await use(desk, kept)


@pytest.mark.parametrize("change", ["max_uses = 99", "ends_ns = 4e18", "scope = '{'", "roles = 'x'", "person = 'eve'"])
async def test_a_remembered_decision_that_was_changed_speaks_for_nothing(desk, change: str) -> None:
    kept = await remembered(desk)
    desk.tamper(f"UPDATE remembered SET {change}")  # noqa: S608
    (row,) = await desk.journal.remembered.list()
    assert not row.is_live(desk.clock())
    assert row.scope == {}
    with refused("approval.forged"):
        await use(desk, kept)


@pytest.mark.parametrize(
    "change",
    ["needs = 'x'", "needs = '[]'", "authors = '{'", "authors = '7'", "state = 'APPROVED'", "expires_ns = 'soon'"],
)
async def test_a_row_that_cannot_be_read_is_in_doubt_and_hides_no_other(desk, change: str) -> None:
    row, other = await desk.approved(lasts_s=10), await desk.filed()
    desk.tamper(f"UPDATE requests SET {change} WHERE id = '{row.id}'")  # noqa: S608
    desk.clock.move(20)
    listed = {each.id: str(each.state) for each in await desk.journal.requests.list()}
    assert listed == {row.id: "in_doubt", other.id: "pending"}
    with refused("approval.in_doubt") as caught:
        await desk.journal.ledger.claim(row.id, row.sha256, desk.bob, [])
    assert "was changed or damaged" in str(caught.value)
    assert (await rules(desk))[-1] == "approval.in_doubt"


@pytest.mark.parametrize("change", ["word = 'yes'", "roles = 'x'", "roles = '3'"])
async def test_a_decision_that_cannot_be_read_is_none(desk, change: str) -> None:
    row = await desk.approved()
    desk.tamper(f"UPDATE decisions SET {change}")  # noqa: S608
    (damaged,) = await desk.journal.requests.decisions(row.id)
    assert damaged.word == "comment"
    with refused("approval.forged"):
        await desk.journal.ledger.claim(row.id, row.sha256, desk.bob, [])


async def test_a_damaged_text_beside_the_document_is_shown_as_nothing_and_never_carried_out(desk) -> None:
    row = await desk.approved()
    desk.tamper("UPDATE requests SET presentation = '{'")
    assert (await desk.journal.requests.get(row.id)).presentation == {}
    with refused("approval.seal"):
        await desk.journal.ledger.claim(row.id, row.sha256, desk.bob, [])
