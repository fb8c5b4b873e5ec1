"""What the lint of limits says where a control system can be asked, and that it says it of any file."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osprey.control import Bounds, ChannelInfo, ErrorKind, Fault
from osprey.control.limits.limits_file import load_limits
from osprey.control.limits.linting import Surroundings, lint_limits, names_to_ask


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    path = tmp_path_factory.mktemp("lint") / "limits.json"

    def load_it(channels, **more):
        path.write_text(json.dumps({"channels": channels, **more}))
        return load_limits(path)

    return load_it


def rules(limits, **around):
    return [
        (finding.grade.value, finding.rule, finding.entry) for finding in lint_limits(limits, Surroundings(**around))
    ]


def test_an_alias_is_named_with_the_name_under_which_limits_are_looked_up(load):
    limits = load({"ALIAS": {"max": 5}, "X.VAL": {"max": 5}})
    infos = {name: ChannelInfo(channel=name, name="X") for name in ("ALIAS", "X.VAL")}
    assert rules(limits, infos=infos) == [("error", "alias", "ALIAS")]


def test_the_systems_own_limits_make_a_range_empty(load):
    infos = {"X": ChannelInfo(channel="X", name="X", drive=Bounds(-5, 5))}
    assert rules(load({"X": {"min": 6}}), infos=infos) == [("error", "empty_range", "X")]
    assert rules(load({"X": {"max_step": 10}}), infos=infos) == [("warning", "step_beyond_range", "X")]
    assert rules(load({"X": {"max_step": 9}}), infos=infos) == []


def test_what_does_not_answer_now_is_a_warning_and_what_does_not_exist_an_error(load):
    limits = load({"X": {"readback": "Y", "expression": 'ch("Z") < 1'}})
    assert names_to_ask(limits) == ["X", "Y", "Z"]
    infos = {
        "X": ChannelInfo(channel="X", name="X"),
        "Y": Fault(channel="Y", kind=ErrorKind.UNREACHABLE, message="gone"),
        "Z": Fault(channel="Z", kind=ErrorKind.NOT_FOUND, message="nobody answers"),
    }
    assert rules(limits, infos=infos) == [("warning", "readback_unknown", "X"), ("error", "expression_unknown", "X")]


numbers = st.integers(-3, 3)
entries = st.fixed_dictionaries(
    {},
    optional={
        "min": numbers,
        "max": numbers,
        "step": st.integers(1, 9),
        "max_step": st.integers(1, 9),
        "allowed": st.lists(numbers | st.sampled_from(["OPEN", True]), min_size=1, max_size=2),
        "group_rate": st.just(2),
        "expression": st.just('ch("Q") < 1'),
        "verification": st.sampled_from(["none", "callback"]),
        "settle": st.integers(0, 9),
        "max_travel": st.integers(1, 9),
    },
).filter(lambda entry: entry.get("min", -9) <= entry.get("max", 9))
tables = st.dictionaries(st.sampled_from(["A", "B", "AB", "A*", "*B", "?", "*"]), entries, min_size=1)


@given(tables, entries, st.lists(st.sampled_from(["A", "B", "AB", "C"]), unique=True))
def test_any_file_is_linted_and_a_setting_without_effect_really_has_none(load, table, defaults, names):
    limits = load(table, defaults=defaults)
    found = lint_limits(limits, Surroundings(names=names))
    known = {*names, *(name for name in table if name in ("A", "B", "AB"))}
    for finding in found:
        if finding.rule != "no_effect" or finding.entry == "defaults":
            continue
        key = finding.message.split("'")[1]
        bare = {
            name: {k: v for k, v in entry.items() if (name, {"settle": "settle_s"}.get(k, k)) != (finding.entry, key)}
            for name, entry in table.items()
        }
        without = load(bare, defaults=defaults)
        for name in known:
            one, other = limits.rule_for(name), without.rule_for(name)
            assert (one is None) is (other is None)
            if one is not None:
                assert (one.bounds, one.max_step, one.allowed, one.grids) == (
                    other.bounds,
                    other.max_step,
                    other.allowed,
                    other.grids,
                )
