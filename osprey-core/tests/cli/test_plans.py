"""`osprey plans`: a plan as a file, what an edit of it makes, and that no file is executed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anyio
import pytest
from click.testing import CliRunner, Result

from osprey.agent.session import open_agent
from osprey.cli import plan_commands, terminal
from osprey.cli.root import osprey
from osprey.errors import UsageError
from osprey.journal import journal_of
from osprey.project import open_project

CONFIG = """
control_system:
  targets:
    bench: {connector: mock, posture: simulation, writes_enabled: true, limits: {file: limits.yml}, channels: ch.yml}
"""
LIMITS = "defaults: {min: 0, max: 10}\nchannels:\n  'BEND:CURRENT:SP': {}\n"
CHANNELS = "channels:\n- {name: 'BEND:CURRENT:SP', device: BEND, role: setpoint, unit: A}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {"config.yml": CONFIG, "limits.yml": LIMITS, "ch.yml": CHANNELS}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def plan_id(folder: Path) -> str:
    async def ask() -> str:
        async with open_project(folder) as project, open_agent(project) as agent:
            asked = await agent.ask("/planning set BEND to 3 A")
            assert asked.approval
            return asked.approval

    return anyio.run(ask)


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(osprey, ["--project", str(folder), "plans", *arguments])


def listed(folder: Path) -> list[dict[str, Any]]:
    return json.loads(run(folder, "list", "--json").stdout)


def change(row: dict[str, Any], value: float) -> None:
    path = Path(row["file"])
    text = json.loads(path.read_text(encoding="utf-8"))
    text["plan"]["steps"][0]["parameters"]["groups"][0][0]["value"] = value
    path.write_text(json.dumps(text), encoding="utf-8")


def test_a_plan_is_listed_with_its_file(folder: Path, plan_id: str) -> None:
    [row] = listed(folder)
    assert (row["id"], row["state"], row["steps"], row["edited"]) == (plan_id, "pending", 1, False)
    assert json.loads(Path(row["file"]).read_text(encoding="utf-8"))["request"] == plan_id
    assert plan_id in run(folder, "list").stdout


def test_an_edited_file_is_told_of_and_becomes_a_request_of_its_own_when_it_is_submitted(
    folder: Path, plan_id: str
) -> None:
    change(listed(folder)[0], 2.0)
    assert listed(folder)[0]["edited"]
    differs = run(folder, "diff", plan_id)
    assert differs.exit_code == 1
    assert '+              "value": 2.0' in differs.stdout
    submitted = json.loads(run(folder, "submit", plan_id, "--json").stdout)
    assert submitted["supersedes"] == plan_id
    [row] = listed(folder)
    assert (row["id"], row["hash"], row["edited"]) == (submitted["id"], submitted["hash"], False)


def test_what_was_not_changed_is_not_submitted(folder: Path, plan_id: str) -> None:
    assert run(folder, "diff", plan_id).exit_code == 0
    ended = run(folder, "submit", plan_id)
    assert "nothing was changed" in str(ended.exception)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "is not JSON"),
        ('{"request": "req-1", "sha256": "0", "plan": {}}', "is the file of request req-1"),
        ('{"plan": {}}', "no file of a plan"),
        ('{"plan": NaN}', "NaN is no number"),
        ('{"plan": {}, "plan": {}}', "stands twice"),
    ],
)
def test_a_file_that_is_no_plan_is_named_and_nothing_is_filed(folder: Path, plan_id: str, text: str, told: str) -> None:
    Path(listed(folder)[0]["file"]).write_text(text, encoding="utf-8")
    assert told in str(run(folder, "submit", plan_id).exception)
    assert [row["id"] for row in listed(folder)] == [plan_id]


def test_without_a_terminal_edit_says_where_the_file_is(folder: Path, plan_id: str) -> None:
    assert listed(folder)[0]["file"] in run(folder, "edit", plan_id).stdout


def test_an_id_that_is_a_path_or_no_plan_is_refused(folder: Path, plan_id: str) -> None:
    for wrong in ("../../etc/passwd", "req-000000000000"):
        assert "there is no request" in str(run(folder, "submit", wrong).exception)

    async def write() -> str:
        async with open_project(folder) as project, open_agent(project) as agent:
            asked = await agent.ask("set BEND to 3 A")
            assert asked.approval
            return (await journal_of(project).requests.get(asked.approval)).id

    assert "no plan" in str(run(folder, "diff", anyio.run(write)).exception)


@pytest.mark.parametrize(("editor", "told"), [("no-such-editor", "cannot be started"), ("false", "ended with code 1")])
def test_an_editor_that_fails_is_said_and_the_file_stays(
    folder: Path, plan_id: str, monkeypatch: pytest.MonkeyPatch, editor: str, told: str
) -> None:
    monkeypatch.setenv("VISUAL", editor)
    monkeypatch.setattr(plan_commands, "has_terminal", lambda: True)
    monkeypatch.setattr(terminal, "has_terminal", lambda: True)
    [before] = listed(folder)
    failed = run(folder, "edit", plan_id)
    assert isinstance(failed.exception, UsageError)
    assert told in str(failed.exception)
    assert listed(folder) == [before]
