"""A writer: one thread, one connection, one transaction at a time.

Every job runs inside ``BEGIN IMMEDIATE`` .. ``COMMIT``, so what it reads cannot change under it, and it
happens wholly or not at all.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from queue import SimpleQueue
from threading import Lock, Thread, current_thread
from typing import Any, Final, TypeVar

import anyio
import anyio.lowlevel
from attrs import frozen
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from osprey.errors import StorageError
from osprey.storage.connections import ConnectionSettings, make_engine
from osprey.storage.faults import storage_error, translated
from osprey.storage.wakeup import Wakeup

T = TypeVar("T")
CommitHook = Callable[[Connection], None]
EndHook = Callable[[BaseException | None], None]

_MOST_OWED: Final = 32
"""Commits after which the hooks run even if more jobs wait."""
_MANY_CHANGES: Final = 1000
"""Changed rows after which the log is moved into the file."""


@frozen
class _Job:
    work: Callable[[Connection], Any] | None
    """None: run the hooks that are owed, nothing else."""
    outcome: Future[Any]


class Writer:
    """Runs functions in write transactions on its own thread, first come, first served."""

    def __init__(self, name: str, settings: ConnectionSettings, turn: Lock) -> None:
        """Start nothing yet; the thread starts with the first job.

        :param turn: shared by the writers of one database, so that they queue here instead of polling
            SQLite's lock with sleeps.
        """
        self._name = name
        self._settings = settings
        self._turn = turn
        self._engine: Engine = make_engine(settings)
        self._connection: Connection | None = None
        self._inode = settings.path.stat().st_ino
        self._pid = os.getpid()
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread: Thread | None = None
        self._start_lock = Lock()
        self._is_closed = False
        self._hooks: list[CommitHook] = []
        self._end_hooks: list[EndHook] = []
        self._owed = 0
        self._tidied = 0
        self._has_failed_hook = False

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a write transaction and give its result.

        A caller that was cancelled before is stopped here, before anything begins. From then on the call is
        shielded: the transaction ends, and its result is returned rather than lost.
        """
        return await self._result(work)

    async def settle(self) -> None:
        """Wait until the hooks of every commit so far have run; their failure is raised here."""
        await self._result(None)

    def settle_sync(self) -> None:
        """Do as `settle`, and block until it is done."""
        self._submit(None).outcome.result()

    async def _result(self, work: Callable[[Connection], T] | None) -> T:
        await anyio.lowlevel.checkpoint_if_cancelled()
        wakeup = Wakeup()
        job = self._submit(work)
        job.outcome.add_done_callback(wakeup.set)
        with anyio.CancelScope(shield=True):
            await wakeup.wait()
        return job.outcome.result()

    def run_sync(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a write transaction and block until it has ended."""
        if current_thread() is self._thread:
            msg = "a transaction was started inside a transaction of the same writer"
            raise RuntimeError(msg)
        return self._submit(work).outcome.result()

    def after_commit(self, hook: CommitHook) -> None:
        """Have `hook` run on the writer's thread, outside any transaction, soon after commits.

        It runs when no job waits, at the latest after 32 commits, and before `close` returns. One that fails
        is tried again before the next job, and while it fails every job is refused.
        """
        self._hooks.append(hook)

    def at_end(self, hook: EndHook) -> None:
        """Have `hook` run on the writer's thread when a transaction has ended, with what made it fail or None.

        It runs before whoever waits for the transaction hears of its end, and it must not raise.
        """
        self._end_hooks.append(hook)

    def close(self) -> None:
        """End the jobs that were accepted, then the thread and its connection."""
        with self._start_lock:
            was_closed, self._is_closed = self._is_closed, True
            thread = self._thread
        if was_closed:
            return
        if thread is not None and self._pid == os.getpid():
            self._queue.put(None)
            thread.join()
        self._engine.dispose()

    def _submit(self, work: Callable[[Connection], Any] | None) -> _Job:
        if self._pid != os.getpid():
            msg = f"database {self._settings.path} was opened before a fork: open it again in the new process"
            raise StorageError(msg)
        job = _Job(work, Future())
        with self._start_lock:
            if self._is_closed:
                msg = f"database {self._settings.path} is closed: open the project again"
                raise StorageError(msg)
            if self._thread is None:
                self._thread = Thread(target=self._serve, name=f"osprey-{self._name}-writer", daemon=True)
                self._thread.start()
            self._queue.put(job)
        return job

    def _serve(self) -> None:
        while (job := self._queue.get()) is not None:
            # Whoever waits for this job may be quick: what it asks next comes after the hooks, not before.
            is_last = self._carry_out(job)
            # Without this the last job's frame, and all it refers to, would live until the next one.
            del job
            if is_last or self._owed >= _MOST_OWED:
                self._run_hooks()
                self._tidy()
        self._run_hooks()
        self._drop_connection()

    def _tidy(self) -> None:
        """Move the log's pages into the file after many changes, while nobody waits.

        SQLite does it too, but within a commit, whose caller then waits for the whole file.
        """
        raw = None if self._connection is None else self._connection.connection.dbapi_connection
        if raw is None or raw.total_changes - self._tidied < _MANY_CHANGES:
            return
        self._tidied = raw.total_changes
        with suppress(sqlite3.Error):  # whoever is in the way; the next commits try again
            raw.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def _carry_out(self, job: _Job) -> bool:
        """Run one job and give its outcome; tell whether no other waited for it to end."""
        try:
            if self._has_failed_hook or job.work is None:
                self._run_hooks(must_succeed=True)
            result = None if job.work is None else self._transact(job.work)
        except BaseException as exc:  # noqa: BLE001 - it belongs to the caller, who waits for it
            is_last = self._queue.empty()
            job.outcome.set_exception(exc)
        else:
            is_last = self._queue.empty()
            job.outcome.set_result(result)
        return is_last

    def _transact(self, work: Callable[[Connection], T]) -> T:
        try:
            with self._turn:
                result = self._run_transaction(work)
        except BaseException as exc:
            self._tell_end(exc)
            raise
        self._tell_end(None)
        self._owed += 1
        return result

    def _tell_end(self, failure: BaseException | None) -> None:
        for hook in self._end_hooks:
            hook(failure)

    def _run_transaction(self, work: Callable[[Connection], T]) -> T:
        try:
            connection = self._open_connection()
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            result = work(connection)
            self._require_transaction(connection)
            connection.commit()
        except (DBAPIError, sqlite3.Error) as exc:
            # After a failure of SQLite itself the connection's state is not trusted any more.
            self._drop_connection()
            raise storage_error(exc, self._settings.path) from exc
        except BaseException:
            self._roll_back()
            raise
        return result

    def _require_transaction(self, connection: Connection) -> None:
        """Raise if a failed statement that `work` swallowed has made SQLite roll back by itself."""
        raw = connection.connection.dbapi_connection
        if raw is None or not raw.in_transaction:
            msg = f"database {self._settings.path}: a failed statement ended the transaction early"
            raise StorageError(msg)

    def _open_connection(self) -> Connection:
        path = self._settings.path
        with translated(path):
            if path.stat().st_ino != self._inode:
                msg = (
                    f"database {path} was replaced by another file while it was open: "
                    "put the first file back, or start Osprey again"
                )
                raise StorageError(msg)
            if self._connection is None:
                self._connection = self._engine.connect()
                self._tidied = 0
        return self._connection

    def _roll_back(self) -> None:
        if self._connection is None:
            return
        try:
            self._connection.rollback()
        except DBAPIError:
            # Closing rolls back as well; the caller sees the failure that led here.
            self._drop_connection()

    def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(DBAPIError):
                connection.close()

    def _run_hooks(self, *, must_succeed: bool = False) -> None:
        if not self._owed:
            return
        try:
            connection = self._open_connection()
            with translated(self._settings.path):
                for hook in self._hooks:
                    hook(connection)
        except Exception:
            self._has_failed_hook = True
            if must_succeed:
                raise
        else:
            self._owed = 0
            self._has_failed_hook = False
        finally:
            self._roll_back()
