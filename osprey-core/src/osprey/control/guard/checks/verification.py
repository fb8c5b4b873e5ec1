"""Where a write is read back, how close is close enough, and what confirms it."""

from __future__ import annotations

import math
from typing import Final

from osprey.control.comparison import elements_of, even_share
from osprey.control.guard.checks.case import Case, Scene, refuse
from osprey.control.limits.limit_entry import LimitRule, Verification
from osprey.control.values import Bounds, DType, Value

_OWN_SHARE: Final = 1e-6
"""A set value read back from its own channel differs by no more than the rounding to 32 bits."""
_DEVICE_SHARE: Final = 1e-3
"""A separate read-back is a measurement: the usual accuracy of a supply, of its value or its range."""


def settle_readback(case: Case, scene: Scene) -> Case:
    """Settle the read-back channel (limits, else the directory's record), the tolerance, and what confirms.

    A command is confirmed by its completion unless a channel of its own shows what it did.
    """
    rule = case.rule
    readback = rule.readback if rule is not None and rule.readback is not None else _listed_readback(case, scene)
    if readback is not None and scene.limits.is_same_name(readback, case.channel):
        readback = None
    case.readback = readback
    case.is_measured = case.is_measured or readback is not None
    case.verification = _verification(case, rule)
    case.tolerance = _tolerance(case)
    case.tolerance_share = _share(case)
    return case


def _verification(case: Case, rule: LimitRule | None) -> Verification:
    stated = rule.verification if rule is not None else Verification.READBACK
    if not case.info.is_command or case.readback is not None or stated is not Verification.READBACK:
        return stated
    if rule is not None and rule.is_verification_stated:
        refuse(
            "limits.no_readback",
            f"{case.channel} is a command, which cannot be read back; name its `readback` channel in the limits, "
            "or use verification: callback",
        )
    # What was put into a command is not there to be read: only the system's own word on it is left.
    return Verification.CALLBACK


def _listed_readback(case: Case, scene: Scene) -> str | None:
    record = scene.directory.get(case.channel)
    if record is None and scene.limits.naming.folds_case:
        named = scene.directory.named(case.channel)
        record = named[0] if len(named) == 1 and scene.limits.is_same_name(named[0].name, case.channel) else None
    return record.readback if record else None


def _tolerance(case: Case) -> float:
    if case.info.dtype not in (DType.FLOAT, DType.INT):
        return 0.0
    if (stated := _stated_tolerance(case.rule, case.typed_value)) is not None:
        return stated
    size = _size_of(case.typed_value)
    if not case.is_measured:
        return size * _OWN_SHARE if case.info.dtype is DType.FLOAT else 0.0
    return max(size, _span_of(case.bounds)) * _DEVICE_SHARE


def _share(case: Case) -> float | None:
    """Give the share of an element's own size, unless an absolute tolerance or the accuracy of a device decides."""
    is_absolute = case.rule is not None and case.rule.tolerance_absolute is not None
    is_percent = case.rule is not None and case.rule.tolerance_percent is not None
    if is_absolute or (case.is_measured and not is_percent):
        return None
    return even_share(case.typed_value, case.tolerance)


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
