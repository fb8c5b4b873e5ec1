"""The spool: refusals that the audit could not take, kept until it can, on a disk that may be full.

The file `audit.spool` has its size and its blocks from the day on which the journal was first opened; it is written in
place and synced. A head of one sector counts what did not fit; then records follow, up to the first zero byte.

Several processes share it under a lock of the operating system, which is taken before SQLite's, never after it.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

from attrs import evolve

from osprey.journal.audit.spool_records import (
    LateRefusal,
    Overflow,
    SpoolContent,
    line_of_overflow,
    line_of_refusal,
    overflow_of_line,
    refusal_of_line,
)
from osprey.storage.filesystem import sync_folder
from osprey.storage.locks import descriptor_lock

SPOOL_FILE: Final = "audit.spool"
SPOOL_BYTES: Final = 64 * 1024
HEAD_BYTES: Final = 512
"""A sector: what a disk writes wholly or not at all."""
_WAIT_S: Final = 5.0


class Spool:
    """The spool of one project."""

    def __init__(self, state_dir: Path, key: bytes) -> None:
        self.path = state_dir / SPOOL_FILE
        self._key = key

    def prepare(self) -> None:
        """Make the file if it is missing, and give it back its size if it was cut.

        :raises OSError: the disk is full, for example.
        """
        try:
            is_whole = self.path.stat().st_size >= SPOOL_BYTES
        except FileNotFoundError:
            self._make()
            return
        if not is_whole:
            with self.opened() as held:
                held.allocate()

    def _make(self) -> None:
        draft = self.path.with_name(f"{SPOOL_FILE}.{secrets.token_hex(8)}")
        descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            OpenSpool(descriptor, self._key).allocate()
            with suppress(FileExistsError):  # another process was first
                self.path.hardlink_to(draft)
        finally:
            os.close(descriptor)
            draft.unlink()
        sync_folder(self.path.parent)

    def has_any(self) -> bool:
        """Say whether anything is in it.

        It is asked after every commit, so it takes no lock; a broken spool says no, and stops nothing.
        """
        try:
            with self._open_to_read() as descriptor:
                start = os.pread(descriptor, HEAD_BYTES + 1, 0)
        except OSError:
            return False
        return start[:1] not in (b"", b"\0") or start[HEAD_BYTES:] not in (b"", b"\0")

    @contextmanager
    def opened(self) -> Generator[OpenSpool]:
        """Give the spool under its lock.

        :raises OSError: it is not there, or another process keeps the lock.
        """
        descriptor = os.open(self.path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            with descriptor_lock(descriptor, timeout_s=_WAIT_S):
                yield OpenSpool(descriptor, self._key)
        finally:
            os.close(descriptor)

    def read(self) -> SpoolContent:
        """Read what waits for the audit, without the lock; a spool that is not there holds nothing.

        :raises OSError: it cannot be read.
        """
        try:
            with self._open_to_read() as descriptor:
                return OpenSpool(descriptor, self._key).read()
        except FileNotFoundError:
            return SpoolContent()

    @contextmanager
    def _open_to_read(self) -> Generator[int]:
        descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            yield descriptor
        finally:
            os.close(descriptor)


class OpenSpool:
    """The spool while it is open: to read, or under its lock to write."""

    def __init__(self, descriptor: int, key: bytes) -> None:
        self._descriptor = descriptor
        self._key = key

    def allocate(self) -> None:
        """Have every block of the file on the disk, so that writing in place needs no more."""
        size = os.fstat(self._descriptor).st_size
        allocate = getattr(os, "posix_fallocate", None)  # macOS has none
        if allocate is not None:
            allocate(self._descriptor, 0, SPOOL_BYTES)
        # A block that was reserved but never written may still need room elsewhere when it is.
        _write(self._descriptor, bytes(max(SPOOL_BYTES - size, 0)), size)
        os.fsync(self._descriptor)

    def keep(self, refusal: LateRefusal) -> bool:
        """Add a refusal, durably; False: it did not fit, and was counted."""
        used, line = self._records(), line_of_refusal(self._key, refusal)
        if used and not used.endswith(b"\n"):
            line = b"\n" + line  # what a crash cut short must not swallow this one
        is_room = HEAD_BYTES + len(used) + len(line) < SPOOL_BYTES
        if is_room:
            # The zero ends the content here, whatever an interrupted write has left beyond.
            _write(self._descriptor, line + b"\0", HEAD_BYTES + len(used))
        else:
            self._count(refusal.ns)
        os.fsync(self._descriptor)
        return is_room

    def _count(self, ns: int) -> None:
        before = overflow_of_line(self._key, self._head())
        counted = Overflow(count=1, since_ns=ns, until_ns=ns)
        if before is not None:
            counted = evolve(before, count=before.count + 1, until_ns=max(before.until_ns, ns))
        _write(self._descriptor, line_of_overflow(self._key, counted).ljust(HEAD_BYTES, b"\0"), 0)

    def read(self) -> SpoolContent:
        """Give the whole content."""
        lines = [line for line in self._records().split(b"\n") if line]
        found = [(line, refusal_of_line(self._key, line)) for line in lines]
        foreign = [line for line, refusal in found if refusal is None]
        head = self._head()
        overflow = overflow_of_line(self._key, head)
        if head and overflow is None:
            foreign.append(head)
        return SpoolContent(
            refusals=tuple(refusal for _, refusal in found if refusal is not None),
            overflow=overflow,
            foreign=len(foreign),
            foreign_hash=sha256(b"\n".join(foreign)).hexdigest()[:16] if foreign else "",
        )

    def clear(self) -> None:
        """Empty it, durably: a zero byte where the content begins ends it there."""
        _write(self._descriptor, b"\0", HEAD_BYTES)
        _write(self._descriptor, bytes(HEAD_BYTES), 0)
        os.fsync(self._descriptor)

    def _head(self) -> bytes:
        return os.pread(self._descriptor, HEAD_BYTES, 0).split(b"\0", 1)[0].rstrip(b"\n")

    def _records(self) -> bytes:
        return os.pread(self._descriptor, SPOOL_BYTES - HEAD_BYTES, HEAD_BYTES).split(b"\0", 1)[0]


def _write(descriptor: int, data: bytes, offset: int) -> None:
    while data:
        written = os.pwrite(descriptor, data, offset)
        data, offset = data[written:], offset + written
