"""The tiers of isolation that are tried, by name: one row for each that the product knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from osprey.errors import SandboxError
from osprey.project import Project
from osprey.services.python_executor import PythonRunner
from osprey.services.python_executor.sandbox.bubblewrap import find_bubblewrap

_OPENERS: Final[Mapping[str, Callable[[], object]]] = {"bubblewrap": find_bubblewrap}
"""What raises a `SandboxError` where a tier cannot be opened on this host."""


def tiers() -> list[str]:
    """Name the tiers that the product can open here; there has to be one."""
    found: list[str] = []
    for name, find in _OPENERS.items():
        try:
            find()
        except SandboxError:
            continue
        found.append(name)
    assert found, "no tier of isolation can be opened here: install bubblewrap"
    return found


async def runner_at(tier: str, project: Project) -> PythonRunner:
    """Give the product's own runner, held by the tier of this name."""
    runner = PythonRunner(project)
    opened = await runner.tier()
    assert opened.name.startswith(tier), f"asked for {tier}, got {opened.name}"
    return runner
