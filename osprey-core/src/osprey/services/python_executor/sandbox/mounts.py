"""Further folders that generated code may read: a reviewed list, from which what holds secrets is kept out."""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from osprey.errors import SandboxError

_KEY = "execution.local.mounts"
_CLOSED = ("/boot", "/dev", "/etc", "/proc", "/run", "/sys")
"""Nothing in them is shown."""
_CROWDED = ("/", "/tmp", "/var", "/var/lib", "/var/log", "/var/tmp")  # noqa: S108 - not to be shown whole
_HOMES = ("/home", "/root", "/Users", "/export/home")
_FIRST_PERSON = 1000
_MOST_ENTRIES = 200_000
_SECRETS = frozenset(
    {".aws", ".azure", ".docker", ".env", ".git-credentials", ".gnupg", ".kube", ".netrc", ".pgpass", ".ssh"}
)
_KEY_FILES = (".key", ".pem")
_KEY_STORES = (".kdbx", ".keytab", ".p12", ".pfx")


def check_mounts(mounts: Sequence[Path], project: Path, records: Path) -> tuple[Path, ...]:
    """Look at what each folder would show, and give their real places.

    :param project: the project's folder, with its configuration; a folder in it may be shown.
    :param records: where its decisions and records are kept; nothing in it may be shown.
    :raises SandboxError: one is not there, or would show a home folder, the system's own, a secret or a socket.
    """
    return tuple(_checked(mount, project.resolve(), records.resolve()) for mount in mounts)


def _checked(mount: Path, project: Path, records: Path) -> Path:
    place = Path(os.path.realpath(mount))
    if not place.is_dir():
        reason = "is no folder" if place.exists() else "does not exist"
        msg = f"{_KEY}: {mount} {reason}: name a folder of packages or data, or take it out of the list"
        raise SandboxError(msg)
    reason = _place_fault(place, project, records) or _content_fault(place)
    if reason:
        msg = f"{_KEY}: {mount} {reason}, and generated code would see it: give a folder of packages or data alone"
        raise SandboxError(msg)
    return place


def _place_fault(place: Path, project: Path, records: Path) -> str:
    """Say what is wrong with where a folder is; empty if nothing."""
    for folder in (*map(Path, _CLOSED), records):
        if place.is_relative_to(folder.resolve()):
            return f"lies in {folder}"
    for folder in (*map(Path, (*_CLOSED, *_CROWDED)), project, records):
        if folder.resolve().is_relative_to(place):
            return f"shows all of {folder}"
    home = next((home for home in _homes() if home.is_relative_to(place)), None)
    return "" if home is None else f"shows the home folder {home}"


def _homes() -> Iterator[Path]:
    yield Path.home().resolve()
    yield from map(Path, _HOMES)
    for user in pwd.getpwall():
        if user.pw_uid == 0 or user.pw_uid >= _FIRST_PERSON:
            yield Path(user.pw_dir)
    for folder in map(Path, _HOMES):
        if folder != Path("/root") and folder.is_dir():
            yield from folder.iterdir()


def _content_fault(place: Path) -> str:
    """Look for keys, credentials and sockets, all the way down; empty if there are none."""
    for seen, path in enumerate(_everything(place)):
        if seen > _MOST_ENTRIES:
            return f"holds more than {_MOST_ENTRIES} files, which nobody can have reviewed"
        if _is_secret(path):
            return f"holds what looks like a secret ({path})"
        if stat.S_ISSOCK(path.lstat().st_mode):
            return f"holds a socket ({path})"
    return ""


def _everything(place: Path) -> Iterator[Path]:
    yield place
    for folder, folders, files in os.walk(place):
        for name in (*folders, *files):
            yield Path(folder, name)


def _is_secret(path: Path) -> bool:
    name = path.name.lower()
    if name in _SECRETS or name.endswith(_KEY_STORES):
        return True
    # Certificates, which packages ship for everybody, end in .pem as well.
    may_be_key = name.endswith(_KEY_FILES) or (name.startswith("id_") and not path.suffix)
    return may_be_key and _holds_private_key(path)


def _holds_private_key(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return b"PRIVATE KEY" in file.read(1 << 16)
    except OSError:
        return path.is_file()
