"""Readers: a few connections, and as few threads on which tasks read, however many ask at once.

A connection keeps up to 2 MB of pages and a thread its stack and its arena of memory; neither comes back to the
system when a crowd has gone. More of them would not answer sooner: a read is short, and the interpreter runs one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from threading import Lock
from typing import Final, TypeVar

import anyio
import anyio.lowlevel
from sqlalchemy import Connection

from osprey.errors import StorageError
from osprey.storage.connections import ConnectionSettings, make_engine
from osprey.storage.faults import translated
from osprey.storage.wakeup import Wakeup

T = TypeVar("T")

MOST_READERS: Final = 4
"""Connections kept open, and threads."""


class Readers:
    """Read connections, kept open for the next reader; each transaction sees one moment of the database."""

    def __init__(self, settings: ConnectionSettings) -> None:
        """Open nothing yet; connections and threads come with the first reads."""
        self._path = settings.path
        self._engine = make_engine(settings)
        self._threads = ThreadPoolExecutor(MOST_READERS, thread_name_prefix="osprey-reader")
        self._pid = os.getpid()
        self._idle: list[Connection] = []
        self._lock = Lock()
        self._is_closed = False

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a read transaction on one of the threads; the others wait for one, first come, first served.

        A caller that was cancelled before is stopped here. From then on the call is shielded.
        """
        await anyio.lowlevel.checkpoint_if_cancelled()
        self._require_open()
        wakeup = Wakeup()
        try:
            outcome = self._threads.submit(copy_context().run, self._read, work)
        except RuntimeError as exc:  # closed in between
            raise self._closed() from exc
        outcome.add_done_callback(wakeup.set)
        with anyio.CancelScope(shield=True):
            await wakeup.wait()
        return outcome.result()

    def _read(self, work: Callable[[Connection], T]) -> T:
        with self.transaction() as connection:
            return work(connection)

    @contextmanager
    def transaction(self) -> Generator[Connection]:
        """Give a connection inside one read transaction, in the caller's thread."""
        with translated(self._path):
            connection = self._take()
            try:
                connection.exec_driver_sql("BEGIN")
                yield connection
                connection.rollback()
            except BaseException:
                connection.close()
                raise
            self._give_back(connection)

    def _require_open(self) -> None:
        if self._pid != os.getpid():
            msg = f"database {self._path} was opened before a fork: open it again in the new process"
            raise StorageError(msg)
        if self._is_closed:
            raise self._closed()

    def _closed(self) -> StorageError:
        return StorageError(f"database {self._path} is closed: open the project again")

    def _take(self) -> Connection:
        self._require_open()
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return self._engine.connect()

    def _give_back(self, connection: Connection) -> None:
        with self._lock:
            if not self._is_closed and len(self._idle) < MOST_READERS:
                self._idle.append(connection)
                return
        connection.close()

    def close(self) -> None:
        """End the reads that were accepted, then the threads and the connections."""
        self._is_closed = True
        self._threads.shutdown()
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
        self._engine.dispose()
