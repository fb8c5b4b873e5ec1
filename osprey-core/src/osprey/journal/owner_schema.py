"""What lets go of the rows of owners that nothing names any more, and of no other."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

_STATEMENTS: Final = (
    # Without them SQLite would read every intent and every request for each owner that goes. Leases are few.
    "CREATE INDEX intents_by_owner ON intents (owner)",
    "CREATE INDEX requests_by_owner ON requests (owner) WHERE owner IS NOT NULL",
    "DROP TRIGGER owners_stay",
    """
    CREATE TRIGGER owners_stay BEFORE DELETE ON owners
    WHEN EXISTS (SELECT 1 FROM intents WHERE owner = OLD.id)
        OR EXISTS (SELECT 1 FROM requests WHERE owner = OLD.id)
        OR EXISTS (SELECT 1 FROM leases WHERE owner = OLD.id)
        OR OLD.token >= (SELECT max(token) FROM owners)
    BEGIN SELECT RAISE(ABORT, 'an owner that is named, or has the newest token, is never deleted'); END
    """,
)


def let_owners_go(connection: Connection) -> None:
    """Allow to delete an owner that nothing names; the newest token stays, so that tokens only grow."""
    for statement in _STATEMENTS:
        connection.exec_driver_sql(statement)
