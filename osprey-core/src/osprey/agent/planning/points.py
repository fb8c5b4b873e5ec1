"""How many points a scan has: as was said, or as a distance leads exactly from one end to the other."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Final

from osprey.agent.planning.amounts import ChannelAmount, in_unit_of
from osprey.agent.planning.outcome import not_understood
from osprey.control import ChannelRecord
from osprey.models.phrasebook import Scan, ScanAxis

MOST_POINTS: Final = 1000


def count_points(
    text: str,
    said: Scan | ScanAxis,
    record: ChannelRecord,
    ends: tuple[ChannelAmount, ChannelAmount],
    notes: list[str],
) -> int:
    """Give the number of points, both ends included.

    :raises NotPlanned: there are too few or too many, or the steps lead past the end.
    """
    if said.increment is not None:
        increment = in_unit_of(text, record, said.increment, notes)
        steps = _points_between(text, ends[0].value, ends[1].value, increment.value)
    else:
        steps = said.steps or 0
    if not 2 <= steps <= MOST_POINTS:
        message = f"A scan has 2 to {MOST_POINTS} points, not {steps}."
        raise not_understood(text, None, message)
    return steps


def _points_between(text: str, start: float, stop: float, increment: float) -> int:
    if not all(map(math.isfinite, (start, stop, increment))) or increment == 0:
        message = "A scan goes from a finite number to another in finite steps."
        raise not_understood(text, None, message)
    # The written decimals, not their binary neighbours: 0.1 fits ten times into 1.
    first, last, step = (Fraction(repr(number)) for number in (start, stop, increment))
    intervals = abs((last - first) / step)
    if intervals.denominator != 1:
        message = f"Steps of {increment:g} do not lead from {start:g} to {stop:g}; say the number of points."
        raise not_understood(text, None, message)
    return int(intervals) + 1
