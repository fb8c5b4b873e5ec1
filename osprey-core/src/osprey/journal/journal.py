"""The journal of one project: its parts, opened together."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from osprey.errors import StorageError
from osprey.journal.audit.anchor import Anchor
from osprey.journal.audit.chain import Audit
from osprey.journal.audit.records import AuditRecords
from osprey.journal.audit.seal import load_key
from osprey.journal.audit.unopened import keep_unopened
from osprey.journal.configuration_notes import note_configuration
from osprey.journal.halt import Halt
from osprey.journal.leases import Leases
from osprey.journal.ledger.claims import Books
from osprey.journal.ledger.ledger import Ledger
from osprey.journal.owner import Owner
from osprey.journal.requests.remembered import RememberedDecisions
from osprey.journal.requests.requests import Requests
from osprey.journal.schema import COMPONENT, MIGRATIONS

if TYPE_CHECKING:
    from osprey.project import Project
    from osprey.storage import Database


class Journal:
    """Requests, ledger, audit, owner and halt over one database. Each open journal is an owner of its own."""

    def __init__(self, database: Database, clock: Callable[[], int], key: bytes, anchor: Anchor) -> None:
        """Used by `open`, which prepares the tables, the key and the anchor."""
        self.audit: Final = Audit(database, clock, key, anchor)
        self.records: Final = AuditRecords(database, key, anchor)
        """The audit to be read and copied."""
        self.requests: Final = Requests(database, clock, self.audit)
        self.remembered: Final = RememberedDecisions(database, clock, self.audit)
        self.owner: Final = Owner(database, clock)
        self.halt: Final = Halt(database, clock, self.audit)
        books = Books(clock, self.audit, self.owner, self.requests)
        self.ledger: Final = Ledger(database, books)
        self.leases: Final = Leases(database, clock, self.audit, self.owner)

    @classmethod
    def open(cls, database: Database, *, clock: Callable[[], int] = time.time_ns) -> Journal:
        """Open the journal, making its tables, the audit's key, anchor and spool where they are missing.

        Rows that a crash left without an anchor line get it now, and refusals that the audit could not take their rows.

        :raises StorageError: newer tables, a lost or exposed audit key, no access.
        """
        database.migrate(COMPONENT, MIGRATIONS)
        rows = database.read_sync(_count_audit)
        key = load_key(database.state_dir, has_rows=rows > 0)
        anchor = Anchor(database.state_dir, key)
        anchor.prepare(rows)
        journal = cls(database, clock, key, anchor)
        journal.audit.attach()
        database.safety.run_sync(lambda _: None)
        if journal.audit.late.has_any():
            with suppress(StorageError):  # a journal that can be read opens; the next write is refused all the same
                database.safety.settle_sync()
        return journal

    async def aclose(self) -> None:
        """Give back the owner's lock; open intents wait for the next process to recover them."""
        await self.owner.aclose()


def _count_audit(connection: Connection) -> int:
    row = connection.exec_driver_sql("SELECT coalesce(max(seq), 0) FROM audit").one()
    return int(row[0])


def journal_of(project: Project) -> Journal:
    """Give the project's journal, opened on first use and closed with the project."""

    def build(owner: Project) -> Journal:
        try:
            journal = Journal.open(owner.database)
        except StorageError as exc:
            keep_unopened(owner.config.storage.path, exc)
            raise
        owner.on_close(journal.aclose)
        note_configuration(owner.config, owner.database, journal.audit)
        return journal

    return project.part("journal", build)
