"""`osprey snapshot` and `osprey targets` on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from osprey.cli.root import osprey
from osprey.errors import ConfigError, UsageError

CONFIG = """
control_system:
  default_target: bench
  targets:
    bench:
      connector: mock
      posture: {posture}
      writes_enabled: true
      settings: {{seed: {seed}, noise: 0.0, faults: {{"GONE:*": gone}}}}
      limits: {{file: limits.yml}}
      channels: channels.yml
    far:
      connector: mock
      settings: {{faults: {{"*": gone}}}}
"""
LIMITS = "defaults: {min: -10, max: 10, tolerance_absolute: 0.01}\nchannels:\n  'SR:*:SP': {}\n"
CHANNELS = """channels:
- {name: 'SR:01:HCM1:SP', device: HCM1, family: HCM, role: setpoint, unit: A}
- {name: 'SR:02:HCM2:SP', device: HCM2, family: HCM, role: setpoint, unit: A}
- {name: 'SR:01:HCM1:RB', device: HCM1, family: HCM, role: readback, unit: A}
- {name: 'SR:01:QUAD1:SP', device: QUAD1, family: QUAD, role: setpoint, unit: A}
"""
SP, SP2 = "SR:01:HCM1:SP", "SR:02:HCM2:SP"


class Room:
    """Commands in one project; another seed is another state of the machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "limits.yml").write_text(LIMITS, encoding="utf-8")
        (folder / "channels.yml").write_text(CHANNELS, encoding="utf-8")
        self.set(seed=1)

    def set(self, *, seed: int, posture: str = "simulation") -> None:
        (self.folder / "config.yml").write_text(CONFIG.format(seed=seed, posture=posture), encoding="utf-8")

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(osprey, ["--project", str(self.folder), *arguments])

    def json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json").stdout)


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def test_all_listed_channels_are_saved_where_none_is_named(room: Room) -> None:
    saved = room.json("snapshot", "save", "monday", "--note", "before the access")
    assert len(saved["channels"]) == 4
    assert (saved["note"], saved["target"], saved["simulated"]) == ("before the access", "bench", True)
    assert Path(saved["file"]) == room.folder / "snapshots" / "monday.json"


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["HCM1"], [SP, "SR:01:HCM1:RB"]),
        ([SP, "OTHER"], [SP, "OTHER"]),
        (["--family", "hcm", "--setpoints"], [SP, SP2]),
        (["--pattern", "SR:01:*"], [SP, "SR:01:HCM1:RB", "SR:01:QUAD1:SP"]),
        (["--pattern", "*QUAD*", SP2], [SP2, "SR:01:QUAD1:SP"]),
        (["--setpoints"], [SP, SP2, "SR:01:QUAD1:SP"]),
    ],
)
def test_channels_are_chosen_by_name_pattern_family_and_role(room: Room, options: list[str], names: list[str]) -> None:
    assert [entry["channel"] for entry in room.json("snapshot", "save", "s", *options)["channels"]] == names


@pytest.mark.parametrize("options", [["--family", "HCMM"], ["--pattern", "X*"], ["--target", "far", "--setpoints"]])
def test_a_choice_of_nothing_is_refused(room: Room, options: list[str]) -> None:
    result = room.run("snapshot", "save", "s", *options)
    assert isinstance(result.exception, UsageError)


def test_channels_without_a_value_are_named_and_kept_as_such(room: Room) -> None:
    result = room.run("snapshot", "save", "s", SP, "GONE:1")
    assert result.exit_code == 0
    assert "GONE:1: no value" in result.stderr
    assert "Saved 1 channels" in result.stdout
    assert room.json("snapshot", "show", "s")["channels"][1]["error"] == "unreachable"


def test_a_snapshot_without_a_value_is_not_kept(room: Room) -> None:
    assert room.run("snapshot", "save", "s", "GONE:1").exit_code == 1
    assert room.json("snapshot", "list") == []


def test_snapshots_are_listed_and_a_broken_file_does_not_hide_the_others(room: Room) -> None:
    room.run("snapshot", "save", "a", SP)
    room.run("snapshot", "save", "b", SP)
    file = room.folder / "snapshots" / "a.json"
    file.write_text(file.read_text().replace('"name": "a"', '"name": "b"'))
    broken, good = room.json("snapshot", "list")
    assert (broken["name"], good["name"], good["count"]) == ("a", "b", 1)
    assert "not as it was saved" in broken["error"]
    shown = room.run("snapshot", "list")
    assert "b  " in shown.stdout
    assert "not as it was saved" in shown.stderr


