"""Filing a request inside a transaction: one row with its seal, and the end of the one that it replaces."""

from __future__ import annotations

import json
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from attrs import asdict
from sqlalchemy import Connection, insert

from osprey.journal.refusals import Refusal
from osprey.journal.requests.entitlement import judge_seal, seal_request
from osprey.journal.requests.steps import (
    EXPIRING,
    find_request,
    in_the_way,
    move_request,
    require_request,
    sha256_of,
    unknown_request,
)
from osprey.journal.rows import needs_text, request_row
from osprey.journal.tables import REQUESTS
from osprey.journal.values import NewRequest, RequestRow, RequestState, Who

if TYPE_CHECKING:
    from osprey.journal.audit.chain import Audit


def file_request(
    connection: Connection, audit: Audit, new: NewRequest, presentation: str, now_ns: int
) -> RequestRow | Refusal:
    """Store a request as pending; what it supersedes ends in the same transaction.

    :param presentation: what is shown beside the document, as JSON.
    """
    requester, authors = Who(new.requester), new.authors or (new.requester,)
    if new.supersedes is not None:
        old = _supersede(connection, audit, new.supersedes, requester, now_ns)
        if isinstance(old, Refusal):
            return old
        authors = tuple(dict.fromkeys((*old.authors, *authors)))
    values: dict[str, Any] = {
        "id": f"req-{token_hex(6)}",
        "kind": new.kind,
        "title": new.title,
        "thread": new.thread,
        "document": new.document,
        "sha256": sha256_of(new.document),
        "risk": new.risk,
        "requester": new.requester,
        "created_ns": now_ns,
        "expires_ns": new.expires_ns,
        "presentation": presentation,
        "key": new.key,
        "supersedes": new.supersedes,
        "state": str(RequestState.PENDING),
        "reason": "",
        "needs": needs_text(new.needs),
        "policy": new.policy,
        "authors": json.dumps(authors),
    }
    empty = dict.fromkeys(column.name for column in REQUESTS.columns)
    seal = seal_request(audit, request_row({**empty, **values, "seal": ""}))
    connection.execute(insert(REQUESTS), {**values, "seal": seal})
    told = {"kind": new.kind, "sha256": values["sha256"], "supersedes": new.supersedes, "risk": new.risk}
    needs = asdict(new.needs, recurse=False)
    audit.append(
        connection,
        event="request.created",
        actor=requester,
        subject=values["id"],
        now_ns=now_ns,
        detail={**told, "persons": needs["persons"], "roles": dict(needs["roles"]), "rules": list(needs["rules"])},
    )
    return require_request(connection, values["id"])


def _supersede(connection: Connection, audit: Audit, request_id: str, actor: Who, now_ns: int) -> RequestRow | Refusal:
    """Retire the request that an edit replaces; a finished one stays, the new one continues it."""
    old = find_request(connection, request_id)
    refusal = unknown_request(request_id) if old is None else None
    if old is not None and old.state in (RequestState.CLAIMED, RequestState.SUPERSEDED):
        refusal = in_the_way(old, "be superseded")
    if old is not None and refusal is None:
        refusal = judge_seal(audit, old)
    if refusal is not None or old is None:
        return audit.refuse(
            connection,
            refusal or unknown_request(request_id),
            actor=actor,
            what="supersede",
            subject=request_id,
            now_ns=now_ns,
        )
    if old.state in EXPIRING:
        move_request(connection, old, RequestState.SUPERSEDED, {"finished_ns": now_ns})
        audit.append(connection, event="request.superseded", actor=actor, subject=request_id, now_ns=now_ns)
    return old
