"""Sets of numbers as bits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osprey.control.channels.bitset import bits_below, bits_of, counted, first_members, members, packed, unpacked

NUMBERS = st.sets(st.integers(0, 3000), max_size=80)
FEW = st.sets(st.integers(0, 40), max_size=30)


@given(NUMBERS)
def test_a_set_is_what_was_put_into_it_on_disk_too(numbers: set[int]) -> None:
    ordered = sorted(numbers)
    assert list(members(bits_of(ordered))) == ordered
    assert list(members(unpacked(packed(ordered)))) == ordered
    assert first_members(bits_of(ordered), 3) == ordered[:3]


@pytest.mark.parametrize("step", [1, 7, 31, 33, 1000])
def test_the_shorter_form_is_written(step: int) -> None:
    numbers = list(range(0, 100_000, step))
    assert len(packed(numbers)) <= min(len(numbers) * 4, 100_000 // 8 + 1) + 1
    assert unpacked(packed(numbers)) == bits_of(numbers)


@given(st.lists(FEW, max_size=9))
def test_every_number_is_counted_once_for_each_set_it_is_in(sets: list[set[int]]) -> None:
    counts = counted(bits_of(sorted(each)) for each in sets)
    for number in range(41):
        times = sum(number in each for each in sets)
        found = [count for count, bits in enumerate(counts) if bits >> number & 1]
        assert found == ([times] if times else [])


def test_everything_below_a_size_is_in_it() -> None:
    assert list(members(bits_below(9))) == list(range(9))
    assert bits_below(0) == 0


def test_bytes_of_another_kind_are_no_set() -> None:
    with pytest.raises(ValueError, match="not a set"):
        unpacked(b"\x07abc")
