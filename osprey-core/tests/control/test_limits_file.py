"""Limits files: what is read, what is refused, and which rule holds for a channel."""

from __future__ import annotations

import hashlib
import json
import os

import pytest

from osprey.control import Bounds
from osprey.control.limits.limit_entry import ENTRY_KEYS, Verification
from osprey.control.limits.limits_file import LimitsSource, load_limits
from osprey.control.limits.naming import Naming
from osprey.errors import ConfigError

TWO_RATES = """
channels:
  A: {group_rate: {group: g, max_writes: 1, window_s: 1}}
  B: {group_rate: {group: g, max_writes: 2, window_s: 1}}
"""


@pytest.fixture
def limits(tmp_path):
    def load(text, name="limits.yml"):
        path = tmp_path / name
        path.write_text(text)
        return load_limits(path)

    return load


def test_bounds_intersect_and_of_the_rest_the_most_specific_entry_wins(limits):
    rule = limits("""
        defaults: {settle_s: 9, max_rate: 7}
        channels:
          "*": {max: 100, note: all, tolerance_absolute: 1}
          "SR:*:SP": {min: -5, max: 50, max_step: 1, readback: far, writable: false}
          "SR:01:*:SP": {max_step: 2, note: sector 1}
          "SR:01:HCM1:SP": {min: -10, max: 20, writable: true}
    """).rule_for("SR:01:HCM1:SP")
    assert rule.sources == ("SR:01:HCM1:SP", "SR:01:*:SP", "SR:*:SP", "*")
    assert rule.bounds == Bounds(-5, 20)
    assert (rule.max_step, rule.max_rate, rule.settle_s) == (1, 7, 9)
    assert (rule.note, rule.readback, rule.writable, rule.tolerance_absolute) == ("sector 1", "far", True, 1)


def test_defaults_hold_where_no_entry_states_the_key_and_list_no_channel(limits):
    found = limits("""
        defaults: {min: -1, max: 1, writable: false}
        channels: {A: {}, B: {max: 5}, C: {writable: true}}
    """)
    assert found.rule_for("A").bounds == Bounds(-1, 1)
    assert found.rule_for("A").writable is False
    assert found.rule_for("B").bounds == Bounds(-1, 5)
    assert found.rule_for("C").writable is True
    assert found.rule_for("D") is None


def test_allowed_values_of_several_entries_must_be_in_all_of_them(limits):
    rule = limits('channels: {"S*": {allowed: [0, 1, 2]}, S1: {allowed: [1, 2, 3]}}').rule_for("S1")
    assert rule.allowed == (1, 2)


def test_every_expression_of_every_entry_holds(limits):
    rule = limits('channels: {"S*": {expression: "value < 5"}, S1: {expression: "value > 1"}}').rule_for("S1")
    assert [expression.text for expression in rule.expressions] == ["value > 1", "value < 5"]


@pytest.mark.parametrize(
    ("pattern", "name", "is_listed"),
    [
        ("SR:*", "SR:1", True),
        ("SR:*", "sr:1", False),
        ("SR:?", "SR:12", False),
        ("SR:[12]", "SR:2", True),
        ("SR:[12]", "SR:3", False),
        ("SR:1", "SR:10", False),
        ("SR.1", "SRx1", False),
    ],
)
def test_patterns_are_globs_with_letter_case(limits, pattern, name, is_listed):
    assert (limits(json.dumps({"channels": {pattern: {}}})).rule_for(name) is not None) is is_listed


def test_a_name_with_brackets_is_listed_by_its_own_spelling(limits):
    assert limits('channels: {"SR[1]": {max: 1}}').rule_for("SR[1]").bounds == Bounds(None, 1)


def test_the_predecessors_file_loads(limits):
    found = limits(
        json.dumps(
            {
                "_remark": "written by hand",
                "defaults": {"writable": False, "_why": "safe"},
                "SR:1": {"min_value": -1.0, "max_value": 1.0, "max_step": 0.1, "writable": True, "_owner": "ops"},
                "SR:2": {"verification": {"level": "callback", "tolerance_percent": 2}},
            }
        ),
        "limits.json",
    )
    assert found.rule_for("SR:1").bounds == Bounds(-1, 1)
    assert found.rule_for("SR:1").max_step == 0.1
    assert found.rule_for("SR:2").verification is Verification.CALLBACK
    assert found.rule_for("SR:2").tolerance_percent == 2
    assert found.rule_for("SR:2").writable is False


def test_a_value_field_is_its_record_in_names_and_patterns(limits):
    found = limits('channels: {"SR:1.VAL": {max: 1}, "X:*.VAL": {max: 2}, "*L": {max: 3}}')
    assert found.rule_for("SR:1").bounds == found.rule_for("SR:1.VAL").bounds == Bounds(None, 1)
    assert found.rule_for("X:1").bounds == Bounds(None, 2)
    assert found.rule_for("Y:1") is None


