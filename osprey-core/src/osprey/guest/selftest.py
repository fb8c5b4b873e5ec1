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
        "the parent could be signalled": lambda: _can_signal(libc, host["pid"]),
        "a file of the host was visible": lambda: os.path.exists(host["canary"]),
        "a process of the host was visible": lambda: not _visible_processes() <= {1, os.getpid()},
        "the system's files could be changed": lambda: any(_can_write(folder) for folder in _READ_ONLY),
        "the user could be changed back": lambda: libc.setuid(0) == 0,
    }
    return {
        "breaches": [sentence for sentence, attempt in attempts.items() if attempt()],
        "environment": sorted(_visible_environment()),
    }


_READ_ONLY = ("/", "/usr", "/usr/bin", "/etc", "/dev", "/osprey", "/osprey/osprey_guest", os.path.dirname(os.__file__))


def _can_start(libc: Any) -> bool:
    child = os.fork()
    if child == 0:
        libc.execv(b"/usr/bin/true", (ctypes.c_char_p * 2)(b"true", None))
        os._exit(77)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 77


def _can_signal(libc: Any, pid: int) -> bool:
    return not os.path.exists(f"/proc/{pid}") and libc.kill(pid, 0) == 0


def _visible_processes() -> set[int]:
    return {int(pid) for pid in os.listdir("/proc") if pid.isdigit()}


def _can_write(folder: str) -> bool:
    try:
        os.close(os.open(os.path.join(folder, "osprey-probe"), os.O_WRONLY | os.O_CREAT, 0o600))
    except OSError:
        return False
    return True


def _visible_environment() -> set[str]:
    names = set(os.environ)
    for pid in os.listdir("/proc"):
        if pid.isdigit():
            try:
                with open(f"/proc/{pid}/environ", "rb") as file:
                    text = file.read()
            except OSError:
                continue
            names.update(item.split(b"=")[0].decode(errors="replace") for item in text.split(b"\0") if item)
    return names
