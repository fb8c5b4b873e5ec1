"""The ledger: one claim, intents before puts, receipts after them, and no doubt that is not shown."""

from __future__ import annotations

import pytest
from attrs import evolve

from osprey.errors import ConflictError, RefusedError, StorageError, UsageError
from osprey.journal import IntentState, Journal, RequestState, Settlement

pytestmark = pytest.mark.anyio


def refused(rule: str):
    return pytest.raises(RefusedError, check=lambda error: error.rule == rule)


async def test_a_claim_opens_the_first_group_and_a_finish_closes_it(desk, make) -> None:
    claimed = await desk.claimed("A", "B")
    assert (claimed.state, claimed.claimed_by, claimed.groups) == (RequestState.CLAIMED, "os:bob", 1)
    assert await desk.journal.requests.get(claimed.id) == claimed
    opened = await desk.journal.ledger.list()
    assert [(row.channel, row.state, row.value) for row in opened] == [
        ("A", IntentState.OPEN, "0x1.8p+0"),
        ("B", IntentState.OPEN, "0x1.8p+0"),
    ]
    report = {"status": "done", "items": [1, 2]}
    done = await desk.journal.ledger.finish(
        claimed.id, make.receipts(0, "confirmed", "confirmed"), RequestState.DONE, report
    )
    assert (done.state, done.report, done.finished_ns) == (RequestState.DONE, report, desk.clock())
    assert await desk.journal.ledger.list() == []
    kept = await desk.journal.ledger.intents_of(claimed.id)
    assert [(row.outcome, row.observed) for row in kept] == [("confirmed", "0x1.8p+0")] * 2


async def test_groups_follow_one_another(desk, make) -> None:
    row = await desk.claimed("A", groups=3)
    for number in (1, 2):
        await desk.journal.ledger.advance(row.id, make.receipts(number - 1, "confirmed"), make.group(number, "A"))
        assert [intent.group for intent in await desk.journal.ledger.list()] == [number]
    await desk.journal.ledger.finish(row.id, make.receipts(2, "confirmed"), RequestState.DONE, {})
    assert [intent.group for intent in await desk.journal.ledger.list(unresolved_only=False)] == [0, 1, 2]


async def test_a_request_is_claimed_once(desk, make) -> None:
    row = await desk.claimed("A")
    with refused("approval.claimed"):
        await desk.journal.ledger.claim(row.id, row.sha256, desk.bob, make.group(0, "B"))
    await desk.journal.ledger.finish(row.id, make.receipts(0, "confirmed"), RequestState.DONE, {})
    with refused("approval.done"):
        await desk.journal.ledger.claim(row.id, row.sha256, desk.bob, make.group(0, "A"))


async def test_what_is_not_approved_is_not_claimed(desk, make) -> None:
    row = await desk.filed()
    with refused("approval.pending"):
        await desk.journal.ledger.claim(row.id, row.sha256, desk.bob, make.group(0, "A"))
    with refused("approval.unknown"):
        await desk.journal.ledger.claim("req-x", row.sha256, desk.bob, make.group(0, "A"))
    assert await desk.journal.ledger.list(unresolved_only=False) == []


@pytest.mark.parametrize("change", [lambda text: "", lambda text: text[:63], lambda text: "0" * 64])
async def test_a_claim_names_the_whole_hash(desk, make, change) -> None:
    row = await desk.approved()
    with refused("approval.hash"):
        await desk.journal.ledger.claim(row.id, change(row.sha256), desk.bob, make.group(0, "A"))
    assert (await desk.journal.requests.get(row.id)).state is RequestState.APPROVED


async def test_a_document_changed_after_the_approval_is_not_claimed(desk, make) -> None:
    row = await desk.approved()
    desk.tamper("UPDATE requests SET document = document || ' '")
    with refused("approval.hash"):
        await desk.journal.ledger.claim(row.id, row.sha256, desk.bob, make.group(0, "A"))


async def test_an_approval_that_ran_out_is_not_claimed_and_is_recorded_as_expired(desk, make) -> None:
    row = await desk.approved(lasts_s=10)
    desk.clock.move(10)
    with refused("approval.expired"):
        await desk.journal.ledger.claim(row.id, row.sha256, desk.bob, make.group(0, "A"))
    assert (await desk.journal.requests.get(row.id)).state is RequestState.EXPIRED
    assert (await desk.events())[-2:] == ["request.expired", "refused"]


