"""Small private JSON files in the user's cache folder, where nothing that matters depends on them.

A file that is absent, corrupt, of another user or in an unwritable folder is as if it were not there.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

FORMAT: Final = 1
_FRESH_NS: Final = 2_000_000_000
_KEPT: Final = 64

Stamps = dict[str, list[int] | None]
"""Path -> modification time in ns, size and inode; None: there is nothing of that name."""


def cache_folder() -> str | None:
    """Give `$XDG_CACHE_HOME/osprey` or `~/.cache/osprey`; None without a home."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):  # noqa: PTH117 - the XDG rule: a relative one is ignored
        base = os.path.expanduser("~/.cache")  # noqa: PTH111 - pathlib raises without a home
    return f"{base}/osprey" if os.path.isabs(base) else None  # noqa: PTH117


def read_json(name: str) -> dict[str, Any] | None:
    """Read one file of the cache; None for every way in which it cannot be used."""
    folder = cache_folder()
    try:
        with open(f"{folder}/{name}", "rb") as file:  # noqa: PTH123 - on the fast path
            if os.fstat(file.fileno()).st_uid != os.geteuid():
                return None
            data: object = json.load(file)
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    mapping = cast("dict[str, Any]", data)
    return mapping if mapping.get("format") == FORMAT else None


def write_json(name: str, data: Mapping[str, Any]) -> bool:
    """Write one file of the cache, whole or not at all; False if there is no place for it."""
    folder = cache_folder()
    if folder is None:
        return False
    draft = f"{folder}/.{name}.{os.getpid()}.{time.monotonic_ns()}"
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)  # noqa: PTH103 - as above
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump({"format": FORMAT, **data}, file)
            os.replace(draft, f"{folder}/{name}")  # noqa: PTH105
        except BaseException:
            os.unlink(draft)  # noqa: PTH108
            raise
    except (OSError, ValueError, TypeError):
        return False
    return True


def prune(prefix: str) -> None:
    """Remove the oldest files that begin with `prefix`, so that the folder does not grow for ever."""
    try:
        with os.scandir(cache_folder()) as entries:
            files = sorted((e.stat().st_mtime_ns, e.path) for e in entries if e.name.startswith(prefix))
        for _, path in files[:-_KEPT]:
            os.unlink(path)  # noqa: PTH108
    except OSError:
        return


def stamp(paths: Iterable[str]) -> Stamps:
    """Take the identity of each path as it is now."""
    return {path: _stamp(path) for path in paths}


def _stamp(path: str) -> list[int] | None:
    try:
        status = os.stat(path)  # noqa: PTH116 - hundreds of these on the fast path
    except (OSError, ValueError):
        return None
    return [status.st_mtime_ns, status.st_size, status.st_ino]


def is_current(stamps: Mapping[str, Any]) -> bool:
    """Tell whether every path is as it was when `stamps` were taken."""
    return all(_stamp(path) == was for path, was in stamps.items())


def is_settled(stamps: Stamps) -> bool:
    """Tell whether the stamps can be told from those of a later change.

    File times are coarse: a file changed twice within a tick has one time for both. As with git's index, what
    was changed within the last two seconds is not yet believed.
    """
    newest = max((entry[0] for entry in stamps.values() if entry is not None), default=0)
    return newest < time.time_ns() - _FRESH_NS
