"""Whether a stored request may be carried out: asked of sealed rows, of the audit, and of the anchor, at every claim.

That its state says *approved* is not enough. Whoever can write to the database, but does not have the audit's key,
can neither make an approval, nor lengthen one, nor have one carried out twice.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, bindparam, select

from osprey.journal.decisions import approvals_of
from osprey.journal.refusals import Refusal
from osprey.journal.remembered import judge_remembered
from osprey.journal.rows import StoredObject, encode, needs_text
from osprey.journal.tables import AUDIT
from osprey.journal.values import RequestRow
from osprey.journal.votes import is_met
from osprey.storage.prepared import Prepared

if TYPE_CHECKING:
    from osprey.journal.audit import Audit

_EARLIER_CLAIM: Final = Prepared(
    select(AUDIT.c.seq).where(AUDIT.c.subject == bindparam("of_subject"), AUDIT.c.event == "ledger.claimed").limit(1)
)
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


def judge_entitlement(connection: Connection, audit: Audit, row: RequestRow) -> Refusal | None:
    """Refuse to carry out a request that people have not approved as it needs, or that was carried out before."""
    refusal = judge_seal(audit, row) or audit.judge_anchor(connection)
    if refusal is not None:
        return refusal
    if _EARLIER_CLAIM.execute(connection, of_subject=row.id).first() is not None:
        return Refusal(
            "approval.replayed",
            f"request {row.id} was carried out before, whatever its state says now: file a new request, and run "
            "`osprey audit verify`",
        )
    given = approvals_of(connection, audit, row)
    if isinstance(given, Refusal):
        return given
    for vote in given:
        if vote.remembered is not None and (refusal := judge_remembered(connection, audit, vote.remembered)):
            return refusal
    if not is_met(row.needs, row.authors, given):
        return Refusal(
            "approval.undecided",
            f"request {row.id} is called approved, but the approvals that it needs are not there: file a new request, "
            "and run `osprey audit verify`",
        )
    return None
