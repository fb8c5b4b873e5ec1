"""The journal of one project: its parts, opened together."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from osprey.journal.anchor import Anchor
from osprey.journal.audit import Audit
from osprey.journal.claims import Books
from osprey.journal.halt import Halt
from osprey.journal.leases import Leases
from osprey.journal.ledger import Ledger
from osprey.journal.owner import Owner
from osprey.journal.remembered import RememberedDecisions
from osprey.journal.requests import Requests
from osprey.journal.schema import COMPONENT, MIGRATIONS
from osprey.journal.seal import load_key

if TYPE_CHECKING:
    from osprey.project import Project
    from osprey.storage import Database


class Journal:
    """Requests, ledger, audit, owner and halt over one database. Each open journal is an owner of its own."""

    def __init__(self, database: Database, clock: Callable[[], int], key: bytes, anchor: Anchor) -> None:
        """Used by `open`, which prepares the tables, the key and the anchor."""
        self.audit: Final = Audit(database, clock, key, anchor)
        self.requests: Final = Requests(database, clock, self.audit)
        self.remembered: Final = RememberedDecisions(database, clock, self.audit)
        self.owner: Final = Owner(database, clock)
        self.halt: Final = Halt(database, clock, self.audit)
        books = Books(clock, self.audit, self.owner, self.requests)
        self.ledger: Final = Ledger(database, books)
        self.leases: Final = Leases(database, clock, self.audit, self.owner)

    @classmethod
    def open(cls, database: Database, *, clock: Callable[[], int] = time.time_ns) -> Journal:
        """Open the journal, making its tables, the audit's key and the anchor where they are missing.

        Rows that a crash left without an anchor line get it now.

        :raises StorageError: newer tables, a lost or exposed audit key, no access.
        """
        database.migrate(COMPONENT, MIGRATIONS)
        rows = database.read_sync(_count_audit)
        key = load_key(database.state_dir, has_rows=rows > 0)
        anchor = Anchor(database.state_dir, key)
        anchor.prepare(rows)
        database.safety.after_commit(anchor.bring_up)
        database.safety.run_sync(lambda _: None)
        return cls(database, clock, key, anchor)

    async def aclose(self) -> None:
        """Give back the owner's lock; open intents wait for the next process to recover them."""
        await self.owner.aclose()


def _count_audit(connection: Connection) -> int:
    row = connection.exec_driver_sql("SELECT coalesce(max(seq), 0) FROM audit").one()
    return int(row[0])


def journal_of(project: Project) -> Journal:
    """Give the project's journal, opened on first use and closed with the project."""

    def build(owner: Project) -> Journal:
        journal = Journal.open(owner.database)
        owner.on_close(journal.aclose)
        return journal

    return project.part("journal", build)
