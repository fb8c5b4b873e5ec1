"""The database of a project: opened once, written by two threads, read by many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from typing import Final, TypeVar

import anyio
import anyio.to_thread
from sqlalchemy import Connection

from osprey.storage.connections import ConnectionSettings, connect, set_write_ahead_log
from osprey.storage.faults import translated
from osprey.storage.filesystem import FileSystem, make_private_file, make_private_folder, require_local
from osprey.storage.locks import FileLock
from osprey.storage.migrations import (
    Migration,
    apply_migrations,
    back_up,
    latest_version,
    make_versions_table,
    require_not_newer,
    version_of,
)
from osprey.storage.readers import Readers
from osprey.storage.writer import Writer

T = TypeVar("T")

FILE_NAME: Final = "osprey.db"
_MIGRATION_WAIT_S: Final = 60.0


class Database:
    """One SQLite file in a private folder. Nothing of it is shared with another instance."""

    def __init__(self, state_dir: Path, file_system: FileSystem, busy_timeout_s: float) -> None:
        """Used by `open`, which prepares the folder and the file."""
        self.state_dir = state_dir
        self.path = state_dir / FILE_NAME
        self.file_system = file_system
        turn = Lock()
        general = ConnectionSettings(path=self.path, busy_timeout_s=busy_timeout_s)
        safety = ConnectionSettings(path=self.path, busy_timeout_s=busy_timeout_s, synchronous="FULL")
        self._reader_settings = ConnectionSettings(path=self.path, busy_timeout_s=busy_timeout_s, is_read_only=True)
        self.general: Final = Writer("general", general, turn)
        """For what may be lost with the last moments before a power cut (never torn, though)."""
        self.safety: Final = Writer("safety", safety, turn)
        """For the journal: a commit is on the disk when it returns."""
        self._readers = Readers(self._reader_settings)
        self._migration_lock = Lock()

    @classmethod
    def open(cls, state_dir: Path, *, busy_timeout_s: float = 10.0, mounts: Path = Path("/proc/mounts")) -> Database:
        """Open the database in `state_dir`; folder (0700) and file (0600) are made where they are missing.

        :param busy_timeout_s: how long a transaction waits for another process's.
        :raises StorageError: a network file system, no access, a damaged file, a full disk.
        """
        # Two processes that name the folder differently must meet at the same files.
        folder = Path(state_dir).absolute()
        file_system = require_local(folder, mounts=mounts)
        make_private_folder(folder)
        path = folder / FILE_NAME
        settings = ConnectionSettings(path=path, busy_timeout_s=busy_timeout_s, synchronous="FULL")
        lock = FileLock(folder / "migrate.lock")
        lock.acquire(timeout_s=_MIGRATION_WAIT_S, purpose=f"opening database {path}")
        try:
            make_private_file(path)
            with translated(path):
                set_write_ahead_log(settings)
                database = cls(folder, file_system, busy_timeout_s)
            database._prepare()
        finally:
            lock.release()
        return database

    def _prepare(self) -> None:
        try:
            self.safety.run_sync(make_versions_table)
        except BaseException:
            self.close()
            raise

    def migrate(self, component: str, migrations: Sequence[Migration]) -> None:
        """Bring the tables of `component` to the newest version; quick if they are.

        Before existing tables are changed the whole database is copied to
        ``osprey.db.<component>-v<version>.bak``. A component's first tables change nothing that exists and
        need no copy. All steps are one transaction, under a lock that excludes other processes.

        :raises StorageError: the tables are newer than `migrations`.
        """
        known = latest_version(component, migrations)
        with self._migration_lock:
            if self._version(component, known) == known:
                return
            lock = FileLock(self.state_dir / "migrate.lock")
            lock.acquire(timeout_s=_MIGRATION_WAIT_S, purpose=f"migrating {self.path}")
            try:
                found = self._version(component, known)
                if 0 < found < known:
                    self._back_up(component, found)
                self.safety.run_sync(lambda connection: apply_migrations(connection, component, migrations))
            finally:
                lock.release()

    def _version(self, component: str, known: int) -> int:
        found = self.read_sync(lambda connection: version_of(connection, component))
        require_not_newer(self.path, component, found, known)
        return found

    def _back_up(self, component: str, version: int) -> None:
        with translated(self.path):
            source = connect(self._reader_settings)
            try:
                back_up(source, self.path, component, version)
            finally:
                source.close()

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a read transaction of its own, on a thread; it sees one moment of the database."""
        return await self._readers.run(work)

    def read_sync(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a read transaction of its own, in this thread."""
        with self._readers.transaction() as connection:
            return work(connection)

    def close(self) -> None:
        """End the accepted jobs and close every connection. Afterwards every use raises `StorageError`."""
        self.safety.close()
        self.general.close()
        self._readers.close()

    async def aclose(self) -> None:
        """Close in a thread; shielded, because a half closed database helps nobody."""
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self.close, limiter=anyio.CapacityLimiter(1))
