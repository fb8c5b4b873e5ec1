"""What is wrong with a plan is found before any of it is filed or run, all of it at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osprey.agent.plan_approval.validation import read_plan, require_valid
from osprey.agent.plan_validity.channels import channels_of
from osprey.agent.plan_validity.checks import MOST_STEPS, Surroundings, plan_problems
from osprey.base import ExecutionPlan, PlannedStep
from osprey.config.schema import PluginsConfig
from osprey.control import ChannelRecord
from osprey.control.channels.directory import ChannelDirectory
from osprey.errors import UsageError
from osprey.plugins import LoadOptions, load_registry

REGISTRY = load_registry(PluginsConfig(), LoadOptions(allow=()))
DIRECTORY = ChannelDirectory([ChannelRecord(name="SR:HCM01:SP", role="setpoint"), ChannelRecord(name="SR:DCCT")])
TOY = """
from osprey.api import Capability, hookimpl

@hookimpl
def osprey_capabilities():
    yield Capability(name="fit", summary="s", implementation="toy:Fit", consumes=("CHANNEL_VALUES",), provides=("FIT",))
    yield Capability(name="odd", summary="s", implementation="toy:Odd", parameters="osprey.control.wording:format_time")
"""


def step(key: str = "reading", capability: str = "channel_read", **changed: Any) -> PlannedStep:
    return PlannedStep(
        **{
            "context_key": key,
            "capability": capability,
            "task_objective": "Do it",
            "parameters": {"channels": ["SR:DCCT"]},
            **changed,
        }
    )


def plan(*steps: PlannedStep, **changed: Any) -> ExecutionPlan:
    return ExecutionPlan(steps=steps, **changed)


GOOD = plan(
    step("found", "channel_find", parameters={"query": "current"}, expected_output="CHANNEL_ADDRESSES"),
    step("values", parameters={}, inputs=({"CHANNEL_ADDRESSES": "found"},), expected_output="CHANNEL_VALUES"),
    step("past", "archive_read", parameters={"channels": ["SR:DCCT"], "start_ns": 1, "end_ns": 2}),
    step("change", "channel_write", parameters={"groups": [[{"channel": "SR:HCM01:SP", "value": 0.5, "unit": "A"}]]}),
    step("plot", "python", parameters={}, inputs=({"CHANNEL_VALUES": "values"}, {"ARCHIVER_DATA": "past"})),
    step("note", "memory", parameters={"op": "save", "text": "a note"}),
)


def judged(candidate: ExecutionPlan, **around: Any) -> tuple[str, ...]:
    return plan_problems(candidate, REGISTRY, Surroundings(directory=DIRECTORY, **around))


def test_a_good_plan_has_no_problem() -> None:
    assert judged(GOOD) == ()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (plan(), "the plan has no step"),
        (plan(*(step(f"s{n}") for n in range(MOST_STEPS + 1))), "51 steps: at most 50"),
        (plan(step(capability="chanel_read")), "there is no capability 'chanel_read'; did you mean 'channel_read'"),
        (plan(step(), step()), "step 2 (reading): its context_key is empty, or another step has it"),
        (plan(step("")), "its context_key is empty"),
        (plan(step("a b")), "'a b' is no key"),
        (plan(step("x" * 65)), "is no key"),
        (plan(step(task_objective=" ")), "task_objective is empty"),
        (plan(step(task_objective="x" * 2001)), "task_objective has 2001 characters"),
        (plan(step(inputs=({"X": "reading"},))), "it needs its own result"),
        (
            plan(step("a", inputs=({"CHANNEL_VALUES": "b"},)), step("b")),
            "no earlier step leaves behind: move that step up",
        ),
        (plan(step(inputs=({"CHANNEL_VALUES": "gone"},))), "needs the result of 'gone', which no earlier step"),
        (
            plan(step("a"), step("b", inputs=({"PYTHON_RESULTS": "a"},))),
            "PYTHON_RESULTS of 'a', which leaves CHANNEL_VALUES",
        ),
        (plan(step(expected_output="PYTHON_RESULTS")), "channel_read leaves CHANNEL_VALUES"),
        (plan(step(parameters={"channels": "SR:DCCT"})), "parameters.channels: expected a list"),
        (plan(step(parameters={"chanels": []})), "unknown key 'chanels'; did you mean 'channels'"),
        (plan(step(parameters={"channels": [1]})), "parameters.channels.0: expected text"),
        (plan(step(parameters={"channels": {1: 2}})), "parameters"),
        (plan(step(parameters={"channels": [float("nan")]})), "its parameters are no JSON"),
        (plan(step(parameters={"channels": ["SR:DCCTT"]})), "no channel 'SR:DCCTT'; the closest are SR:DCCT"),
        (plan(step(parameters={"channels": [""]})), "there is no channel ''"),
        (plan(step("c", "channel_find", parameters={})), "parameters.query: is required, and missing"),
        (
            plan(step("c", "channel_find", parameters={"query": "x", "limit": True})),
            "parameters.limit: expected a whole",
        ),
        (
            plan(step("p", "archive_read", parameters={"channels": ["SR:DCCT"], "start_ns": 2, "end_ns": 1})),
            "before it starts",
        ),
        (plan(step("w", "channel_write", parameters={})), "give either 'groups' with at least one write, or 'scan'"),
        (
            plan(step("w", "channel_write", parameters={"groups": [[{"channel": "SR:HCM01:SP"}]]})),
            "one of 'value', 'delta'",
        ),
        (
            plan(
                step(
                    "w",
                    "channel_write",
                    parameters={"scan": {"channel": "SR:HCM01:SP", "start": 0, "stop": 1, "steps": 1}},
                )
            ),
            "a scan has 2 to 1000 points",
        ),
        (plan(step("m", "memory", parameters={"op": "forget"})), "parameters.op"),
        (plan(step("m", "memory", parameters={"op": "save", "text": " "})), "nothing to save"),
        (plan(step(), assumptions=("x" * 2001,)), "an assumption has more than 2000"),
        (plan(step(), assumptions=("x",) * 101), "101 assumptions"),
        (plan(step("py", "python", parameters={"params": {"values": {"SR:GONE": 1}}, "template": "t"})), "'SR:GONE'"),
    ],
)
def test_what_is_wrong_is_named_with_its_step_and_a_remedy(wrong: ExecutionPlan, told: str) -> None:
    problems = judged(wrong)
    assert any(told in problem for problem in problems), problems


def test_everything_is_told_at_once() -> None:
    problems = judged(
        plan(step("a", "nothing"), step("a"), step("b", inputs=({"X": "c"},)), step("d", parameters={"x": 1}))
    )
    assert [problem[:6] for problem in problems] == ["step 1", "step 2", "step 3", "step 4"]


def test_what_surrounds_a_plan_counts() -> None:
    assert "may not be used here" in judged(plan(step()), allowed=("memory",))[0]
    takes = plan(step("b", inputs=({"CHANNEL_ADDRESSES": "before"},)))
    assert judged(takes, earlier={"before": "CHANNEL_ADDRESSES"}) == ()
    assert "which leaves X" in judged(takes, earlier={"before": "X"})[0]
    assert "of an earlier turn" in judged(plan(step("before")), earlier={"before": "X"})[0]
    [told] = [t for t in judged(plan(step(parameters={"target": "epics"})), targets=("ring",)) if "target" in t][:1]
    assert "its target 'epics' is not allowed here; allowed: ring" in told


def test_a_directory_that_lists_nothing_forbids_nothing() -> None:
    anything = plan(step(parameters={"channels": ["ANY:CHANNEL"]}))
    assert plan_problems(anything, REGISTRY, Surroundings(directory=ChannelDirectory([]))) == ()


def test_what_a_plugins_capability_needs_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "toy.py").write_text(TOY, encoding="utf-8")
    registry = load_registry(PluginsConfig(), LoadOptions(allow=(), local=(tmp_path / "toy.py",)))
    assert plan_problems(plan(step("a", "fit", parameters={"anything": 1})), registry) == (
        "step 1 (a): fit needs CHANNEL_VALUES, which none of its inputs is: name the step that leaves it",
    )
    assert plan_problems(plan(step(), step("a", "fit", inputs=({"CHANNEL_VALUES": "reading"},))), registry) == ()
    assert "which is no attrs class: decorate it with @frozen" in plan_problems(plan(step("a", "odd")), registry)[0]


def test_an_edited_plan_passes_the_same_judgement() -> None:
    with pytest.raises(UsageError, match=r"step 1 \(reading\): parameters.chanels"):
        require_valid(plan(step(parameters={"chanels": []})), REGISTRY)


def test_channels_are_found_wherever_they_stand() -> None:
    scan = step(parameters={"scan": {"channel": "A"}, "observe": {"channels": ["B"]}})
    template = step("p", "python", parameters={"params": {"profiles": [{"channels": {"C": 1.0}}], "steps": {"D": 0.1}}})
    assert channels_of(scan) == ["A", "B"]
    assert channels_of(template) == ["C", "D"]


def drop_step(candidate: ExecutionPlan, at: int) -> ExecutionPlan:
    return attrs.evolve(candidate, steps=candidate.steps[:at] + candidate.steps[at + 1 :])


def changed(candidate: ExecutionPlan, at: int, **fields: Any) -> ExecutionPlan:
    steps = list(candidate.steps)
    steps[at] = attrs.evolve(steps[at], **fields)
    return attrs.evolve(candidate, steps=tuple(steps))


places = st.integers(0, len(GOOD.steps) - 1)
MUTATIONS: list[Callable[[int], ExecutionPlan]] = [
    lambda at: changed(GOOD, at, capability=f"x{GOOD.steps[at].capability}"),
    lambda at: changed(GOOD, at, context_key=GOOD.steps[at - 1].context_key),
    lambda at: changed(GOOD, at, inputs=({"CHANNEL_VALUES": GOOD.steps[at].context_key},)),
    lambda at: changed(GOOD, at, inputs=({"NO_SUCH_TYPE": GOOD.steps[0].context_key},)),
    lambda at: changed(GOOD, at, expected_output="NO_SUCH_TYPE"),
    lambda at: changed(GOOD, at, parameters={**GOOD.steps[at].parameters, "surprise": 1}),
    lambda at: changed(GOOD, at, parameters={**GOOD.steps[at].parameters, "channel": "SR:GONE"}),
    lambda at: changed(GOOD, at, task_objective=""),
    lambda at: attrs.evolve(GOOD, steps=(*GOOD.steps, GOOD.steps[at])),
]


@given(places, st.sampled_from(MUTATIONS))
def test_a_good_plan_that_was_damaged_is_found(at: int, mutate: Callable[[int], ExecutionPlan]) -> None:
    assert judged(mutate(at))


@given(st.sampled_from([0, 1, 2]))
def test_a_step_that_others_need_cannot_be_left_out(at: int) -> None:
    assert any("no earlier step" in told for told in judged(drop_step(GOOD, at)))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
steps = st.fixed_dictionaries(
    {
        "context_key": st.text(max_size=4),
        "capability": st.sampled_from([*REGISTRY.names("capabilities"), "none"]),
        "task_objective": st.text(max_size=4),
    },
    optional={
        "expected_output": st.text(max_size=4),
        "parameters": st.dictionaries(
            st.sampled_from(["channels", "groups", "scan", "op", "text", "params", "template", "query", "target", "x"]),
            json_values,
        ),
        "inputs": st.lists(st.dictionaries(st.text(max_size=4), st.text(max_size=4), max_size=2), max_size=2),
    },
)


@given(json_values | st.fixed_dictionaries({"steps": st.lists(steps, max_size=4)}))
def test_no_json_crashes_it(value: Any) -> None:
    try:
        candidate = read_plan(value)
    except UsageError:
        return
    assert isinstance(judged(candidate), tuple)


@pytest.mark.parametrize(
    ("value", "told"), [(2**80, "64 bits"), (-(2**63) - 1, "64 bits"), ("\ud800", "no valid Unicode")]
)
def test_values_that_no_store_holds_are_named(value: Any, told: str) -> None:
    writes = [[{"channel": "SR:HCM01:SP", "value": value}]]
    [problem] = plan_problems(plan(step("change", "channel_write", parameters={"groups": writes})), REGISTRY)
    assert "its parameters cannot be kept" in problem
    assert told in problem
