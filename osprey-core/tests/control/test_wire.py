"""Everything the guard is asked and answers survives JSON."""

from __future__ import annotations

import json
import math

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osprey.control import (
    Actor,
    ApplyReport,
    ApplyRequest,
    Bounds,
    DType,
    ErrorKind,
    Fault,
    ItemReport,
    JudgedItem,
    Judgement,
    JudgeRequest,
    Outcome,
    PolicyDemand,
    Reading,
    Severity,
    WriteBatch,
    WriteItem,
)
from osprey.control import requests as requests_module
from osprey.control.wire import from_wire, from_wire_value, to_wire

scalars = st.booleans() | st.integers() | st.floats() | st.text()
values = scalars | st.lists(scalars, max_size=3)
numbers = st.floats(allow_nan=False)
names = st.text(max_size=5)
shapes = st.just(()) | st.integers(0, 9).map(lambda n: (n,))
actors = st.builds(Actor, subject=names, terminal=names, host=names)
bounds = st.builds(Bounds, st.none() | numbers, st.none() | numbers)
items = st.builds(WriteItem, channel=names, value=values, unit=st.none() | names, line=st.none() | st.integers())


def tuples(of):
    return st.lists(of, max_size=2).map(tuple)


batches = st.builds(WriteBatch, target=names, groups=tuples(tuples(items)), observe=tuples(names), settle_s=numbers)
readings = st.builds(
    Reading,
    channel=names,
    value=values,
    dtype=st.sampled_from(DType),
    shape=shapes,
    severity=st.sampled_from(Severity),
    label=st.none() | names,
    setpoint=st.none() | values,
    source_ns=st.none() | st.integers(),
    received_ns=st.integers(),
)
faults = st.builds(Fault, channel=names, kind=st.sampled_from(ErrorKind), message=names)
judged = st.builds(
    JudgedItem,
    channel=names,
    name=names,
    group=st.integers(),
    is_allowed=st.booleans(),
    rule=names,
    reason=names,
    value=values,
    dtype=st.sampled_from(DType),
    shape=shapes,
    before=st.none() | values,
    before_severity=st.none() | st.sampled_from(Severity),
    before_ns=st.none() | st.integers(),
    bounds=bounds,
    tolerance=numbers,
    precision=st.none() | st.integers(),
)
reported = st.builds(
    ItemReport,
    name=names,
    group=st.integers(),
    index=st.integers(),
    value=values,
    before=st.none() | values,
    outcome=st.sampled_from(Outcome),
    readback=st.none() | values,
    severity=st.none() | st.sampled_from(Severity),
)
demands = st.builds(PolicyDemand, rule=names, reason=names, persons=st.integers(), roles=tuples(names))
STRATEGIES = {
    Actor: actors,
    WriteItem: items,
    WriteBatch: batches,
    JudgeRequest: st.builds(JudgeRequest, batch=batches, actor=actors),
    JudgedItem: judged,
    Judgement: st.builds(
        Judgement,
        target=names,
        is_allowed=st.booleans(),
        items=tuples(judged),
        limits_sha256=names,
        simulated=st.booleans(),
        posture=names,
        judged_ns=st.integers(),
        observe=tuples(names),
        settle_s=numbers,
        demands=tuples(demands),
    ),
    PolicyDemand: demands,
    ApplyRequest: st.builds(ApplyRequest, request_id=names, sha256=names, actor=actors),
    ItemReport: reported,
    ApplyReport: st.builds(
        ApplyReport,
        request_id=names,
        status=names,
        items=tuples(reported),
        observations=tuples(tuples(readings | faults)),
        rule=names,
        reason=names,
    ),
}


def test_every_class_of_requests_is_tested_here():
    declared = {
        one for one in vars(requests_module).values() if isinstance(one, type) and one.__module__.endswith("requests")
    }
    assert declared == set(STRATEGIES)


@pytest.mark.parametrize("cls", STRATEGIES, ids=lambda cls: cls.__name__)
@settings(max_examples=40)
@given(data=st.data())
def test_a_round_trip_through_json_loses_nothing(cls, data):
    value = data.draw(STRATEGIES[cls])
    text = json.dumps(to_wire(value), allow_nan=False)
    assert repr(from_wire(cls, json.loads(text))) == repr(value)


def test_arrays_of_any_kind_become_lists():
    import numpy as np

    assert to_wire(np.array([1.5, math.nan])) == [1.5, {"float": "nan"}]
    assert to_wire(np.float32(0.5)) == 0.5
    assert to_wire(np.array([1, 2], dtype=np.uint8)) == [1, 2]
    assert to_wire(WriteItem(channel="X", value=(1, 2)))["value"] == [1, 2]


@pytest.mark.parametrize("special", [math.inf, -math.inf])
def test_infinity_has_a_form_of_its_own(special):
    assert from_wire_value(json.loads(json.dumps(to_wire(special), allow_nan=False))) == special


@pytest.mark.parametrize(
    "change",
    [
        {"is_allowed": "false"},
        {"is_allowed": 1},
        {"group": 1.0},
        {"value": None},
        {"value": {"float": "NaN"}},
        {"value": {"a": 1}},
        {"tolerance": "0.1"},
        {"tolerance": True},
        {"dtype": "double"},
        {"force": True},
        {"name": None},
    ],
)
def test_what_does_not_describe_the_value_is_refused(change):
    item = JudgedItem(channel="X", name="X", group=0, is_allowed=True, rule="ok", reason="", value=1.0)
    with pytest.raises(ValueError, match="this is no JudgedItem"):
        from_wire(JudgedItem, {**to_wire(item), **change})


def test_all_fields_are_on_the_wire():
    item = JudgedItem(channel="X", name="X", group=0, is_allowed=True, rule="ok", reason="", value=1.0)
    assert set(to_wire(item)) == {field.name for field in attrs.fields(JudgedItem)}
