"""Requests: filed once, decided by hash, expiring by themselves, never going back."""

from __future__ import annotations

import hashlib

import pytest

from osprey.errors import RefusedError, StorageError, UsageError
from osprey.journal import RequestState

pytestmark = pytest.mark.anyio


def refused(rule: str):
    return pytest.raises(RefusedError, check=lambda error: error.rule == rule)


async def test_the_document_is_stored_to_the_byte_and_hashed(desk) -> None:
    document = '{"a":  "µ\\u00b5\t 0x1.8p+0"}\r\n'
    row = await desk.filed(document=document)
    assert row.document == document
    assert row.sha256 == hashlib.sha256(document.encode()).hexdigest()
    assert (row.state, row.presentation, row.report) == (RequestState.PENDING, {"shown": True}, None)
    assert await desk.journal.requests.get(row.id) == row


async def test_the_presentation_is_not_hashed(desk) -> None:
    first = await desk.filed(document="{}", presentation={"title": "one"})
    second = await desk.filed(document="{}", presentation={"title": "two"})
    assert first.sha256 == second.sha256


async def test_filing_again_under_a_key_gives_the_first_row(desk) -> None:
    first = await desk.filed(key="thread-1/step-2")
    again = await desk.filed(key="thread-1/step-2")
    assert again == first
    assert await desk.events() == ["request.created"]
    desk.clock.move(3601)
    assert (await desk.filed(key="thread-1/step-2")).state is RequestState.EXPIRED


async def test_what_cannot_be_stored_exactly_is_refused_before_anything_is_stored(desk) -> None:
    with pytest.raises(UsageError, match="cannot be stored as JSON"):
        await desk.filed(presentation={"value": float("nan")})
    with pytest.raises(UsageError, match="lone surrogates"):
        await desk.filed(document="\ud800")
    assert await desk.journal.requests.list() == []


@pytest.mark.parametrize("length", [8, 12, 64])
async def test_an_approval_names_the_hash_in_any_case(desk, length: int) -> None:
    row = await desk.filed()
    approved = await desk.journal.requests.approve(row.id, row.sha256[:length].upper(), desk.bob)
    assert (approved.state, approved.decided_by) == (RequestState.APPROVED, "os:bob")
    assert approved.decided_ns == desk.clock()


@pytest.mark.parametrize("prefix", ["", "1234567", "yes", "%%%%%%%%", "________", "0" * 65, "ok 12345678"])
async def test_what_is_not_a_part_of_a_hash_never_approves(desk, prefix: str) -> None:
    row = await desk.filed()
    with refused("approval.hash"):
        await desk.journal.requests.approve(row.id, prefix, desk.bob)
    assert (await desk.journal.requests.get(row.id)).state is RequestState.PENDING
    assert (await desk.events())[-1] == "refused"


async def test_another_hash_never_approves(desk) -> None:
    row, other = await desk.filed(), await desk.filed()
    with refused("approval.hash"):
        await desk.journal.requests.approve(row.id, other.sha256[:8], desk.bob)
    assert (await desk.journal.requests.get(row.id)).state is RequestState.PENDING


async def test_a_document_changed_in_the_file_is_never_approved(desk) -> None:
    row = await desk.filed()
    desk.tamper("UPDATE requests SET document = replace(document, '1', '9')")
    with refused("approval.hash") as caught:
        await desk.journal.requests.approve(row.id, row.sha256, desk.bob)
    assert "was changed after it was filed" in str(caught.value)


async def test_an_expiry_is_recorded_as_nobodys_decision(desk) -> None:
    row = await desk.filed(lasts_s=10)
    desk.clock.move(10)
    expired = await desk.journal.requests.get(row.id)
    assert (expired.state, expired.decided_by, expired.decided_ns) == (RequestState.EXPIRED, None, None)
    assert expired.finished_ns == desk.clock()
    assert await desk.events() == ["request.created", "request.expired"]
    with refused("approval.expired"):
        await desk.journal.requests.approve(row.id, row.sha256, desk.bob)


async def test_an_expired_request_cannot_be_decided_though_nobody_looked(desk) -> None:
    row = await desk.filed(lasts_s=10)
    desk.clock.move(10)
    with refused("approval.expired"):
        await desk.journal.requests.approve(row.id, row.sha256, desk.bob)
    assert await desk.events() == ["request.created", "request.expired", "refused"]


