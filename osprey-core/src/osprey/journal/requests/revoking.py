"""What a halt takes back: every approval that nobody has begun to carry out.

A machine after a halt is not the one that people agreed to change, so none of these is used when the halt is released.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from osprey.journal.requests.deciding import Ballot, decide
from osprey.journal.requests.expiry import expire, has_ended
from osprey.journal.requests.votes import DecisionWord, Voter
from osprey.journal.rows import request_row
from osprey.journal.tables import REQUESTS
from osprey.journal.values import ActorLike, RequestRow, RequestState

if TYPE_CHECKING:
    from osprey.journal.audit.chain import Audit


def revoke_approved(
    connection: Connection, audit: Audit, actor: ActorLike, reason: str, now_ns: int
) -> tuple[str, ...]:
    """Withdraw every request that is approved and not claimed, in the caller's transaction; give their ids."""
    approved = REQUESTS.c.state == str(RequestState.APPROVED)
    rows = [request_row(found) for found in connection.execute(select(REQUESTS).where(approved)).mappings().all()]
    revoked: list[str] = []
    for row in rows:
        if has_ended(row, now_ns):
            expire(connection, audit, row, now_ns)
            continue
        ballot = Ballot(
            request_id=row.id,
            word=DecisionWord.WITHDRAW,
            actor=actor,
            voter=Voter(person=actor.subject),
            text=f"all was halted: {reason}",
        )
        if isinstance(decide(connection, audit, ballot, now_ns), RequestRow):
            revoked.append(row.id)
    return tuple(revoked)
