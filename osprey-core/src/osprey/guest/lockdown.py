"""Giving up rights for good, before generated code runs: user, limits, system calls."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
from typing import Any

from . import seccomp

_PR_SET_PDEATHSIG = 1
_CAPABILITY_VERSION_3 = 0x20080522


def drop_user(uid: int) -> None:
    """Become `uid` with no groups and no capabilities."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    libc = ctypes.CDLL(None, use_errno=True)
    # The kernel has taken the effective and permitted ones; the inheritable ones are ours to give up.
    header, nothing = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0), (ctypes.c_uint32 * 6)()
    if libc.capset(header, nothing) != 0:
        raise OSError(ctypes.get_errno(), "capabilities could not be given up")
    # A change of user clears the signal that bubblewrap had asked for on its own death.
    libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)


def apply_limits(limits: dict[str, int]) -> None:
    """Lower the limits of this process and its children, soft and hard alike."""
    for name, value in limits.items():
        kind = getattr(resource, "RLIMIT_" + name)
        hard = resource.getrlimit(kind)[1]
        if hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        resource.setrlimit(kind, (value, value))


def lock(job: dict[str, Any]) -> dict[str, str]:
    """Give up everything, and report what the kernel itself then says of this process."""
    if job["drop_uid"] is not None:
        drop_user(job["drop_uid"])
    apply_limits(job["limits"])
    seccomp.install_filter()
    return status()


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
