"""What the tests that cross packages share: projects, the command line, and the ring's IOC."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from tests.demo import CONFIG, OSPREY
from tests.demo import served_ring as serve_ring


@frozen
class Done:
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class CommandLine:
    """The `osprey` command in one project, as a process of its own each time."""

    def __init__(self, project: Path) -> None:
        self.project = project

    def command(self, *arguments: str) -> list[str]:
        return [str(OSPREY), "--project", str(self.project), *arguments]

    def __call__(self, *arguments: str, code: int | None = 0) -> Done:
        """Run a command; `code` is the exit code that it must end with, None for any."""
        ended = subprocess.run(
            self.command(*arguments), capture_output=True, text=True, check=False, timeout=100, stdin=subprocess.DEVNULL
        )
        done = Done(ended.returncode, ended.stdout, ended.stderr)
        if code is not None:
            assert done.code == code, f"{arguments}: exit code {done.code}\n{done.out}\n{done.err}"
        return done

    def approve_waiting(self) -> dict[str, Any]:
        """Approve the one request that waits, by its short hash."""
        [waiting] = [row for row in self("approvals", "list", "--json").json if row["state"] == "pending"]
        self("approvals", "approve", waiting["id"], "--hash", waiting["hash"][:8])
        return waiting


@pytest.fixture
def ring(tmp_path: Path) -> CommandLine:
    """A project without a configuration: embedded defaults, the simulated ring."""
    return CommandLine(tmp_path)


@pytest.fixture(scope="session")
def served_ring(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """The ring as a real IOC on a free loopback port, and the history file that it writes."""
    folder = tmp_path_factory.mktemp("ring-ioc")
    with serve_ring(folder, {**os.environ, "PYTHONUNBUFFERED": "1"}) as port:
        yield port, folder / "ring.jsonl"


@pytest.fixture
def epics(tmp_path: Path, served_ring: tuple[int, Path]) -> CommandLine:
    """A project whose target `epics` is the ring's IOC."""
    port, history = served_ring
    line = CommandLine(tmp_path)
    channels = subprocess.run([str(OSPREY), "sim", "channels"], text=True, capture_output=True, check=True)
    (tmp_path / "channels.yml").write_text(channels.stdout, encoding="utf-8")
    (tmp_path / "config.yml").write_text(CONFIG.format(port=port, history=history), encoding="utf-8")
    return line


@pytest.fixture
def target_of() -> Callable[[CommandLine], list[str]]:
    """Give the arguments that ask the IOC where the project has one, else nothing."""
    return lambda line: ["--target", "epics"] if (line.project / "config.yml").exists() else []
