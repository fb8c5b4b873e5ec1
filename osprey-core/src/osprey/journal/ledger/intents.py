"""Intents as they are read inside a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, func, select, text

from osprey.journal.rows import intent_row
from osprey.journal.tables import INTENTS, REQUESTS
from osprey.journal.values import NOT_SENT, IntentRow, IntentState, RequestState, Settlement

UNRESOLVED: Final = text("state IN ('open', 'in_doubt')")
"""What keeps a channel closed to further writes; word for word the condition of the partial indices, as
SQLite needs it to use them."""

_NAMES_AT_ONCE: Final = 500
"""SQLite takes a limited number of parameters in one statement."""
_NOT_TAKEN: Final = (*sorted(NOT_SENT), str(Settlement.DID_NOT_LAND))
_OPEN: Final = str(IntentState.OPEN)
_CLAIMED: Final = str(RequestState.CLAIMED)


def find_intent(connection: Connection, intent_id: int) -> IntentRow | None:
    """Read an intent in the caller's transaction; None if there is none."""
    found = connection.execute(select(INTENTS).where(INTENTS.c.id == intent_id)).mappings().first()
    return None if found is None else intent_row(found)


def require_intent(connection: Connection, intent_id: int) -> IntentRow:
    """Read an intent that is known to exist."""
    return intent_row(connection.execute(select(INTENTS).where(INTENTS.c.id == intent_id)).mappings().one())


def intents_of(connection: Connection, request_id: str) -> list[IntentRow]:
    """Read all intents of a request, in the order in which they were opened."""
    query = select(INTENTS).where(INTENTS.c.request_id == request_id).order_by(INTENTS.c.id)
    return [intent_row(row) for row in connection.execute(query).mappings()]


def list_intents(connection: Connection, *, is_unresolved: bool) -> list[IntentRow]:
    """Read the intents that are open or in doubt, or all there ever were."""
    query = select(INTENTS).order_by(INTENTS.c.id)
    if is_unresolved:
        query = query.where(UNRESOLVED)
    return [intent_row(row) for row in connection.execute(query).mappings()]


def has_work(connection: Connection, owner_id: str) -> bool:
    """Say whether an owner has open intents or claimed requests."""
    has_intents = connection.execute(
        select(INTENTS.c.id).where(UNRESOLVED, INTENTS.c.owner == owner_id, INTENTS.c.state == _OPEN).limit(1)
    ).first()
    has_claims = connection.execute(
        select(REQUESTS.c.id).where(REQUESTS.c.owner == owner_id, REQUESTS.c.state == _CLAIMED).limit(1)
    ).first()
    return has_intents is not None or has_claims is not None


def count_open(connection: Connection, request_id: str) -> int:
    """Count the intents of a request that have no receipt."""
    query = select(func.count()).where(INTENTS.c.request_id == request_id, INTENTS.c.state == _OPEN)
    return int(connection.execute(query).scalar_one())


def recent_writes(
    connection: Connection, target: str, channels: Sequence[str], since_ns: int
) -> dict[str, list[IntentRow]]:
    """Read for each channel the writes since then that were, or may have been, taken; oldest first."""
    found: dict[str, list[IntentRow]] = {channel: [] for channel in channels}
    names = list(found)
    for start in range(0, len(names), _NAMES_AT_ONCE):
        query = (
            select(INTENTS)
            .where(
                INTENTS.c.target == target,
                INTENTS.c.channel.in_(names[start : start + _NAMES_AT_ONCE]),
                INTENTS.c.opened_ns >= since_ns,
                INTENTS.c.outcome.not_in(_NOT_TAKEN),
            )
            .order_by(INTENTS.c.id)
        )
        for row in connection.execute(query).mappings():
            found[row["channel"]].append(intent_row(row))
    return found


def recent_writes_to(connection: Connection, target: str, since_ns: int) -> list[IntentRow]:
    """Read the writes to any channel of a target since then that were, or may have been, taken; oldest first."""
    query = (
        select(INTENTS)
        .where(INTENTS.c.target == target, INTENTS.c.opened_ns >= since_ns, INTENTS.c.outcome.not_in(_NOT_TAKEN))
        .order_by(INTENTS.c.id)
    )
    return [intent_row(row) for row in connection.execute(query).mappings()]