async def test_a_clock_that_went_back_refuses_the_claim(desk, make) -> None:
    row = await desk.approved()
    desk.clock.move(-1)
    desk.clock.move(-0.001)
    with refused("approval.clock"):
        await desk.journal.ledger.claim(row.id, row.sha256, desk.bob, make.group(0, "A"))
    with refused("approval.clock"):
        # The refusal itself was recorded with the wrong time; that must not make it right.
        await desk.journal.ledger.claim(row.id, row.sha256, desk.bob, make.group(0, "A"))
    desk.clock.move(0.001)
    await desk.journal.ledger.claim(row.id, row.sha256, desk.bob, make.group(0, "A"))


async def test_a_clock_that_had_run_ahead_is_accepted_by_a_person_only(desk, make) -> None:
    row = await desk.approved(lasts_s=1e6)
    desk.clock.move(1e5)
    await desk.filed()
    desk.clock.move(-1e5)
    with refused("approval.clock"):
        await desk.journal.ledger.claim(row.id, row.sha256, desk.bob, make.group(0, "A"))
    with pytest.raises(UsageError, match="needs a reason"):
        await desk.journal.audit.accept_clock(desk.bob, "")
    await desk.journal.audit.accept_clock(desk.bob, "the time server was wrong")
    await desk.journal.ledger.claim(row.id, row.sha256, desk.bob, make.group(0, "A"))
    assert (await desk.journal.audit.verify()).is_intact


async def test_a_halt_stops_claims_and_further_groups_until_it_is_released(desk, make) -> None:
    running = await desk.claimed("A", groups=2)
    halted = await desk.journal.halt.set(desk.alice, "smoke in the hall")
    waiting = await desk.approved()
    assert (halted.is_set, halted.actor, halted.reason) == (True, "os:alice", "smoke in the hall")
    with refused("ledger.halted") as caught:
        await desk.journal.ledger.claim(waiting.id, waiting.sha256, desk.bob, make.group(0, "B"))
    assert "smoke in the hall" in str(caught.value)
    with refused("ledger.halted"):
        await desk.journal.ledger.advance(running.id, make.receipts(0, "confirmed"), make.group(1, "A"))
    # The receipts of what was sent are facts, whatever was refused.
    assert (await desk.journal.ledger.intents_of(running.id))[0].outcome == "confirmed"
    await desk.journal.ledger.finish(running.id, [], RequestState.PARTIAL, {})
    assert not (await desk.journal.halt.release(desk.alice, "false alarm")).is_set
    await desk.journal.ledger.claim(waiting.id, waiting.sha256, desk.bob, make.group(0, "B"))


async def test_a_halt_takes_back_what_was_approved_and_not_begun_and_nothing_else(desk, make) -> None:
    running, approved, pending = await desk.claimed("A"), await desk.approved(), await desk.filed()
    over = await desk.approved(lasts_s=5)
    desk.clock.move(10)
    halted = await desk.journal.halt.set(desk.bob, "smoke in the hall")
    assert halted.revoked == (approved.id,)
    states = {row.id: row.state for row in await desk.journal.requests.list()}
    assert states[approved.id] is RequestState.WITHDRAWN
    assert states[over.id] is RequestState.EXPIRED
    assert states[pending.id] is RequestState.PENDING
    assert states[running.id] is RequestState.CLAIMED
    row = await desk.journal.requests.get(approved.id)
    assert (row.decided_by, row.reason) == ("os:bob", "all was halted: smoke in the hall")
    await desk.journal.halt.release(desk.alice, "false alarm")
    with refused("approval.withdrawn"):
        await desk.journal.ledger.claim(approved.id, approved.sha256, desk.bob, make.group(0, "B"))
    told = [(row.event, row.subject) for row in await desk.journal.audit.log(limit=5)]
    assert ("request.withdrawn", approved.id) in told
    assert (await desk.journal.audit.verify()).is_intact


async def test_a_halt_is_seen_by_another_journal_at_once(desk) -> None:
    other = Journal.open(desk.database, clock=desk.clock)
    with pytest.raises(UsageError, match="need a reason"):
        await other.halt.set(desk.bob, " ")
    await other.halt.set(desk.bob, "stop")
    assert (await desk.journal.halt.state()).is_set


async def test_one_unresolved_intent_a_channel(desk, make) -> None:
    first = await desk.claimed("A", "B")
    second = await desk.approved()
    with refused("ledger.channel_busy") as caught:
        await desk.journal.ledger.claim(second.id, second.sha256, desk.bob, make.group(0, "C", "B"))
    assert first.id in str(caught.value)
    assert (await desk.journal.requests.get(second.id)).state is RequestState.APPROVED
    other_target = [evolve(intent, target="linac") for intent in make.group(0, "B")]
    await desk.journal.ledger.claim(second.id, second.sha256, desk.bob, other_target)


