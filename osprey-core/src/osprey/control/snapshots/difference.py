"""What is different between two sets of readings, the largest change first."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from attrs import field, frozen

from osprey.control.comparison import change_between, elements_of, is_same
from osprey.control.limits.limits import Limits
from osprey.control.values import DType, ErrorKind, Fault, Reading, ReadResult

_ROUNDING_SHARE: Final = 1e-6
"""Without a tolerance in the limits, values differ if they do after a rounding to 32 bits."""


@frozen(kw_only=True)
class Tolerances:
    """How far apart two values of a channel may be and still be the same."""

    limits: Limits = field(factory=Limits)
    absolute: float | None = None
    """For every channel, instead of what the limits say."""

    def of(self, reading: Reading) -> float:
        """Give the tolerance of a channel, absolute and in its unit."""
        if reading.dtype not in (DType.FLOAT, DType.INT):
            return 0.0
        if self.absolute is not None:
            return self.absolute
        size = max((abs(e) for e in elements_of(reading.value) if not isinstance(e, str)), default=0.0)
        rule = self.limits.rule_for(reading.channel)
        stated = [] if rule is None or rule.tolerance_absolute is None else [rule.tolerance_absolute]
        if rule is not None and rule.tolerance_percent is not None:
            stated.append(size * rule.tolerance_percent / 100.0)
        return max(stated, default=size * _ROUNDING_SHARE if math.isfinite(size) else 0.0)


@frozen(kw_only=True)
class Change:
    """A channel that reads another value."""

    before: Reading
    after: Reading
    tolerance: float
    size: float | None
    """The largest change of an element, in the channel's unit; None where there is no distance, as between texts."""

    @property
    def rank(self) -> float:
        """How much it is, for sorting: the change in parts of the larger value; what has no distance comes first."""
        if self.size is None or math.isnan(self.size):
            return math.inf
        values = (*elements_of(self.before.value), *elements_of(self.after.value))
        largest = max((abs(e) for e in values if not isinstance(e, str)), default=0.0)
        return self.size / largest if largest and math.isfinite(largest) else math.inf

    @property
    def is_of_another_unit(self) -> bool:
        """True if the numbers cannot be compared: the unit has changed."""
        return self.before.unit != self.after.unit


@frozen(kw_only=True)
class Difference:
    """Everything that two sets of readings of the same channels say."""

    changes: tuple[Change, ...]
    same: tuple[str, ...]
    unreadable: tuple[Fault, ...]
    """What one of the two has no value for, with the reason."""


def compare(before: Mapping[str, ReadResult], after: Mapping[str, ReadResult], tolerances: Tolerances) -> Difference:
    """Compare the channels of `before`, in its order."""
    changes: list[Change] = []
    same: list[str] = []
    unreadable: list[Fault] = []
    for channel, old in before.items():
        new = after.get(channel)
        if isinstance(old, Fault):
            unreadable.append(old)
        elif isinstance(new, Reading):
            change = _change(old, new, tolerances.of(old))
            if change is None:
                same.append(channel)
            else:
                changes.append(change)
        else:
            absent = Fault(channel=channel, kind=ErrorKind.NOT_FOUND, message="it is not among the others")
            unreadable.append(new or absent)
    return Difference(
        changes=tuple(sorted(changes, key=lambda change: change.rank, reverse=True)),
        same=tuple(same),
        unreadable=tuple(unreadable),
    )


def _change(old: Reading, new: Reading, tolerance: float) -> Change | None:
    is_kept = old.unit == new.unit and old.dtype == new.dtype and _is_same_value(old, new, tolerance)
    if is_kept:
        return None
    return Change(before=old, after=new, tolerance=tolerance, size=change_between(old.value, new.value))


def _is_same_value(old: Reading, new: Reading, tolerance: float) -> bool:
    if old.value == new.value or is_same(old.value, new.value, tolerance):
        return True
    # Two that are no number are the same, though they do not equal each other.
    pairs = list(zip(elements_of(old.value), elements_of(new.value), strict=False))
    return len(elements_of(old.value)) == len(elements_of(new.value)) and all(
        is_same(a, b, tolerance) or (a != a and b != b) for a, b in pairs
    )
