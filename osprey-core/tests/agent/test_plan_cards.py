"""A plan's card and drawing: whatever an edited plan holds, it can be shown, and the flow is a graph of its results."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osprey.agent.plan_approval.flow import draw_flow
from osprey.agent.plan_approval.kind import PlanKind, expected_writes, plan_document
from osprey.agent.plan_approval.validation import read_plan
from osprey.base import ExecutionPlan, PlannedStep
from osprey.errors import UsageError
from osprey.journal import RequestRow, RequestState

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=12) | st.dictionaries(st.text(max_size=8), inner, max_size=12),
    max_leaves=20,
)
names = st.sampled_from(["groups", "scan", "params", "channels", "template"])


def row_of(document: str) -> RequestRow:
    return RequestRow(
        id="req-1", kind="orchestrator_plan", title="t", thread="t", document=document, sha256="0" * 64, risk="",
        requester="os:alice", state=RequestState.PENDING, created_ns=1, expires_ns=2, presentation={}, key=None,
        supersedes=None, decided_by=None, decided_ns=None, reason="", claimed_by=None, claimed_ns=None, owner=None,
        groups=None, finished_ns=None, report=None,
    )  # fmt: skip


def step(key: str, *sources: str, **parameters: Any) -> PlannedStep:
    inputs = tuple({"X": source} for source in sources)
    return PlannedStep(
        context_key=key, capability="python", task_objective="o", expected_output="X", parameters=parameters,
        inputs=inputs,
    )  # fmt: skip


@given(st.dictionaries(names, json_values, max_size=5))
def test_whatever_stands_in_a_steps_parameters_the_card_can_be_made(parameters: dict[str, Any]) -> None:
    plan = ExecutionPlan(steps=(step("a", **parameters),))
    card = PlanKind().card(row_of(plan_document(plan, question="q", target="ring")))
    assert len(card.sections) == 2


@given(json_values)
def test_what_is_no_plan_is_refused_with_words(value: Any) -> None:
    with pytest.raises(UsageError):
        read_plan(value)
        # The one plan that Hypothesis could find by itself has no step, which is a plan that cannot run.
        assert value == {"steps": []}
        raise UsageError


def test_writes_scans_and_templates_say_what_they_would_change() -> None:
    writes = step("a", groups=[[{"channel": "A", "value": 0.5, "unit": "A"}, {"channel": "B", "delta": 0.1}]])
    scan = step("b", scan={"channel": "C", "start": -1, "stop": 1, "steps": 5, "unit": "A"})
    template = step("c", template="step_and_show", params={"steps": {"D": 0.1}, "unit": "A"})
    assert expected_writes(writes) == [("A", "to 0.5 A"), ("B", "by 0.1")]
    assert expected_writes(scan) == [("C", "from -1 to 1 A in 5 steps")]
    assert expected_writes(template) == [("D", "by 0.1 A")]
    axes = [
        {"channel": "E", "unit": "A", "values": [0.0, 1.0]},
        {"channel": "F", "start": -1, "stop": 1, "steps": 3, "relative": True},
    ]
    assert expected_writes(step("grid", axes=axes)) == [
        ("E", "over [0.0, 1.0] A"),
        ("F", "from -1 to 1 in 3 steps, counted from what it is set to"),
    ]


def test_the_flow_draws_a_lane_for_each_result_that_is_still_needed() -> None:
    steps = [step("a"), step("b"), step("c", "a"), step("d", "b", "c"), step("e")]
    assert draw_flow(steps).splitlines() == [
        "●    1. a (python)",
        "│ ●  2. b (python)",
        "● │  3. c (python)  <- 1 X",
        "●─╯  4. d (python)  <- 2 X, 3 X",
        "●    5. e (python)",
    ]


def test_a_result_that_passes_others_on_its_way_crosses_them() -> None:
    steps = [step("a"), step("b"), step("c"), step("d", "a", "c"), step("e", "b", "d")]
    assert draw_flow(steps).splitlines() == [
        "●      1. a (python)",
        "│ ●    2. b (python)",
        "│ │ ●  3. c (python)",
        "●─┼─╯  4. d (python)  <- 1 X, 3 X",
        "●─╯    5. e (python)  <- 2 X, 4 X",
    ]


keys = st.integers(0, 7).map(str)


@given(st.lists(st.tuples(keys, st.lists(keys, max_size=3)), max_size=8))
def test_any_plan_can_be_drawn_with_a_line_a_step(made: list[tuple[str, list[str]]]) -> None:
    steps = [step(key, *sources) for key, sources in made]
    lines = draw_flow(steps).splitlines()
    assert len(lines) == len(steps)
    assert all(line.count("●") == 1 for line in lines)
