"""Which tampering `osprey audit verify` finds as this project is set up, and which it does not.

Whoever can write as the project's user can read `audit.key`. What a check can prove beyond that lies where this user
cannot write: in an anchor that the operating system lets nobody cut, and in copies that are kept elsewhere.
"""

from __future__ import annotations

import fcntl
import os
import stat
from pathlib import Path
from typing import Final

from attrs import frozen

_GET_FLAGS: Final = 0x80086601
"""FS_IOC_GETFLAGS on 64-bit Linux, what `lsattr` asks."""
_APPEND_ONLY: Final = 0x20
_COPY: Final = (
    "keep copies on another machine (`osprey audit export`) and compare (`osprey audit verify --export FILE`)"
)


@frozen(kw_only=True)
class Protection:
    """One way to tamper with the audit, and whether a check finds it."""

    tampering: str
    is_found: bool
    how: str
    """What finds it, or what would."""


def protections_of(anchor: Path) -> tuple[Protection, ...]:
    """Give what a check finds, and what it does not, with this anchor."""
    is_fast = is_append_only(anchor)
    return (
        Protection(
            tampering="a row edited, deleted, inserted, moved, or sealed without the audit's key",
            is_found=True,
            how="each row is sealed over the row before it, with a key that lies outside the database",
        ),
        Protection(
            tampering="rows cut off the end that the anchor has seen",
            is_found=True,
            how="the anchor's last line names a row that is not there",
        ),
        Protection(
            tampering="the anchor's lines edited or exchanged, its beginning cut off, or the file lost",
            is_found=True,
            how="its first line is sealed with the key, and each line names a row, in their order",
        ),
        Protection(
            tampering="table and anchor both cut back to the same earlier row",
            is_found=is_fast,
            how=_how_cut(anchor, is_fast=is_fast),
        ),
        Protection(
            tampering="history sealed anew by whoever has the key and can write both files",
            is_found=is_fast,
            how="the lines of the append-only anchor belong to the old history" if is_fast else _COPY,
        ),
        Protection(
            tampering="the whole folder, key and all, exchanged for another one or put back from an earlier copy",
            is_found=False,
            how=_COPY,
        ),
        Protection(
            tampering="the last rows before a crash, which have no line in the anchor yet, cut off",
            is_found=False,
            how="the next start writes the line; nothing shows what was cut off before it",
        ),
        Protection(
            tampering="refusals taken out of the spool before the audit could take them",
            is_found=False,
            how="they stand in the log of the system: have it sent to another machine",
        ),
    )


def _how_cut(anchor: Path, *, is_fast: bool) -> str:
    if not is_fast:
        return f"make the anchor append-only (as root: chattr +a {anchor}), or {_COPY}"
    if os.geteuid() == 0:
        return "the anchor is append-only; but Osprey runs as root, which can take that away: run it as another user"
    return "the anchor is append-only: only root can cut it"


def is_append_only(path: Path) -> bool:
    """Say whether the operating system lets nobody cut or change what a file holds; False where that is not known."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        if getattr(os.fstat(descriptor), "st_flags", 0) & stat.SF_APPEND:  # macOS
            return True
        answer = fcntl.ioctl(descriptor, _GET_FLAGS, bytes(8))
    except OSError:  # a file system, or an operating system, without such attributes
        return False
    finally:
        os.close(descriptor)
    return bool(int.from_bytes(answer[:4], "little") & _APPEND_ONLY)
