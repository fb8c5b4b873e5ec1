"""The noise: a pure function, of the right size, and without steps where it is meant to be smooth."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from osprey_sim.noise import gauss, smooth

SEEDS = st.integers(0, 2**63 - 1)


@given(seed=SEEDS, stream=st.integers(0, 2**40), counter=st.integers(0, 2**62))
def test_a_number_does_not_depend_on_what_else_is_asked(seed: int, stream: int, counter: int) -> None:
    alone = gauss(seed, [stream], [counter])[0, 0]
    among = gauss(seed, [7, stream, 9], [1, 2, counter])[2, 1]
    assert alone == among


def test_the_numbers_are_the_same_on_every_machine() -> None:
    found = gauss(1, [0, 5], [0, 17_900_000_000]).round(12).tolist()
    assert found == [[-0.589948091531, 1.799365465267], [0.540843013399, -0.078150546844]]


def test_the_numbers_are_standard_normal_and_bounded() -> None:
    numbers = gauss(3, range(100), range(1000))
    assert abs(numbers.mean()) < 0.01
    assert abs(numbers.std() - 1) < 0.01
    assert np.abs(numbers).max() < 3.5


def test_neighbouring_streams_and_seeds_have_nothing_in_common() -> None:
    first, second = gauss(1, [0, 1], range(5000)).T
    other = gauss(2, [0], range(5000))[:, 0]
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.05
    assert abs(np.corrcoef(first, other)[0, 1]) < 0.05


def test_smooth_noise_has_no_steps() -> None:
    times_s = np.arange(0, 600, 0.1)
    wander = smooth(1, [4], times_s, 60.0)[:, 0]
    assert np.abs(np.diff(wander)).max() < 0.02
    assert wander.std() > 0.3
