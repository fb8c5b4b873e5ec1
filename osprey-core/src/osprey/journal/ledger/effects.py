"""Advance and finish: what became of a group, and whether the next may be sent.

Whatever these transactions refuse, the receipts that they were given are kept: they are facts.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from itertools import count
from typing import Any, Final

from attrs import evolve, frozen
from sqlalchemy import Connection, bindparam, select, update

from osprey.errors import ConflictError
from osprey.journal.ledger.claims import Books, Opening, judge_start, open_intents
from osprey.journal.ledger.intents import count_open, intents_of
from osprey.journal.refusals import Refusal
from osprey.journal.requests.steps import judge_state, move_request, unknown_request
from osprey.journal.rows import StoredObject
from osprey.journal.tables import INTENTS
from osprey.journal.values import (
    LANDED,
    UNCONFIRMED,
    IntentState,
    Receipt,
    RequestRow,
    RequestState,
    Who,
)
from osprey.storage.prepared import Prepared

_CLOSE_INTENT: Final = """
    UPDATE intents SET state = ?, outcome = ?, observed = ?, reason = ?, closed_ns = ?
    WHERE request_id = ? AND grp = ? AND idx = ? AND state = 'open'
"""
# `LIMIT` has SQLite read the list once, `CROSS JOIN` from its begin, and `+state` look each intent up by its key, not
# among all that are open. (A statement that begins with WITH would tell no row count.)
_CLOSE_ALIKE: Final = """
    UPDATE intents SET state = ?, outcome = ?, observed = told.seen, reason = ?, closed_ns = ?
    FROM (SELECT key AS place, value AS seen FROM json_each(?) LIMIT -1) AS told CROSS JOIN (SELECT 1)
    WHERE request_id = ? AND grp = ? AND idx = told.place AND +state = 'open'
