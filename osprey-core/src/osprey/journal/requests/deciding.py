"""A decision inside a transaction: judged, stored with its seal, and the request moved on if it is enough."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from attrs import frozen
from sqlalchemy import ColumnElement, Connection

from osprey.journal.refusals import Refusal
from osprey.journal.requests.decisions import add_decision, approvals_of
from osprey.journal.requests.entitlement import judge_past, judge_seal
from osprey.journal.requests.expiry import current_request
from osprey.journal.requests.remembered import NewRemembered, judge_use, keep_remembered
from osprey.journal.requests.steps import (
    judge_document,
    judge_step,
    move_request,
    require_request,
    unknown_request,
)
from osprey.journal.requests.votes import DecisionWord, Voter, is_met, judge_vote
from osprey.journal.values import ActorLike, RequestRow, RequestState

if TYPE_CHECKING:
    from osprey.journal.audit.chain import Audit

_NEXT_STATES = {
    DecisionWord.APPROVE: RequestState.APPROVED,
    DecisionWord.REJECT: RequestState.REJECTED,
    DecisionWord.WITHDRAW: RequestState.WITHDRAWN,
}


@frozen(kw_only=True)
class Ballot:
    """What one person says of one request."""

    request_id: str
    word: DecisionWord
    actor: ActorLike
    voter: Voter
    text: str = ""
    hash_prefix: str = ""
    remember: NewRemembered | None = None


def decide(
    connection: Connection,
    audit: Audit,
    ballot: Ballot,
    now_ns: int,
    condition: ColumnElement[bool] | None = None,
    judge: Callable[[RequestRow], Refusal | None] = lambda _: None,
) -> RequestRow | Refusal:
    """Take a decision on a request, or refuse it; both leave their row in the audit.

    :param condition: what must hold of the row as well when it is moved, such as its hash.
    :param judge: a further reason to refuse, of a higher room's.
    """
    row = current_request(connection, audit, ballot.request_id, now_ns)
    refusal = _judge(connection, audit, row, ballot, now_ns)
    if refusal is None and row is not None:
        refusal = judge(row)
    if refusal is not None or row is None:
        return audit.refuse(
            connection,
            refusal or unknown_request(ballot.request_id),
            actor=ballot.actor,
            what=str(ballot.word),
            subject=ballot.request_id,
            now_ns=now_ns,
        )
    add_decision(connection, audit, row, ballot.word, ballot.actor, ballot.voter, now_ns, ballot.text)
    return _carry(connection, audit, row, ballot, now_ns, condition)


def _judge(connection: Connection, audit: Audit, row: RequestRow | None, ballot: Ballot, now_ns: int) -> Refusal | None:
    if row is None:
        return unknown_request(ballot.request_id)
    state = _NEXT_STATES.get(ballot.word)
    if state is None:
        return None if ballot.word is DecisionWord.COMMENT else judge_step(row, row.id, RequestState.REJECTED)
    refusal = judge_step(row, row.id, state)
    if refusal is not None or ballot.word is not DecisionWord.APPROVE:
        return refusal
    return (
        audit.judge_clock(connection, now_ns)
        or judge_document(row, ballot.hash_prefix)
        or judge_seal(audit, row)
        or judge_past(connection, audit, row)
        or _judge_voter(connection, audit, row, ballot.voter, now_ns)
    )


def _judge_voter(connection: Connection, audit: Audit, row: RequestRow, voter: Voter, now_ns: int) -> Refusal | None:
    given = approvals_of(connection, audit, row)
    if isinstance(given, Refusal):
        return given
    if voter.remembered is not None and (refusal := judge_use(connection, audit, voter.remembered, now_ns)):
        return refusal
    return judge_vote(row.id, row.needs, row.authors, given, voter)


def _carry(
    connection: Connection,
    audit: Audit,
    row: RequestRow,
    ballot: Ballot,
    now_ns: int,
    condition: ColumnElement[bool] | None,
) -> RequestRow:
    state = _NEXT_STATES.get(ballot.word)
    given = approvals_of(connection, audit, row) if state is RequestState.APPROVED else []
    votes = [] if isinstance(given, Refusal) else given
    is_enough = state is not RequestState.APPROVED or is_met(row.needs, row.authors, votes)
    event = f"request.{state}" if state is not None and is_enough else f"request.{_EVENTS[ballot.word]}"
    told: dict[str, Any] = {"sha256": row.sha256, "reason": ballot.text, "method": ballot.voter.method}
    if state is RequestState.APPROVED:
        people = [vote.person for vote in votes]
        told |= {"people": people, "of": row.needs.persons, "rules": list(row.needs.rules)}
        told |= {"remembered": ballot.voter.remembered}
    if state is not None and is_enough:
        # The last word counts: who withdraws an approved request is its decider from then on.
        decided = {"decided_by": ballot.actor.subject, "decided_ns": now_ns, "reason": ballot.text}
        move_request(connection, row, state, decided, condition)
    audit.append(connection, event=event, actor=ballot.actor, subject=row.id, now_ns=now_ns, detail=told)
    if ballot.remember is not None:
        keep_remembered(connection, audit, row, ballot.remember, ballot.actor, now_ns)
    return require_request(connection, row.id)


_EVENTS = {
    DecisionWord.APPROVE: "voted",
    DecisionWord.POSTPONE: "postponed",
    DecisionWord.COMMENT: "commented",
}
