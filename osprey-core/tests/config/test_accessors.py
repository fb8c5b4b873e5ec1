"""The argument-free accessors of applications ask for the project of the current context."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from osprey.project import open_project
from osprey.registry import get_registry
from osprey.utils.config import get_config_value, get_full_configuration


def _project_folder(root: Path, name: str) -> Path:
    folder = root / name
    folder.mkdir()
    (folder / "config.yml").write_text(
        f"facility: {{name: {name}}}\napplications: {{m: {{provider: {name}, key: k}}}}\n"
    )
    return folder


@pytest.mark.anyio
async def test_two_projects_in_two_tasks_do_not_meet(tmp_path: Path) -> None:
    registries: dict[str, object] = {}
    entered = {name: anyio.Event() for name in ("booster", "ring")}

    async def work(name: str, other: str) -> None:
        project = open_project(_project_folder(tmp_path, name))
        with project.activate():
            entered[name].set()
            await entered[other].wait()
            assert get_full_configuration()["facility"]["name"] == name
            assert get_config_value("applications.m.provider") == name
            registries[name] = get_registry()
            assert get_registry() is project.registry
        await project.aclose()

    async with anyio.create_task_group() as group:
        group.start_soon(work, "booster", "ring")
        group.start_soon(work, "ring", "booster")
    assert registries["booster"] is not registries["ring"]


def test_outside_any_project_the_working_directory_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OSPREY_PROJECT", raising=False)
    monkeypatch.chdir(_project_folder(tmp_path, "linac"))
    assert get_config_value("facility.name") == "linac"
    assert get_config_value("facility.nothing", 3) == 3
    assert get_full_configuration()["applications"]["m"] == {"provider": "linac", "key": "********"}
