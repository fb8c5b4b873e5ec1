"""The database of a project: private, local, its own, and clear about what is wrong with it."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from osprey.errors import StorageError
from osprey.storage import Database
from osprey.storage.faults import storage_error

CHILD = """
import sys
from pathlib import Path
from osprey.storage import Database
database = Database.open(Path(sys.argv[1]))
writer = database.safety
"""


def child(code: str, state_dir: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CHILD + code, str(state_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_folder_and_files_are_private_whatever_the_umask(state_dir: Path) -> None:
    before = os.umask(0)
    try:
        database = Database.open(state_dir)
        database.safety.run_sync(lambda c: c.exec_driver_sql("CREATE TABLE t (x)"))
        assert mode_of(state_dir) == 0o700
        assert {path.name: mode_of(path) for path in state_dir.iterdir()} == {
            "osprey.db": 0o600,
            "osprey.db-shm": 0o600,
            "osprey.db-wal": 0o600,
            "migrate.lock": 0o600,
        }
        database.close()
    finally:
        os.umask(before)


def test_an_empty_folder_is_tightened_and_one_with_other_things_is_left(tmp_path: Path) -> None:
    ours, home = tmp_path / "ours", tmp_path / "home"
    for folder in (ours, home):
        folder.mkdir()
        folder.chmod(0o755)
    (home / "letter.txt").touch()
    Database.open(ours).close()
    Database.open(home).close()
    assert (mode_of(ours), mode_of(home)) == (0o700, 0o755)
    assert mode_of(home / "osprey.db") == 0o600


def test_the_safety_connection_syncs_fully_and_both_hold_foreign_keys(database: Database) -> None:
    def pragmas(connection: object) -> tuple[object, ...]:
        names = ("synchronous", "foreign_keys", "recursive_triggers", "journal_mode")
        return tuple(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in names)  # type: ignore[attr-defined]

    assert database.safety.run_sync(pragmas) == (2, 1, 1, "wal")
    assert database.general.run_sync(pragmas) == (1, 1, 1, "wal")


def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(StorageError, match="cannot be written"):
        database.read_sync(lambda c: c.exec_driver_sql("INSERT INTO notes VALUES ('x')"))


def test_a_reader_sees_one_moment(database: Database) -> None:
    def read(connection: object) -> tuple[int, int]:
        count = "SELECT count(*) FROM notes"
        first = connection.exec_driver_sql(count).scalar_one()  # type: ignore[attr-defined]
        database.general.run_sync(lambda c: c.exec_driver_sql("INSERT INTO notes VALUES ('x')"))
        return first, connection.exec_driver_sql(count).scalar_one()  # type: ignore[attr-defined]

    assert database.read_sync(read) == (0, 0)


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "smb3", "9p", "fuse.sshfs"])
def test_a_network_file_system_is_refused_with_the_remedy(kind: str, tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda / ext4 rw 0 0\nserver:/home {tmp_path} {kind} rw 0 0\n")
    with pytest.raises(StorageError, match=rf"network file system \({kind}.*`storage\.path`"):
        Database.open(tmp_path / "state", mounts=mounts)
    assert not (tmp_path / "state").exists()


def test_two_projects_in_one_process_never_meet(tmp_path: Path) -> None:
    first, second = Database.open(tmp_path / "a"), Database.open(tmp_path / "b")
    first.safety.run_sync(lambda c: c.exec_driver_sql("CREATE TABLE only_here (x)"))
    tables = "SELECT name FROM sqlite_master WHERE name = 'only_here'"
    assert first.read_sync(lambda c: c.exec_driver_sql(tables).first()) is not None
    assert second.read_sync(lambda c: c.exec_driver_sql(tables).first()) is None
    first.close()
    second.safety.run_sync(lambda c: c.exec_driver_sql("CREATE TABLE still_open (x)"))
    second.close()


def test_a_file_that_is_no_database_is_named(state_dir: Path) -> None:
    state_dir.mkdir()
    (state_dir / "osprey.db").write_text("this is a letter, not a database. " * 200)
    with pytest.raises(StorageError, match=r"osprey\.db is damaged.*restore the newest good backup"):
        Database.open(state_dir)


def test_a_damaged_page_is_named(database: Database, state_dir: Path) -> None:
    for _ in range(200):
        database.general.run_sync(lambda c: c.exec_driver_sql("INSERT INTO notes VALUES (?)", ("x" * 400,)))
    database.close()
    path = state_dir / "osprey.db"
    content = bytearray(path.read_bytes())
    content[8192:] = b"\xff" * (len(content) - 8192)
    path.write_bytes(content)
    opened = Database.open(state_dir)
    with pytest.raises(StorageError, match=r"osprey\.db is damaged"):
        opened.read_sync(lambda c: c.exec_driver_sql("SELECT sum(length(word)) FROM notes").all())
    opened.close()


def test_a_folder_that_cannot_be_made_is_named() -> None:
    with pytest.raises(StorageError, match=r"cannot use /proc/.*`storage\.path`"):
        Database.open(Path("/proc/osprey/state"))


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    with pytest.raises(StorageError, match="is not a folder"):
        Database.open(tmp_path / "state")


def test_a_lock_held_too_long_is_named(state_dir: Path) -> None:
    database = Database.open(state_dir, busy_timeout_s=0.05)
    holder = sqlite3.connect(state_dir / "osprey.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match=r"locked by another process for too long.*fuser"):
        database.safety.run_sync(lambda c: c.exec_driver_sql("CREATE TABLE t (x)"))
    holder.execute("ROLLBACK")
    database.safety.run_sync(lambda c: c.exec_driver_sql("CREATE TABLE t (x)"))
    holder.close()
    database.close()


def test_a_read_only_file_is_named(database: Database, state_dir: Path) -> None:
    path = state_dir / "osprey.db"
    raw = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    with pytest.raises(sqlite3.OperationalError) as caught:
        raw.execute("CREATE TABLE t (x)")
    raw.close()
    error = storage_error(caught.value, path)
    assert "cannot be written" in str(error)
    assert "`storage.path`" in str(error)


def test_an_unknown_failure_still_names_the_file(tmp_path: Path) -> None:
    error = storage_error(sqlite3.OperationalError("no such column: x"), tmp_path / "osprey.db")
    assert str(tmp_path / "osprey.db") in str(error)
    assert "no such column" in str(error)


def test_several_processes_write_without_losing_anything(database: Database, state_dir: Path) -> None:
    code = """