def test_letter_case_is_one_where_the_control_system_says_so(tmp_path):
    path = tmp_path / "limits.yml"
    path.write_text('channels: {"SR/Mag/*/Current": {max: 5}, "sr/mag/1/CURRENT": {min: 1}}')
    folded = load_limits(path, naming=Naming(folds_case=True, value_field="VAL"))
    assert folded.rule_for("sr/mag/1/current").bounds == Bounds(1, 5)
    assert folded.rule_for("SR/MAG/1/CURRENT").bounds == Bounds(1, 5)
    assert folded.rule_for("sr/mag/1/current").sources == ("sr/mag/1/CURRENT", "SR/Mag/*/Current")
    assert folded.has_exact("SR/mag/1/current")
    assert load_limits(path).rule_for("sr/mag/1/current") is None


def test_a_look_alike_of_another_alphabet_is_another_name(tmp_path):
    path = tmp_path / "limits.yml"
    path.write_text('channels: {"sr/mag/k1/current": {}}')
    folded = load_limits(path, naming=Naming(folds_case=True, value_field="VAL"))
    assert folded.rule_for("SR/MAG/K1/CURRENT") is not None
    assert folded.rule_for("sr/mag/\N{KELVIN SIGN}1/current") is None


def test_entries_that_differ_in_letter_case_alone_are_an_error_where_it_makes_no_difference(tmp_path):
    path = tmp_path / "limits.yml"
    path.write_text("channels: {sr/mag/1: {max: 1}, SR/Mag/1: {max: 2}}")
    with pytest.raises(ConfigError, match="'sr/mag/1' and 'SR/Mag/1' are one channel"):
        load_limits(path, naming=Naming(folds_case=True, value_field="VAL"))
    assert load_limits(path).rule_for("SR/Mag/1").bounds == Bounds(None, 2)


def test_a_number_of_writes_per_second_is_a_count_within_a_window(limits):
    found = limits('channels: {"A*": {group_rate: 2.5}, "B*": {group_rate: 0.5}, C: {}}')
    (fast,), (slow,) = found.rule_for("A1").group_rates, found.rule_for("B1").group_rates
    assert (fast.group, fast.max_writes, fast.window_s) == ("A*", 2, 0.8)
    assert (slow.group, slow.max_writes, slow.window_s) == ("B*", 1, 2.0)
    assert found.rule_for("C").group_rates == ()


def test_a_channel_may_be_in_several_groups_and_the_rate_of_the_defaults_is_for_the_rest(limits):
    found = limits("""
        defaults: {group_rate: 1}
        channels: {"S*": {group_rate: 5}, S1: {group_rate: {group: g, max_travel: 2, window_s: 9}}, T: {}}
    """)
    assert [rate.group for rate in found.rule_for("S1").group_rates] == ["g", "S*"]
    assert [rate.group for rate in found.rule_for("T").group_rates] == ["defaults"]


def test_the_grid_of_each_entry_holds_and_begins_where_the_entry_says(limits):
    rule = limits("""
        channels: {"*": {step: 0.5}, "S*": {step: 3, min: 1}, S1: {step: 0.1, step_origin: 0.05, min: -9}}
    """).rule_for("S1")
    assert [(grid.step, grid.origin) for grid in rule.grids] == [(0.1, 0.05), (3, 1), (0.5, 0.0)]