async def test_the_index_alone_would_hold_the_channel(desk) -> None:
    await desk.claimed("A")
    copy = (
        "INSERT INTO intents (request_id, owner, target, channel, grp, idx, value, before_value, tolerance,"
        " opened_ns) SELECT request_id, owner, target, channel, 7, 7, value, before_value, tolerance,"
        " opened_ns FROM intents"
    )
    with pytest.raises(ConflictError, match="UNIQUE"):
        await desk.database.safety.run(lambda c: c.exec_driver_sql(copy))


async def test_a_channel_stands_once_in_a_group(desk, make) -> None:
    row = await desk.approved()
    with refused("ledger.duplicate"):
        await desk.journal.ledger.claim(row.id, row.sha256, desk.bob, make.group(0, "A", "B", "A"))


async def test_an_unconfirmed_write_is_a_doubt_and_closes_its_channel(desk, make) -> None:
    row = await desk.claimed("A", "B")
    ended = await desk.journal.ledger.finish(
        row.id, make.receipts(0, "unconfirmed", "confirmed"), RequestState.PARTIAL, {}
    )
    assert ended.state is RequestState.IN_DOUBT
    (doubt,) = await desk.journal.ledger.doubts()
    assert (doubt.channel, doubt.state) == ("A", IntentState.IN_DOUBT)
    again = await desk.approved()
    with refused("ledger.in_doubt") as caught:
        await desk.journal.ledger.claim(again.id, again.sha256, desk.bob, make.group(0, "A"))
    assert f"osprey ledger settle {doubt.id}" in str(caught.value)
    await desk.journal.ledger.claim(again.id, again.sha256, desk.bob, make.group(0, "B"))


async def test_an_intent_without_a_receipt_is_a_doubt(desk, make) -> None:
    row = await desk.claimed("A", "B")
    ended = await desk.journal.ledger.finish(row.id, make.receipts(0, "confirmed"), RequestState.DONE, {})
    assert ended.state is RequestState.IN_DOUBT
    assert [doubt.channel for doubt in await desk.journal.ledger.doubts()] == ["B"]


@pytest.mark.parametrize("outcome", ["failed", "refused", "mismatch", "unrequested", "unconfirmed"])
async def test_after_a_write_that_was_not_confirmed_no_further_group_opens(desk, make, outcome: str) -> None:
    row = await desk.claimed("A", groups=2)
    with refused("ledger.not_confirmed"):
        await desk.journal.ledger.advance(row.id, make.receipts(0, outcome), make.group(1, "B"))
    assert (await desk.journal.ledger.intents_of(row.id))[0].outcome == outcome


async def test_while_a_write_has_no_receipt_no_further_group_opens(desk, make) -> None:
    row = await desk.claimed("A", "B", groups=2)
    with refused("ledger.open"):
        await desk.journal.ledger.advance(row.id, make.receipts(0, "confirmed"), make.group(1, "C"))
    assert [intent.channel for intent in await desk.journal.ledger.list()] == ["B"]


async def test_receipts_may_be_recorded_without_a_further_group(desk, make) -> None:
    row = await desk.claimed("A")
    await desk.journal.halt.set(desk.bob, "stop")
    await desk.journal.ledger.advance(row.id, make.receipts(0, "confirmed"), [])
    assert await desk.journal.ledger.list() == []


async def test_an_expiry_between_groups_stops_the_rest(desk, make) -> None:
    row = await desk.claimed("A", groups=2, lasts_s=10)
    desk.clock.move(10)
    with refused("approval.expired"):
        await desk.journal.ledger.advance(row.id, make.receipts(0, "confirmed"), make.group(1, "A"))
    ended = await desk.journal.ledger.finish(row.id, [], RequestState.PARTIAL, {})
    assert ended.state is RequestState.PARTIAL


async def test_a_group_is_never_opened_twice(desk, make) -> None:
    row = await desk.claimed("A", groups=2)
    with pytest.raises(ConflictError):
        await desk.journal.ledger.advance(row.id, make.receipts(0, "confirmed"), make.group(0, "A"))


async def test_a_receipt_for_nothing_changes_nothing(desk, make) -> None:
    row = await desk.claimed("A")
    with pytest.raises(ConflictError, match="item 1 meets no intent; nothing was changed"):
        await desk.journal.ledger.finish(row.id, make.receipts(0, "confirmed", "confirmed"), RequestState.DONE, {})
    assert [intent.state for intent in await desk.journal.ledger.list()] == [IntentState.OPEN]


