"""Giving up rights for good, before generated code runs: user, limits, system calls."""

from __future__ import annotations

import ctypes
import os
import resource
from typing import Any

from . import seccomp

_CAPABILITY_VERSION_3 = 0x20080522
_PR_SET_DUMPABLE = 4
_SIGNAL_BASE = 128


def lock(job: dict[str, Any]) -> dict[str, str]:
    """Give up everything, and report what the kernel itself then says of this process."""
    if job["drop_uid"] is not None:
        _leave_first_process_behind()
        _drop_user(job["drop_uid"])
    apply_limits(job["limits"])
    seccomp.install_filter()
    return status()


def _leave_first_process_behind() -> None:
    """Go on in a child, and let the first process of the namespace only wait for it.

    bubblewrap's death kills its child with a signal, and the kernel checks that signal's permission: a
    process that has changed its user would survive. So the first process stays what it was, powerless and
    with nothing of the run in it; when it dies, the kernel kills everything in the namespace.
    """
    child = os.fork()
    if child == 0:
        return
    os.closerange(0, os.sysconf("SC_OPEN_MAX"))
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    _drop_capabilities()
    seccomp.install_filter()
    while True:
        pid, how = os.wait()
        if pid == child:
            os._exit(_SIGNAL_BASE + os.WTERMSIG(how) if os.WIFSIGNALED(how) else os.WEXITSTATUS(how))


def _drop_user(uid: int) -> None:
    """Become `uid` with no groups and no capabilities."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    # The kernel has taken the effective and permitted ones; the inheritable ones are ours to give up.
    _drop_capabilities()


def _drop_capabilities() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    header, nothing = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0), (ctypes.c_uint32 * 6)()
    if libc.capset(header, nothing) != 0:
        raise OSError(ctypes.get_errno(), "capabilities could not be given up")


def apply_limits(limits: dict[str, int]) -> None:
    """Lower the limits of this process and its children, soft and hard alike."""
    for name, value in limits.items():
        kind = getattr(resource, "RLIMIT_" + name)
        hard = resource.getrlimit(kind)[1]
        lowered = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (lowered, lowered))


def status() -> dict[str, str]:
    """Read the rights of this process as the kernel states them."""
    wanted = {"Uid", "Gid", "Groups", "NoNewPrivs", "Seccomp", "CapEff", "CapPrm", "CapInh", "CapAmb"}
    found: dict[str, str] = {}
    with open("/proc/self/status", encoding="ascii", errors="replace") as lines:
        for line in lines:
            name, _, text = line.partition(":")
            if name in wanted:
                found[name] = " ".join(text.split())
    return found