for _ in range(50):
    writer.run_sync(lambda c: c.exec_driver_sql("INSERT INTO notes VALUES (?)", (str(id(c)),)))
database.close()
"""
    children = [child(code, state_dir) for _ in range(4)]
    for process in children:
        process.communicate(timeout=100)
    assert [process.returncode for process in children] == [0, 0, 0, 0]
    count = database.read_sync(lambda c: c.exec_driver_sql("SELECT count(*) FROM notes").scalar_one())
    assert count == 200


@pytest.mark.crash
def test_a_process_killed_inside_a_transaction_leaves_nothing_of_it(database: Database, state_dir: Path) -> None:
    code = """
def work(connection):
    connection.exec_driver_sql("INSERT INTO notes VALUES ('half')")
    print("inside", flush=True)
    sys.stdin.read()
writer.run_sync(lambda c: c.exec_driver_sql("INSERT INTO notes VALUES ('whole')"))
writer.run_sync(work)
"""
    process = child(code, state_dir)
    assert process.stdout is not None
    assert process.stdout.readline() == "inside\n"
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    database.safety.run_sync(lambda c: c.exec_driver_sql("INSERT INTO notes VALUES ('after')"))
    found = database.read_sync(lambda c: list(c.exec_driver_sql("SELECT word FROM notes").scalars()))
    assert found == ["whole", "after"]
