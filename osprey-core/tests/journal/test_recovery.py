"""Recovery: a dead owner's intents are recorded, a live one's are left alone, a zombie's hands are tied."""

from __future__ import annotations

import pytest

from osprey.errors import RefusedError
from osprey.journal import IntentState, Journal, RequestState

pytestmark = pytest.mark.anyio


def refused(rule: str):
    return pytest.raises(RefusedError, check=lambda error: error.rule == rule)


@pytest.fixture
def other(desk) -> Journal:
    """A second journal of the same project in the same process: another owner."""
    return Journal.open(desk.database, clock=desk.clock)


async def closed_claim(desk, *channels: str, groups: int = 1):
    """A claim whose owner went away without a word."""
    row = await desk.claimed(*channels, groups=groups)
    await desk.journal.aclose()
    return row


async def test_a_live_owner_of_the_same_process_is_left_alone(desk, other: Journal) -> None:
    row = await desk.claimed("A")
    assert await other.ledger.orphans() == []
    assert await other.ledger.orphan_requests() == []
    with refused("ledger.not_owner"):
        await other.ledger.conclude_recovery(row.id)


async def test_an_owner_is_not_its_own_orphan(desk) -> None:
    await desk.claimed("A")
    assert await desk.journal.ledger.orphans() == []


async def test_a_value_that_is_present_is_recorded_so_and_ends_the_request(desk, other: Journal) -> None:
    row = await closed_claim(desk, "A", "B")
    found = await other.ledger.orphans()
    assert [intent.channel for intent in found] == ["A", "B"]
    with refused("ledger.open"):
        await other.ledger.conclude_recovery(row.id)
    for intent in found:
        recorded = await other.ledger.record_recovery(intent, True, "0x1.8p+0", "read back after the crash")
        assert (recorded.state, recorded.outcome) == (IntentState.CLOSED, "present_after_crash")
    ended = await other.ledger.conclude_recovery(row.id)
    assert ended.state is RequestState.DONE
    assert ended.report is not None
    assert ended.report["outcomes"] == {"present_after_crash": 2}
    assert await other.ledger.orphans() == []
    assert not list((desk.state_dir / "owners").glob("*.lock"))


async def test_anything_else_is_a_doubt(desk, other: Journal) -> None:
    row = await closed_claim(desk, "A", "B")
    first, second = await other.ledger.orphans()
    await other.ledger.record_recovery(first, True, "0x1.8p+0", "")
    await other.ledger.record_recovery(second, False, None, "unreachable")
    with refused("ledger.in_doubt"):
        await other.ledger.record_recovery(second, True, "0x1.8p+0", "second thoughts")
    ended = await other.ledger.conclude_recovery(row.id)
    assert ended.state is RequestState.IN_DOUBT
    assert [intent.channel for intent in await other.ledger.doubts()] == ["B"]
    with refused("approval.in_doubt"):
        await other.ledger.conclude_recovery(row.id)


async def test_groups_that_were_never_begun_make_it_partial(desk, other: Journal) -> None:
    row = await closed_claim(desk, "A", groups=3)
    (intent,) = await other.ledger.orphans()
    await other.ledger.record_recovery(intent, True, "0x1.8p+0", "")
    ended = await other.ledger.conclude_recovery(row.id)
    assert ended.state is RequestState.PARTIAL
    assert "1 of 3 groups" in ended.report["reason"]


async def test_receipts_that_say_nothing_was_taken_make_it_failed(desk, other: Journal, make) -> None:
    row = await desk.claimed("A", groups=2)
    await desk.journal.ledger.advance(row.id, make.receipts(0, "failed"), [])
    await desk.journal.aclose()
    assert await other.ledger.orphans() == []
    (claim,) = await other.ledger.orphan_requests()
    ended = await other.ledger.conclude_recovery(claim.id, report={"mine": True})
    assert (ended.state, ended.report) == (RequestState.FAILED, {"mine": True})


