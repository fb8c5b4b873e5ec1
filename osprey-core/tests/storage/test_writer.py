"""A writer runs one transaction at a time, wholly or not at all, whatever becomes of its caller."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from osprey.errors import ConflictError, StorageError
from osprey.storage import Database


def add(word: str) -> Callable[[Connection], str]:
    def work(connection: Connection) -> str:
        connection.exec_driver_sql("INSERT INTO notes VALUES (?)", (word,))
        return word

    return work


def words(database: Database) -> list[str]:
    return database.read_sync(lambda c: list(c.exec_driver_sql("SELECT word FROM notes ORDER BY rowid").scalars()))


@pytest.mark.anyio
async def test_a_transaction_gives_its_result_and_is_seen_by_readers(database: Database) -> None:
    assert await database.safety.run(add("a")) == "a"
    assert await database.general.run(add("b")) == "b"
    assert await database.read(lambda c: c.exec_driver_sql("SELECT count(*) FROM notes").scalar_one()) == 2


@pytest.mark.anyio
async def test_an_exception_rolls_everything_back_and_reaches_the_caller(database: Database) -> None:
    def work(connection: Connection) -> None:
        add("lost")(connection)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.safety.run(work)
    assert await database.safety.run(add("kept")) == "kept"
    assert words(database) == ["kept"]


@pytest.mark.anyio
async def test_a_caller_cancelled_before_the_call_starts_nothing(database: Database) -> None:
    with anyio.CancelScope() as scope:
        scope.cancel()
        await database.safety.run(add("never"))
    assert scope.cancelled_caught
    assert words(database) == []


@pytest.mark.anyio
async def test_a_caller_cancelled_inside_the_transaction_still_gets_its_result(database: Database) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def work(connection: Connection) -> str:
        begun.set()
        assert go_on.wait(30)
        return add("whole")(connection)

    results: list[str] = []

    async def call() -> None:
        results.append(await database.safety.run(work))

    async with anyio.create_task_group() as group:
        group.start_soon(call)
        await anyio.to_thread.run_sync(begun.wait)
        group.cancel_scope.cancel()
        go_on.set()
    assert results == ["whole"]
    assert words(database) == ["whole"]


@pytest.mark.anyio
async def test_a_blocked_loop_does_not_stop_the_writer(database: Database) -> None:
    release = threading.Event()

    def slow(connection: Connection) -> None:
        assert release.wait(30)
        add("slow")(connection)

    async with anyio.create_task_group() as group:
        group.start_soon(database.safety.run, slow)
        await anyio.lowlevel.checkpoint()
        release.set()
        # The loop stands still here, with an asynchronous job before this one.
        database.safety.run_sync(add("blocking"))
    assert sorted(words(database)) == ["blocking", "slow"]


@pytest.mark.anyio
async def test_many_tasks_on_both_writers_lose_nothing(database: Database) -> None:
    async with anyio.create_task_group() as group:
        for number in range(40):
            writer = database.safety if number % 2 else database.general
            group.start_soon(writer.run, add(f"{number:02}"))
    assert sorted(words(database)) == [f"{number:02}" for number in range(40)]


def test_a_transaction_inside_a_transaction_is_a_mistake_that_is_named(database: Database) -> None:
    with pytest.raises(RuntimeError, match="inside a transaction"):
        database.safety.run_sync(lambda _: database.safety.run_sync(add("inner")))


def test_a_closed_database_says_so(database: Database) -> None:
    database.close()
    database.close()
    with pytest.raises(StorageError, match=r"is closed: open the project again"):
        database.safety.run_sync(add("late"))


def test_a_forked_process_must_open_again(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getpid", lambda: -1)
    with pytest.raises(StorageError, match="opened before a fork"):
        database.safety.run_sync(add("child"))


def test_a_broken_constraint_is_a_conflict(database: Database) -> None:
    with pytest.raises(ConflictError, match=r"not in the state expected.*NOT NULL"):
        database.safety.run_sync(lambda c: c.exec_driver_sql("INSERT INTO notes VALUES (NULL)"))


def test_a_failure_of_the_driver_itself_is_told_as_the_same(database: Database) -> None:
    with pytest.raises(StorageError, match="no such table"):
        database.safety.run_sync(lambda c: c.connection.cursor().execute("SELECT * FROM nowhere"))
    assert database.safety.run_sync(add("after")) == "after"


def test_a_swallowed_failure_that_ended_the_transaction_is_noticed(database: Database) -> None:
    def work(connection: Connection) -> None:
        add("half")(connection)
        with pytest.raises(DBAPIError):
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("nonsense")

    with pytest.raises(StorageError, match="ended the transaction early"):
        database.safety.run_sync(work)
    assert words(database) == []


def test_a_full_disk_is_named_and_the_writer_goes_on_afterwards(database: Database) -> None:
    def fill(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count = 10")
        add("x" * 1_000_000)(connection)

    with pytest.raises(StorageError, match=r"osprey\.db could not be written because the disk is full.*free space"):
        database.safety.run_sync(fill)
    assert database.safety.run_sync(add("after")) == "after"
    assert words(database) == ["after"]


def test_a_replaced_file_is_not_written_to(database: Database, state_dir: Path) -> None:
    path = state_dir / "osprey.db"
    path.rename(state_dir / "elsewhere.db")
    path.touch()
    with pytest.raises(StorageError, match="replaced by another file"):
        database.safety.run_sync(add("astray"))


def test_a_removed_file_is_not_made_again(database: Database, state_dir: Path) -> None:
    (state_dir / "osprey.db").unlink()
    with pytest.raises(StorageError, match="No such file"):
        database.safety.run_sync(add("astray"))
    assert not (state_dir / "osprey.db").exists()


@pytest.mark.anyio
async def test_a_hook_runs_after_the_commit_and_sees_it(database: Database) -> None:
    await database.safety.settle()
    seen: list[int] = []
    database.safety.after_commit(lambda c: seen.append(c.exec_driver_sql("SELECT count(*) FROM notes").scalar_one()))
    await database.safety.run(add("a"))
    await database.aclose()
    assert seen == [1]


@pytest.mark.anyio
async def test_a_failing_hook_keeps_the_result_and_refuses_what_follows(database: Database) -> None:
    await database.safety.settle()
    is_broken = True

    def hook(connection: Connection) -> None:
        if is_broken:
            msg = "the anchor cannot be written"
            raise StorageError(msg)

    database.safety.after_commit(hook)
    assert await database.safety.run(add("kept")) == "kept"
    with pytest.raises(StorageError, match="anchor cannot be written"):
        await database.safety.settle()
    with pytest.raises(StorageError, match="anchor cannot be written"):
        await database.safety.run(add("refused"))
    is_broken = False
    assert await database.safety.run(add("again")) == "again"
    assert words(database) == ["kept", "again"]


def test_a_transaction_tells_how_it_ended_before_its_caller_hears_of_it(database: Database) -> None:
    ends: list[BaseException | None] = []
    database.safety.at_end(ends.append)
    database.safety.run_sync(add("kept"))
    assert ends == [None]
    with pytest.raises(ConflictError):
        database.safety.run_sync(lambda c: c.exec_driver_sql("INSERT INTO notes VALUES (NULL)"))
    assert isinstance(ends[-1], ConflictError)
    with pytest.raises(ZeroDivisionError):
        database.safety.run_sync(lambda _: 1 / 0)
    assert isinstance(ends[-1], ZeroDivisionError)


def test_settling_waits_for_the_hooks_and_raises_what_they_raise(database: Database) -> None:
    seen: list[int] = []
    database.safety.after_commit(lambda c: seen.append(c.exec_driver_sql("SELECT count(*) FROM notes").scalar_one()))
    database.safety.run_sync(add("a"))
    database.safety.settle_sync()
    assert seen[-1] == 1
