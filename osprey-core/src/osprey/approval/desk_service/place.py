"""Where the desk's socket may lie: in a folder in which nobody but its owner can put another in its place.

Whoever could replace the socket could show a card of their own to people, and take their decisions for nothing. So
the service refuses to listen in such a folder, and a client to ask there.
"""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

from osprey.control.guard.peers import Peer
from osprey.errors import UsageError

if TYPE_CHECKING:
    from osprey.project import Project

SOCKET_FILE: Final = "approvals.sock"
_LONGEST_PATH: Final = 107
"""Of a unix socket, in bytes, on Linux."""
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
_OTHERS_ENTER: Final = stat.S_IXGRP | stat.S_IXOTH


def socket_path(project: Project) -> Path:
    """Give the place that `approval.desk_socket` names, else the one beside the database."""
    return project.config.approval.desk_socket or project.state_dir.resolve() / SOCKET_FILE


def require_place(path: Path, owner: int, *, is_for_others: bool) -> None:
    """Go on only where this user can listen, and nobody else in their name.

    :param is_for_others: other users than the owner and root have to reach it.
    :raises UsageError: it is no such place; with the remedy.
    """
    if len(str(path).encode()) > _LONGEST_PATH:
        msg = f"{path} is too long for a socket ({_LONGEST_PATH} bytes): name a shorter one with `approval.desk_socket`"
        raise UsageError(msg)
    if not path.parent.is_dir():
        msg = f"{path.parent} is no folder: make it as the user who serves, or set `approval.desk_socket`"
        raise UsageError(msg)
    if weakness := weakness_of(path, owner):
        msg = f"the desk is not served at {path}: {weakness}"
        raise UsageError(msg)
    if is_for_others and (closed := _closed_folder(path)):
        msg = (
            f"no user of `approval.desk_users` can enter {closed}: set `approval.desk_socket` to a path in a folder "
            "that they can enter and not write to"
        )
        raise UsageError(msg)
    _require_free(path)


def weakness_of(path: Path, owner: int) -> str:
    """Say how others than the owner and root could put another socket at this path; empty if they cannot."""
    folder = path.parent
    real = folder.resolve()
    if folder != real:
        return f"{folder} is another name of {real}, and names can be changed: use {real / path.name}"
    for step in (folder, *folder.parents):
        found = step.stat()
        if found.st_uid not in (0, owner):
            return f"{step} belongs to {Peer(found.st_uid).name}, who could put another socket there"
        # In a sticky folder nobody can replace what is another's; but in the last one they could be there first.
        is_kept = step != folder and found.st_mode & stat.S_ISVTX
        if found.st_mode & _OTHERS_WRITE and not is_kept:
            return f"others may write to {step} and could put another socket there (chmod go-w {step})"
    return ""


def _closed_folder(path: Path) -> Path | None:
    """Give the folder that only its owner can enter, if there is one on the way."""
    return next((step for step in path.parents if not step.stat().st_mode & _OTHERS_ENTER), None)


def _require_free(path: Path) -> None:
    """Let a socket that a killed service has left be replaced, and nothing else that stands there."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        msg = f"{path} is there and is no socket: remove it, or name another place with `approval.desk_socket`"
        raise UsageError(msg)
