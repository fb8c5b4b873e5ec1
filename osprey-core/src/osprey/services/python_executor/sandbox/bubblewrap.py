"""The bubblewrap tier: the command line that builds a file system and namespaces around the guest."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from osprey.errors import SandboxError
from osprey.services.python_executor.sandbox.tree import SCRATCH, SCRATCH_BYTES, SYSTEM_FILES, WORK, Tree

NAME = "bubblewrap"

NOBODY = 65534
_REMEDY = "install it with: apt install bubblewrap (Debian, Ubuntu) or dnf install bubblewrap (Fedora, RHEL)"


@functools.cache
def find_bubblewrap() -> str:
    """Find a bubblewrap that knows every option used here.

    :raises SandboxError: there is none; the message says how to install it.
    """
    binary = shutil.which("bwrap")
    if binary is None:
        msg = f"bubblewrap (bwrap) was not found; {_REMEDY}"
        raise SandboxError(msg)
    answer = subprocess.run([binary, "--help"], capture_output=True, check=False, timeout=10, env={})
    missing = [option for option in ("--size", "--as-pid-1") if option.encode() not in answer.stdout]
    if missing:
        msg = f"{binary} is too old for {', '.join(missing)}; install 0.8 or newer"
        raise SandboxError(msg)
    return binary


def user_to_drop_to() -> int | None:
    """Say which user the guest must become; None if it already runs without rights.

    A sandbox built by root needs root's view of the file system (an interpreter under a private home
    folder), so the guest itself changes its user as its first act, with nothing of any run loaded yet.
    """
    return NOBODY if os.geteuid() == 0 else None


def command_of(tree: Tree, environment: Mapping[str, str], guest: Sequence[str], *, disk_bytes: int) -> list[str]:
    """Build the command line that starts `guest` in the tree."""
    return [
        find_bubblewrap(),
        *_namespaces(),
        *_environment(environment),
        *_scratch(),
        # After the scratch folders, because an interpreter may lie in a folder under /tmp.
        *_shown(tree),
        *("--size", str(disk_bytes), "--perms", "0777", "--tmpfs", WORK),
        *("--remount-ro", "/", "--chdir", WORK),
        "--",
        *guest,
    ]


def _namespaces() -> list[str]:
    shared = [
        *("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"),
        *("--hostname", "sandbox", "--die-with-parent", "--new-session", "--as-pid-1", "--cap-drop", "ALL"),
    ]
    if user_to_drop_to() is None:
        return ["--unshare-user", "--uid", str(NOBODY), "--gid", str(NOBODY), *shared]
    # Only until the guest has uncovered its /proc and changed its user, before it loads any package.
    kept = ("CAP_SETUID", "CAP_SETGID", "CAP_SYS_ADMIN")
    return [*shared, *(part for name in kept for part in ("--cap-add", name))]


def _environment(environment: Mapping[str, str]) -> list[str]:
    arguments = ["--clearenv"]
    for name, value in environment.items():
        arguments += ["--setenv", name, value]
    return arguments


def _shown(tree: Tree) -> list[str]:
    arguments: list[str] = []
    for target, place in tree.links:
        arguments += ["--symlink", target, place]
    for source, place in tree.binds:
        # bubblewrap would make the folders above it for its own user alone.
        for folder in list(reversed(Path(place).parents))[1:]:
            arguments += ["--perms", "0755", "--dir", str(folder)]
        arguments += ["--ro-bind-try" if place in SYSTEM_FILES else "--ro-bind", source, place]
    return arguments


def _scratch() -> list[str]:
    """Mount what every program expects to find, each with a size."""
    arguments = ["--proc", "/proc", "--dev", "/dev"]
    for place in SCRATCH:
        arguments += ["--size", str(SCRATCH_BYTES), "--perms", "0777", "--tmpfs", place]
    return [*arguments, "--remount-ro", "/dev"]
