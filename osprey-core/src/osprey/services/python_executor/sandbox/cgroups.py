"""Limits on a whole process tree, where this user may make a control group; else rlimits alone hold."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
from pathlib import Path

import anyio
from attrs import frozen

_ROOT = Path("/sys/fs/cgroup")
_PREFIX = "osprey-"
_REMOVAL_TRIES = 100
_REMOVAL_PAUSE_S = 0.01


@frozen
class ControlGroup:
    """The groups of one run: one for each controller in version 1, one in all in version 2."""

    folders: tuple[Path, ...]

    @property
    def limits_memory(self) -> bool:
        return any((folder / name).exists() for folder in self.folders for name in _MEMORY_FILES)

    @property
    def limits_processes(self) -> bool:
        return any((folder / "pids.max").exists() for folder in self.folders)

    def add(self, pid: int) -> None:
        """Move a process in; what it starts from then on belongs to the groups too."""
        for folder in self.folders:
            (folder / "cgroup.procs").write_text(str(pid))

    def was_out_of_memory(self) -> bool:
        """Say whether the kernel killed a process for the memory limit."""
        for folder in self.folders:
            for name in ("memory.oom_control", "memory.events"):
                if _counter(folder / name, "oom_kill") > 0:
                    return True
        return False

    def hit_process_limit(self) -> bool:
        """Say whether a fork was refused for the process limit."""
        return any(_counter(folder / "pids.events", "max") > 0 for folder in self.folders)

    def processes(self) -> list[int]:
        found: set[int] = set()
        for folder in self.folders:
            with contextlib.suppress(OSError):
                found.update(int(pid) for pid in (folder / "cgroup.procs").read_text().split())
        return sorted(found)

    def kill(self) -> None:
        """Kill whatever is left; the process namespace has normally done that already."""
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    async def remove(self) -> bool:
        """Remove the groups, which the kernel allows only once they are empty."""
        left = list(self.folders)
        for _ in range(_REMOVAL_TRIES):
            left = [folder for folder in left if not _remove(folder)]
            if not left:
                return True
            self.kill()
            await anyio.sleep(_REMOVAL_PAUSE_S)
        return False


_MEMORY_FILES = ("memory.limit_in_bytes", "memory.max")


def create_control_group(*, memory_bytes: int, processes: int) -> ControlGroup:
    """Make the groups that this user may make, which may be none."""
    tag = f"{_PREFIX}{os.getpid()}-{secrets.token_hex(8)}"
    version_2 = _ROOT / "cgroup.controllers"
    if version_2.exists():
        settings = {"memory.max": memory_bytes, "memory.swap.max": 0, "pids.max": processes}
        made = [_create(_ROOT / tag, settings, needed="memory.max")]
    else:
        memory = {"memory.limit_in_bytes": memory_bytes, "memory.memsw.limit_in_bytes": memory_bytes}
        made = [
            _create(_ROOT / "memory" / tag, memory, needed="memory.limit_in_bytes"),
            _create(_ROOT / "pids" / tag, {"pids.max": processes}, needed="pids.max"),
        ]
    return ControlGroup(tuple(folder for folder in made if folder is not None))


def sweep_control_groups() -> None:
    """Remove the empty groups that processes killed in the middle of a run have left behind."""
    for folder in [*_ROOT.glob(f"{_PREFIX}*"), *_ROOT.glob(f"*/{_PREFIX}*")]:
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit() and not Path("/proc", owner).exists():
            _remove(folder)


def _create(folder: Path, settings: dict[str, int], *, needed: str) -> Path | None:
    try:
        folder.mkdir()
    except OSError:
        return None  # no such controller, or not this user's: rlimits hold instead
    try:
        for name, value in settings.items():
            if (folder / name).exists() or name == needed:
                (folder / name).write_text(str(value))
    except OSError:
        _remove(folder)
        return None
    return folder


def _remove(folder: Path) -> bool:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _counter(file: Path, name: str) -> int:
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.split()[:1] == [name]), 0)
