"""Further folders that generated code may read: a reviewed list, from which what holds secrets is kept out."""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

from osprey.errors import SandboxError

_KEY = "execution.local.mounts"
_SYSTEM = ("/boot", "/dev", "/etc", "/proc", "/root", "/run", "/sys", "/tmp", "/var/lib", "/var/log", "/var/run")  # noqa: S108
_PARENTS_OF_HOMES = ("/home", "/Users", "/export/home")
_SECRET_NAMES = frozenset({".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".netrc", ".pgpass", ".env", ".git-credentials"})
_SECRET_ENDS = (".pem", ".key", ".p12", ".pfx", ".kdbx", ".keytab")
_MOST_ENTRIES = 200_000


def check_mounts(mounts: Sequence[Path], own: Iterable[Path] = ()) -> tuple[Path, ...]:
    """Look at what each folder would show, and give their real places.

    :param own: folders of the project, which hold its configuration, decisions and records.
    :raises SandboxError: one is not there, or would show a home folder, the system's own, a secret or a socket.
    """
    forbidden = {path.resolve() for path in own}
    return tuple(_checked(mount, forbidden) for mount in mounts)


def _checked(mount: Path, own: set[Path]) -> Path:
    place = Path(os.path.realpath(mount))
    if not mount.is_absolute() or not place.exists():
        _refuse(mount, "does not exist" if mount.is_absolute() else "is no absolute path", "name a folder that is there")
    if reason := _shows(place, own):
        _refuse(mount, reason, "give a folder that holds nothing but packages or data")
    if found := _find_secret(place):
        _refuse(mount, f"holds {found}", "give a folder that holds nothing but packages or data")
    return place


def _refuse(mount: Path, reason: str, remedy: str) -> None:
    msg = f"{_KEY}: {mount} {reason}, and generated code would see it: {remedy}"
    raise SandboxError(msg if "see it" not in reason else msg)


def _shows(place: Path, own: set[Path]) -> str:
    """Say which forbidden folder `place` is, holds, or lies in; empty if none."""
    for folder in (Path("/"), *map(Path, _SYSTEM)):
        real = folder.resolve()
        if place == real or place in real.parents or (real != Path("/") and real in place.parents and not _is_free(place, real)):
            return f"is or shows {folder}"
    for home in _homes():
        if place == home or place in home.parents:
            return f"shows the home folder {home}"
    for folder in own:
        if place == folder or place in folder.parents:
            return f"shows the project's folder {folder}"
    return ""


def _is_free(place: Path, system: Path) -> bool:
    """Allow what somebody has put below the temporary folder on purpose; nothing of the others."""
    return system == Path("/tmp").resolve() and place != system  # noqa: S108


def _homes() -> set[Path]:
    homes = {Path.home().resolve(), *map(Path, _PARENTS_OF_HOMES)}
    for user in pwd.getpwall():
        if user.pw_uid >= 1000 or user.pw_uid == 0:  # noqa: PLR2004 - where people's accounts begin
            homes.add(Path(user.pw_dir))
    for parent in map(Path, _PARENTS_OF_HOMES):
        if parent.is_dir():
            homes.update(parent.iterdir())
    return {home for home in homes if home != Path("/") and home != Path("/nonexistent")}


def _find_secret(place: Path) -> str:
    """Look for the names of keys and credentials, and for sockets, all the way down."""
    seen = 0
    for folder, folders, files in os.walk(place):
        for name in (*folders, *files):
            seen += 1
            path = Path(folder, name)
            if name.lower() in _SECRET_NAMES or name.lower().startswith("id_") and not name.endswith(".py") and _is_key(path):
                return f"what looks like a secret, {path}"
            if name.lower().endswith(_SECRET_ENDS) and _is_key(path):
                return f"what looks like a secret, {path}"
            if stat.S_ISSOCK(path.lstat().st_mode):
                return f"the socket {path}"
        if seen > _MOST_ENTRIES:
            return f"more than {_MOST_ENTRIES} files, which nobody has reviewed"
    if stat.S_ISSOCK(place.lstat().st_mode):
        return "nothing but a socket"
    return ""


def _is_key(path: Path) -> bool:
    """Say whether a file is private: certificates for everybody, as packages ship them, end in .pem too."""
    try:
        with path.open("rb") as file:
            return b"PRIVATE KEY" in file.read(1 << 16) or path.suffix in (".p12", ".pfx", ".kdbx", ".keytab")
    except OSError:
        return True
