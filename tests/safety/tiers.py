"""The tiers of isolation that are tried: each that holds on this host, by name."""

from __future__ import annotations

import functools
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Final

import anyio
from attrs import evolve

from osprey.config.schema import Sandbox
from osprey.project import Project
from osprey.services.python_executor import PythonRunner
from osprey.services.python_executor.interpreter import find_interpreter
from osprey.services.python_executor.sandbox.ladder import Ladder

_SYSTEM_PYTHON: Final = Path("/usr/bin/python3")


@functools.cache
def tiers() -> tuple[str, ...]:
    """Name the tiers that pass their self-test here; there has to be one."""

    async def look() -> tuple[str, ...]:
        with tempfile.TemporaryDirectory() as state:
            python, mounts = _public_python()
            ladder = Ladder(interpreter=find_interpreter(python), state_dir=Path(state), mounts=mounts)
            return tuple(found.kind.value for found in await ladder.survey() if found.holds and found.kind != "none")

    found = anyio.run(look)
    assert found, "no tier of isolation holds here: install bubblewrap"
    return found


async def runner_at(tier: str, project: Project) -> PythonRunner:
    """Give the product's own runner, held by the tier of this name."""
    runner = _RunnerAt(project, Sandbox(tier))
    opened = await runner.tier()
    assert opened.name.startswith(tier), f"asked for {tier}, got {opened.name}"
    return runner


class _RunnerAt(PythonRunner):
    """The product's runner, with the tier named and an interpreter that works in it."""

    def __init__(self, project: Project, sandbox: Sandbox) -> None:
        super().__init__(project)
        self._sandbox = sandbox

    async def ladder(self) -> Ladder:
        chosen = evolve(await super().ladder(), sandbox=self._sandbox)
        if self._sandbox is not Sandbox.LANDLOCK:
            return chosen
        python, mounts = _public_python()
        return evolve(chosen, interpreter=find_interpreter(python), mounts=mounts)


def _public_python() -> tuple[Path | None, tuple[Path, ...]]:
    """Give an interpreter that every user may start, with this one's packages; ours, where it is one."""
    own = Path(sys.executable).resolve()
    if all(folder.stat().st_mode & 0o001 for folder in own.parents) or not _SYSTEM_PYTHON.exists():
        return None, ()
    return _SYSTEM_PYTHON, (Path(sysconfig.get_path("platlib")),)
