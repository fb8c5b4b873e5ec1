"""Reading the audit: rows by filter, one row with its seal, and everything about one request."""

from __future__ import annotations

import pytest

from osprey.errors import UsageError
from osprey.journal import RequestState, Who
from osprey.journal.audit.records import AuditFilter

pytestmark = pytest.mark.anyio


async def _some(desk) -> None:
    """Write seven rows, a second apart."""
    for number, (event, who, subject) in enumerate(
        [
            ("request.created", desk.alice, "req-1"),
            ("request.approved", desk.bob, "req-1"),
            ("request.created", desk.alice, "req-2"),
            ("refused", desk.bob, "req-2"),
            ("ledger.claimed", Who("token:panel"), "req-1"),
            ("halt.set", Who("os:a_b"), ""),
            ("halt.set", Who("os:axb"), ""),
        ]
    ):
        await desk.journal.audit.record(who, event, subject, {"number": number})
        desk.clock.move(1)


@pytest.mark.parametrize(
    ("wanted", "rows"),
    [
        (AuditFilter(), [1, 2, 3, 4, 5, 6, 7]),
        (AuditFilter(subject="req-1"), [1, 2, 5]),
        (AuditFilter(subject="req-"), []),
        (AuditFilter(event="request.*"), [1, 2, 3]),
        (AuditFilter(event="REQUEST.created"), [1, 3]),
        (AuditFilter(event="request"), []),
        (AuditFilter(event="*.set"), [6, 7]),
        (AuditFilter(event="halt?set"), [6, 7]),
        (AuditFilter(actor="os:bob"), [2, 4]),
        (AuditFilter(actor="token:*"), [5]),
        (AuditFilter(actor="os:a_b"), [6]),
        (AuditFilter(actor="%"), []),
        (AuditFilter(limit=2), [6, 7]),
        (AuditFilter(event="request.*", limit=2), [2, 3]),
        (AuditFilter(subject="req-2", actor="os:*", event="refused"), [4]),
    ],
)
async def test_a_filter_gives_the_rows_that_it_is_about(desk, wanted: AuditFilter, rows: list[int]) -> None:
    await _some(desk)
    assert [row.seq for row in await desk.journal.records.list(wanted)] == rows


async def test_rows_since_a_moment_are_those_from_it_on(desk) -> None:
    await _some(desk)
    fourth = (await desk.journal.audit.log())[3].ns
    assert [row.seq for row in await desk.journal.records.list(AuditFilter(since_ns=fourth))] == [4, 5, 6, 7]
    assert [row.seq for row in await desk.journal.records.list(AuditFilter(since_ns=fourth + 1))] == [5, 6, 7]


async def test_a_row_in_full_says_whether_its_seal_is_genuine(desk) -> None:
    await _some(desk)
    for seq in (1, 4, 7):
        row = await desk.journal.records.row(seq)
        assert (row.row.seq, row.is_genuine, len(row.seal)) == (seq, True, 64)
    desk.tamper("UPDATE audit SET actor = 'os:mallory' WHERE seq = 4")
    assert not (await desk.journal.records.row(4)).is_genuine
    assert (await desk.journal.records.row(5)).is_genuine
    with pytest.raises(UsageError, match="has no row 8"):
        await desk.journal.records.row(8)


async def test_a_detail_that_was_made_nonsense_is_shown_as_it_is(desk) -> None:
    await _some(desk)
    desk.tamper("UPDATE audit SET detail = '[1' WHERE seq = 1", "UPDATE audit SET detail = '7' WHERE seq = 2")
    first, second, *_ = await desk.journal.audit.log()
    assert (first.detail, second.detail) == ({"not understood": "'[1'"}, {"not understood": "'7'"})


async def test_everything_about_one_request_stands_together_in_order(desk, make) -> None:
    other = await desk.filed()
    row = await desk.filed()
    await desk.journal.audit.refusal(desk.bob, "approve", "approval.hash", "no hash", {"request": row.id})
    await desk.journal.requests.comment(row.id, desk.alice, "soon, please")
    await desk.journal.requests.approve(row.id, row.sha256[:8], desk.bob)
    await desk.journal.ledger.claim(row.id, row.sha256, desk.bob, make.group(0, "A"))
    await desk.journal.ledger.finish(row.id, make.receipts(0, "unconfirmed"), RequestState.PARTIAL, {})
    (doubt,) = await desk.journal.ledger.doubts()
    await desk.journal.ledger.settle(doubt.id, desk.bob, "landed", "the panel shows it")
    await desk.journal.requests.reject(other.id, desk.bob, "no")
    trail = await desk.journal.records.of_request(row.id)
    assert [one.event for one in trail.rows] == [
        "request.created", "refused", "request.commented", "request.approved",
        "ledger.claimed", "ledger.finished", "ledger.settled",
    ]  # fmt: skip
    assert [(vote.word, vote.person, vote.text) for vote in trail.decisions] == [
        ("comment", "os:alice", "soon, please"),
        ("approve", "os:bob", ""),
    ]
    assert trail.request is not None
    assert trail.request.state == "in_doubt"


async def test_a_request_that_only_the_audit_knows_is_told_and_one_that_nobody_knows_is_not(desk) -> None:
    await desk.journal.audit.refusal(desk.bob, "approve", "approval.unknown", "no such", subject="req-gone")
    trail = await desk.journal.records.of_request("req-gone")
    assert (trail.request, [row.event for row in trail.rows]) == (None, ["refused"])
    with pytest.raises(UsageError, match="no request 'req-never'"):
        await desk.journal.records.of_request("req-never")
