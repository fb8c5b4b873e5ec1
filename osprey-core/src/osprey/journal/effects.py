"""Advance and finish: what became of a group, and whether the next may be sent.

Whatever these transactions refuse, the receipts that they were given are kept: they are facts.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from attrs import frozen
from sqlalchemy import Connection, bindparam, case, select, update

from osprey.errors import ConflictError
from osprey.journal.claims import Books, Opening, judge_start, open_intents
from osprey.journal.intents import count_open, intents_of
from osprey.journal.refusals import Refusal
from osprey.journal.request_steps import judge_state, move_request, require_request
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

_CLOSE_INTENT: Final = (
    update(INTENTS)
    .where(
        INTENTS.c.request_id == bindparam("of_request"),
        INTENTS.c.grp == bindparam("of_group"),
        INTENTS.c.idx == bindparam("of_index"),
        INTENTS.c.state == str(IntentState.OPEN),
    )
    .values(
        state=case((bindparam("result") == UNCONFIRMED, str(IntentState.IN_DOUBT)), else_=str(IntentState.CLOSED)),
        outcome=bindparam("result"),
        observed=bindparam("seen"),
        reason=bindparam("why"),
        closed_ns=bindparam("at_ns"),
    )
)


_DOUBT_SILENT: Final = (
    update(INTENTS)
    .where(INTENTS.c.request_id == bindparam("of_request"), INTENTS.c.state == str(IntentState.OPEN))
    .values(
        state=str(IntentState.IN_DOUBT),
        outcome=UNCONFIRMED,
        reason="no receipt was given for it",
        closed_ns=bindparam("closed_ns"),
    )
)
_DOUBTS: Final = (
    select(INTENTS.c.id)
    .where(INTENTS.c.request_id == bindparam("of_request"), INTENTS.c.state == str(IntentState.IN_DOUBT))
    .limit(1)
)

_UNCONFIRMED: Final = (
    select(INTENTS.c.id)
    .where(INTENTS.c.request_id == bindparam("of_request"), INTENTS.c.outcome.not_in(sorted(LANDED)))
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
        pairs = zip(self.receipts, self.observed, strict=True)
        return [[receipt.group, receipt.index, receipt.outcome, json.loads(seen)] for receipt, seen in pairs]


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
    open_intents(connection, books, request_id, opening, now_ns)
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
    return connection.execute(_UNCONFIRMED, {"of_request": request_id}).first() is not None


def _close(connection: Connection, request_id: str, closing: Closing, now_ns: int) -> None:
    """Write the receipts; every one must meet an open intent, or say again what is recorded already.

    A caller that was torn away while its receipts were committed gives them a second time.
    """
    if not closing.receipts:
        return
    changes = [
        {
            "of_request": request_id,
            "of_group": receipt.group,
            "of_index": receipt.index,
            "result": str(receipt.outcome),
            "seen": seen,
            "why": receipt.reason,
            "at_ns": now_ns,
        }
        for receipt, seen in zip(closing.receipts, closing.observed, strict=True)
    ]
    closed = connection.execute(_CLOSE_INTENT, changes).rowcount
    if closed == len(changes):
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
    move_request(connection, row, final, {"report": report, "finished_ns": now_ns})
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
    return require_request(connection, request_id)


def _doubt_the_silent(connection: Connection, request_id: str, now_ns: int) -> int:
    return connection.execute(_DOUBT_SILENT, {"of_request": request_id, "closed_ns": now_ns}).rowcount


def _has_doubts(connection: Connection, request_id: str) -> bool:
    return connection.execute(_DOUBTS, {"of_request": request_id}).first() is not None


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
        refusal or Refusal("approval.unknown", f"there is no request {request_id!r}"),
        actor=Who((row.claimed_by if row else None) or f"owner:{books.owner.id}"),
        what=what,
        subject=request_id,
        now_ns=now_ns,
        detail={"receipts": closing.told},
    )
