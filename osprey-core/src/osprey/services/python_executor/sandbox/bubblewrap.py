"""The bubblewrap tier: the command line that builds a file system and namespaces around the guest."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from attrs import frozen

from osprey.errors import SandboxError
from osprey.services.python_executor.interpreter import Interpreter

NAME = "bubblewrap"

NOBODY = 65534
_SCRATCH_BYTES = 32 << 20
_LINKED_FOLDERS = ("lib", "lib32", "lib64", "libx32", "bin", "sbin")
"""Since usrmerge they are links into /usr; on older systems they are folders and are mounted."""
_SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/fonts", "/etc/alternatives")
"""The linker's cache, where fonts are, and where Debian's BLAS links point: no secret is in them."""

_GUEST = Path(__file__).resolve().parents[3] / "guest"
WORK = "/osprey/work"
"""The run's own folder; under a name that no host has, so that it hides no interpreter."""

_GUEST_PLACE = Path("/osprey/osprey_guest")
_START = "import sys; sys.path[0] = '/osprey'; from osprey_guest.bootstrap import main; main()"

_REMEDY = "install it with: apt install bubblewrap (Debian, Ubuntu) or dnf install bubblewrap (Fedora, RHEL)"


@frozen(kw_only=True)
class Wrap:
    """What one start of the guest needs beyond the interpreter."""

    interpreter: Interpreter
    environment: Mapping[str, str]
    disk_bytes: int
    socket_fd: int
    info_fd: int


@functools.cache
def find_bubblewrap() -> str:
    """Find a bubblewrap that knows every option used here.

    :raises SandboxError: there is none; the message says how to install it.
    """
    binary = shutil.which("bwrap")
    if binary is None:
        msg = f"generated Python cannot run here: bubblewrap (bwrap) was not found; {_REMEDY}"
        raise SandboxError(msg)
    answer = subprocess.run([binary, "--help"], capture_output=True, check=False, timeout=10, env={})
    missing = [option for option in ("--size", "--disable-userns") if option.encode() not in answer.stdout]
    if missing:
        msg = f"generated Python cannot run here: {binary} is too old for {', '.join(missing)}; install 0.8 or newer"
        raise SandboxError(msg)
    return binary


def user_to_drop_to() -> int | None:
    """Say which user the guest must become; None if it already runs without rights.

    bubblewrap started by root needs root's view of the file system (an interpreter under a private home
    folder), so the guest itself changes its user as its first act, with nothing of the run loaded yet.
    """
    return NOBODY if os.geteuid() == 0 else None


def command_of(wrap: Wrap) -> list[str]:
    """Build the command line."""
    return [
        find_bubblewrap(),
        *_namespaces(),
        *_environment(wrap.environment),
        *_system(),
        *_scratch(),
        # After the scratch folders, because an interpreter may lie in a folder under /tmp.
        *_interpreter(wrap.interpreter),
        *_work(wrap.disk_bytes),
        *("--info-fd", str(wrap.info_fd)),
        *("--", str(wrap.interpreter.executable), "-S", "-s", "-B", "-c", _START, str(wrap.socket_fd)),
    ]


def _namespaces() -> list[str]:
    shared = [
        *("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"),
        *("--hostname", "sandbox", "--die-with-parent", "--new-session", "--as-pid-1", "--cap-drop", "ALL"),
    ]
    if user_to_drop_to() is None:
        user = ["--unshare-user", "--disable-userns", "--uid", str(NOBODY), "--gid", str(NOBODY)]
        return [*user, *shared]
    # Only until the guest has changed its user; new user namespaces are refused by its system-call filter.
    return [*shared, "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]


def _environment(environment: Mapping[str, str]) -> list[str]:
    arguments = ["--clearenv"]
    for name, value in environment.items():
        arguments += ["--setenv", name, value]
    return arguments


def _system() -> list[str]:
    arguments = ["--ro-bind", "/usr", "/usr"]
    for name in _LINKED_FOLDERS:
        folder = Path("/", name)
        if folder.is_symlink():
            arguments += ["--symlink", str(folder.readlink()), str(folder)]
        elif folder.is_dir():
            arguments += ["--ro-bind", str(folder), str(folder)]
    arguments += ["--perms", "0755", "--dir", "/etc"]
    for name in _SYSTEM_FILES:
        arguments += ["--ro-bind-try", name, name]
    return arguments


def _interpreter(interpreter: Interpreter) -> list[str]:
    binds = {prefix: prefix for prefix in interpreter.prefixes if not prefix.is_relative_to("/usr")}
    binds[_GUEST_PLACE] = _GUEST
    arguments: list[str] = []
    for place, source in binds.items():
        # bubblewrap would make the folders above it for its own user alone.
        for folder in list(reversed(place.parents))[1:]:
            arguments += ["--perms", "0755", "--dir", str(folder)]
        arguments += ["--ro-bind", str(source), str(place)]
    return arguments


def _scratch() -> list[str]:
    """Mount what every program expects to find, each with a size."""
    size = ["--size", str(_SCRATCH_BYTES), "--perms", "0777"]
    return [
        *("--proc", "/proc", "--dev", "/dev"),
        *(*size, "--tmpfs", "/dev/shm"),  # noqa: S108 - in the sandbox
        *("--remount-ro", "/dev"),
        *(*size, "--tmpfs", "/tmp"),  # noqa: S108 - in the sandbox
    ]


def _work(disk_bytes: int) -> list[str]:
    """Mount the run's folder, and make the rest of the tree read-only."""
    return [
        *("--size", str(disk_bytes), "--perms", "0777", "--tmpfs", WORK),
        *("--remount-ro", "/", "--chdir", WORK),
    ]
