"""Recovery: what is recorded of the work of owners that died, and how a person settles a doubt.

Nothing here sends anything. An intent without a receipt is never sent again: either read-back shows its value
(present after crash), or it is in doubt until a person settles it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, select, update

from osprey.journal.ledger.claims import Books
from osprey.journal.ledger.intents import UNRESOLVED, count_open, find_intent, has_work, intents_of, require_intent
from osprey.journal.past_owners import remove_past_owners
from osprey.journal.refusals import Refusal
from osprey.journal.requests.steps import (
    find_request,
    judge_state,
    move_request,
    require_request,
    unknown_request,
)
from osprey.journal.rows import encode, intent_row, request_row
from osprey.journal.tables import INTENTS, REQUESTS
from osprey.journal.values import (
    LANDED,
    NOT_SENT,
    PRESENT_AFTER_CRASH,
    UNCONFIRMED,
    ActorLike,
    IntentRow,
    IntentState,
    RequestRow,
    RequestState,
    Settlement,
    Who,
)

_OPEN: Final = str(IntentState.OPEN)
_CLAIMED: Final = str(RequestState.CLAIMED)

RECOVERER: Final = Who("osprey:recovery")
"""Who records what read-back shows, where no person is named."""


def is_work_of_others(connection: Connection, me: str) -> bool:
    """Say whether any other owner, dead or alive, has an open intent or a claimed request; nothing is changed."""
    intents = select(INTENTS.c.id).where(UNRESOLVED, INTENTS.c.state == _OPEN, INTENTS.c.owner != me)
    requests = select(REQUESTS.c.id).where(REQUESTS.c.state == _CLAIMED, REQUESTS.c.owner.is_distinct_from(me))
    return any(connection.execute(query.limit(1)).first() is not None for query in (intents, requests))


def find_orphans(connection: Connection, books: Books) -> tuple[list[IntentRow], list[RequestRow]]:
    """Take over every dead owner; give its open intents, and its claimed requests. What past owners left goes."""
    open_owners = set(
        connection.execute(select(INTENTS.c.owner).where(UNRESOLVED, INTENTS.c.state == _OPEN).distinct()).scalars()
    )
    claim_owners = connection.execute(select(REQUESTS.c.owner).where(REQUESTS.c.state == _CLAIMED).distinct()).scalars()
    busy = open_owners | {owner for owner in claim_owners if owner is not None}
    books.owner.sweep(frozenset(busy))
    remove_past_owners(connection, books.owner, books.clock())
    taken: list[str] = []
    for owner_id in sorted(busy - {books.owner.id}):
        was_taken = books.owner.has_taken(connection, owner_id)
        if books.owner.take_over(connection, owner_id):
            taken.append(owner_id)
            if not was_taken:
                _tell_takeover(connection, books, owner_id)
    intents = connection.execute(
        select(INTENTS).where(UNRESOLVED, INTENTS.c.state == _OPEN, INTENTS.c.owner.in_(taken)).order_by(INTENTS.c.id)
    )
    requests = connection.execute(
        select(REQUESTS)
        .where(REQUESTS.c.state == _CLAIMED, REQUESTS.c.owner.in_(taken))
        .order_by(REQUESTS.c.claimed_ns)
    ).mappings()
    return [intent_row(row) for row in intents.mappings()], [request_row(row) for row in requests]


def _tell_takeover(connection: Connection, books: Books, owner_id: str) -> None:
    books.audit.append(
        connection,
        event="owner.taken_over",
        actor=RECOVERER,
        subject=owner_id,
        now_ns=books.clock(),
        detail={"by": books.owner.id},
    )


def record_recovery(
    connection: Connection,
    books: Books,
    intent_id: int,
    actor: ActorLike,
    *,
    is_present: bool,
    readback: Any,
    reason: str,
) -> IntentRow | Refusal:
    """Record what read-back shows of an open intent of a dead owner."""
    now_ns = books.clock()
    found = find_intent(connection, intent_id)
    refusal = _judge_recovery(connection, books, found, intent_id)
    if refusal is not None:
        return books.audit.refuse(
            connection, refusal, actor=actor, what="recover", subject=f"intent:{intent_id}", now_ns=now_ns
        )
    outcome = PRESENT_AFTER_CRASH if is_present else UNCONFIRMED
    state = IntentState.CLOSED if is_present else IntentState.IN_DOUBT
    observed = encode(readback, "a read-back")
    connection.execute(
        update(INTENTS)
        .where(INTENTS.c.id == intent_id, INTENTS.c.state == _OPEN)
        .values(state=str(state), outcome=outcome, observed=observed, reason=reason, closed_ns=now_ns)
    )
    books.audit.append(
        connection,
        event="ledger.recovered",
        actor=actor,
        subject=f"intent:{intent_id}",
        now_ns=now_ns,
        detail={"outcome": outcome, "readback": readback, "reason": reason},
    )
    return require_intent(connection, intent_id)


def _judge_recovery(connection: Connection, books: Books, found: IntentRow | None, intent_id: int) -> Refusal | None:
    if found is None:
        return _unknown_intent(intent_id)
    if found.state is not IntentState.OPEN:
        return _wrong_intent(found, "be recovered")
    if not books.owner.has_taken(connection, found.owner):
        told = f"intent {intent_id} belongs to owner {found.owner}, which this process has not taken over"
        return Refusal("ledger.not_owner", told)
    return None


def conclude(
    connection: Connection, books: Books, request_id: str, actor: ActorLike, report: str | None
) -> RequestRow | Refusal:
    """End a request whose owner died, by what is known of its intents."""
    now_ns = books.clock()
    row = find_request(connection, request_id)
    refusal = _judge_conclusion(connection, books, row, request_id)
    if refusal is not None or row is None:
        return books.audit.refuse(
            connection,
            refusal or unknown_request(request_id),
            actor=actor,
            what="recover",
            subject=request_id,
            now_ns=now_ns,
        )
    intents = intents_of(connection, request_id)
    state, reason = _conclusion(row, intents)
    text = report or encode(_recovery_report(state, reason, row, intents), "a report")
    move_request(connection, row, state, {"report": text, "finished_ns": now_ns})
    if row.owner is not None and not has_work(connection, row.owner):
        books.owner.end_taken(connection, row.owner, now_ns)
    books.audit.append(
        connection,
        event="ledger.concluded",
        actor=actor,
        subject=request_id,
        now_ns=now_ns,
        detail={"state": str(state), "reason": reason, "intents": len(intents)},
    )
    return require_request(connection, request_id)


def _judge_conclusion(connection: Connection, books: Books, row: RequestRow | None, request_id: str) -> Refusal | None:
    refusal = judge_state(row, request_id, RequestState.CLAIMED, "be recovered")
    if refusal is not None or row is None:
        return refusal
    if row.owner is None or not books.owner.has_taken(connection, row.owner):
        told = f"request {request_id} belongs to owner {row.owner}, which this process has not taken over"
        return Refusal("ledger.not_owner", told)
    remaining = count_open(connection, request_id)
    if remaining:
        told = f"request {request_id} has {remaining} intents whose read-back is not recorded yet"
        return Refusal("ledger.open", told)
    return None


def _conclusion(row: RequestRow, intents: list[IntentRow]) -> tuple[RequestState, str]:
    if not intents and row.groups is None:
        return RequestState.IN_DOUBT, "its process ended while it carried it out: look whether it was done"
    if not intents:
        return RequestState.FAILED, "its process ended before any write was intended: nothing was sent"
    doubts = sum(intent.state is IntentState.IN_DOUBT for intent in intents)
    if doubts:
        return RequestState.IN_DOUBT, f"its process ended; {doubts} writes are in doubt"
    landed = sum(intent.outcome in LANDED for intent in intents)
    sent = sum(intent.outcome not in NOT_SENT for intent in intents)
    opened = len({intent.group for intent in intents})
    if landed == len(intents) and opened == row.groups:
        return RequestState.DONE, "its process ended after the last put; every value is present"
    if sent == 0:
        return RequestState.FAILED, "its process ended; nothing was taken by the control system"
    planned = "an unknown number of" if row.groups is None else str(row.groups)
    return (
        RequestState.PARTIAL,
        f"its process ended; {landed} writes landed, {opened} of {planned} groups were begun",
    )


def _recovery_report(state: RequestState, reason: str, row: RequestRow, intents: list[IntentRow]) -> Mapping[str, Any]:
    return {
        "request_id": row.id,
        "status": str(state),
        "reason": reason,
        "recovered": True,
        "outcomes": dict(Counter(intent.outcome for intent in intents)),
        "items": [
            {
                "name": intent.channel,
                "group": intent.group,
                "index": intent.index,
                "value": intent.value,
                "before": intent.before,
                "outcome": intent.outcome,
                "readback": intent.observed,
                "reason": intent.reason,
            }
            for intent in intents
        ],
    }


def settle(
    connection: Connection, books: Books, intent_id: int, actor: ActorLike, how: Settlement, reason: str
) -> IntentRow | Refusal:
    """Record a person's word on an intent in doubt; its channel may be written again."""
    now_ns = books.clock()
    found = find_intent(connection, intent_id)
    refusal = _unknown_intent(intent_id) if found is None else None
    if found is not None and found.state is not IntentState.IN_DOUBT:
        refusal = _wrong_intent(found, "be settled")
    if refusal is not None:
        return books.audit.refuse(
            connection, refusal, actor=actor, what="settle", subject=f"intent:{intent_id}", now_ns=now_ns
        )
    connection.execute(
        update(INTENTS)
        .where(INTENTS.c.id == intent_id, INTENTS.c.state == str(IntentState.IN_DOUBT))
        .values(state=str(IntentState.SETTLED), outcome=str(how), reason=reason, settled_by=actor.subject)
    )
    books.audit.append(
        connection,
        event="ledger.settled",
        actor=actor,
        subject=f"intent:{intent_id}",
        now_ns=now_ns,
        detail={"how": str(how), "reason": reason},
    )
    return require_intent(connection, intent_id)


def _unknown_intent(intent_id: int) -> Refusal:
    told = f"there is no intent {intent_id}: `osprey ledger list --all` shows those there are"
    return Refusal("ledger.unknown", told)


def _wrong_intent(found: IntentRow, verb: str) -> Refusal:
    told = f"intent {found.id} ({found.channel}) is {found.state.replace('_', ' ')} and cannot {verb}"
    return Refusal(f"ledger.{found.state}", told)