"""
_DOUBT_SILENT: Final = Prepared(
    update(INTENTS)
    .where(INTENTS.c.request_id == bindparam("of_request"), INTENTS.c.state == str(IntentState.OPEN))
    .values(
        state=str(IntentState.IN_DOUBT),
        outcome=UNCONFIRMED,
        reason="no receipt was given for it",
        closed_ns=bindparam("closed_ns"),
    )
)
_DOUBTS: Final = Prepared(
    select(INTENTS.c.id)
    .where(INTENTS.c.request_id == bindparam("of_request"), INTENTS.c.state == str(IntentState.IN_DOUBT))
    .limit(1)
)

_UNCONFIRMED: Final = Prepared(
    select(INTENTS.c.id)
    .where(INTENTS.c.request_id == bindparam("of_request"), *(INTENTS.c.outcome != word for word in sorted(LANDED)))
    .limit(1)
)


@frozen(kw_only=True)
class Closing:
    """Receipts, with their read-backs encoded before the transaction began."""

    receipts: Sequence[Receipt]
    observed: Sequence[str]

    @property
    def told(self) -> list[list[Any]]:
        """What the audit keeps of them."""
        return [[receipt.group, receipt.index, receipt.outcome, receipt.readback] for receipt in self.receipts]


def advance(
    connection: Connection, books: Books, request_id: str, closing: Closing, opening: Opening
) -> RequestRow | Refusal:
    """Record what became of a group and open the next one, if it may still be sent."""
    now_ns = books.clock()
    row = books.requests.current(connection, request_id, now_ns)
    refusal = _judge_holder(connection, books, row, request_id, now_ns)
    if refusal is not None or row is None:
        return _refuse(connection, books, row, request_id, "advance", refusal, closing, now_ns)
    actor = Who(row.claimed_by or "")
    _close(connection, request_id, closing, now_ns)
    books.audit.append(
        connection,
        event="ledger.effects",
        actor=actor,
        subject=request_id,
        now_ns=now_ns,
        detail={"receipts": closing.told, "next": len(opening.rows)},
    )
    refusal = _judge_next(connection, books, row, opening, now_ns)
    if refusal is not None:
        return books.audit.refuse(connection, refusal, actor=actor, what="advance", subject=request_id, now_ns=now_ns)
    open_intents(connection, books, request_id, opening, actor, now_ns)
    return row


def _judge_holder(
    connection: Connection, books: Books, row: RequestRow | None, request_id: str, now_ns: int
) -> Refusal | None:
    """Refuse whoever does not hold the claim, or has been taken over since."""
    fenced = books.owner.require(connection, now_ns)
    if fenced is not None:
        return fenced
    refusal = judge_state(row, request_id, RequestState.CLAIMED, "be carried out")
    if refusal is not None or row is None or row.owner == books.owner.id:
        return refusal
    return Refusal("ledger.not_owner", f"request {request_id} was claimed by another process (owner {row.owner})")


def _judge_next(connection: Connection, books: Books, row: RequestRow, opening: Opening, now_ns: int) -> Refusal | None:
    if not opening.rows:
        return None
    remaining = count_open(connection, row.id)
    if remaining:
        told = f"{remaining} writes of request {row.id} have no receipt, so the next group was not sent"
        return Refusal("ledger.open", f"{told}: finish it, and look at `osprey ledger list`")
    if _has_unconfirmed(connection, row.id):
        return Refusal(
            "ledger.not_confirmed",
            f"a write of request {row.id} was not confirmed, so the next group was not sent: finish it as partial",
        )
    if now_ns >= row.expires_ns:
        return Refusal(
            "approval.expired",
            f"the time of request {row.id} was over between two groups: the rest was not sent",
        )
    return judge_start(connection, books, opening, now_ns)


def _has_unconfirmed(connection: Connection, request_id: str) -> bool:
    """Say whether a write of any earlier group did not land, whoever recorded it and when."""
    return _UNCONFIRMED.execute(connection, of_request=request_id).first() is not None


def _close(connection: Connection, request_id: str, closing: Closing, now_ns: int) -> None:
    """Write the receipts; every one must meet an open intent, or say again what is recorded already.

    A caller that was torn away while its receipts were committed gives them a second time.
    """
    if not closing.receipts:
        return
    if _close_open(connection, request_id, closing, now_ns) == len(closing.receipts):
        return
    known = {(row.group, row.index): row for row in intents_of(connection, request_id)}
    for receipt in closing.receipts:
        row = known.get((receipt.group, receipt.index))
        if row is None or row.outcome != receipt.outcome:
            recorded = "no intent" if row is None else f"{row.outcome!r}"
            msg = (
                f"request {request_id}: the receipt {receipt.outcome!r} of group {receipt.group}, "
                f"item {receipt.index} meets {recorded}; nothing was changed"
            )
            raise ConflictError(msg)


def _close_open(connection: Connection, request_id: str, closing: Closing, now_ns: int) -> int:
    """Close the open intents that the receipts meet; gives how many there were."""
    receipts = closing.receipts
    first = receipts[0]
    if len(receipts) > 1 and all(map(partial(_is_alike, first), receipts, count())):
        text = json.dumps(closing.observed, ensure_ascii=False)
        values = (_state_after(first), first.outcome, first.reason, now_ns, text, request_id, first.group)
        return connection.exec_driver_sql(_CLOSE_ALIKE, values).rowcount
    changes = [
        (_state_after(receipt), receipt.outcome, seen, receipt.reason, now_ns, request_id, receipt.group, receipt.index)
        for receipt, seen in zip(receipts, closing.observed, strict=True)
    ]
    return connection.exec_driver_sql(_CLOSE_INTENT, changes).rowcount


def _is_alike(first: Receipt, receipt: Receipt, place: int) -> bool:
    """Tell whether a receipt differs from the first one of a whole group in place and read-back only."""
    return (
        receipt.index == place
        and receipt.group == first.group
        and receipt.outcome == first.outcome
        and receipt.reason == first.reason
    )


def _state_after(receipt: Receipt) -> str:
    return IntentState.IN_DOUBT.value if receipt.outcome == UNCONFIRMED else IntentState.CLOSED.value


def finish(
    connection: Connection,
    books: Books,
    request_id: str,
    closing: Closing,
    state: RequestState,
    report: str,
) -> RequestRow | Refusal:
    """Record what became of the last group and end the request.

    It ends as `in_doubt`, whatever was asked for, if any of its intents is in doubt; an intent for which no
    receipt was given is in doubt.
    """
    now_ns = books.clock()
    row = books.requests.current(connection, request_id, now_ns)
    refusal = _judge_holder(connection, books, row, request_id, now_ns)
    if refusal is not None or row is None:
        return _refuse(connection, books, row, request_id, "finish", refusal, closing, now_ns)
    _close(connection, request_id, closing, now_ns)
    silent = _doubt_the_silent(connection, request_id, now_ns)
    final = RequestState.IN_DOUBT if _has_doubts(connection, request_id) else state
    ended = {"report": report, "finished_ns": now_ns}
    move_request(connection, row, final, ended)
    books.audit.append(
        connection,
        event="ledger.finished",
        actor=Who(row.claimed_by or ""),
        subject=request_id,
        now_ns=now_ns,
        detail={
            "receipts": closing.told,
            "state": str(final),
            "asked": str(state),
            "without_receipt": silent,
        },
    )
    return evolve(row, state=final, report=StoredObject(report), finished_ns=now_ns)


def _doubt_the_silent(connection: Connection, request_id: str, now_ns: int) -> int:
    return _DOUBT_SILENT.execute(connection, of_request=request_id, closed_ns=now_ns).rowcount


def _has_doubts(connection: Connection, request_id: str) -> bool:
    return _DOUBTS.execute(connection, of_request=request_id).first() is not None


def _refuse(
    connection: Connection,
    books: Books,
    row: RequestRow | None,
    request_id: str,
    what: str,
    refusal: Refusal | None,
    closing: Closing,
    now_ns: int,
) -> Refusal:
    """Refuse, but keep in the audit what the caller knows of its puts."""
    return books.audit.refuse(
        connection,
        refusal or unknown_request(request_id),
        actor=Who((row.claimed_by if row else None) or f"owner:{books.owner.id}"),
        what=what,
        subject=request_id,
        now_ns=now_ns,
        detail={"receipts": closing.told},
    )
