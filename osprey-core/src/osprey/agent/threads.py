"""One process at a time works on a thread: two answers to one question would both run to the end."""

from __future__ import annotations

import fcntl
import re
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from osprey.errors import ConflictError, UsageError

_THREAD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


@contextmanager
def locked_thread(state_dir: Path, thread: str) -> Generator[None]:
    """Hold the thread's lock; the operating system frees it if the process dies.

    :raises UsageError: the name cannot be a thread's.
    :raises ConflictError: somebody else works on it now.
    """
    if not _THREAD.fullmatch(thread):
        msg = f"{thread!r} cannot be the name of a thread: use letters, digits, '.', '_' and '-'"
        raise UsageError(msg)
    folder = state_dir / "threads"
    folder.mkdir(mode=0o700, exist_ok=True)
    with (folder / f"{thread}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            msg = f"thread {thread} is being worked on by another process; wait for it and try again"
            raise ConflictError(msg) from exc
        yield
