"""Whether a stored request may be carried out: asked of sealed rows, of the audit, and of the anchor, at every claim.

That its state says *approved* is not enough. Whoever can write to the database, but does not have the audit's key,
can neither make an approval, nor lengthen one, nor have one carried out twice.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection

from osprey.journal.refusals import Refusal
from osprey.journal.requests.decisions import approvals_of
from osprey.journal.requests.remembered import REVOKED, judge_remembered, revoked
from osprey.journal.requests.votes import is_met
from osprey.journal.rows import StoredObject, encode, needs_text
from osprey.journal.values import RequestRow

if TYPE_CHECKING:
    from osprey.journal.audit.chain import Audit

_ENDS: Final = {
    "ledger.claimed": "carried out",
    "request.rejected": "rejected",
    "request.withdrawn": "withdrawn",
    "request.superseded": "superseded",
    "request.expired": "recorded as expired",
}
"""Events after which a request can never be carried out, whatever its row says."""
_WHAT: Final = "request"


def seal_request(audit: Audit, row: RequestRow) -> str:
    """Give the seal over everything of a request that was filed."""
    shown = row.presentation.text if isinstance(row.presentation, StoredObject) else encode(row.presentation, "it")
    filed = (row.id, row.kind, row.title, row.thread, row.sha256, row.risk, row.requester, row.created_ns)
    more: tuple[Any, ...] = (row.expires_ns, shown, row.key, row.supersedes, needs_text(row.needs), row.policy)
    return audit.seal(_WHAT, (*filed, *more, list(row.authors)))


def judge_seal(audit: Audit, row: RequestRow) -> Refusal | None:
    """Refuse a request that is not as it was filed."""
    if hmac.compare_digest(seal_request(audit, row).encode(), row.seal.encode()):
        return None
    return Refusal(
        "approval.seal",
        f"request {row.id} is not as it was filed, or was filed by an earlier version: file a new request, and run "
        "`osprey audit verify`",
    )


def judge_past(connection: Connection, audit: Audit, row: RequestRow) -> Refusal | None:
    """Refuse a vote on a request that has ended before, whatever its state says now."""
    return _judge_since(connection, audit, row, "request.created", ())


def judge_entitlement(connection: Connection, audit: Audit, row: RequestRow) -> Refusal | None:
    """Refuse to carry out a request that people have not approved as it needs, or that has ended before."""
    refusal = judge_seal(audit, row) or audit.judge_anchor(connection)
    if refusal is not None:
        return refusal
    given = approvals_of(connection, audit, row)
    if isinstance(given, Refusal):
        return given
    if not is_met(row.needs, row.authors, given):
        return Refusal(
            "approval.undecided",
            f"request {row.id} is called approved, but the approvals that it needs are not there: file a new request, "
            "and run `osprey audit verify`",
        )
    spoken = [vote.remembered for vote in given if vote.remembered is not None]
    for remembered in spoken:
        if refusal := judge_remembered(connection, audit, remembered):
            return refusal
    # What came before the approval was looked at when it was given.
    return _judge_since(connection, audit, row, "request.approved", spoken)


def _judge_since(
    connection: Connection, audit: Audit, row: RequestRow, event: str, spoken: Sequence[str]
) -> Refusal | None:
    events = audit.history(connection, event, row.id)
    if isinstance(events, Refusal):
        return events
    if not events:
        told = f"the audit does not tell that request {row.id} was {event.removeprefix('request.')}"
        return Refusal("approval.undecided", f"{told}: file a new request, and run `osprey audit verify`")
    for past in events:
        if past.event == REVOKED and past.subject in spoken:
            return revoked(past.subject)
        if past.subject == row.id and past.event in _ENDS:
            return Refusal(
                "approval.replayed",
                f"request {row.id} was {_ENDS[past.event]} before, whatever its state says now: file a new request, "
                "and run `osprey audit verify`",
            )
    return None
