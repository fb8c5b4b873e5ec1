"""Outputs that lag behind their set values, and the stored current: exact functions of the history."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osprey_sim.beam import LIFETIME_H, REFILL_MA_PER_S, TOP_UP_PERIOD_S, BeamTrack, Mode, top_up_curve
from osprey_sim.tracks import Track

S = 1_000_000_000
T0 = 1_790_000_000 * S
STEPS = st.lists(st.tuples(st.integers(1, 5 * S), st.floats(-5, 5)), min_size=1, max_size=8)


def test_an_output_follows_its_set_value_with_its_time_constant() -> None:
    track = Track(1.0, 0.5)
    track.aim(T0, 2.0)
    assert track.at(T0 - 1) == 1.0
    assert track.at(T0) == 1.0
    assert track.at(T0 + S // 2) == pytest.approx(2.0 - math.exp(-1))
    assert track.at(T0 + 60 * S) == 2.0


def test_an_output_without_lag_is_there_at_once() -> None:
    track = Track(0.0, 0.0)
    track.aim(T0, 1.0)
    assert track.at(T0) == 1.0


def test_an_output_that_is_held_stays_where_it_is() -> None:
    track = Track(0.0, 1.0)
    track.aim(T0, 1.0)
    track.hold(T0 + S)
    assert track.at(T0 + 100 * S) == pytest.approx(1 - math.exp(-1))


@given(steps=STEPS, asked=st.lists(st.integers(-S, 30 * S), min_size=1, max_size=20))
def test_many_times_at_once_give_what_each_alone_gives(steps: list[tuple[int, float]], asked: list[int]) -> None:
    track, t_ns = Track(0.3, 0.7), T0
    for wait_ns, target in steps:
        t_ns += wait_ns
        track.aim(t_ns, target)
    times = np.array([T0 + offset for offset in asked], dtype=np.int64)
    assert track.values(times) == pytest.approx([track.at(int(t)) for t in times], abs=1e-12)


@given(steps=STEPS)
def test_an_output_is_continuous_and_never_overshoots(steps: list[tuple[int, float]]) -> None:
    track, t_ns = Track(0.3, 0.7), T0
    for wait_ns, target in steps:
        t_ns += wait_ns
        before = track.at(t_ns)
        track.aim(t_ns, target)
        assert track.at(t_ns) == pytest.approx(before, abs=1e-12)
    targets = [0.3, *(target for _, target in steps)]
    values = track.values(np.arange(T0, t_ns + 5 * S, S // 10))
    assert values.min() >= min(targets) - 1e-12
    assert values.max() <= max(targets) + 1e-12


def test_top_up_keeps_the_current_between_a_decay_and_the_full_current() -> None:
    current = top_up_curve(1, T0 + S * np.arange(4 * 3600))
    lost = 500 * (1 - math.exp(-TOP_UP_PERIOD_S / (LIFETIME_H * 3600)))
    assert 500 - lost - 1 < current.min() < 500 - lost + 1
    assert 499 < current.max() < 501
    assert np.sum(np.diff(current) > 1) == pytest.approx(4 * 3600 / TOP_UP_PERIOD_S, abs=1)


def test_without_top_up_the_current_decays_with_its_lifetime() -> None:
    beam = BeamTrack(1)
    beam.switch(T0, Mode.DECAY)
    start, later = beam.values(np.array([T0, T0 + 3600 * S]))
    assert later == pytest.approx(start * math.exp(-1 / LIFETIME_H))


def test_a_lost_beam_comes_back_at_the_rate_of_the_injection() -> None:
    beam = BeamTrack(1)
    beam.switch(T0, Mode.LOST)
    beam.switch(T0 + 100 * S, Mode.TOP_UP)
    times = T0 + S * np.array([-1, 50, 110, 500])
    before, without, filling, full = beam.values(times)
    assert before == pytest.approx(top_up_curve(1, times[:1])[0])
    assert without == pytest.approx(0.0, abs=1e-9)
    assert filling == pytest.approx(10 * REFILL_MA_PER_S)
    assert full == pytest.approx(top_up_curve(1, times[3:])[0])


def test_telling_the_mode_twice_changes_nothing() -> None:
    once, twice = BeamTrack(1), BeamTrack(1)
    once.switch(T0, Mode.DECAY)
    twice.switch(T0, Mode.DECAY)
    twice.switch(T0 + 60 * S, Mode.DECAY)
    times = T0 + S * np.arange(0, 1000, 50)
    assert np.array_equal(once.values(times), twice.values(times))
