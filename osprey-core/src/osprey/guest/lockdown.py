"""Giving up rights for good, before generated code runs: user, limits, system calls."""

from __future__ import annotations

import ctypes
import os
import resource
from typing import Any, NoReturn

from . import kernel, seccomp

NOBODY = 65534
_CAPABILITY_VERSION_3 = 0x20080522
_SIGNAL_BASE = 128


def lock(job: dict[str, Any]) -> dict[str, str]:
    """Give up everything, and report what the kernel itself then says of this process."""
    apply_limits(job["limits"])
    confined = job["landlock"]
    if confined is not None:
        from . import landlock

        own = f"/proc/{os.getpid()}"
        landlock.restrict([*confined["readable"], own], [job["work"]], confined["devices"])
    if job["is_confined"]:
        seccomp.install_filter(shares_files=confined is not None)
    return status()


def leave_first_process_behind() -> None:
    """Go on in a child, and let the first process of the namespace only wait for it.

    The death of whoever started it reaches it as a signal, and the kernel checks that signal's permission: a
    process that has changed its user would survive. So the first process stays what it was, powerless and
    with nothing of any run in it; when it dies, the kernel kills everything in the namespace.
    """
    child = os.fork()
    if child:
        kernel.set_dumpable(False)
        drop_capabilities()
        wait_for(child)


def wait_for(child: int) -> NoReturn:
    """Do nothing but wait, and end as the child ended."""
    os.closerange(0, os.sysconf("SC_OPEN_MAX"))
    while True:
        pid, how = os.wait()
        if pid == child:
            os._exit(exit_code_of(how))


def exit_code_of(how: int) -> int:
    """Turn a wait status into an exit code, 128 + n for a death by signal n."""
    return _SIGNAL_BASE + os.WTERMSIG(how) if os.WIFSIGNALED(how) else os.WEXITSTATUS(how)


def drop_user(uid: int) -> None:
    """Become `uid` with no groups and no capabilities."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    # The kernel has taken the effective and permitted ones; the inheritable ones are ours to give up.
    drop_capabilities()


def drop_capabilities() -> None:
    """Give up every capability over the namespaces that this process is in."""
    header, nothing = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0), (ctypes.c_uint32 * 6)()
    kernel.check(kernel.libc.capset(header, nothing), "giving capabilities up")


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