async def test_a_receipt_may_be_given_again_but_not_changed(desk, make) -> None:
    row = await desk.claimed("A", groups=2)
    await desk.journal.ledger.advance(row.id, make.receipts(0, "confirmed"), make.group(1, "B"))
    with pytest.raises(ConflictError, match="receipt 'failed' of group 0, item 0 meets 'confirmed'"):
        await desk.journal.ledger.finish(row.id, make.receipts(0, "failed"), RequestState.FAILED, {})
    again = [*make.receipts(0, "confirmed"), *make.receipts(1, "confirmed")]
    ended = await desk.journal.ledger.finish(row.id, again, RequestState.DONE, {})
    assert ended.state is RequestState.DONE


async def test_a_request_ends_only_in_a_final_state_of_a_claim(desk) -> None:
    row = await desk.claimed("A")
    with pytest.raises(UsageError, match="cannot end as approved"):
        await desk.journal.ledger.finish(row.id, [], RequestState.APPROVED, {})


async def test_only_the_owner_of_a_claim_advances_and_finishes_it(desk, make) -> None:
    row = await desk.claimed("A")
    other = Journal.open(desk.database, clock=desk.clock)
    with refused("ledger.not_owner"):
        await other.ledger.finish(row.id, make.receipts(0, "confirmed"), RequestState.DONE, {})
    with refused("ledger.not_owner"):
        await other.ledger.advance(row.id, make.receipts(0, "confirmed"), [])
    assert (await desk.journal.audit.log())[-1].detail["receipts"] == [[0, 0, "confirmed", "0x1.8p+0"]]
    await other.aclose()


async def test_a_person_settles_a_doubt_once_and_with_a_reason(desk, make) -> None:
    row = await desk.claimed("A")
    await desk.journal.ledger.finish(row.id, make.receipts(0, "unconfirmed"), RequestState.FAILED, {})
    (doubt,) = await desk.journal.ledger.doubts()
    with pytest.raises(UsageError, match="say how you know"):
        await desk.journal.ledger.settle(doubt.id, desk.alice, Settlement.LANDED, "")
    with pytest.raises(UsageError, match="'landed' or 'did_not_land'"):
        await desk.journal.ledger.settle(doubt.id, desk.alice, "maybe", "I think")
    settled = await desk.journal.ledger.settle(doubt.id, desk.alice, "landed", "the supply shows it")
    assert (settled.state, settled.outcome, settled.settled_by) == (
        IntentState.SETTLED,
        "landed",
        "os:alice",
    )
    assert await desk.journal.ledger.doubts() == []
    with refused("ledger.settled"):
        await desk.journal.ledger.settle(doubt.id, desk.alice, "did_not_land", "no")
    with refused("ledger.unknown"):
        await desk.journal.ledger.settle(999, desk.alice, "landed", "no")
    # How the request ended does not change.
    assert (await desk.journal.requests.get(row.id)).state is RequestState.IN_DOUBT
    again = await desk.approved()
    await desk.journal.ledger.claim(again.id, again.sha256, desk.bob, make.group(0, "A"))


async def test_recent_writes_are_those_that_may_have_been_taken(desk, make) -> None:
    for outcome in ("confirmed", "failed", "mismatch", "refused", "unrequested", "confirmed"):
        desk.clock.move(1)
        row = await desk.claimed("A")
        await desk.journal.ledger.finish(row.id, make.receipts(0, outcome), RequestState.DONE, {})
    desk.clock.move(1)
    await desk.claimed("A", "B")
    recent = await desk.journal.ledger.recent_writes("ring", "A", desk.clock() - 4 * make.second_ns)
    assert [intent.outcome for intent in recent] == ["mismatch", "confirmed", ""]
    assert await desk.journal.ledger.recent_writes("linac", "A", 0) == []
    many = await desk.journal.ledger.recent_writes_of("ring", [*(f"C{number}" for number in range(1200)), "B"], 0)
    assert [len(many["B"]), len(many["C7"])] == [1, 0]


async def test_a_thousand_intents_are_one_claim_and_one_finish(desk, make) -> None:
    channels = [f"C{number}" for number in range(1000)]
    row = await desk.claimed(*channels)
    ended = await desk.journal.ledger.finish(row.id, make.confirmed(0, channels), RequestState.DONE, {})
    assert ended.state is RequestState.DONE
    assert await desk.journal.ledger.list() == []


async def test_a_guarded_write_needs_two_transactions(desk, make) -> None:
    row = await desk.approved()
    commits: list[int] = []
    run = desk.database.safety.run

    async def counted(work):
        commits.append(1)
        return await run(work)

    desk.database.safety.run = counted
    await desk.journal.ledger.claim(row.id, row.sha256, desk.bob, make.group(0, "A"))
    await desk.journal.ledger.finish(row.id, make.receipts(0, "confirmed"), RequestState.DONE, {})
    assert len(commits) == 2


