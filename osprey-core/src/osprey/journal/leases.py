"""Leases: one process, and one task of it, works on a thread at a time.

A lease is one row that names its holder and the fencing token which the holder had then. It holds as long as that
owner lives (a stopped process does), has not been fenced, and has not given it back. Who takes one over from a dead
owner fences that owner in the same transaction: if it was wrongly thought dead, it can neither claim nor send.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import anyio
from attrs import frozen
from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from osprey.errors import ConflictError
from osprey.journal.refusals import Refusal, granted
from osprey.journal.tables import LEASES, OWNERS
from osprey.journal.values import Who

if TYPE_CHECKING:
    from osprey.journal.audit.chain import Audit
    from osprey.journal.owner import Owner
    from osprey.storage import Database

_HOLDER: Final = (
    select(LEASES.c.owner, LEASES.c.token, OWNERS.c.pid, OWNERS.c.host, OWNERS.c.ended_ns, OWNERS.c.token.label("now"))
    .select_from(LEASES)
    .join(OWNERS, OWNERS.c.id == LEASES.c.owner)
)
_LESSEE: Final = Who("osprey:lease")
"""Who takes over a thread of a dead process: no person decides it."""


@frozen(kw_only=True)
class Lease:
    """The right to work on a thread, for as long as it is held."""

    thread: str
    owner: str
    token: int


class Leases:
    """Gives threads to this owner, one task at a time."""

    def __init__(self, database: Database, clock: Callable[[], int], audit: Audit, owner: Owner) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit
        self._owner = owner
        self._held: dict[str, object] = {}
        """Threads that tasks of this process work on, each with its task's mark."""

    @asynccontextmanager
    async def hold(self, thread: str) -> AsyncGenerator[Lease]:
        """Work on a thread until the end of the block; it is given back whatever happens there.

        :raises ConflictError: a living process, or another task of this one, works on it; or, at the end of the
            block, this process was taken for dead and another one works on the thread by now.
        :raises RefusedError: ``ledger.fenced``: this process was taken for dead before.
        """
        mark, was_kept = object(), False
        try:
            lease = granted(await self._database.safety.run(lambda connection: self._take(connection, thread, mark)))
            try:
                yield lease
            finally:
                with anyio.CancelScope(shield=True):
                    was_kept = await self._database.safety.run(lambda connection: _give_back(connection, lease))
        finally:
            # Also where storing failed: what is marked and not stored would block the thread for this process.
            if self._held.get(thread) is mark:
                del self._held[thread]
        if not was_kept:
            msg = (
                f"this process was taken for dead while it worked on thread {thread}, and another one has it now: "
                f"look at it with `osprey resume {thread}`, and start this process again"
            )
            raise ConflictError(msg)

    def _take(self, connection: Connection, thread: str, mark: object) -> Lease | Refusal:
        now_ns = self._clock()
        refusal = self._owner.require(connection, now_ns)
        if refusal is not None:
            return refusal
        lease = Lease(thread=thread, owner=self._owner.id, token=self._owner.token)
        values = {"owner": lease.owner, "token": lease.token, "taken_ns": now_ns}
        holder = connection.execute(_HOLDER.where(LEASES.c.thread == thread)).mappings().first()
        if holder is None:
            connection.execute(insert(LEASES), {"thread": thread, **values})
        else:
            self._displace(connection, thread, holder)
            is_same = (LEASES.c.thread == thread, LEASES.c.owner == holder["owner"], LEASES.c.token == holder["token"])
            connection.execute(update(LEASES).where(*is_same).values(**values))
        self._held[thread] = mark
        return lease

    def _displace(self, connection: Connection, thread: str, holder: RowMapping) -> None:
        """Go on only if whoever holds the thread can do nothing more with it.

        :raises ConflictError: somebody works on it.
        """
        if holder["owner"] == self._owner.id:
            if thread in self._held:
                msg = f"thread {thread} is being worked on by another task of this process; wait for it and try again"
                raise ConflictError(msg)
            return  # giving it back failed, with the disk full for example
        was_fenced = holder["now"] != holder["token"] or holder["ended_ns"] is not None
        if not was_fenced and not self._owner.fence(connection, holder["owner"]):
            msg = (
                f"thread {thread} is being worked on by another process (pid {holder['pid']} on {holder['host']}); "
                "wait for it and try again"
            )
            raise ConflictError(msg)
        self._audit.append(
            connection,
            event="lease.taken_over",
            actor=_LESSEE,
            subject=f"thread:{thread}",
            now_ns=self._clock(),
            detail={"was": holder["owner"], "by": self._owner.id},
        )


def _give_back(connection: Connection, lease: Lease) -> bool:
    """Give a lease back; False if it was not this owner's any more."""
    mine = (LEASES.c.thread == lease.thread, LEASES.c.owner == lease.owner, LEASES.c.token == lease.token)
    return connection.execute(delete(LEASES).where(*mine)).rowcount == 1
