"""What is let into a turn's state comes back from its checkpoints as it was."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from osprey.agent.plan_validity.storable import why_not_storable

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
    serializer = JsonPlusSerializer(allowed_msgpack_modules=None)
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
