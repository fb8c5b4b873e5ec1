"""The journal's tables and the triggers that hold its rules against every writer, this program included.

A step of `MIGRATIONS` is never changed once it was released; a change is a further step.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

from osprey.journal.approval_schema import add_approvals
from osprey.journal.owner_schema import let_owners_go
from osprey.storage import Migration

COMPONENT: Final = "journal"

_TABLES: Final = (
    """
    CREATE TABLE requests (
        id TEXT NOT NULL PRIMARY KEY,
        kind TEXT NOT NULL,
        title TEXT NOT NULL,
        thread TEXT NOT NULL,
        document TEXT NOT NULL,
        sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
        risk TEXT NOT NULL,
        requester TEXT NOT NULL,
        created_ns INTEGER NOT NULL,
        expires_ns INTEGER NOT NULL,
        presentation TEXT NOT NULL,
        key TEXT UNIQUE,
        supersedes TEXT REFERENCES requests (id),
        state TEXT NOT NULL,
        decided_by TEXT,
        decided_ns INTEGER,
        reason TEXT NOT NULL DEFAULT '',
        claimed_by TEXT,
        claimed_ns INTEGER,
        owner TEXT REFERENCES owners (id),
        group_count INTEGER,
        finished_ns INTEGER,
        report TEXT
    )
    """,
    "CREATE INDEX requests_by_state ON requests (state, created_ns)",
    "CREATE INDEX requests_by_thread ON requests (thread, created_ns)",
    """
    CREATE TABLE owners (
        id TEXT NOT NULL PRIMARY KEY,
        pid INTEGER NOT NULL,
        host TEXT NOT NULL,
        started_ns INTEGER NOT NULL,
        token INTEGER NOT NULL UNIQUE,
        taken_by TEXT,
        ended_ns INTEGER
    )
    """,
    """
    CREATE TABLE intents (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        request_id TEXT NOT NULL REFERENCES requests (id),
        owner TEXT NOT NULL REFERENCES owners (id),
        target TEXT NOT NULL,
        channel TEXT NOT NULL,
        grp INTEGER NOT NULL,
        idx INTEGER NOT NULL,
        value TEXT NOT NULL,
        before_value TEXT NOT NULL,
        tolerance REAL NOT NULL,
        readback TEXT,
        state TEXT NOT NULL DEFAULT 'open',
        outcome TEXT NOT NULL DEFAULT '',
        observed TEXT NOT NULL DEFAULT 'null',
        reason TEXT NOT NULL DEFAULT '',
        opened_ns INTEGER NOT NULL,
        closed_ns INTEGER,
        settled_by TEXT,
        UNIQUE (request_id, grp, idx)
    )
    """,
    # The lock between processes: one unresolved intent a channel.
    """
    CREATE UNIQUE INDEX intents_unresolved ON intents (target, channel)
        WHERE state IN ('open', 'in_doubt')
    """,
    # Without it the planner would read the whole history to find the few unresolved.
    "CREATE INDEX intents_by_open_state ON intents (state) WHERE state IN ('open', 'in_doubt')",
    "CREATE INDEX intents_by_channel ON intents (target, channel, opened_ns)",
    """
    CREATE TABLE audit (
        seq INTEGER NOT NULL PRIMARY KEY,
        ns INTEGER NOT NULL,
        high_ns INTEGER NOT NULL,
        actor TEXT NOT NULL,
        terminal TEXT NOT NULL,
        host TEXT NOT NULL,
        event TEXT NOT NULL,
        subject TEXT NOT NULL,
        detail TEXT NOT NULL,
        mac TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE halt (
        id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
        is_set INTEGER NOT NULL CHECK (is_set IN (0, 1)),
        actor TEXT NOT NULL,
        reason TEXT NOT NULL,
        since_ns INTEGER
    )
    """,
    "INSERT INTO halt (id, is_set, actor, reason, since_ns) VALUES (1, 0, '', '', NULL)",
)

_TRIGGERS: Final = (
    """
    CREATE TRIGGER requests_never_go_back BEFORE UPDATE OF state ON requests
    WHEN NOT (
        (OLD.state = 'pending'
            AND NEW.state IN ('approved', 'rejected', 'expired', 'withdrawn', 'superseded'))
        OR (OLD.state = 'approved' AND NEW.state IN ('claimed', 'expired', 'withdrawn', 'superseded'))
        OR (OLD.state = 'claimed' AND NEW.state IN ('done', 'partial', 'failed', 'in_doubt'))
    )
    BEGIN SELECT RAISE(ABORT, 'a request never goes back to an earlier state'); END
    """,
    """
    CREATE TRIGGER requests_start_pending BEFORE INSERT ON requests
    WHEN NEW.state <> 'pending' OR EXISTS (SELECT 1 FROM requests WHERE id = NEW.id)
    BEGIN SELECT RAISE(ABORT, 'a request starts as pending'); END
    """,
    """
    CREATE TRIGGER requests_are_fixed BEFORE UPDATE OF id, kind, title, thread, document, sha256, risk,
        requester, created_ns, expires_ns, presentation, key, supersedes ON requests
    BEGIN SELECT RAISE(ABORT, 'what was filed is never changed'); END
    """,
    """
    CREATE TRIGGER requests_stay BEFORE DELETE ON requests
    BEGIN SELECT RAISE(ABORT, 'a request is never deleted'); END
    """,
    """
    CREATE TRIGGER intents_never_go_back BEFORE UPDATE OF state ON intents
    WHEN NOT (
        (OLD.state = 'open' AND NEW.state IN ('closed', 'in_doubt'))
        OR (OLD.state = 'in_doubt' AND NEW.state = 'settled')
    )
    BEGIN SELECT RAISE(ABORT, 'an intent never goes back to an earlier state'); END
    """,
    """
    CREATE TRIGGER intents_start_open BEFORE INSERT ON intents
    WHEN NEW.state <> 'open' OR EXISTS (SELECT 1 FROM intents WHERE id = NEW.id)
    BEGIN SELECT RAISE(ABORT, 'an intent starts as open'); END
    """,
    """
    CREATE TRIGGER intents_are_fixed BEFORE UPDATE OF id, request_id, owner, target, channel, grp, idx,
        value, before_value, tolerance, readback, opened_ns ON intents
    BEGIN SELECT RAISE(ABORT, 'what was intended is never changed'); END
    """,
    """
    CREATE TRIGGER intents_stay BEFORE DELETE ON intents
    BEGIN SELECT RAISE(ABORT, 'an intent is never deleted'); END
    """,
    """
    CREATE TRIGGER owners_tokens_grow BEFORE UPDATE OF token ON owners
    WHEN NEW.token <= (SELECT max(token) FROM owners)
    BEGIN SELECT RAISE(ABORT, 'a fencing token only grows'); END
    """,
    """
    CREATE TRIGGER owners_stay BEFORE DELETE ON owners
    BEGIN SELECT RAISE(ABORT, 'an owner is never deleted'); END
    """,
    """
    CREATE TRIGGER audit_is_appended BEFORE INSERT ON audit
    WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM audit)
    BEGIN SELECT RAISE(ABORT, 'the audit is appended to, one row after the other'); END
    """,
    """
    CREATE TRIGGER audit_is_fixed BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit is never changed'); END
    """,
    """
    CREATE TRIGGER audit_stays BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit is never deleted'); END
    """,
    """
    CREATE TRIGGER halt_stays BEFORE DELETE ON halt
    BEGIN SELECT RAISE(ABORT, 'the halt is never deleted'); END
    """,
)


def _create(connection: Connection) -> None:
    for statement in (*_TABLES, *_TRIGGERS):
        connection.exec_driver_sql(statement)


_WITH_ACTOR: Final = (
    "ALTER TABLE intents ADD COLUMN actor TEXT NOT NULL DEFAULT ''",
    "DROP TRIGGER intents_are_fixed",
    """
    CREATE TRIGGER intents_are_fixed BEFORE UPDATE OF id, request_id, owner, target, channel, grp, idx,
        value, before_value, tolerance, readback, opened_ns, actor ON intents
    BEGIN SELECT RAISE(ABORT, 'what was intended is never changed'); END
    """,
)


def _add_actor(connection: Connection) -> None:
    for statement in _WITH_ACTOR:
        connection.exec_driver_sql(statement)


MIGRATIONS: Final = (
    Migration(1, "requests, ledger, owners, audit and halt", _create),
    Migration(2, "who had each write sent", _add_actor),
    Migration(3, "what requests need, what people said, what is remembered, who works on a thread", add_approvals),
    Migration(4, "owners that nothing names may go", let_owners_go),
)
