"""The tree that a guest sees where no bubblewrap builds it: namespaces and mounts made by the guest itself.

This runs before anything else of the guest, with nothing loaded but this package; what is built is what the
parent describes: read-only binds, links, scratch folders of a given size, a few devices, and `/proc`.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Any

from . import kernel, lockdown

_ALL = (
    kernel.NEW_MOUNTS | kernel.NEW_PROCESSES | kernel.NEW_NETWORK | kernel.NEW_IPC | kernel.NEW_NAMES
    | kernel.NEW_CGROUPS
)  # fmt: skip
_DEVICES = ("null", "zero", "full", "random", "urandom")
_QUIET = kernel.NO_SETUID | kernel.NO_DEVICES


def enter_tree(tree: dict[str, Any]) -> None:
    """Go on as the first process of new namespaces, in the tree; the calling process waits for it."""
    user, group = os.geteuid(), os.getegid()
    if user == 0:
        kernel.unshare(_ALL)
    else:
        kernel.unshare(_ALL | kernel.NEW_USERS)
        kernel.map_user(lockdown.NOBODY, user, group)
    child = os.fork()
    if child:
        kernel.set_dumpable(False)
        lockdown.drop_capabilities()
        lockdown.wait_for(child)
    kernel.die_with_parent(9, None)
    kernel.check(kernel.libc.sethostname(b"sandbox", 7), "naming the sandbox")
    kernel.mount("none", "/", kernel.RECURSIVE | kernel.PRIVATE)
    # Sources may lie below any folder, so the old root is moved aside whole and taken away at the end.
    kernel.mount("tmpfs", "/tmp", _QUIET, "mode=0755,size=1m")  # noqa: S108 - of this mount namespace
    os.mkdir("/tmp/old", 0o755)  # noqa: S108
    os.mkdir("/tmp/new", 0o755)  # noqa: S108
    number = kernel.syscalls.PIVOT_ROOT[os.uname().machine]
    kernel.check(kernel.libc.syscall(number, b"/tmp", b"/tmp/old"), "changing the root")
    os.chdir("/")
    kernel.mount("tmpfs", "/new", _QUIET, "mode=0755,size=1m")
    _build(tree)
    kernel.unmount("/old", lazily=True)
    kernel.change_root("/new")
    kernel.make_read_only("/dev", recursive=False)
    kernel.make_read_only("/", recursive=False)
    # This package came from its place on the host; the rest of it is where every guest finds it.
    sys.modules[__package__].__path__[:] = [tree["package"]]


def _build(tree: dict[str, Any]) -> None:
    for target, place in tree["links"]:
        os.symlink(target, "/new" + place)
    os.makedirs("/new/proc", 0o755)
    kernel.mount("proc", "/new/proc", _QUIET | kernel.NO_PROGRAMS)
    _build_devices()
    for place, size, mode in tree["scratch"]:
        os.makedirs("/new" + place, 0o755, exist_ok=True)
        kernel.mount("tmpfs", "/new" + place, _QUIET, f"mode={mode},size={size}")
    for source, place in tree["binds"]:
        _bind("/old" + source, "/new" + place)


def _build_devices() -> None:
    os.mkdir("/new/dev", 0o755)
    kernel.mount("tmpfs", "/new/dev", kernel.NO_SETUID, "mode=0755,size=64k")
    for name in _DEVICES:
        _touch(f"/new/dev/{name}")
        kernel.mount("none", f"/new/dev/{name}", kernel.BIND, source=f"/old/dev/{name}")
    for name, target in (("fd", "fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        os.symlink(f"/proc/self/{target}", f"/new/dev/{name}")
    os.mkdir("/new/dev/shm", 0o755)


def _bind(source: str, place: str) -> None:
    with contextlib.suppress(FileNotFoundError):  # a system without that file
        if os.path.isdir(source):
            os.makedirs(place, 0o755, exist_ok=True)
        else:
            os.stat(source)
            os.makedirs(os.path.dirname(place), 0o755, exist_ok=True)
            _touch(place)
        kernel.mount("none", place, kernel.BIND | kernel.RECURSIVE, source=source)
        kernel.make_read_only(place, recursive=True)


def _touch(place: str) -> None:
    os.close(os.open(place, os.O_CREAT | os.O_WRONLY, 0o644))
