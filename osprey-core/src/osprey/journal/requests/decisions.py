"""What people did with requests: rows that are added and never changed, each sealed by itself."""

from __future__ import annotations

import hmac
import json
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, bindparam, insert, select

from osprey.journal.refusals import Refusal
from osprey.journal.requests.votes import DecisionRow, DecisionWord, Voter
from osprey.journal.rows import decision_row
from osprey.journal.tables import DECISIONS
from osprey.journal.values import ActorLike, RequestRow
from osprey.storage.prepared import Prepared

if TYPE_CHECKING:
    from osprey.journal.audit.chain import Audit

_OF_REQUEST: Final = Prepared(
    select(DECISIONS).where(DECISIONS.c.request_id == bindparam("of_request")).order_by(DECISIONS.c.seq)
)
_INSERT: Final = Prepared(insert(DECISIONS))
_WHAT: Final = "decision"


def decisions_of(connection: Connection, request_id: str) -> list[DecisionRow]:
    """Read what people did with a request, in order."""
    return [decision_row(row) for row in _OF_REQUEST.execute(connection, of_request=request_id).mappings()]


def approvals_of(connection: Connection, audit: Audit, row: RequestRow) -> list[DecisionRow] | Refusal:
    """Read the approvals of exactly this document, or refuse if a row was written without the audit's key."""
    given: list[DecisionRow] = []
    for number, vote in enumerate(decisions_of(connection, row.id), start=1):
        is_genuine = hmac.compare_digest(audit.seal(_WHAT, vote.sealed_values).encode(), str(vote.seal).encode())
        if not is_genuine or vote.seq != number:
            return Refusal(
                "approval.forged",
                f"decision {vote.seq} on request {row.id} was changed, or written without the audit's key: nothing "
                "is carried out on it; file a new request, and run `osprey audit verify`",
            )
        if vote.word is DecisionWord.APPROVE and vote.sha256 == row.sha256:
            given.append(vote)
    return given


def add_decision(
    connection: Connection,
    audit: Audit,
    row: RequestRow,
    word: DecisionWord,
    actor: ActorLike,
    voter: Voter,
    now_ns: int,
    text: str = "",
) -> DecisionRow:
    """Add a row in the caller's transaction, and give it."""
    query = select(DECISIONS.c.seq).where(DECISIONS.c.request_id == row.id).order_by(DECISIONS.c.seq.desc()).limit(1)
    newest = connection.execute(query).scalar() or 0
    values: dict[str, Any] = {
        "request_id": row.id,
        "seq": newest + 1,
        "word": str(word),
        "actor": actor.subject,
        "terminal": actor.terminal,
        "host": actor.host,
        "person": voter.person,
        "roles": json.dumps(voter.roles),
        "method": voter.method,
        "is_authenticated": int(voter.is_authenticated),
        "ns": now_ns,
        "sha256": row.sha256,
        "text": text,
        "remembered": voter.remembered,
    }
    seal = audit.seal(_WHAT, decision_row({**values, "seal": ""}).sealed_values)
    _INSERT.execute(connection, **values, seal=seal)
    return decision_row({**values, "seal": seal})
