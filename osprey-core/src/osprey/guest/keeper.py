"""The keeper of one run: makes its namespaces, starts it, sees that all of it ends, and reports how.

It is forked from the zygote and never runs generated code. Where a run has a process namespace, the keeper
is its first process, so its death is the death of everything in it. Where it has none, the run is one
process group that nothing in it can leave, and orphans come back to the keeper, who kills until none is left.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
from typing import TYPE_CHECKING, Any, NoReturn

from . import kernel, lockdown, seccomp
from .program import run_program

if TYPE_CHECKING:
    from .clock import References

_OWN = kernel.NEW_USERS | kernel.NEW_MOUNTS | kernel.NEW_PROCESSES | kernel.NEW_IPC
_QUIET = kernel.NO_SETUID | kernel.NO_DEVICES
_FILES = 16_384
_LOOK_EVERY_S = 0.2
_SIGNALS = {signal.SIGCHLD, signal.SIGTERM}


def start_run(
    control: Any, setup: dict[str, Any], request: dict[str, Any], descriptors: list[int], references: References
) -> None:
    """Fork a keeper; returns in the zygote alone."""
    zygote = os.getpid()
    keeper = kernel.fork_into(_OWN) if setup["nests"] else os.fork()
    if keeper:
        return
    try:
        control.detach()
        _keep(zygote, setup, request, descriptors, references)
    except BaseException as exc:  # noqa: BLE001 - the parent is told, and sees the end of the socket
        with contextlib.suppress(OSError):
            os.write(descriptors[3], json.dumps({"problem": f"{type(exc).__name__}: {exc}"[:500]}).encode())
    finally:
        os._exit(70)


def _keep(
    zygote: int, setup: dict[str, Any], request: dict[str, Any], descriptors: list[int], references: References
) -> NoReturn:
    broker, output, errors, monitor = descriptors
    has_group = not setup["has_first_process"]
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if setup["nests"]:
        _enter_own(request)
    if has_group:
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        kernel.adopt_orphans()
    kernel.die_with_parent(signal.SIGTERM if has_group else signal.SIGKILL, None if setup["nests"] else zygote)
    os.write(monitor, b"keeper")
    child = os.fork()
    if child == 0:
        if has_group:
            os.setpgid(0, 0)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        kernel.die_with_parent(signal.SIGKILL, None)
        os.dup2(output, 1)
        os.dup2(errors, 2)
        os.write(monitor, b"run")
        run_program(broker, references)
    kernel.set_dumpable(False)
    os.dup2(monitor, 3)
    os.closerange(4, os.sysconf("SC_OPEN_MAX"))
    os.closerange(0, 3)
    report = _watch_group(child, request) if has_group else _watch_namespace(child, setup)
    with contextlib.suppress(OSError):
        os.write(3, json.dumps(report).encode())
    os._exit(0)


def _enter_own(request: dict[str, Any]) -> None:
    """Give this run what no other run sees: processes, scratch folders, nobody's rights."""
    kernel.map_user(lockdown.NOBODY, lockdown.NOBODY, lockdown.NOBODY)
    kernel.mount("proc", "/proc", _QUIET | kernel.NO_PROGRAMS)
    shown = [(place, os.open(place, os.O_PATH)) for place in request["shown"]]
    for place, size in request["scratch"]:
        kernel.mount("tmpfs", place, _QUIET, f"mode=0700,size={size},nr_inodes={_FILES}")
    for place, descriptor in shown:
        # It lies in a folder that has just been covered by this run's own.
        os.makedirs(place, 0o755, exist_ok=True)
        source = f"/proc/self/fd/{descriptor}"
        kernel.mount("none", place, kernel.BIND | kernel.RECURSIVE, source=source)
        os.close(descriptor)
    if os.path.isdir("/dev/pts"):
        kernel.mount("tmpfs", "/dev/pts", _QUIET | 1, "mode=0555,size=4k")
    lockdown.drop_capabilities()
    kernel.forbid_new_privileges()


def _report(how: int, usage: Any, **more: Any) -> dict[str, Any]:
    return {"code": lockdown.exit_code_of(how), "cpu_s": usage.ru_utime + usage.ru_stime, **more}


def _watch_namespace(child: int, setup: dict[str, Any]) -> dict[str, Any]:
    if setup["is_confined"]:
        seccomp.install_filter()
    while True:
        pid, how, usage = os.wait4(-1, 0)
        if pid == child:
            return _report(how, usage)


def _watch_group(child: int, request: dict[str, Any]) -> dict[str, Any]:
    """Wait for the run's first process; then, or when told to end, kill until nothing is left."""
    is_over_disk = False
    while True:
        pid, how, usage = os.wait4(-1, os.WNOHANG)
        if pid == child:
            break
        if pid:
            continue
        got = signal.sigtimedwait(_SIGNALS, _LOOK_EVERY_S)
        is_over_disk = is_over_disk or _size_of(request["work"]) > request["disk_bytes"]
        if is_over_disk or (got is not None and got.si_signo == signal.SIGTERM):
            os.kill(child, signal.SIGKILL)  # it may not have made its group yet
            _kill_group(child)
    while True:
        _kill_group(child)
        try:
            os.wait()
        except ChildProcessError:
            return _report(how, usage, disk=is_over_disk)


def _kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def _size_of(folder: str) -> int:
    total = 0
    for place, _folders, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_blocks * 512
    return total