async def test_a_listing_records_every_expiry(desk) -> None:
    pending, approved = await desk.filed(lasts_s=10), await desk.approved(lasts_s=20)
    lasting = await desk.filed(thread="thread-2")
    desk.clock.move(30)
    listed = await desk.journal.requests.list()
    assert [(row.id, row.state) for row in listed] == [
        (row.id, state)
        for row, state in sorted(
            [
                (pending, RequestState.EXPIRED),
                (approved, RequestState.EXPIRED),
                (lasting, RequestState.PENDING),
            ],
            key=lambda pair: (pair[0].created_ns, pair[0].id),
        )
    ]
    assert [row.id for row in await desk.journal.requests.list([RequestState.PENDING])] == [lasting.id]
    assert [row.id for row in await desk.journal.requests.list(thread="thread-2")] == [lasting.id]


async def test_a_rejection_needs_a_reason_and_keeps_it(desk) -> None:
    row = await desk.filed()
    with pytest.raises(UsageError, match="needs a reason"):
        await desk.journal.requests.reject(row.id, desk.bob, "  ")
    rejected = await desk.journal.requests.reject(row.id, desk.bob, "beam is stored")
    assert (rejected.state, rejected.reason) == (RequestState.REJECTED, "beam is stored")
    with refused("approval.rejected") as caught:
        await desk.journal.requests.approve(row.id, row.sha256, desk.bob)
    assert "beam is stored" in str(caught.value)


async def test_an_approved_request_can_be_withdrawn_but_not_rejected_or_approved_again(desk) -> None:
    row = await desk.approved()
    with refused("approval.approved"):
        await desk.journal.requests.reject(row.id, desk.bob, "no")
    with refused("approval.approved"):
        await desk.journal.requests.approve(row.id, row.sha256, desk.alice)
    withdrawn = await desk.journal.requests.withdraw(row.id, desk.alice, "not needed")
    assert (withdrawn.state, withdrawn.decided_by) == (RequestState.WITHDRAWN, "os:alice")


async def test_an_unknown_request_is_named(desk) -> None:
    with pytest.raises(UsageError, match=r"no request 'req-x': `osprey approvals list`"):
        await desk.journal.requests.get("req-x")
    with refused("approval.unknown"):
        await desk.journal.requests.approve("req-x", "0" * 8, desk.bob)
    with refused("approval.unknown"):
        await desk.journal.requests.reject("req-x", desk.bob, "why not")


async def test_an_edit_supersedes_what_it_replaces(desk) -> None:
    old = await desk.approved()
    new = await desk.filed(supersedes=old.id)
    assert (await desk.journal.requests.get(old.id)).state is RequestState.SUPERSEDED
    with refused("approval.superseded"):
        await desk.journal.ledger.claim(old.id, old.sha256, desk.bob, [])
    with refused("approval.superseded"):
        await desk.filed(supersedes=old.id)
    with refused("approval.unknown"):
        await desk.filed(supersedes="req-x")
    assert new.supersedes == old.id


async def test_a_remainder_continues_a_finished_request_and_leaves_it_as_it_is(desk, make) -> None:
    old = await desk.claimed("A")
    with refused("approval.claimed"):
        await desk.filed(supersedes=old.id)
    await desk.journal.ledger.finish(old.id, make.receipts(0, "failed"), RequestState.FAILED, {})
    await desk.filed(supersedes=old.id)
    assert (await desk.journal.requests.get(old.id)).state is RequestState.FAILED


async def test_every_step_is_in_the_audit_with_who_did_it_and_where(desk) -> None:
    row = await desk.approved()
    log = await desk.journal.audit.log()
    assert [(entry.event, entry.actor, entry.terminal, entry.subject) for entry in log] == [
        ("request.created", "os:alice", "", row.id),
        ("request.approved", "os:bob", "/dev/pts/2", row.id),
    ]
    assert log[1].host == "console-2"
    assert log[1].detail["sha256"] == row.sha256


async def test_no_step_happens_without_its_audit_row(desk) -> None:
    row = await desk.filed()
    desk.database.general.run_sync(
        lambda c: c.exec_driver_sql(
            "CREATE TRIGGER no_audit BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'disk trouble'); END"
        )
    )
    with pytest.raises(StorageError, match="disk trouble"):
        await desk.journal.requests.approve(row.id, row.sha256, desk.bob)
    assert (await desk.journal.requests.get(row.id)).state is RequestState.PENDING


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE requests SET state = 'pending'",
        "UPDATE requests SET state = 'claimed'",
        "UPDATE requests SET document = 'other'",
        "UPDATE requests SET expires_ns = expires_ns + 1",
        "UPDATE requests SET sha256 = sha256",
        "DELETE FROM requests",
        "INSERT OR REPLACE INTO requests SELECT * FROM requests",
    ],
)
async def test_the_database_itself_forbids_what_must_not_happen(desk, statement: str) -> None:
    row = await desk.filed()
    await desk.journal.requests.reject(row.id, desk.bob, "no")
    with pytest.raises(StorageError, match=r"never|starts as pending"):
        await desk.database.safety.run(lambda c: c.exec_driver_sql(statement))
