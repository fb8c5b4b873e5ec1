"""Ledger owners: who may claim and advance, and whether they still live.

An owner is one opened journal. From its first claim it holds a lock of the operating system on
``owners/<id>.lock`` until it is closed or its process dies, stopped processes included. Whether another owner
lives is therefore asked of the operating system alone: it is dead if its lock can be taken. Taking over gives
the dead owner's row a new fencing token, so that one which was wrongly thought dead (its lock file was
removed) finds its own token gone, and can neither claim nor advance nor finish.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, bindparam, func, insert, select, update

from osprey.journal.refusals import Refusal
from osprey.journal.tables import OWNERS
from osprey.storage import FileLock
from osprey.storage.faults import folder_error
from osprey.storage.prepared import Prepared

if TYPE_CHECKING:
    from osprey.storage import Database

_LOCK_FOLDER: Final = "owners"
_TOKEN: Final = Prepared(select(OWNERS.c.token, OWNERS.c.ended_ns).where(OWNERS.c.id == bindparam("of_id")))


class Owner:
    """This journal as an owner, and the dead owners it has taken over. Used on the safety writer's thread."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self.id: Final = token_hex(8)
        self._database = database
        self._clock = clock
        self._pid = os.getpid()
        self._folder = database.state_dir / _LOCK_FOLDER
        self._lock = FileLock(self._lock_path(self.id))
        self._token: int | None = None
        self._is_registering = False
        self._is_registered = False
        database.safety.at_end(self._note_end)
        self._taken: dict[str, FileLock] = {}

    @property
    def token(self) -> int:
        """The fencing token, which `require` has given: whoever finds another one in the row has been taken over."""
        if self._token is None:
            msg = "an owner has no token before `require`"
            raise RuntimeError(msg)
        return self._token

    def _lock_path(self, owner_id: str) -> Path:
        return self._folder / f"{owner_id}.lock"

    def require(self, connection: Connection, now_ns: int) -> Refusal | None:
        """Register on first use; afterwards refuse if this owner was taken over meanwhile."""
        self._hold_lock()
        row = _TOKEN.execute(connection, of_id=self.id).first()
        if row is None and not self._is_registered:
            self._token, self._is_registering = _next_token(connection), True
            connection.execute(
                insert(OWNERS),
                {
                    "id": self.id,
                    "pid": self._pid,
                    "host": socket.gethostname(),
                    "started_ns": now_ns,
                    "token": self._token,
                },
            )
            return None
        if row is not None and row.token == self._token and row.ended_ns is None:
            return None
        return Refusal(
            "ledger.fenced",
            f"this process (owner {self.id}, pid {self._pid}) was taken for dead and its work was taken "
            "over: look at `osprey ledger list`, then start this process again",
        )

    def _note_end(self, failure: BaseException | None) -> None:
        """Note whether the row is stored: one that was and is not there any more was removed with a past owner's."""
        if self._is_registering:
            self._is_registering, self._is_registered = False, failure is None

    def _hold_lock(self) -> None:
        if self._lock.is_held:
            return
        self._make_folder()
        # Nobody else uses this name; a process that sweeps the folder may hold it for a moment.
        self._lock.acquire(timeout_s=10.0, purpose="becoming a ledger owner", note=f"pid {self._pid}\n")

    def _make_folder(self) -> None:
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as exc:
            raise folder_error(exc, self._folder) from exc

    def take_over(self, connection: Connection, owner_id: str) -> bool:
        """Take over another owner if it is dead; True if it is this one's now."""
        lock = self._taken.get(owner_id) or FileLock(self._lock_path(owner_id))
        self._make_folder()
        if not lock.try_acquire(note=f"taken over by pid {self._pid}\n"):
            return False
        self._taken[owner_id] = lock
        if not self.has_taken(connection, owner_id):
            connection.execute(
                update(OWNERS).where(OWNERS.c.id == owner_id).values(token=_next_token(connection), taken_by=self.id)
            )
        return True

    def fence(self, connection: Connection, owner_id: str) -> bool:
        """See to it that another owner can do nothing more, if it is dead; its work waits for whoever recovers it."""
        lock = FileLock(self._lock_path(owner_id))
        self._make_folder()
        if not lock.try_acquire(note=f"fenced by pid {self._pid}\n"):
            return False
        try:
            connection.execute(
                update(OWNERS).where(OWNERS.c.id == owner_id).values(token=_next_token(connection), taken_by=self.id)
            )
        finally:
            # Not kept: a lock that is held would keep others from recovering what the dead owner has left.
            lock.release(remove=True)
        return True

    def has_taken(self, connection: Connection, owner_id: str) -> bool:
        """Say whether this owner is the last that took over `owner_id`."""
        if owner_id not in self._taken:
            return False
        taken_by = connection.execute(select(OWNERS.c.taken_by).where(OWNERS.c.id == owner_id)).scalar_one()
        return taken_by == self.id

    def end_taken(self, connection: Connection, owner_id: str, now_ns: int) -> None:
        """Record that nothing is left of a taken owner; `release_taken` follows after the commit."""
        connection.execute(update(OWNERS).where(OWNERS.c.id == owner_id).values(ended_ns=now_ns))

    def release_taken(self, owner_id: str) -> None:
        """Give back the lock of an owner whose work is all recorded."""
        lock = self._taken.pop(owner_id, None)
        if lock is not None:
            lock.release(remove=True)

    def is_gone(self, owner_id: str) -> bool:
        """Say whether another owner, which this one has not taken over, is dead; leaves no lock file behind then."""
        if owner_id == self.id or owner_id in self._taken:
            return False
        self._make_folder()
        lock = FileLock(self._lock_path(owner_id))
        if not lock.try_acquire():
            return False
        lock.release(remove=True)
        return True

    def sweep(self, busy: frozenset[str]) -> None:
        """Remove the lock files that dead owners without unfinished work left behind.

        :param busy: owners with open intents or claimed requests; their files stay.
        """
        if not self._folder.is_dir():
            return
        for path in self._folder.glob("*.lock"):
            if path.stem not in busy:
                self.is_gone(path.stem)

    async def aclose(self) -> None:
        """Give back every lock. Open intents stay open: the next process recovers them."""
        try:
            if self._token is not None and self._pid == os.getpid():
                await self._database.safety.run(self._end)
        finally:
            for lock in self._taken.values():
                lock.release()
            self._taken.clear()
            self._lock.release(remove=True)

    def _end(self, connection: Connection) -> None:
        connection.execute(
            update(OWNERS).where(OWNERS.c.id == self.id, OWNERS.c.token == self._token).values(ended_ns=self._clock())
        )


def _next_token(connection: Connection) -> int:
    return int(connection.execute(select(func.coalesce(func.max(OWNERS.c.token), 0) + 1)).scalar_one())
