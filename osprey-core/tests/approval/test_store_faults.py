"""What cannot be read does not start, and what cannot be written does nothing: whichever way something takes effect."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from osprey.errors import ConfigError, StorageError
from osprey.journal import journal_of
from osprey.project import open_project

pytestmark = pytest.mark.anyio

GUARDED = ("channel_write", "python_executor")
PATHS = (*GUARDED, "orchestrator_plan", "channel_read", "memory_save", "logbook_entry", "deployment")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes; mounting one needs the rights that a CI machine has."""
    disk = tmp_path / "project0"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], check=False)
    if mounted.returncode and "CI" not in os.environ:
        pytest.skip("this test mounts a tmpfs, which this user may not; CI may")
    assert mounted.returncode == 0, "this test mounts a tmpfs: let CI run as root"
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


async def test_a_full_disk_lets_nothing_happen_and_loses_nothing(small_disk: Path, make_trial: Any) -> None:
    trial = await make_trial(PATHS[0])
    rows = {}
    for path in PATHS:
        trial.path = path
        rows[path] = await trial.approved()
    trial.path = "channel_write"
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(1024)):
            pass
    for path, row in rows.items():
        trial.path = path
        assert await trial.carry_out(row) == "ledger.unavailable"
    assert await trial.effects() == 0, "something was done"
    filler.unlink()
    await trial.room.journal.audit.record(trial.room.who("alice").actor, "test.healed")
    await trial.room.project.database.safety.settle()
    told = [row for row in await trial.room.journal.audit.log() if row.detail.get("rule") == "ledger.unavailable"]
    assert {row.subject for row in told} == {row.id for row in rows.values()}
    for path, row in rows.items():
        trial.path = path
        trial.room.machine.change("X:HCM1:SP", 0.0)
        assert await trial.carry_out(row) == "done", path
    assert await trial.effects() == len(PATHS)


def damage_file(state: Path) -> None:
    database = state / "osprey.db"
    database.write_bytes(os.urandom(4096) + database.read_bytes()[4096:])


def take_key(state: Path) -> None:
    (state / "audit.key").unlink()


def open_key(state: Path) -> None:
    (state / "audit.key").chmod(0o644)


def cut_key(state: Path) -> None:
    (state / "audit.key").write_bytes(b"short")


@pytest.mark.parametrize("damage", [damage_file, take_key, open_key, cut_key])
async def test_a_damaged_store_does_not_open(make_trial: Any, damage: Callable[[Path], None]) -> None:
    trial = await make_trial("channel_write")
    await trial.approved()
    root, state = trial.room.project.root, trial.room.project.state_dir
    await trial.room.project.aclose()
    damage(state)
    async with open_project(root) as project:
        with pytest.raises(StorageError):
            journal_of(project)


@pytest.mark.parametrize(
    "approval",
    [
        "{global_mode: none}",
        "{global_mode: yes}",
        "{capabilities: {python_execution: {mode: some_code}}}",
        "{capabilities: {python_execution: {enabled: no}}}",
        "{policies: {two: {persons: 0}}}",
        "{policies: {two: {persons: two}}}",
        "{policies: {two: {person: 2}}}",
        "{policies: {two: {roles: {expert: 0}}}}",
        "{policies: {two: {expires_after_s: .nan}}}",
        "{people: {alice: {secret_hash: 123456}}}",
        "{people: {alice: {subjects: ['os:a']}, bob: {subjects: ['os:a']}}}",
        "{expires_after_s: 0}",
    ],
)
async def test_a_configuration_that_is_not_understood_does_not_start(make_trial: Any, approval: str) -> None:
    trial = await make_trial("channel_write")
    config = trial.room.project.root / "config.yml"
    text = config.read_text(encoding="utf-8")
    config.write_text(text[: text.index("approval:")] + f"approval: {approval}\n", encoding="utf-8")
    with pytest.raises(ConfigError):
        open_project(trial.room.project.root)
