"""Locks of the operating system on files: held until released or until the process dies.

`flock` is used, not POSIX record locks: its lock belongs to the open file, so that two holders inside one
process exclude each other as two processes do, and closing an unrelated descriptor never drops it.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from osprey.errors import StorageError
from osprey.storage.faults import folder_error


class FileLock:
    """An exclusive lock on one file. The descriptor is not inherited by programs that are started."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    @property
    def is_held(self) -> bool:
        return self._descriptor is not None

    def try_acquire(self, *, note: str = "") -> bool:
        """Take the lock if nobody has it; True if it is held now. `note` is written for people to read."""
        if self._descriptor is not None:
            return True
        try:
            descriptor = self._open_and_lock()
            if descriptor is None:
                return False
            if note:
                _write_note(descriptor, note)
        except OSError as exc:
            raise folder_error(exc, self.path) from exc
        self._descriptor = descriptor
        return True

    def _open_and_lock(self) -> int | None:
        while True:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                return None
            except OSError:
                os.close(descriptor)
                raise
            if _is_named(descriptor, self.path):
                return descriptor
            # The holder before us removed the name: what we locked is no longer the lock.
            os.close(descriptor)

    def acquire(self, *, timeout_s: float, purpose: str, note: str = "") -> None:
        """Wait for the lock.

        :raises StorageError: another process kept it for longer than `timeout_s`.
        """
        deadline = time.monotonic() + timeout_s
        while not self.try_acquire(note=note):
            if time.monotonic() >= deadline:
                msg = (
                    f"{purpose}: another process has held {self.path} for more than {timeout_s:g} s: "
                    f"see who with `fuser {self.path}`, let it finish or end it, then try again"
                )
                raise StorageError(msg)
            time.sleep(0.02)

    def release(self, *, remove: bool = False) -> None:
        """Give the lock back; with `remove` the file goes too (while it is still held)."""
        if self._descriptor is None:
            return
        if remove:
            self.path.unlink(missing_ok=True)
        os.close(self._descriptor)
        self._descriptor = None


def _write_note(descriptor: int, note: str) -> None:
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, note.encode(), 0)
    except OSError:
        os.close(descriptor)  # or this process would itself be the other one that holds it
        raise


def _is_named(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


@contextmanager
def descriptor_lock(descriptor: int, *, timeout_s: float) -> Generator[None]:
    """Hold the lock of an open file for the moment in which several steps on it belong together.

    A process that is stopped meanwhile keeps everybody else out: do nothing slow under it.

    :raises TimeoutError: another process keeps the lock; it may have been stopped.
    """
    deadline = time.monotonic() + timeout_s
    while not _try_lock(descriptor):
        if time.monotonic() >= deadline:
            msg = f"another process has held its lock for more than {timeout_s:g} s"
            raise TimeoutError(msg)
        time.sleep(0.01)
    try:
        yield
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
