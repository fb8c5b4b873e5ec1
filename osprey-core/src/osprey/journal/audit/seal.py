"""The seal of an audit row: a keyed MAC over the row and the seal before it, and the key's file.

The key lies outside the database, so that a change of the database alone cannot be sealed again.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
import stat
from pathlib import Path
from typing import Any, Final

from osprey.errors import StorageError
from osprey.storage.faults import folder_error
from osprey.storage.filesystem import sync_folder

KEY_FILE: Final = "audit.key"
KEY_BYTES: Final = 32
FIRST_SEAL: Final = "0" * 64
"""What the first row is chained to."""

SEALED_COLUMNS: Final = (
    "seq", "ns", "high_ns", "actor", "terminal", "host", "event", "subject", "detail",
)  # fmt: skip


def _form_of_bytes(value: Any) -> dict[str, str]:
    """Give bytes, which only a tampered row holds, a form that no text and no number has."""
    return {"not text": repr(value)}


_ENCODE: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True, default=_form_of_bytes).encode
# Made once: a check of the audit seals every row again.


def seal_row(key: bytes, previous: str, values: tuple[Any, ...]) -> str:
    """Give the seal of a row whose `SEALED_COLUMNS` are `values`, chained to the seal before it.

    JSON keeps numbers and texts apart and states each text's end, so two rows never share a form.
    """
    return hmac.digest(key, _ENCODE([previous, *values]).encode("ascii"), "sha256").hex()


def seal_values(key: bytes, what: str, values: tuple[Any, ...]) -> str:
    """Give the seal of a row that stands by itself; `what` keeps the rows of different tables apart."""
    return seal_row(key, what, values)


def load_key(state_dir: Path, *, has_rows: bool) -> bytes:
    """Read the key, or make it if the audit is still empty.

    :raises StorageError: it is missing although rows were sealed with it, damaged, or open to others.
    """
    path = state_dir / KEY_FILE
    try:
        if not path.exists():
            if has_rows:
                msg = (
                    f"the audit's key {path} is missing although the audit has rows: restore it from a "
                    "backup; if it is lost, keep the old folder as evidence and start a new one with "
                    "`storage.path`"
                )
                raise StorageError(msg)
            create_once(path, secrets.token_bytes(KEY_BYTES))
        mode = stat.S_IMODE(path.stat().st_mode)
        key = path.read_bytes()
    except OSError as exc:
        raise folder_error(exc, path) from exc
    if mode & 0o077:
        msg = f"the audit's key {path} is open to other users (mode {mode:o}): run `chmod 600 {path}`"
        raise StorageError(msg)
    if len(key) != KEY_BYTES:
        msg = f"the audit's key {path} has {len(key)} bytes, not {KEY_BYTES}: restore it from a backup"
        raise StorageError(msg)
    return key


def create_once(path: Path, content: bytes) -> None:
    """Make a private file with `content`, wholly or not at all; the first of several processes wins."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        # Another process was first; its file is the one.
        return
    finally:
        draft.unlink()
    sync_folder(path.parent)
