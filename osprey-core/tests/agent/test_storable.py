"""What is let into a turn's state comes back from its checkpoints as it was."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osprey.agent.plan_validity.storable import why_not_storable
from osprey.agent.state import TurnStatus
from osprey.base import ExecutionPlan, PlannedStep
from osprey.storage.checkpoint_values import PlainSerializer

TEXTS = st.text(st.characters(codec=None), max_size=4)
NUMBERS = st.integers(-(2**66), 2**66) | st.sampled_from([2**63, 2**63 - 1, -(2**63), -(2**63) - 1])
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


@given(VALUES)
def test_what_can_be_kept_comes_back(value: Any) -> None:
    if why_not_storable(value):
        return
    serializer = PlainSerializer()
    assert serializer.loads_typed(serializer.dumps_typed({"value": value})) == {"value": value}


@pytest.mark.parametrize("depth", [5, 31, 33, 400, 100_000])
def test_what_is_nested_too_deeply_is_told_however_deep_it_is(depth: int) -> None:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    assert bool(why_not_storable(value)) == (depth > 32)


@pytest.mark.parametrize("value", [{"\ud800": 1}, {"a": [{"b": "\udfff"}]}, [2**63], {"a": -(2**63) - 1}])
def test_what_no_store_holds_is_told_wherever_it_stands(value: Any) -> None:
    assert why_not_storable(value)


@given(st.recursive(st.integers() | st.booleans(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_numbers_of_any_size_come_back_from_a_checkpoint(value: Any) -> None:
    serializer = PlainSerializer()
    assert serializer.loads_typed(serializer.dumps_typed({"value": value})) == {"value": value}


def test_what_is_no_plain_data_and_holds_such_a_number_is_refused() -> None:
    with pytest.raises(TypeError):
        PlainSerializer().dumps_typed({"value": 2**80, "other": object()})


BIG = """
from osprey.api import BaseCapability, Capability, StepResult, hookimpl


class Big(BaseCapability):
    name = "big"
    description = "Come to a large number"

    async def execute(self):
        return StepResult(text="It is large.", context={"found": 2**100})


@hookimpl
def osprey_capabilities():
    yield Capability(name="big", summary="Big", implementation=f"{__name__}:Big")
"""


@pytest.mark.anyio
async def test_a_step_may_come_to_a_number_of_any_size(small_bench) -> None:
    steps = (PlannedStep(context_key="a", capability="big", task_objective="x"),)
    async with small_bench(plugin=BIG) as (_, agent):
        result = await agent.carry_out(ExecutionPlan(steps=steps), question="x", thread="t")
        assert result.status is TurnStatus.DONE
        assert result.contexts == {"a": {"found": 2**100}}
        assert (await agent.resume("t")).contexts == result.contexts
