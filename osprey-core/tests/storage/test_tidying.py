"""The log is moved into the file when nobody waits, and whatever is in the way stops no writer."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from osprey.storage import Database

pytestmark = pytest.mark.anyio

ROWS = 1200


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database.open(tmp_path / "state")
    database.safety.run_sync(lambda connection: connection.exec_driver_sql("CREATE TABLE t (x TEXT)"))
    yield database
    database.close()


def fill(connection: Connection) -> None:
    connection.exec_driver_sql("INSERT INTO t VALUES (?)", [("x" * 500,) for _ in range(ROWS)])


async def test_many_changes_are_moved_into_the_file(database: Database) -> None:
    before = database.path.stat().st_size
    await database.safety.run(fill)
    await database.safety.settle()
    await database.safety.run(lambda connection: connection.exec_driver_sql("SELECT 1"))
    assert database.path.stat().st_size > before + ROWS * 500


async def test_a_reader_in_the_way_stops_no_writer(database: Database) -> None:
    reader = sqlite3.connect(database.path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM t").fetchone()
    for _ in range(3):
        await database.safety.run(fill)
    reader.execute("COMMIT")
    reader.close()
    count = await database.read(lambda connection: connection.exec_driver_sql("SELECT count(*) FROM t").scalar_one())
    assert count == 3 * ROWS
