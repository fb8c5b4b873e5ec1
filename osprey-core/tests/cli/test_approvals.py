"""The inbox on the command line: what waits, what it would do, and decisions by hash."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from osprey.cli.root import osprey
from osprey.errors import RefusedError, UsageError

MOCK = """
control_system:
  default_target: bench
  targets:
    bench:
      connector: mock
      posture: simulation
      writes_enabled: true
      limits: {file: limits.yml}
      channels: channels.yml
"""
FILES = {
    "config.yml": MOCK,
    "limits.yml": "defaults: {min: 0, max: 10, tolerance_absolute: 0.01}\nchannels:\n  'BEND:CURRENT:SP': {}\n",
    "channels.yml": "channels:\n- {name: 'BEND:CURRENT:SP', device: BEND, role: setpoint, unit: A}\n",
}


class Inbox:
    """Commands in one project."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(osprey, ["--project", str(self._folder), *arguments])

    def json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json").stdout)


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return Inbox(tmp_path)


def test_an_empty_inbox_is_an_empty_array(inbox: Inbox) -> None:
    assert inbox.json("approvals", "list") == []


def test_a_request_goes_from_waiting_to_done(inbox: Inbox) -> None:
    asked = inbox.json("ask", "set BEND to 3 A")
    assert asked["status"] == "waiting"
    [row] = inbox.json("approvals", "list")
    assert set(row) == {"id", "kind", "title", "hash", "thread", "state", "risk", "created", "expires", "needs"}
    assert row["state"] == "pending"
    assert inbox.run("approvals", "approve", row["id"], "--hash", row["hash"][:8]).exit_code == 0
    assert inbox.json("resume", asked["thread"])["status"] == "done"
    assert inbox.json("approvals", "list") == []
    shown = inbox.json("approvals", "show", row["id"])
    assert shown["state"] == "done"
    assert shown["report"]["items"][0]["outcome"] == "confirmed"
    assert "1 of 1 writes confirmed" in inbox.run("approvals", "show", row["id"]).stdout


def test_a_decision_is_made_once(inbox: Inbox) -> None:
    asked = inbox.json("ask", "set BEND to 3 A")
    [row] = inbox.json("approvals", "list")
    inbox.run("approvals", "reject", row["id"], "--reason", "not now")
    refused = inbox.run("approvals", "approve", row["id"], "--hash", row["hash"][:8])
    assert isinstance(refused.exception, RefusedError)
    assert inbox.json("resume", asked["thread"])["status"] == "refused"


def test_a_hash_of_seven_digits_is_too_short(inbox: Inbox) -> None:
    inbox.run("ask", "set BEND to 3 A")
    [row] = inbox.json("approvals", "list")
    short = inbox.run("approvals", "approve", row["id"], "--hash", row["hash"][:7])
    assert isinstance(short.exception, UsageError)
    assert inbox.json("approvals", "list")[0]["state"] == "pending"


def test_an_approval_can_be_taken_back_before_it_is_carried_out(inbox: Inbox) -> None:
    asked = inbox.json("ask", "set BEND to 3 A")
    [row] = inbox.json("approvals", "list")
    inbox.run("approvals", "approve", row["id"], "--hash", row["hash"][:8])
    assert inbox.run("approvals", "withdraw", row["id"], "--reason", "beam is back").exit_code == 0
    ended = inbox.json("resume", asked["thread"])
    assert ended["status"] == "refused"
    assert "beam is back" in ended["answer"]


def test_a_halt_stops_an_approved_write_and_its_release_lets_it_happen(inbox: Inbox) -> None:
    asked = inbox.json("ask", "set BEND to 3 A")
    [row] = inbox.json("approvals", "list")
    inbox.run("approvals", "approve", row["id"], "--hash", row["hash"][:8])
    assert inbox.run("halt", "--reason", "vacuum alarm").exit_code == 0
    halted = inbox.json("resume", asked["thread"])
    assert halted["status"] == "waiting"
    assert "halt" in " ".join(halted["warnings"])
    inbox.run("halt", "--release")
    done = inbox.json("resume", asked["thread"])
    assert (done["status"], done["warnings"]) == ("done", [])


def test_limits_that_changed_since_withdraw_the_approval(inbox: Inbox, tmp_path: Path) -> None:
    asked = inbox.json("ask", "set BEND to 3 A")
    [row] = inbox.json("approvals", "list")
    inbox.run("approvals", "approve", row["id"], "--hash", row["hash"][:8])
    (tmp_path / "limits.yml").write_text(FILES["limits.yml"].replace("max: 10", "max: 2"), encoding="utf-8")
    assert inbox.json("resume", asked["thread"])["status"] == "refused"
    assert inbox.json("approvals", "show", row["id"])["state"] == "withdrawn"