def test_the_hash_is_that_of_the_files_bytes(limits):
    text = "channels: {A: {}}\n"
    assert limits(text).sha256 == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("channels: {A: {mx: 1}}", "entry 'A': unknown key 'mx'; did you mean 'max'"),
        ("channels: {A: {max: .nan}}", "entry 'A', `max`: expected a finite number, found nan"),
        ("channels: {A: {max: .inf}}", "finite"),
        ("channels: {A: {max: true}}", "finite"),
        ("channels: {A: {max: '5'}}", "finite"),
        ("channels: {A: {min: 2, max: 1}}", "min 2 is above max 1"),
        ("channels: {A: {max: 2, max_value: 1}}", "stated twice"),
        ("channels: {A: {max: 2, max: 1}}", "cannot be parsed"),
        ("channels: {A: {}, A: {max: 1}}", "cannot be parsed"),
        ("channels: {A: {writable: no}}", "expected true or false, found 'no'"),
        ("channels: {A: {writable: 'false'}}", "expected true or false"),
        ("channels: {A: {max_step: 0}}", "expected a number above 0"),
        ("channels: {A: {max_rate: -1}}", "expected a number above 0"),
        ("channels: {A: {settle_s: -1}}", "expected 0 or more"),
        ("channels: {A: {settle: 601}}", "`settle_s`: expected at most 600 s"),
        ("channels: {A: {settle: 1, settle_s: 1}}", "stated twice"),
        ("channels: {A: {min_interval: 1e9}}", "`min_interval_s`: expected at most 3.16224e+07 s"),
        ("channels: {A: {max: 1" + "0" * 400 + "}}", "finite"),
        ("channels: {A: {step: 0}}", "`step`: expected a number above 0"),
        ("channels: {A: {step_origin: 1}}", "`step_origin` has no effect without `step`"),
        ("channels: {A: {group_rate: 0}}", "expected a number of writes per second"),
        ("channels: {A: {group_rate: true}}", "expected a number of writes per second"),
        ("channels: {A: {group_rate: 1e-9}}", "window of at most"),
        ("channels: {A: {group_rate: {window_s: 1}}}", "expected max_writes or max_travel"),
        ("channels: {A: {group_rate: {max_writes: 1}}}", "for window_s"),
        ("channels: {A: {group_rate: {max_writes: 1.5, window_s: 1}}}", "whole number above 0 for max_writes"),
        ("channels: {A: {group_rate: {max_travel: .inf, window_s: 1}}}", "for max_travel"),
        ("channels: {A: {group_rate: {max_writes: 1" + "0" * 400 + ", window_s: .nan}}}", "window_s"),
        ("channels: {A: {group_rate: {max_writes: 1, window_s: 1, group: ' '}}}", "expected a text for group"),
        ("channels: {A: {group_rate: {max_write: 1, window_s: 1}}}", "unknown key 'max_write'"),
        (TWO_RATES, "two rates for group 'g'"),
        ("channels: {A: {}, A.VAL: {}}", "'A' and 'A.VAL' are one channel"),
        ("channels: {A: {expression: 'value < 1e999'}}", "too large for a number"),
        ("allow_unlisted_channels: true\nA: {}", "`limits.unlisted`"),
        ("on_violation: skip\nA: {}", "always refuses its whole batch"),
        ("channels: {A: {allowed: []}}", "at least one value"),
        ("channels: {A: {allowed: [.nan]}}", "finite"),
        ("channels: {A: {verification: maybe}}", "one of none, callback, readback"),
        ("channels: {A: {verification: {levl: none}}}", "did you mean 'level'"),
        ("channels: {A: {expression: value + 1}}", "not a condition"),
        ("channels: {A: {expression: 'open(1)'}}", "is not allowed"),
        ("channels: {A: {fields: DRVH}}", "expected a list"),
        ("channels: {A: 5}", "expected a mapping"),
        ("channels: [A]", "expected a mapping"),
        ("chanels: {A: {}}\nchannels: {}", "unknown key 'chanels'"),
        ("version: 2\nchannels: {}", "version 2"),
        ("version: true\nchannels: {}", "version True"),
        ("defaults: false\nchannels: {}", "expected a mapping"),
        ("defaults: {mx: 1}\nchannels: {}", "entry 'defaults': unknown key"),
        ("{}", "lists no channel"),
        ("", "expected a mapping"),
        ("channels: {A: {max: 1}", "cannot be parsed"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_with_file_and_entry(limits, text, told):
    with pytest.raises(ConfigError) as broken:
        limits(text)
    assert told in str(broken.value)
    assert "limits.yml" in str(broken.value)


def test_json_with_a_doubled_key_or_nan_is_refused(limits):
    with pytest.raises(ConfigError, match="'max' stands twice"):
        limits('{"channels": {"A": {"max": 1, "max": 2}}}', "limits.json")
    with pytest.raises(ConfigError, match="finite"):
        limits('{"channels": {"A": {"max": NaN}}}', "limits.json")


def test_a_missing_file_is_named_with_the_remedy(tmp_path):
    with pytest.raises(ConfigError, match=r"absent\.yml.*limits\.file"):
        load_limits(tmp_path / "absent.yml")


def test_a_changed_file_is_read_again_and_a_removed_one_refuses(tmp_path):
    path = tmp_path / "limits.yml"
    path.write_text("channels: {A: {max: 1}}")
    source = LimitsSource(path)
    first = source.current()
    assert source.current() is first
    path.write_text("channels: {A: {max: 2}}")
    os.utime(path, ns=(1, 1))
    assert source.current().rule_for("A").bounds == Bounds(None, 2)
    path.unlink()
    with pytest.raises(ConfigError, match=r"limits\.yml"):
        source.current()


def test_without_a_file_nothing_is_listed():
    none = LimitsSource(None).current()
    assert none.rule_for("A") is None
    assert none.sha256 == ""


def test_every_key_of_an_entry_has_a_test_of_its_effect():
    from pathlib import Path

    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    assert [key for key in ENTRY_KEYS if f"{key}:" not in tests] == []


def test_a_name_that_ends_in_val_is_a_name_of_its_own_where_the_system_knows_no_fields(tmp_path):
    path = tmp_path / "limits.yml"
    path.write_text("channels: {Motor: {max: 1}}\n", encoding="utf-8")
    limits = load_limits(path, naming=Naming())
    assert limits.rule_for("Motor") is not None
    assert limits.rule_for("Motor.VAL") is None
    assert load_limits(path).rule_for("Motor.VAL") is not None
