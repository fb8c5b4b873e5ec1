"""A file lock is held by one holder, in this process or another, until it is released or its process dies."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from osprey.errors import StorageError
from osprey.storage import FileLock


def test_two_holders_in_one_process_exclude_each_other(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert first.try_acquire(note="me")
    assert first.try_acquire()
    assert not second.try_acquire()
    first.release()
    assert second.try_acquire()
    second.release(remove=True)
    assert not (tmp_path / "lock").exists()


def test_a_removed_lock_file_is_not_mistaken_for_the_lock(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert first.try_acquire()
    first.release(remove=True)
    assert second.try_acquire()
    assert not FileLock(tmp_path / "lock").try_acquire()
    second.release()


def test_a_file_removed_between_opening_and_locking_is_not_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, flock = tmp_path / "lock", fcntl.flock

    def late(descriptor: int, operation: int) -> None:
        monkeypatch.setattr(fcntl, "flock", flock)
        path.unlink()
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    mine = FileLock(path)
    assert mine.try_acquire()
    assert not FileLock(path).try_acquire()
    mine.release()


def test_waiting_too_long_names_the_file(tmp_path: Path) -> None:
    holder = FileLock(tmp_path / "lock")
    holder.try_acquire()
    with pytest.raises(StorageError, match=r"migrating x: another process has held .*lock.*fuser"):
        FileLock(tmp_path / "lock").acquire(timeout_s=0.01, purpose="migrating x")
    holder.release()


def test_a_lock_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot use"):
        FileLock(tmp_path / "no" / "folder").try_acquire()


@pytest.mark.crash
def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from osprey.storage import FileLock
assert FileLock(Path(sys.argv[1])).try_acquire()
lock = FileLock(Path(sys.argv[1] + "2"))
assert lock.try_acquire()
print("held", flush=True)
sys.stdin.read()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    mine = FileLock(tmp_path / "lock2")
    assert not mine.try_acquire()
    process.send_signal(signal.SIGSTOP)
    assert not mine.try_acquire()
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    assert mine.try_acquire()
    mine.release()


def test_a_lock_whose_note_found_no_room_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = FileLock(tmp_path / "owner.lock")

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        with pytest.raises(StorageError, match="No space left"):
            lock.try_acquire(note="pid 1\n")
    assert not lock.is_held
    assert lock.try_acquire(note="pid 1\n")
    lock.release()
