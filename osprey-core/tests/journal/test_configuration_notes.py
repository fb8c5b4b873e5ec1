"""Configuration changes stand in the audit: what, from what to what, by whom, and no secret among it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from osprey.journal import AuditRow, Journal, configuration_notes, journal_of
from osprey.journal.process_user import process_user
from osprey.project import open_project

pytestmark = pytest.mark.anyio

CONFIG = """
facility: {name: Testlab}
control_system:
  default_target: ring
  targets:
    ring: {connector: mock, limits: {file: limits.yml}}
"""


@pytest.fixture
def anyio_backend() -> str:
    """Once is enough: nothing here depends on the loop."""
    return "asyncio"


class Lab:
    """A project whose files a test changes between its openings."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write(CONFIG)
        self.limit("channels: {}\n")

    def write(self, text: str) -> None:
        (self.folder / "config.yml").write_text(text, encoding="utf-8")

    def limit(self, text: str) -> None:
        (self.folder / "limits.yml").write_text(text, encoding="utf-8")

    async def open(self, folder: Path | None = None) -> list[AuditRow]:
        """Open the project's journal as any command does; give the audit's rows."""
        async with open_project(folder or self.folder) as project:
            return await journal_of(project).audit.log()

    async def newest(self) -> AuditRow:
        return (await self.open())[-1]

    async def changes(self) -> dict[str, tuple[Any, Any]]:
        """Open it, and give what the newest row says was changed."""
        row = await self.newest()
        assert row.event == "config.changed"
        return {change["key"]: (change["old"], change["new"]) for change in row.detail["keys"]}


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


async def test_the_first_opening_notes_what_the_file_states(lab: Lab) -> None:
    (row,) = await lab.open()
    assert (row.event, row.subject, row.actor) == ("config.noted", "configuration", process_user().subject)
    assert row.detail["stated"]["facility.name"] == "Testlab"
    assert len(row.detail["limits"]["ring"]) == 64
    assert row.detail["because"] == "it is seen for the first time"


async def test_nothing_is_written_while_nothing_changes(lab: Lab) -> None:
    await lab.open()
    statements: list[str] = []
    note: Callable[..., None] = lambda *about: statements.append(str(about[2]))  # noqa: E731 - a listener
    event.listen(Engine, "before_cursor_execute", note)
    rows = await lab.open()
    event.remove(Engine, "before_cursor_execute", note)
    assert len(rows) == 1
    noting = [text for text in statements if "noted" in text]
    assert len(noting) == 1
    assert not any(text.lstrip().startswith(("INSERT", "UPDATE", "DELETE")) for text in statements)


async def test_a_change_is_told_with_both_values_and_by_whom(lab: Lab) -> None:
    await lab.open()
    lab.write(
        CONFIG.replace("Testlab", "Lightsource").replace("connector: mock", "connector: mock, writes_enabled: true")
    )
    row = await lab.newest()
    assert (row.event, row.actor, row.subject) == ("config.changed", process_user().subject, "configuration")
    assert row.detail["file"] == str(lab.folder / "config.yml")
    assert await lab.changes() == {
        "facility.name": ("Testlab", "Lightsource"),
        "control_system.targets.ring.writes_enabled": (False, True),
    }
    assert len(await lab.open()) == 2


async def test_a_key_that_comes_or_goes_is_told(lab: Lab) -> None:
    await lab.open()
    lab.write(CONFIG + "    spare: {connector: mock}\n")
    changed = await lab.changes()
    assert changed["control_system.targets.spare.connector"] == (None, "mock")
    lab.write(CONFIG)
    changed = await lab.changes()
    assert changed["control_system.targets.spare.connector"] == ("mock", None)


SECRET = CONFIG + "approval: {notify: {hook: {via: webhook, settings: {url: 'https://hook.example', token: '%s'}}}}\n"


async def test_a_changed_secret_is_noticed_and_stands_nowhere(lab: Lab) -> None:
    lab.write(SECRET % "first-secret")
    await lab.open()
    lab.write(SECRET % "second-secret")
    row = await lab.newest()
    assert row.event == "config.changed"
    (change,) = row.detail["keys"]
    assert (change["old"], change["new"]) == ("********", "********")
    assert change["key"] == "approval.notify.hook.settings.token"
    assert "secret" in change["note"]
    assert len(await lab.open()) == 2
    kept = b"".join(path.read_bytes() for path in (lab.folder / ".osprey").iterdir() if path.is_file())
    assert b"first-secret" not in kept
    assert b"second-secret" not in kept


