"""Reads side by side: few threads and connections, each read of one moment, whatever becomes of its caller."""

from __future__ import annotations

import contextvars
import os
import threading

import anyio
import anyio.to_thread
import pytest
from sqlalchemy import Connection

from osprey.errors import StorageError
from osprey.storage import Database
from osprey.storage.readers import MOST_READERS

NOTED: contextvars.ContextVar[str] = contextvars.ContextVar("NOTED", default="")


def count(connection: Connection) -> int:
    return int(connection.exec_driver_sql("SELECT count(*) FROM notes").scalar_one())


@pytest.mark.anyio
async def test_a_crowd_of_readers_shares_few_threads_and_connections(database: Database) -> None:
    threads: set[str] = set()
    connections: set[object] = set()
    together = threading.Barrier(MOST_READERS)

    def work(connection: Connection) -> int:
        threads.add(threading.current_thread().name)
        connections.add(connection.connection.dbapi_connection)
        together.wait(30)  # so that as many as may are inside at once
        return count(connection)

    async with anyio.create_task_group() as group:
        for _ in range(12 * MOST_READERS):
            group.start_soon(database.read, work)
    assert len(threads) == len(connections) == MOST_READERS


@pytest.mark.anyio
async def test_a_read_knows_the_context_of_its_caller_and_hands_over_what_it_raises(database: Database) -> None:
    NOTED.set("here")
    assert await database.read(lambda _: NOTED.get()) == "here"

    def fail(_: Connection) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.read(fail)
    assert await database.read(count) == 0


@pytest.mark.anyio
async def test_a_reader_cancelled_before_starts_nothing_and_inside_gets_its_result(database: Database) -> None:
    begun, go_on, seen = threading.Event(), threading.Event(), list[int]()

    def work(connection: Connection) -> int:
        begun.set()
        assert go_on.wait(30)
        return count(connection)

    async def call() -> None:
        seen.append(await database.read(work))

    with anyio.CancelScope() as scope:
        scope.cancel()
        await call()
    assert scope.cancelled_caught
    assert not begun.is_set()
    async with anyio.create_task_group() as group:
        group.start_soon(call)
        await anyio.to_thread.run_sync(begun.wait)
        group.cancel_scope.cancel()
        go_on.set()
    assert seen == [0]


@pytest.mark.anyio
async def test_closing_waits_for_the_reads_that_were_accepted(database: Database) -> None:
    begun, go_on, seen = threading.Event(), threading.Event(), list[int]()

    def work(connection: Connection) -> int:
        begun.set()
        assert go_on.wait(30)
        return count(connection)

    async def call() -> None:
        seen.append(await database.read(work))

    async with anyio.create_task_group() as group:
        group.start_soon(call)
        await anyio.to_thread.run_sync(begun.wait)
        group.start_soon(database.aclose)
        go_on.set()
    assert seen == [0]


@pytest.mark.anyio
async def test_a_closed_database_is_not_read(database: Database) -> None:
    database.close()
    with pytest.raises(StorageError, match="is closed: open the project again"):
        await database.read(count)
    with pytest.raises(StorageError, match="is closed: open the project again"):
        database.read_sync(count)


@pytest.mark.anyio
async def test_a_forked_process_reads_nothing_over_the_connections_of_its_parent(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: -1)
        with pytest.raises(StorageError, match="opened before a fork"):
            await database.read(count)
        with pytest.raises(StorageError, match="opened before a fork"):
            database.read_sync(count)
