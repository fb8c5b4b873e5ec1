"""What SQLite's and the file system's failures mean to a person: one sentence with path and remedy."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy.exc import DBAPIError

from osprey.errors import ConflictError, StorageError

_SPACE: Final = "free space on the file system of {folder}, then try again; nothing was half written"
_RESTORE: Final = "end every process that uses it, keep a copy, and restore the newest good backup (*.bak beside it)"
_ACCESS: Final = "give your user access to {folder} and the files in it (chmod u+rwX), or set `storage.path` elsewhere"

_MEANINGS: Final[dict[str, tuple[str, str]]] = {
    "SQLITE_BUSY": (
        "is locked by another process for too long",
        "see who holds it with `fuser {path}`, let it finish or end it, then try again",
    ),
    "SQLITE_LOCKED": ("is locked by another connection", "let the other work finish, then try again"),
    "SQLITE_FULL": ("could not be written because the disk is full", _SPACE),
    "SQLITE_IOERR": (
        "could not be read or written by the operating system",
        "look for disk trouble (a full disk or quota, `dmesg`), mend it, then try again",
    ),
    "SQLITE_READONLY_DBMOVED": (
        "was moved or replaced while it was open",
        "put the file back, or start Osprey again",
    ),
    "SQLITE_READONLY": ("cannot be written", _ACCESS),
    "SQLITE_CANTOPEN": ("cannot be opened", _ACCESS),
    "SQLITE_PERM": ("cannot be opened", _ACCESS),
    "SQLITE_AUTH": ("cannot be opened", _ACCESS),
    "SQLITE_CORRUPT": ("is damaged", _RESTORE),
    "SQLITE_NOTADB": ("is damaged: it is not a SQLite database", _RESTORE),
}


def storage_error(cause: BaseException, path: Path) -> StorageError:
    """Say what `cause` means for the database at `path`, and how to mend it."""
    origin = cause.orig if isinstance(cause, DBAPIError) else cause
    name = str(getattr(origin, "sqlite_errorname", ""))
    if name.startswith("SQLITE_CONSTRAINT"):
        msg = f"database {path}: a row is not in the state expected, nothing was changed: {origin}"
        return ConflictError(msg)
    for prefix, (what, remedy) in _MEANINGS.items():
        if name.startswith(prefix):
            advice = remedy.format(path=path, folder=path.parent)
            return StorageError(f"database {path} {what} ({origin}): {advice}")
    return StorageError(f"database {path} failed ({origin}): check the file and its folder, then try again")


def folder_error(cause: OSError, path: Path) -> StorageError:
    """Say what an operating-system failure at `path` means, and how to mend it."""
    what = cause.strerror or str(cause)
    return StorageError(
        f"cannot use {path}: {what}: give your user access to {path.parent}, free space on its disk if it is "
        "full, or set `storage.path` to another folder of a local disk"
    )


@contextmanager
def translated(path: Path) -> Generator[None]:
    """Turn failures of SQLite and of the file system inside the block into `StorageError`."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as exc:
        raise storage_error(exc, path) from exc
    except OSError as exc:
        raise folder_error(exc, path) from exc
