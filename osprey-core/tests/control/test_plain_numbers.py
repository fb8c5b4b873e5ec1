"""The short way through the check of a value: it says what the long one says, of everything."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osprey.control.guard.checks import Case, value_type
from osprey.control.requests import WriteItem
from osprey.control.values import ChannelInfo, DType
from osprey.errors import RefusedError

UNITS = st.sampled_from([None, "", "A", "amps", "mA", " A", "a"])
VALUES = st.one_of(
    st.floats(),
    st.integers(),
    st.booleans(),
    st.text(max_size=3),
    st.lists(st.floats(), max_size=3),
    st.none(),
)
SPECIAL = st.sampled_from(
    [0.0, -0.0, 5e-324, math.nan, math.inf, -math.inf, 1, True, 2**53 + 1, 10**400, np.float64(0.5)]
)
PLAIN = st.builds(ChannelInfo, channel=st.just("X"), name=st.just("X"), unit=st.sampled_from(["", "A"]))
INFOS = st.builds(
    ChannelInfo,
    channel=st.just("X"),
    name=st.just("X"),
    dtype=st.sampled_from(DType),
    shape=st.sampled_from([(), (0,), (1,), (3,), (2, 2)]),
    unit=st.sampled_from(["", "A", "mA"]),
    labels=st.sampled_from([(), ("off", "on")]),
)


def settled(item: WriteItem, info: ChannelInfo) -> Any:
    """Give all that the check says, in a form that tells 0.0 from -0.0 and a number from a truth value."""
    case = Case(item=item, group=0, index=0, described=info, channel="X")
    scene: Any = None
    try:
        value_type.settle_value(case, scene)
    except RefusedError as exc:
        return exc.rule, str(exc)
    return repr(case)


@settings(max_examples=500)
@given(value=VALUES | SPECIAL, unit=UNITS, info=PLAIN | INFOS)
def test_it_makes_no_difference_to_the_verdict(value: Any, unit: str | None, info: ChannelInfo) -> None:
    item = WriteItem(channel="X", value=value, unit=unit)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(value_type, "_is_plainly_good", lambda *_: False)
        long_way = settled(item, info)
    assert settled(item, info) == long_way


@given(value=st.floats(allow_nan=False, allow_infinity=False))
def test_it_is_taken_by_what_most_of_a_batch_is(value: float) -> None:
    item, info = WriteItem(channel="X", value=value, unit="A"), ChannelInfo(channel="X", name="X", unit="A")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(value_type, "elements_of", None)
        assert settled(item, info) == settled(item, info)
