"""Requests whose time is over: recorded as what it is, nobody's decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from osprey.journal.requests.steps import EXPIRING, find_request, is_due, move_request, require_request
from osprey.journal.rows import request_row
from osprey.journal.tables import REQUESTS
from osprey.journal.values import RequestRow, RequestState, Who

if TYPE_CHECKING:
    from osprey.journal.audit.chain import Audit


def current_request(connection: Connection, audit: Audit, request_id: str, now_ns: int) -> RequestRow | None:
    """Read a request in the caller's transaction, recording its expiry if it is due."""
    row = find_request(connection, request_id)
    if row is None or not has_ended(row, now_ns):
        return row
    expire(connection, audit, row, now_ns)
    return require_request(connection, request_id)


def has_ended(row: RequestRow, now_ns: int) -> bool:
    """Say whether the time of a request is over, recorded or not."""
    return row.state in EXPIRING and now_ns >= row.expires_ns


def expire_all_due(connection: Connection, audit: Audit, now_ns: int) -> None:
    """Record every expiry that is due."""
    for values in connection.execute(select(REQUESTS).where(is_due(now_ns))).mappings().all():
        row = request_row(values)
        if has_ended(row, now_ns):  # a row that cannot be read is in no state that could end
            expire(connection, audit, row, now_ns)


def expire(connection: Connection, audit: Audit, row: RequestRow, now_ns: int) -> None:
    """Record one expiry."""
    reason = "its time was over before it was decided"
    if row.state is RequestState.APPROVED:
        reason = "its time was over before it was carried out"
    move_request(connection, row, RequestState.EXPIRED, {"finished_ns": now_ns, "reason": reason})
    audit.append(
        connection,
        event="request.expired",
        actor=Who("osprey:clock"),
        subject=row.id,
        now_ns=now_ns,
        detail={"was": str(row.state), "expires_ns": row.expires_ns},
    )