async def test_a_claim_without_intents_sent_nothing(desk, other: Journal) -> None:
    row = await desk.approved()
    await desk.journal.ledger.claim(row.id, row.sha256, desk.bob, [])
    await desk.journal.aclose()
    (claim,) = await other.ledger.orphan_requests()
    assert (await other.ledger.conclude_recovery(claim.id)).state is RequestState.FAILED


async def test_the_whole_recovery_is_in_the_audit(desk, other: Journal) -> None:
    row = await closed_claim(desk, "A")
    (intent,) = await other.ledger.orphans()
    await other.ledger.orphans()
    await other.ledger.record_recovery(intent, False, None, "unreachable", actor=desk.alice)
    await other.ledger.conclude_recovery(row.id)
    log = await other.audit.log()
    assert [(entry.event, entry.actor) for entry in log[-3:]] == [
        ("owner.taken_over", "osprey:recovery"),
        ("ledger.recovered", "os:alice"),
        ("ledger.concluded", "osprey:recovery"),
    ]


async def test_an_owner_wrongly_taken_for_dead_can_do_nothing_more(desk, other: Journal, make) -> None:
    row = await desk.claimed("A", groups=2)
    waiting = await desk.approved()
    # Somebody removed the lock file: the one way to take a living owner for dead.
    for path in (desk.state_dir / "owners").glob("*.lock"):
        path.unlink()
    (intent,) = await other.ledger.orphans()
    with refused("ledger.fenced"):
        await desk.journal.ledger.advance(row.id, make.receipts(0, "confirmed"), make.group(1, "A"))
    with refused("ledger.fenced"):
        await desk.journal.ledger.claim(waiting.id, waiting.sha256, desk.bob, make.group(0, "B"))
    with refused("ledger.fenced"):
        await desk.journal.ledger.finish(row.id, make.receipts(0, "confirmed"), RequestState.DONE, {})
    # What the zombie knew of its put is kept for the person who settles the doubt.
    told = [entry for entry in await other.audit.log() if entry.detail.get("what") == "finish"]
    assert told[0].detail["receipts"] == [[0, 0, "confirmed", "0x1.8p+0"]]
    await other.ledger.record_recovery(intent, False, None, "differs")
    assert (await other.ledger.conclude_recovery(row.id)).state is RequestState.IN_DOUBT


async def test_a_recoverer_that_was_taken_over_itself_records_nothing(desk, other: Journal) -> None:
    row = await closed_claim(desk, "A")
    (intent,) = await other.ledger.orphans()
    for path in (desk.state_dir / "owners").glob("*.lock"):
        path.unlink()
    third = Journal.open(desk.database, clock=desk.clock)
    assert await third.ledger.orphans() == [intent]
    with refused("ledger.not_owner"):
        await other.ledger.record_recovery(intent, True, "0x1.8p+0", "")
    await third.ledger.record_recovery(intent, True, "0x1.8p+0", "")
    assert (await third.ledger.conclude_recovery(row.id)).state is RequestState.DONE


async def test_a_recoverer_that_leaves_hands_the_orphans_to_the_next(desk, other: Journal) -> None:
    await closed_claim(desk, "A")
    assert len(await other.ledger.orphans()) == 1
    third = Journal.open(desk.database, clock=desk.clock)
    assert await third.ledger.orphans() == []
    await other.aclose()
    assert len(await third.ledger.orphans()) == 1


async def test_tokens_only_grow(desk, other: Journal) -> None:
    await closed_claim(desk, "A")
    await other.ledger.orphans()
    row = await desk.approved()
    await other.ledger.claim(row.id, row.sha256, desk.bob, [])
    tokens = desk.database.read_sync(
        lambda c: list(c.exec_driver_sql("SELECT token FROM owners ORDER BY started_ns, token").scalars())
    )
    assert sorted(tokens) == [2, 3]


async def test_a_journal_that_only_looks_takes_no_lock(desk) -> None:
    await desk.filed()
    await desk.journal.requests.list()
    assert not (desk.state_dir / "owners").exists()
