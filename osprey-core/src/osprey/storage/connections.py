"""Connections to the SQLite file: SQLAlchemy engines with the settings that safety needs."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from attrs import frozen
from sqlalchemy import Engine, NullPool, create_engine

_LONGEST_LOG_PAGES: Final = 8000


@frozen(kw_only=True)
class ConnectionSettings:
    """How one kind of connection is opened."""

    path: Path
    busy_timeout_s: float
    synchronous: str = "NORMAL"
    """``FULL``: the log is on the disk before a commit returns."""
    is_read_only: bool = False


def make_engine(settings: ConnectionSettings) -> Engine:
    """Make an engine whose every connection has its settings applied; it opens nothing yet."""
    return create_engine(
        "sqlite+pysqlite://",
        creator=lambda: connect(settings),
        poolclass=NullPool,
    )


def connect(settings: ConnectionSettings) -> sqlite3.Connection:
    """Open one connection; a file that has vanished is not made again (``mode=rw``)."""
    raw = sqlite3.connect(
        f"{settings.path.absolute().as_uri()}?mode=rw",
        uri=True,
        timeout=settings.busy_timeout_s,
        # BEGIN is ours alone: the driver must open no transaction by itself.
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        for pragma in (
            f"synchronous={settings.synchronous}",
            # On macOS a plain fsync leaves the data in the drive's cache.
            f"fullfsync={'ON' if settings.synchronous == 'FULL' else 'OFF'}",
            "foreign_keys=ON",
            # REPLACE must fire the triggers that forbid a delete.
            "recursive_triggers=ON",
            # A writer moves the log by itself, when nobody waits (`Writer`); this is for when it never rests.
            f"wal_autocheckpoint={_LONGEST_LOG_PAGES}",
            f"query_only={'ON' if settings.is_read_only else 'OFF'}",
        ):
            raw.execute(f"PRAGMA {pragma}")
    except BaseException:
        raw.close()
        raise
    return raw


def set_write_ahead_log(settings: ConnectionSettings) -> None:
    """Switch the file to WAL, which stays switched on; made under the migration lock."""
    raw = connect(settings)
    try:
        (mode,) = raw.execute("PRAGMA journal_mode=WAL").fetchone()
        if mode != "wal":
            msg = f"journal_mode is {mode!r}, WAL is not possible on this file system"
            raise sqlite3.OperationalError(msg)
    finally:
        raw.close()
