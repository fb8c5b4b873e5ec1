"""Where the database may live: a private folder of a local file system.

SQLite's WAL shares memory between processes and trusts file locks; over a network file system neither
holds, and two hosts would both believe that they own the ledger. So a network file system is refused.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import Final

from attrs import frozen

from osprey.errors import StorageError
from osprey.storage.faults import folder_error

_NETWORK_NAMES: Final = """
9p acfs afs beegfs ceph cifs coda davfs drvfs fhgfs fuse.afs fuse.ceph fuse.cephfs fuse.curlftpfs
fuse.davfs fuse.davfs2 fuse.gcsfuse fuse.glusterfs fuse.goofys fuse.juicefs fuse.mfs fuse.moosefs
fuse.rclone fuse.s3fs fuse.seaweedfs fuse.smbnetfs fuse.sshfs gfs gfs2 glusterfs gpfs lustre mfs
ncpfs nfs nfs3 nfs4 ocfs2 orangefs panfs pvfs2 smb smb2 smb3 smbfs vboxsf
"""
_NETWORK_KINDS: Final = frozenset(_NETWORK_NAMES.split())
_MOUNTS: Final = Path("/proc/mounts")


@frozen(kw_only=True)
class FileSystem:
    """The file system that holds a folder, as far as it can be told."""

    kind: str
    """Such as ``ext4``; empty if it could not be told."""
    mount: str = ""
    is_network: bool = False
    unchecked: str = ""
    """Why the check was skipped; empty if it was made."""


def file_system_of(folder: Path, *, mounts: Path = _MOUNTS) -> FileSystem:
    """Find the file system of `folder` by the longest mount point above it."""
    try:
        table = mounts.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        reason = f"{mounts} is not there on {sys.platform}: the kind of file system was not checked"
        return FileSystem(kind="", unchecked=reason)
    place = Path(os.path.realpath(folder))
    best: tuple[int, str, str] = (-1, "", "")
    for line in table.splitlines():
        columns = line.split(" ")
        if len(columns) < 3:
            continue
        point = Path(_unescape(columns[1]))
        # A later mount on the same point hides the earlier one, hence `>=`.
        if (place == point or point in place.parents) and len(point.parts) >= best[0]:
            best = (len(point.parts), str(point), columns[2])
    _, mount, kind = best
    if not kind:
        return FileSystem(kind="", unchecked=f"{mounts} names no mount above {place}")
    return FileSystem(kind=kind, mount=mount, is_network=kind.lower() in _NETWORK_KINDS)


def _unescape(text: str) -> str:
    """Undo the octal escapes of ``/proc/mounts`` (a blank in a path is ``\\040``)."""
    for code, plain in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, plain)
    return text


def require_local(folder: Path, *, mounts: Path = _MOUNTS) -> FileSystem:
    """Give the file system of `folder`.

    :raises StorageError: it is a network file system.
    """
    found = file_system_of(folder, mounts=mounts)
    if found.is_network:
        msg = (
            f"storage folder {folder} is on a network file system ({found.kind}, mounted at {found.mount}), "
            "where the locks that keep a write from being sent twice do not hold: set `storage.path` in "
            "config.yml to a folder of a local disk, such as /var/lib/osprey/NAME"
        )
        raise StorageError(msg)
    return found


def make_private_folder(folder: Path) -> None:
    """Make `folder` with mode 0700, or tighten it where it is surely ours alone.

    A folder that already holds other things (a home, ``/tmp``) keeps its mode: the files in it are 0600.
    """
    try:
        if not folder.exists():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return
        status = folder.stat()
        if not stat.S_ISDIR(status.st_mode):
            msg = f"storage folder {folder} is not a folder: set `storage.path` to a folder of a local disk"
            raise StorageError(msg)
        is_open = bool(stat.S_IMODE(status.st_mode) & 0o077)
        if is_open and status.st_uid == os.getuid() and _is_ours(folder):
            folder.chmod(0o700)
    except OSError as exc:
        raise folder_error(exc, folder) from exc


def _is_ours(folder: Path) -> bool:
    names = {entry.name for entry in folder.iterdir()}
    return not names or "osprey.db" in names


def make_private_file(path: Path) -> None:
    """Make an empty file of mode 0600 unless it exists, durably named in its folder."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.close(descriptor)
        sync_folder(path.parent)
    except OSError as exc:
        raise folder_error(exc, path) from exc


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
