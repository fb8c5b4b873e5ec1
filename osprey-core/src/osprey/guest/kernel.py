"""Calls of the Linux kernel that Python has no function for, through the C library."""

from __future__ import annotations

import ctypes
import os
import signal

from . import syscalls

NEW_MOUNTS, NEW_CGROUPS, NEW_NAMES, NEW_IPC = 0x00020000, 0x02000000, 0x04000000, 0x08000000
NEW_USERS, NEW_PROCESSES, NEW_NETWORK = 0x10000000, 0x20000000, 0x40000000

NO_SETUID, NO_DEVICES, NO_PROGRAMS = 2, 4, 8
BIND, RECURSIVE, PRIVATE = 4096, 16384, 1 << 18

_READ_ONLY_ATTRIBUTES = 1 | NO_SETUID | NO_DEVICES
_AT_RECURSIVE, _MNT_DETACH = 0x8000, 2
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 1, 4, 36, 38

# Keeps Python's own lock during a call, so that a process made by `clone` holds it as its parent did.
libc = ctypes.PyDLL(None, use_errno=True)


def check(result: int, what: str) -> int:
    """Give the result of a call, or raise what the kernel said of it."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def mount(kind: str, place: str, flags: int, options: str = "", source: str = "none") -> None:
    """Mount a file system, or bind a folder when `flags` say so."""
    result = libc.mount(source.encode(), place.encode(), kind.encode(), ctypes.c_ulong(flags), options.encode())
    check(result, f"mounting {place}")


def unmount(place: str, *, lazily: bool = False) -> None:
    check(libc.umount2(place.encode(), _MNT_DETACH if lazily else 0), f"unmounting {place}")


def make_read_only(place: str, *, recursive: bool) -> None:
    """Make a mount, and those below it, read-only and without devices or set-user-id programs."""
    attributes = (ctypes.c_uint64 * 4)(_READ_ONLY_ATTRIBUTES, 0, 0, 0)
    depth = _AT_RECURSIVE if recursive else 0
    number, size = syscalls.MOUNT_SETATTR, ctypes.sizeof(attributes)
    result = libc.syscall(number, -100, place.encode(), depth, ctypes.byref(attributes), ctypes.c_size_t(size))
    check(result, f"making {place} read-only")


def change_root(place: str) -> None:
    """Make `place`, a mount, the root, and forget the old one."""
    os.chdir(place)
    check(libc.syscall(syscalls.PIVOT_ROOT[os.uname().machine], b".", b"."), "changing the root")
    unmount(".", lazily=True)
    os.chdir("/")


def unshare(flags: int) -> None:
    check(libc.unshare(flags), "making namespaces")


def fork_into(flags: int) -> int:
    """Fork, the child in namespaces of its own. It must not use threads."""
    number = syscalls.CHECKED[os.uname().machine]["clone"]
    return int(check(libc.syscall(number, flags | signal.SIGCHLD, 0, 0, 0, 0), "making namespaces"))


def map_user(inner: int, outer_user: int, outer_group: int) -> None:
    """Give the one user of a new user namespace its number; it must still be dumpable."""
    set_dumpable(True)
    for name, text in (
        ("uid_map", f"{inner} {outer_user} 1"),
        ("setgroups", "deny"),
        ("gid_map", f"{inner} {outer_group} 1"),
    ):
        place = os.open(f"/proc/self/{name}", os.O_WRONLY)
        os.write(place, text.encode())
        os.close(place)


def die_with_parent(number: int, parent: int | None) -> None:
    """Ask for a signal at the parent's death, and end now if it has died already.

    :param parent: None: it is in another process namespace, where its number cannot be seen.
    """
    check(libc.prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0), "tying the process to its parent")
    if parent is not None and os.getppid() != parent:
        os._exit(0)


def set_dumpable(is_dumpable: bool) -> None:
    check(libc.prctl(_PR_SET_DUMPABLE, int(is_dumpable), 0, 0, 0), "closing the process to others")


def adopt_orphans() -> None:
    """Become the parent of descendants that lose theirs."""
    check(libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "adopting orphans")


def forbid_new_privileges() -> None:
    check(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "forbidding new privileges")
