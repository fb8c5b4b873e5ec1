"""The tables of approval beside the requests: who said what, what is remembered, who works on a thread."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

_STATEMENTS: Final = (
    "ALTER TABLE requests ADD COLUMN needs TEXT NOT NULL DEFAULT '{}'",
    "ALTER TABLE requests ADD COLUMN policy TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE requests ADD COLUMN authors TEXT NOT NULL DEFAULT '[]'",
    "ALTER TABLE requests ADD COLUMN seal TEXT NOT NULL DEFAULT ''",
    "DROP TRIGGER requests_are_fixed",
    """
    CREATE TRIGGER requests_are_fixed BEFORE UPDATE OF id, kind, title, thread, document, sha256, risk,
        requester, created_ns, expires_ns, presentation, key, supersedes, needs, policy, authors, seal ON requests
    BEGIN SELECT RAISE(ABORT, 'what was filed is never changed'); END
    """,
    "CREATE INDEX requests_by_superseded ON requests (supersedes) WHERE supersedes IS NOT NULL",
    """
    CREATE TABLE decisions (
        request_id TEXT NOT NULL REFERENCES requests (id),
        seq INTEGER NOT NULL,
        word TEXT NOT NULL,
        actor TEXT NOT NULL,
        terminal TEXT NOT NULL,
        host TEXT NOT NULL,
        person TEXT NOT NULL,
        roles TEXT NOT NULL,
        method TEXT NOT NULL,
        is_authenticated INTEGER NOT NULL CHECK (is_authenticated IN (0, 1)),
        ns INTEGER NOT NULL,
        sha256 TEXT NOT NULL,
        text TEXT NOT NULL,
        remembered TEXT REFERENCES remembered (id),
        seal TEXT NOT NULL,
        PRIMARY KEY (request_id, seq)
    )
    """,
    "CREATE INDEX decisions_by_remembered ON decisions (remembered) WHERE remembered IS NOT NULL",
    """
    CREATE TABLE remembered (
        id TEXT NOT NULL PRIMARY KEY,
        request_id TEXT NOT NULL REFERENCES requests (id),
        person TEXT NOT NULL,
        roles TEXT NOT NULL,
        is_authenticated INTEGER NOT NULL CHECK (is_authenticated IN (0, 1)),
        requester TEXT NOT NULL,
        kind TEXT NOT NULL,
        target TEXT NOT NULL,
        scope TEXT NOT NULL,
        max_uses INTEGER NOT NULL,
        granted_ns INTEGER NOT NULL,
        ends_ns INTEGER NOT NULL,
        seal TEXT NOT NULL,
        revoked_by TEXT,
        revoked_ns INTEGER,
        reason TEXT NOT NULL DEFAULT ''
    )
    """,
    """
    CREATE TABLE leases (
        thread TEXT NOT NULL PRIMARY KEY,
        owner TEXT NOT NULL REFERENCES owners (id),
        token INTEGER NOT NULL,
        taken_ns INTEGER NOT NULL
    )
    """,
    "CREATE TABLE noted (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE INDEX audit_by_subject ON audit (subject, event)",
    """
    CREATE TRIGGER decisions_are_fixed BEFORE UPDATE ON decisions
    BEGIN SELECT RAISE(ABORT, 'what a person decided is never changed'); END
    """,
    """
    CREATE TRIGGER decisions_stay BEFORE DELETE ON decisions
    BEGIN SELECT RAISE(ABORT, 'a decision is never deleted'); END
    """,
    """
    CREATE TRIGGER remembered_are_fixed BEFORE UPDATE OF id, request_id, person, roles, is_authenticated, requester,
        kind, target, scope, max_uses, granted_ns, ends_ns, seal ON remembered
    BEGIN SELECT RAISE(ABORT, 'what was remembered is never changed, only revoked'); END
    """,
    """
    CREATE TRIGGER remembered_stay_revoked BEFORE UPDATE OF revoked_ns ON remembered
    WHEN OLD.revoked_ns IS NOT NULL
    BEGIN SELECT RAISE(ABORT, 'a revoked decision stays revoked'); END
    """,
    """
    CREATE TRIGGER remembered_stay BEFORE DELETE ON remembered
    BEGIN SELECT RAISE(ABORT, 'a remembered decision is never deleted'); END
    """,
)


def add_approvals(connection: Connection) -> None:
    """Add needs, decisions, remembered decisions, leases and what was noted."""
    for statement in _STATEMENTS:
        connection.exec_driver_sql(statement)
