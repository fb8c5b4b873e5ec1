"""Where a write is read back, and how close is close enough."""

from __future__ import annotations

import math
from typing import Final

from attrs import evolve

from osprey.control.comparison import elements_of
from osprey.control.guard.checks.case import Case, Scene
from osprey.control.limits.limit_entry import LimitRule
from osprey.control.values import Bounds, DType, Value

_OWN_SHARE: Final = 1e-6
"""A set value read back from its own channel differs by no more than the rounding to 32 bits."""
_DEVICE_SHARE: Final = 1e-3
"""A separate read-back is a measurement: the usual accuracy of a supply, of its value or its range."""


def settle_readback(case: Case, scene: Scene) -> Case:
    """Settle the read-back channel (limits, else the directory's record) and the absolute tolerance."""
    readback = case.rule.readback if case.rule else None
    if readback is None:
        record = scene.directory.get(case.channel)
        readback = record.readback if record else None
    readback = None if readback == case.channel else readback
    return evolve(case, readback=readback, tolerance=_tolerance(case, readback is not None))


def _tolerance(case: Case, is_measured: bool) -> float:
    if case.info.dtype not in (DType.FLOAT, DType.INT):
        return 0.0
    stated = _stated_tolerance(case.rule, case.typed_value)
    if stated is not None:
        return stated
    size = _size_of(case.typed_value)
    if not is_measured:
        return size * _OWN_SHARE if case.info.dtype is DType.FLOAT else 0.0
    return max(size, _span_of(case.bounds)) * _DEVICE_SHARE


def _stated_tolerance(rule: LimitRule | None, value: Value) -> float | None:
    """Give what the limits state, the larger of both forms; 0 is a tolerance, not the lack of one."""
    if rule is None:
        return None
    stated: list[float] = []
    if rule.tolerance_absolute is not None:
        stated.append(rule.tolerance_absolute)
    if rule.tolerance_percent is not None:
        stated.append(_size_of(value) * rule.tolerance_percent / 100.0)
    return max(stated, default=None)


def _size_of(value: Value) -> float:
    return max((abs(e) for e in elements_of(value) if not isinstance(e, str)), default=0.0)


def _span_of(bounds: Bounds) -> float:
    if bounds.low is None or bounds.high is None:
        return 0.0
    span = bounds.high - bounds.low
    return span if math.isfinite(span) else 0.0