async def test_a_secret_of_the_environment_is_noticed_once_and_not_with_each_user(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.write(SECRET % "${HOOK_TOKEN}")
    monkeypatch.setenv("HOOK_TOKEN", "of alice")
    await lab.open()
    monkeypatch.setenv("HOOK_TOKEN", "of bob")
    assert len(await lab.open()) == 2
    monkeypatch.setenv("HOOK_TOKEN", "of alice")
    assert len(await lab.open()) == 2


async def test_a_process_that_does_not_have_a_variable_knows_nothing_of_its_value(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.write(CONFIG + "archiver: {spare: {host: '${SPARE_HOST}', token: '${SPARE_TOKEN}'}}\n")
    monkeypatch.setenv("SPARE_HOST", "north")
    monkeypatch.setenv("SPARE_TOKEN", "first")
    await lab.open()
    monkeypatch.delenv("SPARE_HOST")
    monkeypatch.delenv("SPARE_TOKEN")
    assert len(await lab.open()) == 1
    monkeypatch.setenv("SPARE_HOST", "north")
    monkeypatch.setenv("SPARE_TOKEN", "first")
    assert len(await lab.open()) == 1
    monkeypatch.setenv("SPARE_HOST", "south")
    assert await lab.changes() == {"archiver.spare.host": ("north", "south")}


async def test_a_value_of_the_environment_that_is_no_secret_is_told_each_time(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.write(CONFIG.replace("Testlab", "'${LAB_NAME}'"))
    monkeypatch.setenv("LAB_NAME", "north")
    await lab.open()
    monkeypatch.setenv("LAB_NAME", "south")
    assert await lab.changes() == {"facility.name": ("north", "south")}
    monkeypatch.setenv("LAB_NAME", "north")
    assert await lab.changes() == {"facility.name": ("south", "north")}


async def test_another_limits_file_is_told_with_its_target(lab: Lab) -> None:
    (first,) = await lab.open()
    lab.limit("channels: {A: {max: 1}}\n")
    row = await lab.newest()
    assert (row.event, row.detail["target"]) == ("limits.changed", "ring")
    assert row.detail["old"] == first.detail["limits"]["ring"] != row.detail["new"]
    (lab.folder / "limits.yml").unlink()
    assert (await lab.newest()).detail["new"] == "missing"
    assert len(await lab.open()) == 3


async def test_the_same_folder_by_another_name_is_no_change(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> None:
    await lab.open()
    link = tmp_path_factory.mktemp("links") / "lab"
    link.symlink_to(lab.folder)
    assert len(await lab.open(link)) == 1


async def test_a_very_long_value_is_told_by_its_beginning_and_its_hash(lab: Lab) -> None:
    await lab.open()
    lab.write(CONFIG.replace("Testlab", "x" * 5000))
    _, new = (await lab.changes())["facility.name"]
    assert new.startswith('"xxx')
    assert "sha256" in new
    assert len(new) < 600


async def test_another_file_altogether_is_told_by_its_first_keys_and_a_number(lab: Lab) -> None:
    await lab.open()
    targets = "".join(f"    t{number}: {{connector: mock}}\n" for number in range(40))
    lab.write(CONFIG + targets)
    row = await lab.newest()
    assert len(row.detail["keys"]) == 200
    assert row.detail["more"] > 0


def _change_note(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    with sqlite3.connect(folder / ".osprey" / "osprey.db") as raw:
        stored = json.loads(raw.execute("SELECT value FROM noted WHERE name = 'configuration'").fetchone()[0])
        change(stored)
        raw.execute("UPDATE noted SET value = ? WHERE name = 'configuration'", (json.dumps(stored),))
    raw.close()


async def test_a_note_that_was_changed_to_hide_a_change_is_noticed(lab: Lab) -> None:
    await lab.open()
    lab.write(CONFIG.replace("Testlab", "Lightsource"))
    _change_note(lab.folder, lambda stored: stored.update(text=stored["text"].replace("Testlab", "Lightsource")))
    row = await lab.newest()
    assert (row.event, row.detail["stated"]["facility.name"]) == ("config.noted", "Lightsource")
    assert "was changed, or put back" in row.detail["because"]


@pytest.mark.parametrize("value", ["", "{}", "[]", "7", '{"text": 1, "row": 1, "seal": "ß"}', b"\xff"])
async def test_a_note_that_is_nonsense_stops_nobody_and_is_made_anew(lab: Lab, value: str | bytes) -> None:
    await lab.open()
    with sqlite3.connect(lab.folder / ".osprey" / "osprey.db") as raw:
        raw.execute("UPDATE noted SET value = ? WHERE name = 'configuration'", (value,))
    raw.close()
    assert [row.event for row in await lab.open()] == ["config.noted", "config.noted"]
    assert len(await lab.open()) == 2


async def test_an_old_note_that_was_put_back_is_noticed(lab: Lab) -> None:
    await lab.open()
    kept: dict[str, Any] = {}
    _change_note(lab.folder, kept.update)
    lab.write(CONFIG.replace("Testlab", "Lightsource"))
    await lab.open()
    lab.write(CONFIG)
    _change_note(lab.folder, lambda stored: stored.update(kept))
    row = await lab.newest()
    assert row.event == "config.noted"
    assert "put back" in row.detail["because"]


async def test_a_note_that_cannot_be_written_stops_nobody_who_reads_and_is_made_later(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    await lab.open()
    lab.write(CONFIG.replace("Testlab", "Lightsource"))
    real = configuration_notes._note

    def full(connection: Any, *about: Any) -> None:
        connection.exec_driver_sql("PRAGMA query_only = ON")
        real(connection, *about)

    monkeypatch.setattr(configuration_notes, "_note", full)
    assert len(await lab.open()) == 1
    monkeypatch.undo()
    assert await lab.changes() == {"facility.name": ("Testlab", "Lightsource")}


async def test_of_several_that_open_at_once_one_notes_the_change(lab: Lab) -> None:
    await lab.open()
    lab.write(CONFIG.replace("Testlab", "Lightsource"))
    async with open_project(lab.folder) as one, open_project(lab.folder) as other:
        first, second = Journal.open(one.database), Journal.open(other.database)
        stale = configuration_notes.state_of(one.config, lambda key, value: first.audit.seal(key, (value,)))
        assert stale.values["facility.name"] == "Lightsource"
        for project, journal in ((one, first), (other, second)):
            configuration_notes.note_configuration(project.config, project.database, journal.audit)
        assert [row.event for row in await first.audit.log()] == ["config.noted", "config.changed"]


async def test_it_needs_no_plugin(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        msg = "no plugin may be loaded"
        raise AssertionError(msg)

    monkeypatch.setattr("osprey.plugins.load_registry", broken)
    assert [row.event for row in await lab.open()] == ["config.noted"]
