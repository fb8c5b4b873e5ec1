"""What follows from the history: the outputs of the supplies and other lags, exact at any time.

A supply answers a step of its set value with a first-order lag. Between two changes the target is constant,
so the output has a closed form; only its value at each change has to be kept.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

import numpy as np

from osprey_sim.noise import Floats, Ints

SETTLED_LAGS: Final = 30.0
"""After so many time constants an output *is* its target, so that the solved optics can be used again."""


class Track:
    """One value that follows a target with a lag, since for ever."""

    def __init__(self, initial: float, lag_s: float) -> None:
        self.lag_s = lag_s
        self._times: list[int] = []
        self._targets: list[float] = [initial]
        self._starts: list[float] = [initial]
        self._lags: list[float] = [lag_s]
        self._columns: tuple[Ints, Floats, Floats, Floats] | None = None

    @property
    def target(self) -> float:
        """Where it ends if nothing more happens."""
        return self._targets[-1]

    @property
    def is_constant(self) -> bool:
        """True if it has had the same value for ever."""
        return not self._times

    def aim(self, t_ns: int, target: float, *, lag_s: float | None = None) -> None:
        """Give it another target from `t_ns` on, by default with its usual lag."""
        start = self.at(t_ns)
        self._times.append(t_ns)
        self._targets.append(target)
        self._starts.append(start)
        self._lags.append(self.lag_s if lag_s is None else lag_s)
        self._columns = None

    def hold(self, t_ns: int) -> None:
        """Have it stay where it is at `t_ns`."""
        self.aim(t_ns, self.at(t_ns))

    def at(self, t_ns: int) -> float:
        """Give its value at one time."""
        number = bisect_right(self._times, t_ns)
        target, lag_s = self._targets[number], self._lags[number]
        if number == 0:
            return target
        lags = (t_ns - self._times[number - 1]) / 1e9 / lag_s if lag_s > 0 else math.inf
        left = math.exp(-lags) if lags < SETTLED_LAGS else 0.0
        return target + (self._starts[number] - target) * left

    def target_at(self, t_ns: int) -> float:
        """Give its target at one time."""
        return self._targets[bisect_right(self._times, t_ns)]

    def targets(self, times_ns: Ints) -> Floats:
        """Give its target at many times."""
        times, targets, _, _ = self._as_columns()
        return targets[np.searchsorted(times[1:], times_ns, side="right")]

    def changed_before(self, t_ns: int) -> int | None:
        """Give the time of the last change up to `t_ns`."""
        count = bisect_right(self._times, t_ns)
        return self._times[count - 1] if count else None

    def values(self, times_ns: Ints) -> Floats:
        """Give its value at many times."""
        times, targets, starts, all_lags = self._as_columns()
        numbers = np.searchsorted(times[1:], times_ns, side="right")
        target, lag_s = targets[numbers], all_lags[numbers]
        with np.errstate(divide="ignore", invalid="ignore"):
            lags = np.where(lag_s > 0, (times_ns - times[numbers]) / 1e9 / lag_s, np.inf)
        left = np.where(lags < SETTLED_LAGS, np.exp(-np.clip(lags, 0.0, SETTLED_LAGS)), 0.0)
        # Before the first change nothing moves, however long ago "for ever" began.
        return np.where(numbers == 0, target, target + (starts[numbers] - target) * left)

    def _as_columns(self) -> tuple[Ints, Floats, Floats, Floats]:
        if self._columns is None:
            times = np.array([0, *self._times], dtype=np.int64)
            self._columns = (
                times,
                np.asarray(self._targets),
                np.asarray(self._starts),
                np.asarray(self._lags),
            )
        return self._columns


def stack_values(tracks: Sequence[Track], times_ns: Ints) -> Floats:
    """Give the values of many tracks, one row a time and one column a track."""
    table = np.tile([track.target_at(0) for track in tracks], (len(times_ns), 1))
    for column, track in enumerate(tracks):
        if not track.is_constant:
            table[:, column] = track.values(times_ns)
    return table
