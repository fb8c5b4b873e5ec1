"""Past owners: the rows of processes that are gone and that nothing names, removed after a month.

Each process that works on a thread leaves a row. What the ledger names stays for ever, as the ledger does, and so does
whoever took over from an owner that stays. The audit copies what it tells, so it reads the same without the rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, delete, exists, func, or_, select

from osprey.journal.tables import INTENTS, LEASES, OWNERS, REQUESTS

if TYPE_CHECKING:
    from osprey.journal.owner import Owner

KEPT_NS: Final = 30 * 24 * 3600 * 10**9
"""So long a row stays after its owner has begun and, if that is known, has ended: whoever looks into a lock or a log
of those days still finds process and host."""
_MOST: Final = 200
"""Rows removed at a time: whoever looks for orphans waits for it."""


def remove_past_owners(connection: Connection, owner: Owner, now_ns: int) -> int:
    """Remove the rows of dead owners that nothing names, and give how many; in the caller's transaction."""
    past = [owner_id for owner_id in _unnamed(connection, now_ns - KEPT_NS) if owner.is_gone(owner_id)]
    if past:
        connection.execute(delete(OWNERS).where(OWNERS.c.id.in_(past)))
    return len(past)


def _unnamed(connection: Connection, before_ns: int) -> list[str]:
    successor = OWNERS.alias("successor")
    named = (
        exists().where(INTENTS.c.owner == OWNERS.c.id),
        exists().where(REQUESTS.c.owner == OWNERS.c.id),
        exists().where(LEASES.c.owner == OWNERS.c.id),
        exists(select(successor.c.id).where(successor.c.taken_by == OWNERS.c.id)),
    )
    query = (
        select(OWNERS.c.id)
        .where(OWNERS.c.started_ns < before_ns)
        .where(or_(OWNERS.c.ended_ns.is_(None), OWNERS.c.ended_ns < before_ns))
        .where(OWNERS.c.token < select(func.max(OWNERS.c.token)).scalar_subquery())
        .where(*(~one for one in named))
        .order_by(OWNERS.c.token)
        .limit(_MOST)
    )
    return list(connection.execute(query).scalars())
