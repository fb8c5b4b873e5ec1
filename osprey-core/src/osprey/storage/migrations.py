"""Migrations: each room brings its own tables, step by step, under one lock and after a backup."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from attrs import frozen
from sqlalchemy import Connection

from osprey.errors import StorageError
from osprey.storage.faults import translated
from osprey.storage.filesystem import make_private_file, sync_folder

_VERSIONS_TABLE: Final = """
CREATE TABLE IF NOT EXISTS osprey_versions (
    component TEXT NOT NULL,
    version INTEGER NOT NULL,
    summary TEXT NOT NULL,
    applied_ns INTEGER NOT NULL,
    PRIMARY KEY (component, version)
) WITHOUT ROWID
"""


@frozen
class Migration:
    """One step of a component's tables, from the version before to `version`."""

    version: int
    summary: str
    upgrade: Callable[[Connection], None]
    """Runs inside the one transaction of all steps that are due; must not commit."""


def latest_version(component: str, migrations: Sequence[Migration]) -> int:
    """Give the version that `migrations` lead to; they must count 1, 2, 3, ..."""
    if [step.version for step in migrations] != list(range(1, len(migrations) + 1)):
        msg = f"migrations of {component!r} must be numbered 1, 2, 3, ... in order"
        raise ValueError(msg)
    return len(migrations)


def make_versions_table(connection: Connection) -> None:
    connection.exec_driver_sql(_VERSIONS_TABLE)


def version_of(connection: Connection, component: str) -> int:
    """Give the version of `component` in the database, 0 if it has no tables yet."""
    row = connection.exec_driver_sql(
        "SELECT coalesce(max(version), 0) FROM osprey_versions WHERE component = ?", (component,)
    ).one()
    return int(row[0])


def require_not_newer(path: Path, component: str, found: int, known: int) -> None:
    """Raise `StorageError` if the database is ahead of this program."""
    if found > known:
        msg = (
            f"database {path} was written by a newer version: its {component!r} tables are at version "
            f"{found}, this installation knows {known}: upgrade the distribution that brings {component!r}, "
            "or restore the backup that the upgrade left beside the database"
        )
        raise StorageError(msg)


def apply_migrations(connection: Connection, component: str, migrations: Sequence[Migration]) -> None:
    """Apply every step that is due, in the caller's transaction."""
    found = version_of(connection, component)
    for step in migrations[found:]:
        step.upgrade(connection)
        connection.exec_driver_sql(
            "INSERT INTO osprey_versions (component, version, summary, applied_ns) VALUES (?, ?, ?, ?)",
            (component, step.version, step.summary, time.time_ns()),
        )


def back_up(source: sqlite3.Connection, path: Path, component: str, version: int) -> Path:
    """Copy the database beside itself, complete or not at all, named by what it still contains."""
    target = path.with_name(f"{path.name}.{component}-v{version}.bak")
    partial = target.with_name(f"{target.name}.partial")
    with translated(target):
        partial.unlink(missing_ok=True)
        make_private_file(partial)
        copy = sqlite3.connect(partial)
        try:
            source.backup(copy)
        finally:
            copy.close()
        with partial.open("rb") as stream:
            os.fsync(stream.fileno())
        partial.replace(target)
        sync_folder(target.parent)
    return target