def test_a_difference_is_shown_to_the_machine_and_to_another_snapshot(room: Room) -> None:
    room.run("snapshot", "save", "a")
    assert "No channel is different" in room.run("snapshot", "diff", "a").stdout
    room.set(seed=2)
    room.run("snapshot", "save", "b")
    for against in ([], ["--against", "b"]):
        found = room.json("snapshot", "diff", "a", *against)
        assert len(found["changes"]) == 4
        assert found["changes"][0]["unit"] == "A"
    assert room.json("snapshot", "diff", "a", "--tolerance", "1000")["changes"] == []
    assert SP in room.run("snapshot", "diff", "a").stdout


def test_a_restore_waits_for_approval_and_then_writes_what_changed(room: Room) -> None:
    saved = room.json("snapshot", "save", "a", SP, SP2, "SR:01:HCM1:RB")
    room.set(seed=2)
    waiting = room.run("snapshot", "restore", "a", "--json")
    assert waiting.exit_code == 4
    assert "left out: SR:01:HCM1:RB is read-only" in waiting.stderr
    asked = json.loads(waiting.stdout)
    [row] = room.json("approvals", "list")
    assert "back to snapshot a" in row["title"]
    assert room.run("approvals", "approve", row["id"], "--hash", row["hash"][:8]).exit_code == 0
    assert room.json("resume", asked["thread"])["status"] == "done"
    report = room.json("approvals", "show", row["id"])["report"]
    assert [item["outcome"] for item in report["items"]] == ["confirmed", "confirmed"]
    assert [item["value"] for item in report["items"]] == [entry["value"] for entry in saved["channels"][:2]]


def test_a_restore_without_a_change_asks_for_nothing(room: Room) -> None:
    room.run("snapshot", "save", "a", SP)
    assert room.json("snapshot", "restore", "a")["answer"] == "There is nothing to bring back."
    assert room.json("approvals", "list") == []


def test_a_restore_that_the_guard_refuses_is_not_requested(room: Room) -> None:
    room.run("snapshot", "save", "a", SP)
    room.set(seed=2, posture="read_only")
    result = room.run("snapshot", "restore", "a", "--json")
    assert result.exit_code == 3
    assert room.json("approvals", "list") == []


def test_targets_are_listed_without_being_contacted(room: Room) -> None:
    bench, far = room.json("targets", "list")
    assert bench == {
        "name": "bench",
        "default": True,
        "connector": "mock",
        "simulated": True,
        "archiver": None,
        "posture": "simulation",
        "writes": True,
    }
    assert (far["default"], far["posture"], far["writes"]) == (False, "read_only", False)
    assert "bench (default)" in room.run("targets", "list").stdout


def test_a_check_tells_which_targets_can_be_reached(room: Room) -> None:
    result = room.run("targets", "check", "--json")
    assert result.exit_code == 1
    bench, far = json.loads(result.stdout)
    assert (bench["verdict"], far["verdict"]) == ("reachable", "unreachable")
    assert len(bench["channels"]) == 3
    assert bench["endpoints"][0]["is_reachable"] is True
    assert far["endpoints"][0]["note"] == "the connection is lost"


def test_a_check_of_one_target_and_of_named_channels(room: Room) -> None:
    assert room.run("targets", "check", "bench").exit_code == 0
    assert room.run("targets", "check", "bench", "--channel", "GONE:1").exit_code == 1
    result = room.run("targets", "check", "bench", "--channel", "GONE:1", "--channel", SP)
    assert result.exit_code == 0, "one channel that is gone is not a target that is"
    assert "GONE:1  does not answer" in result.stdout
    assert isinstance(room.run("targets", "check", "bnch").exception, ConfigError)


def test_a_target_that_cannot_be_opened_does_not_hide_the_others(room: Room) -> None:
    text = (room.folder / "config.yml").read_text()
    (room.folder / "config.yml").write_text(text + "    odd: {connector: mock, settings: {seeds: 1}}\n")
    result = room.run("targets", "check", "odd", "bench", "--json")
    assert result.exit_code == 1
    odd, bench = json.loads(result.stdout)
    assert (odd["verdict"], bench["verdict"]) == ("unreachable", "reachable")
    assert "seeds" in odd["failure"]
