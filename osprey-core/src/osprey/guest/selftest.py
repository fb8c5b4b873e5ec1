"""What a sandbox must stop, really tried: past every Python hook, with calls of the C library."""

from __future__ import annotations

import ctypes
import os
from typing import Any, Callable

_AF_UNIX, _AF_INET, _SOCK_DGRAM = 1, 2, 2
_CLONE_NEWUSER = 0x10000000
_PTRACE_TRACEME = 0


def attempt_escapes(host: dict[str, Any]) -> dict[str, Any]:
    """Try everything.

    :param host: ``pid`` of the parent, and a ``canary`` file of the parent's that must not be visible.
    :returns: ``breaches``, sentences for what worked, and ``environment``, every name that could be read.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    attempts: dict[str, Callable[[], bool]] = {
        "a network socket could be opened": lambda: libc.socket(_AF_INET, _SOCK_DGRAM, 0) >= 0,
        "a local socket could be opened": lambda: libc.socket(_AF_UNIX, _SOCK_DGRAM, 0) >= 0,
        "another program could be started": lambda: _can_start(libc),
        "a user namespace could be made": lambda: libc.unshare(_CLONE_NEWUSER) == 0,
        "a file system could be mounted": lambda: libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) == 0,
        "a process could be traced": lambda: libc.ptrace(_PTRACE_TRACEME, 0, 0, 0) == 0,
        "the parent could be signalled": lambda: _can_signal(libc, host),
        "the parent's limits could be changed": lambda: _can_limit(libc, host),
        "a file of the host was visible": lambda: _can_see(host),
        "the mode of a file of the host could be changed": lambda: libc.chmod(host["canary"].encode(), 0) == 0,
        "a process of the host was visible": lambda: not _visible_processes() <= _own_line(),
        "the system's files could be changed": lambda: any(_can_write(folder) for folder in _READ_ONLY),
        "the user could be changed back": lambda: libc.setuid(0) == 0,
        "the run could leave its process group": lambda: not host["has_namespaces"] and _can_leave(libc),
    }
    return {
        "breaches": [sentence for sentence, attempt in attempts.items() if attempt()],
        "environment": sorted(_visible_environment(host)),
    }


_READ_ONLY = ("/", "/usr", "/usr/bin", "/etc", "/dev", "/osprey", "/osprey/osprey_guest", os.path.dirname(os.__file__))


def _can_start(libc: Any) -> bool:
    child = os.fork()
    if child == 0:
        libc.execv(b"/usr/bin/true", (ctypes.c_char_p * 2)(b"true", None))
        os._exit(77)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 77


def _can_signal(libc: Any, host: dict[str, Any]) -> bool:
    if host["has_namespaces"] and os.path.exists(f"/proc/{host['pid']}"):
        return False  # a process of the run that happens to have the same number
    return libc.kill(host["pid"], 0) == 0


def _can_limit(libc: Any, host: dict[str, Any]) -> bool:
    """Ask for the limits of the parent: who may read them may set them."""
    room = (ctypes.c_uint64 * 2)()
    return not host["has_namespaces"] and libc.prlimit(host["pid"], 0, None, ctypes.byref(room)) == 0


def _can_see(host: dict[str, Any]) -> bool:
    """Look for a file: where the tree is the host's own, it may be known to be there, but not be opened."""
    if host["has_namespaces"]:
        return os.path.exists(host["canary"])
    try:
        os.close(os.open(host["canary"], os.O_RDONLY))
    except OSError:
        return False
    return True


def _can_leave(libc: Any) -> bool:
    child = os.fork()
    if child == 0:
        os._exit(77 if libc.setsid() < 0 and libc.setpgid(0, 0) < 0 else 0)
    return os.waitpid(child, 0)[1] != 77 << 8


def _visible_processes() -> set[int]:
    try:
        return {int(pid) for pid in os.listdir("/proc") if pid.isdigit()}
    except PermissionError:
        return set()  # without a /proc of its own, the run sees itself alone


def _can_write(folder: str) -> bool:
    try:
        os.close(os.open(os.path.join(folder, "osprey-probe"), os.O_WRONLY | os.O_CREAT, 0o600))
    except OSError:
        return False
    return True


def _own_line() -> set[int]:
    """Give this process and those it comes from, up to the first one that it can see."""
    line = {os.getpid()}
    parent = os.getppid()
    while parent and parent not in line:
        line.add(parent)
        try:
            with open(f"/proc/{parent}/stat", encoding="ascii", errors="replace") as file:
                parent = int(file.read().rpartition(")")[2].split()[1])
        except OSError:
            break
    return line


def _visible_environment(host: dict[str, Any]) -> set[str]:
    names = set(os.environ)
    for pid in {*_visible_processes(), os.getppid(), host["pid"]}:
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                text = file.read()
        except OSError:
            continue
        names.update(item.split(b"=")[0].decode(errors="replace") for item in text.split(b"\0") if item)
    return names