async def test_a_claim_whose_audit_row_fails_opens_nothing(desk, make) -> None:
    row = await desk.approved()
    desk.database.general.run_sync(
        lambda c: c.exec_driver_sql(
            "CREATE TRIGGER no_audit BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'disk trouble'); END"
        )
    )
    with pytest.raises(StorageError, match="disk trouble"):
        await desk.journal.ledger.claim(row.id, row.sha256, desk.bob, make.group(0, "A"))
    assert await desk.journal.ledger.list() == []
    assert (await desk.journal.requests.get(row.id)).state is RequestState.APPROVED


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE intents SET state = 'open'",
        "UPDATE intents SET value = '0'",
        "UPDATE intents SET channel = 'other'",
        "DELETE FROM intents",
        "DELETE FROM owners",
        "UPDATE owners SET token = 0",
        "DELETE FROM halt",
    ],
)
async def test_the_database_itself_forbids_to_change_the_ledger(desk, make, statement: str) -> None:
    row = await desk.claimed("A")
    await desk.journal.ledger.finish(row.id, make.receipts(0, "confirmed"), RequestState.DONE, {})
    with pytest.raises(ConflictError, match=r"never|only grows"):
        await desk.database.safety.run(lambda c: c.exec_driver_sql(statement))


async def test_a_group_after_one_that_was_not_confirmed_is_never_opened(desk, make):
    """Not even if the caller asks again and leaves the bad receipt out."""
    row = await desk.claimed("A", groups=3)
    for receipts in (make.receipts(0, "mismatch"), []):
        with pytest.raises(RefusedError) as refused:
            await desk.journal.ledger.advance(row.id, receipts, make.group(1, "B"))
        assert refused.value.rule == "ledger.not_confirmed"


@pytest.mark.parametrize("size", [1, 2, 49, 50, 51, 123])
async def test_a_group_of_any_size_is_opened_and_closed_whole(desk, make, size: int) -> None:
    names = [f"CH:{number}" for number in range(size)]
    row = await desk.claimed(*names)
    assert [(one.channel, one.index) for one in await desk.journal.ledger.list()] == [
        (name, index) for index, name in enumerate(names)
    ]
    seen = [["it's", "\x00", 'a "b" \\', "µ💡", [1.5, -0.0], None, 10**20, True][n % 8] for n in range(size)]
    told = [evolve(one, readback=value) for one, value in zip(make.confirmed(0, names), seen, strict=True)]
    await desk.journal.ledger.finish(row.id, told, RequestState.DONE, {})
    closed = await desk.journal.ledger.intents_of(row.id)
    assert [one.observed for one in closed] == seen
    assert {(one.state, one.outcome, one.closed_ns) for one in closed} == {
        (IntentState.CLOSED, "confirmed", desk.clock())
    }


async def test_receipts_alike_close_their_own_group_alone(desk, make) -> None:
    first = await desk.claimed("A", "B", "C")
    other = await desk.claimed("D", "E", "F")
    await desk.journal.ledger.advance(first.id, make.receipts(0, *["confirmed"] * 3), make.group(1, "A", "B", "C"))
    open_now = [(one.request_id, one.group, one.channel) for one in await desk.journal.ledger.list()]
    assert sorted(open_now) == sorted([(other.id, 0, name) for name in "DEF"] + [(first.id, 1, name) for name in "ABC"])


async def test_receipts_alike_that_are_too_many_change_nothing(desk, make) -> None:
    row = await desk.claimed("A", "B", "C")
    with pytest.raises(ConflictError, match="meets no intent"):
        await desk.journal.ledger.finish(row.id, make.receipts(0, *["confirmed"] * 4), RequestState.DONE, {})
    assert [one.state for one in await desk.journal.ledger.list()] == [IntentState.OPEN] * 3


async def test_receipts_of_a_part_leave_the_others_in_doubt(desk, make) -> None:
    row = await desk.claimed("A", "B", "C")
    told = [evolve(one, index=one.index + 1) for one in make.receipts(0, "confirmed", "confirmed")]
    ended = await desk.journal.ledger.finish(row.id, told, RequestState.DONE, {})
    assert ended.state is RequestState.IN_DOUBT
    states = [one.state for one in await desk.journal.ledger.intents_of(row.id)]
    assert states == [IntentState.IN_DOUBT, IntentState.CLOSED, IntentState.CLOSED]
