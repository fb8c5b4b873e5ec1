"""Counter-based noise: the same number for the same (seed, stream, counter) in every process.

A hash instead of a generator with a state, so that any moment of the past can be asked for by itself, in
any order. The mixing function is SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MASK = np.uint64(0xFFFF)


def _mix(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def gauss(seed: int, streams: Sequence[int] | Ints, counters: Sequence[int] | Ints) -> Floats:
    """Give standard normal numbers, one row a counter and one column a stream.

    The sum of four uniform numbers: its variance is one, and it never leaves +-3.5, so noise alone never
    raises an alarm that has been set at a sane distance.
    """
    stream = np.asarray(streams, dtype=np.int64).astype(np.uint64)
    counter = np.asarray(counters, dtype=np.int64).astype(np.uint64)
    start = np.array([seed & 0xFFFFFFFFFFFFFFFF], dtype=np.uint64)
    keys = _mix(_mix(start + _GOLDEN) + (stream + np.uint64(1)) * _GOLDEN)
    words = _mix(keys[np.newaxis, :] + (counter + np.uint64(1))[:, np.newaxis] * _GOLDEN)
    total = np.zeros(words.shape)
    for shift in (0, 16, 32, 48):
        total += (words >> np.uint64(shift)) & _MASK
    return (total / 65536.0 - 2.0) * np.sqrt(3.0)


def smooth(seed: int, streams: Sequence[int] | Ints, times_s: Floats, period_s: float) -> Floats:
    """Give slowly wandering numbers of about unit size, that turn over in `period_s`."""
    position = times_s / period_s
    knots = np.floor(position)
    fraction = (position - knots)[:, np.newaxis]
    weight = fraction * fraction * (3.0 - 2.0 * fraction)
    cells = knots.astype(np.int64)
    return gauss(seed, streams, cells) * (1.0 - weight) + gauss(seed, streams, cells + 1) * weight
