"""`osprey limits`: the rule that would decide, where it comes from, and what a file cannot mean."""

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
      posture: simulation
      writes_enabled: true
      limits: {file: limits.yml}
      channels: channels.yml
      settings: {faults: {"GONE:*": missing}}
    closed: {connector: mock, posture: read_only, limits: {file: limits.yml}}
    bare: {connector: mock, posture: simulation, writes_enabled: true}
"""
SP = "BEND:CURRENT:SP"
LIMITS = f"""
defaults: {{tolerance_absolute: 0.01}}
channels:
  "BEND:*": {{min: 0, max: 50, max_step: 9, group_rate: 5}}
  "{SP}": {{max: 10, step: 0.5, expression: 'ch("X:Beam") < 1e6', note: dipole}}
  X:Title: {{}}
  X:Shutter: {{allowed: [OPEN]}}
  X:WF: {{}}
"""
CHANNELS = f"""
channels:
- {{name: "{SP}", device: BEND, role: setpoint, unit: A}}
- {{name: "BEND:SHUNT:SP", device: BEND, role: setpoint, unit: A}}
- {{name: "X:Title", device: X}}
- {{name: "X:Shutter", device: X}}
- {{name: "X:WF", device: X}}
- {{name: "X:Beam", device: X}}
"""


class Bench:
    """Commands in one project."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(osprey, ["--project", str(self.folder), "limits", *arguments])

    def lint(self, text: str, *arguments: str) -> list[tuple[str, str, str]]:
        (self.folder / "limits.yml").write_text(text, encoding="utf-8")
        result = self.run("lint", "--json", *arguments)
        found = json.loads(result.stdout)
        assert result.exit_code == (1 if any(row["grade"] == "error" for row in found) else 0)
        return [(row["grade"], row["rule"], row["entry"]) for row in found]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    (tmp_path / "config.yml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "limits.yml").write_text(LIMITS, encoding="utf-8")
    (tmp_path / "channels.yml").write_text(CHANNELS, encoding="utf-8")
    return Bench(tmp_path)


@pytest.mark.parametrize(
    ("channel", "value", "code", "rule"),
    [
        (SP, "9.5", 0, "ok"),
        (f"{SP}.VAL", "9.5", 0, "ok"),
        (SP, "9.6", 3, "limits.step"),
        (SP, "10.5", 3, "limits.max"),
        (SP, "-1", 3, "limits.min"),
        (SP, "nan", 3, "value.finite"),
        (SP, "-inf", 3, "value.finite"),
        (SP, "1e999", 3, "value.finite"),
        (SP, "true", 3, "value.type"),
        (SP, "ten", 3, "value.type"),
        (SP, '"9.5"', 3, "value.type"),
        (SP, "[1, 2]", 3, "value.shape"),
        (f"{SP}.DRVH", "1", 3, "allow.field"),
        ("Y:Count", "1", 3, "allow.unlisted"),
        ("GONE:1", "1", 3, "name.not_found"),
        ("X:Title", "5", 0, "ok"),
        ("X:Title", "hello", 0, "ok"),
        ("X:Shutter", "OPEN", 0, "ok"),
        ("X:Shutter", "1", 0, "ok"),
        ("X:Shutter", "CLOSED", 3, "limits.allowed"),
        ("X:WF", "[0.1, 0.2]", 0, "ok"),
    ],
)
def test_check_answers_with_the_rule_that_would_decide(
    bench: Bench, channel: str, value: str, code: int, rule: str
) -> None:
    result = bench.run("check", channel, value, "--json")
    assert result.exit_code == code, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    assert (answer["rule"], answer["allowed"], answer["simulated"]) == (rule, code == 0, True)
    assert bool(answer["reason"]) is (code == 3)


def test_check_tells_a_person_what_a_write_would_be(bench: Bench) -> None:
    told = bench.run("check", SP, "9.5", "--unit", "A")
    assert told.exit_code == 0
    assert f"allowed on bench (simulated): {SP} = 9.5 A" in told.stdout
    assert "bounds 0 to 10" in told.stdout
    refused = bench.run("check", SP, "9.5", "--unit", "mA")
    assert (refused.exit_code, "value.unit" in refused.stdout) == (3, True)


def test_check_asks_the_target_that_is_named(bench: Bench) -> None:
    answer = json.loads(bench.run("check", SP, "9.5", "--target", "closed", "--json").stdout)
    assert (answer["target"], answer["rule"]) == ("closed", "posture.read_only")
    assert isinstance(bench.run("check", SP, "1", "--target", "bensh").exception, ConfigError)


def test_check_refuses_what_is_no_value_at_all(bench: Bench) -> None:
    assert isinstance(bench.run("check", SP, "null").exception, UsageError)
    assert isinstance(bench.run("check", SP, '{"value": 1}').exception, UsageError)


def test_show_tells_where_each_setting_comes_from(bench: Bench) -> None:
    rows = json.loads(bench.run("show", f"{SP}.VAL", "--json").stdout)
    told = {(row["key"], row["source"]): (row["value"], row["in_force"]) for row in rows}
    assert told["max", SP] == (10, True)
    assert told["max", "BEND:*"] == (50, False)
    assert told["min", "BEND:*"] == (0, True)
    assert told["tolerance_absolute", "defaults"] == (0.01, True)
    assert told["expression", SP] == ('ch("X:Beam") < 1e6', True)
    assert told["group_rate", "BEND:*"] == ({"group": "BEND:*", "max_writes": 5, "window_s": 1.0}, True)
    assert "max" in bench.run("show", SP).stdout
    assert "No entry of the limits lists Y:1" in bench.run("show", "Y:1").stderr


def test_lint_finds_nothing_in_a_file_that_means_what_it_says(bench: Bench) -> None:
    assert bench.lint(LIMITS) == []
    assert "Nothing is wrong" in bench.run("lint").stderr


@pytest.mark.parametrize(
    ("limits", "finding"),
    [
        ("channels: {'BEND:*': {mx: 5}}", ("error", "schema", "")),
        ("channels: {'QUAD:*': {max: 5}}", ("warning", "matches_nothing", "QUAD:*")),
        ("channels: {'GONE:1': {max: 5}}", ("error", "channel_unknown", "GONE:1")),
        ("channels: {'BEND:*': {max: 5}, '*:SP': {min: 6}}", ("error", "empty_range", "BEND:*")),
        ("channels: {'BEND:*': {min: 200}, 'BEND:CURRENT:SP': {}}", ("error", "empty_range", SP)),
        ("channels: {'BEND:*': {allowed: [1]}, '*:SP': {allowed: [2]}}", ("error", "empty_range", "BEND:*")),
        ("channels: {'BEND:*': {min: 0, max: 5, max_step: 6}}", ("warning", "step_beyond_range", "BEND:*")),
        ("channels: {'BEND:*': {min: 0, max: 5, step: 6}}", ("warning", "grid_beyond_range", "BEND:*")),
        ("channels: {'BEND:*': {max: 5, allowed: [1, 7]}}", ("warning", "choice_unreachable", "BEND:*")),
        ("channels: {X:Shutter: {allowed: [AJAR]}}", ("error", "state_unknown", "X:Shutter")),
        ("channels: {'BEND:*': {readback: GONE:2}}", ("error", "readback_unknown", "BEND:*")),
        (
            "channels: {'BEND:*': {expression: 'ch(\"GONE:3\") < 1 or value < 1'}}",
            ("error", "expression_unknown", "BEND:*"),
        ),
        (f"channels: {{'BEND:C*': {{max: 5}}, '{SP}': {{max: 4}}}}", ("warning", "no_effect", "BEND:C*")),
        (f"channels: {{'{SP}': {{max_step: 4}}, '*:SP': {{max_step: 4}}}}", ("warning", "no_effect", SP)),
        ("channels: {'BEND:*': {travel_window_s: 5}}", ("warning", "no_effect", "BEND:*")),
        ("channels: {'BEND:*': {verification: none, settle_s: 5}}", ("warning", "no_effect", "BEND:*")),
        ("defaults: {settle_s: 5}\nchannels: {'BEND:*': {settle_s: 4}}", ("warning", "no_effect", "defaults")),
    ],
)
def test_lint_finds(bench: Bench, limits: str, finding: tuple[str, str, str]) -> None:
    assert finding in bench.lint(limits)


def test_lint_offline_asks_no_control_system_and_knows_the_channel_list(bench: Bench) -> None:
    limits = "channels: {'GONE:1': {}, 'BEND:*': {readback: GONE:2}}"
    assert bench.lint(limits, "--offline") == [
        ("warning", "channel_unknown", "GONE:1"),
        ("warning", "readback_unknown", "BEND:*"),
    ]


def test_lint_takes_a_file_of_the_predecessor(bench: Bench) -> None:
    (bench.folder / "old.json").write_text(
        json.dumps({"_remark": "x", SP: {"min_value": 0, "max_value": 5, "verification": {"level": "callback"}}})
    )
    assert bench.run("lint", str(bench.folder / "old.json")).exit_code == 0
    (bench.folder / "old.json").write_text(json.dumps({"allow_unlisted_channels": True, SP: {"max_value": 5}}))
    result = bench.run("lint", str(bench.folder / "old.json"))
    assert (result.exit_code, "limits.unlisted" in result.stdout) == (1, True)


def test_lint_without_a_file_says_so(bench: Bench) -> None:
    assert isinstance(bench.run("lint", "--target", "bare").exception, UsageError)
