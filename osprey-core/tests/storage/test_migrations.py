"""Migrations: in order, once, after a backup, whoever else does the same at the same time."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from osprey.errors import StorageError
from osprey.storage import Database, Migration


def sql(statement: str):
    return lambda connection: connection.exec_driver_sql(statement)


FIRST = Migration(1, "boxes", sql("CREATE TABLE boxes (name TEXT)"))
SECOND = Migration(2, "sizes", sql("ALTER TABLE boxes ADD COLUMN size INTEGER"))
BROKEN = Migration(3, "broken", sql("ALTER TABLE missing_boxes ADD COLUMN x"))


def versions(database: Database) -> list[tuple[str, int]]:
    query = "SELECT component, version FROM osprey_versions ORDER BY component, version"
    return database.read_sync(lambda c: [(row[0], row[1]) for row in c.exec_driver_sql(query)])


def test_steps_are_applied_in_order_and_once(database: Database) -> None:
    database.migrate("boxes", [FIRST])
    database.migrate("boxes", [FIRST, SECOND])
    database.migrate("boxes", [FIRST, SECOND])
    database.migrate("other", [Migration(1, "x", sql("CREATE TABLE x (y)"))])
    assert versions(database) == [("boxes", 1), ("boxes", 2), ("other", 1)]


def test_the_state_before_a_change_is_kept_beside_the_database(database: Database, state_dir: Path) -> None:
    database.migrate("boxes", [FIRST])
    database.safety.run_sync(sql("INSERT INTO boxes VALUES ('blue')"))
    database.migrate("boxes", [FIRST, SECOND])
    backup = state_dir / "osprey.db.boxes-v1.bak"
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    copy = sqlite3.connect(backup)
    assert copy.execute("SELECT * FROM boxes").fetchall() == [("blue",)]
    copy.close()
    assert not list(state_dir.glob("*.partial"))


def test_first_tables_change_nothing_and_need_no_backup(database: Database, state_dir: Path) -> None:
    database.migrate("boxes", [FIRST, SECOND])
    assert not list(state_dir.glob("*.bak"))


def test_a_step_that_fails_undoes_all_of_them(database: Database) -> None:
    database.migrate("boxes", [FIRST])
    with pytest.raises(StorageError, match="no such table: missing_boxes"):
        database.migrate("boxes", [FIRST, SECOND, BROKEN])
    assert versions(database) == [("boxes", 1)]
    database.migrate("boxes", [FIRST, SECOND])
    assert versions(database) == [("boxes", 1), ("boxes", 2)]


def test_a_database_from_a_newer_version_is_refused(database: Database) -> None:
    database.migrate("boxes", [FIRST, SECOND])
    with pytest.raises(StorageError, match=r"newer version: its 'boxes' tables are at version 2.*knows 1: upgrade"):
        database.migrate("boxes", [FIRST])


def test_steps_must_count_from_one(database: Database) -> None:
    with pytest.raises(ValueError, match="numbered 1, 2, 3"):
        database.migrate("boxes", [SECOND])


def test_processes_that_migrate_at_once_do_it_once(state_dir: Path) -> None:
    code = """
import sys
from pathlib import Path
from osprey.storage import Database, Migration
database = Database.open(Path(sys.argv[1]))
database.migrate("boxes", [
    Migration(1, "one", lambda c: c.exec_driver_sql("CREATE TABLE boxes (name TEXT)")),
    Migration(2, "two", lambda c: c.exec_driver_sql("INSERT INTO boxes VALUES ('only one')")),
])
database.close()
"""
    children = [subprocess.Popen([sys.executable, "-c", code, str(state_dir)]) for _ in range(4)]
    assert [process.wait(timeout=100) for process in children] == [0, 0, 0, 0]
    database = Database.open(state_dir)
    count = database.read_sync(lambda c: c.exec_driver_sql("SELECT count(*) FROM boxes").scalar_one())
    assert count == 1
    database.close()
