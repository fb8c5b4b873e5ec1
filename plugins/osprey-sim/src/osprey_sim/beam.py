"""The stored current: it decays with a lifetime, is topped up, and is lost when nothing holds the beam."""

from __future__ import annotations

import math
from bisect import bisect_right
from enum import StrEnum
from typing import Final

import numpy as np

from osprey_sim.noise import Floats, Ints, gauss

FULL_CURRENT_MA: Final = 500.0
LIFETIME_H: Final = 10.0
TOP_UP_PERIOD_S: Final = 300.0
TOP_UP_SPREAD_MA: Final = 0.2
"""How well a top-up hits the full current, rms."""
REFILL_MA_PER_S: Final = 5.0
_LIFETIME_S: Final = LIFETIME_H * 3600
_LOSS_S: Final = 0.01
_STREAM: Final = 1_000_001


class Mode(StrEnum):
    """What happens to the current."""

    TOP_UP = "top_up"
    DECAY = "decay"
    LOST = "lost"


def top_up_curve(seed: int, times_ns: Ints) -> Floats:
    """Give the current of a ring that is topped up for ever: a saw-tooth, in mA."""
    seconds = times_ns / 1e9
    cycle = np.floor(seconds / TOP_UP_PERIOD_S)
    top = FULL_CURRENT_MA + TOP_UP_SPREAD_MA * gauss(seed, [_STREAM], cycle.astype(np.int64))[:, 0]
    return top * np.exp(-(seconds - cycle * TOP_UP_PERIOD_S) / _LIFETIME_S)


class BeamTrack:
    """The current in time: a sequence of modes, each from the level that the one before left."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._times: list[int] = []
        self._modes: list[Mode] = [Mode.TOP_UP]
        self._levels: list[float] = [math.inf]

    def switch(self, t_ns: int, mode: Mode) -> None:
        """Go on in `mode` from `t_ns`; nothing happens if that is the mode already."""
        if mode is self._modes[-1]:
            return
        level = float(self.values(np.array([t_ns], dtype=np.int64))[0])
        self._times.append(t_ns)
        self._modes.append(mode)
        self._levels.append(level)

    def mode_at(self, t_ns: int) -> Mode:
        """Give what happens to the current at one time."""
        return self._modes[bisect_right(self._times, t_ns)]

    def values(self, times_ns: Ints) -> Floats:
        """Give the current in mA at many times."""
        numbers = np.searchsorted(np.asarray(self._times, dtype=np.int64), times_ns, side="right")
        current = np.empty(len(times_ns))
        for number in np.unique(numbers).tolist():
            chosen = numbers == number
            current[chosen] = self._segment(number, times_ns[chosen])
        return current

    def _segment(self, number: int, times_ns: Ints) -> Floats:
        mode, level = self._modes[number], self._levels[number]
        if number == 0:
            return top_up_curve(self._seed, times_ns)
        since_s = (times_ns - self._times[number - 1]) / 1e9
        if mode is Mode.TOP_UP:
            return np.minimum(top_up_curve(self._seed, times_ns), level + REFILL_MA_PER_S * since_s)
        return level * np.exp(-since_s / (_LOSS_S if mode is Mode.LOST else _LIFETIME_S))
