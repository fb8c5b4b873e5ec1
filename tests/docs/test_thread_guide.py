"""The guide on threads: its program runs, its commands are those there are."""

from __future__ import annotations

import re
from pathlib import Path

import anyio
import pytest

from osprey.agent.commands.table import COMMANDS

GUIDE = (Path(__file__).parents[2] / "docs/how-to/talk-in-a-thread.md").read_text(encoding="utf-8")


def test_its_program_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    [program] = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    names: dict[str, object] = {}
    exec(program, names)  # noqa: S102 - it is the guide's own
    answer = anyio.run(names["ask"])  # type: ignore[arg-type]
    assert "Stored beam current" in answer


def test_every_command_stands_in_it_as_it_is_written() -> None:
    rows = re.findall(r"^\| `(/.*?)` \|", GUIDE.replace("\\|", "|"), re.MULTILINE)
    told = {part for row in rows for part in re.split(r"`, `", row)}
    assert told == {command.syntax for command in COMMANDS.values()}
