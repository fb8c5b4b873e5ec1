"""The single steps of a request inside a transaction: find, judge, move."""

from __future__ import annotations

import functools
import hashlib
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, bindparam, select, update

from osprey.errors import ConflictError
from osprey.journal.refusals import Refusal
from osprey.journal.rows import request_row
from osprey.journal.tables import REQUESTS
from osprey.journal.values import FOLLOWING_STATES, RequestRow, RequestState
from osprey.storage.prepared import Prepared

EXPIRING: Final = (RequestState.PENDING, RequestState.APPROVED)
"""States whose time can run out."""

# Built once: building a statement costs as much as running it.
_BY_ID: Final = Prepared(select(REQUESTS).where(REQUESTS.c.id == bindparam("of_id")))
_MOVE: Final = update(REQUESTS).where(REQUESTS.c.id == bindparam("of_id"), REQUESTS.c.state == bindparam("was"))


def move_request(
    connection: Connection,
    row: RequestRow,
    state: RequestState,
    values: dict[str, Any],
    condition: ColumnElement[bool] | None = None,
) -> None:
    """Move a request on, if it is still in the state that `row` was read in.

    :raises ConflictError: it is not; the transaction must not be committed.
    """
    stored = {**values, "state": str(state)}
    if condition is None:
        found = _move_to(tuple(stored)).execute(connection, of_id=row.id, was=str(row.state), **stored)
    else:
        found = connection.execute(_MOVE.where(condition), {"of_id": row.id, "was": str(row.state), **stored})
    if found.rowcount != 1:
        msg = f"request {row.id} is no longer {row.state}: nothing was changed, look at it again"
        raise ConflictError(msg)


@functools.cache
def _move_to(columns: tuple[str, ...]) -> Prepared:
    """Give the statement that moves a request and fills these columns; there are a handful."""
    return Prepared(_MOVE.values({column: bindparam(column) for column in columns}))


def find_request(connection: Connection, request_id: str) -> RequestRow | None:
    """Read a request in the caller's transaction; None if there is none."""
    found = _BY_ID.first(connection, of_id=request_id)
    return None if found is None else request_row(found)


def require_request(connection: Connection, request_id: str) -> RequestRow:
    """Read a request that is known to exist."""
    return request_row(_BY_ID.execute(connection, of_id=request_id).mappings().one())


def find_by_key(connection: Connection, key: str | None) -> RequestRow | None:
    if key is None:
        return None
    found = connection.execute(select(REQUESTS).where(REQUESTS.c.key == key)).mappings().first()
    return None if found is None else request_row(found)


def is_due(now_ns: int) -> ColumnElement[bool]:
    states = [str(state) for state in EXPIRING]
    return REQUESTS.c.state.in_(states) & (REQUESTS.c.expires_ns <= now_ns)


def sha256_of(document: str) -> str:
    """Give the hash of a document as it is stored."""
    return hashlib.sha256(document.encode("utf-8")).hexdigest()


def judge_document(row: RequestRow, prefix: str, *, is_whole: bool = False) -> Refusal | None:
    """Refuse if the stored document no longer has its hash, or if `prefix` does not begin it.

    :param is_whole: `prefix` has to be the whole hash.
    """
    if sha256_of(row.document) != row.sha256:
        return Refusal(
            "approval.hash",
            f"the stored document of request {row.id} was changed after it was filed: it is not what "
            "would be approved; file a new request, and run `osprey audit verify`",
        )
    if not row.sha256.startswith(prefix) or (is_whole and prefix != row.sha256):
        return Refusal(
            "approval.hash",
            f"{prefix or 'no hash'} does not belong to request {row.id}, whose hash begins {row.sha256[:8]}: "
            "look at the request again and approve what it shows",
        )
    return None


def judge_state(row: RequestRow | None, request_id: str, wanted: RequestState, verb: str) -> Refusal | None:
    """Refuse unless the request exists and is in the state `wanted`."""
    if row is None:
        return unknown_request(request_id)
    return None if row.state is wanted else in_the_way(row, verb)


def judge_step(row: RequestRow | None, request_id: str, state: RequestState) -> Refusal | None:
    if row is None:
        return unknown_request(request_id)
    if state in FOLLOWING_STATES.get(row.state, frozenset()):
        return None
    return in_the_way(row, f"become {state}")


def judge_rules(row: RequestRow, version: str) -> Refusal | None:
    """Refuse unless the rules that made the request's needs are those of the configuration now."""
    if row.policy == version:
        return None
    return Refusal(
        "approval.policy_changed",
        f"the approval rules in the configuration are not those that request {row.id} was filed under: "
        "file a new request, which the present rules judge",
    )


def unknown_request(request_id: str) -> Refusal:
    told = f"there is no request {request_id!r}: `osprey approvals list` shows those there are"
    return Refusal("approval.unknown", told)


def in_the_way(row: RequestRow, verb: str) -> Refusal:
    told = f"request {row.id} is {row.state.replace('_', ' ')} and cannot {verb}"
    if row.reason:
        told += f" ({row.reason})"
    return Refusal(f"approval.{row.state}", f"{told}: file a new request if the work is still wanted")
