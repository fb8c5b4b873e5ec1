"""Static limits: the limits file and the control system's own, intersected, for every element."""

from __future__ import annotations

from attrs import evolve

from osprey.control.comparison import elements_of
from osprey.control.guard.checks.case import Case, Scene, refuse
from osprey.control.values import Bounds, DType, Scalar


def check_bounds(case: Case, scene: Scene) -> Case:
    """Settle the bounds in force and refuse an element outside, or not among the allowed values."""
    del scene
    ours = case.rule.bounds if case.rule else Bounds()
    native = case.info.drive if case.info.dtype in (DType.FLOAT, DType.INT) else Bounds()
    for element in elements_of(case.typed_value):
        _check_within(element, ours, "limits", case)
        _check_within(element, native, "native", case)
        _check_allowed(element, case)
    return evolve(case, bounds=_intersect(ours, native))


def _check_within(element: Scalar, bounds: Bounds, source: str, case: Case) -> None:
    if bounds.low is None and bounds.high is None:
        return
    if isinstance(element, str):
        refuse(f"{source}.text", f"{case.channel} is a text, so its bounds cannot be judged")
        return
    whose = "its limits" if source == "limits" else "the control system's own limits"
    # Written so that a bound that is NaN refuses: every comparison with NaN is false.
    if bounds.low is not None and not element >= bounds.low:
        refuse(f"{source}.min", f"{case.channel}: {element} is below the minimum {bounds.low} of {whose}")
    if bounds.high is not None and not element <= bounds.high:
        refuse(f"{source}.max", f"{case.channel}: {element} is above the maximum {bounds.high} of {whose}")


def _check_allowed(element: Scalar, case: Case) -> None:
    if case.rule is None or case.rule.allowed is None:
        return
    names: set[Scalar] = {element}
    if case.info.dtype is DType.ENUM and isinstance(element, int) and element < len(case.info.labels):
        names.add(case.info.labels[element])
    if not names.intersection(case.rule.allowed):
        allowed = ", ".join(map(str, case.rule.allowed)) or "none in common to its entries"
        refuse("limits.allowed", f"{case.channel}: {element} is not an allowed value ({allowed})")


def _intersect(one: Bounds, other: Bounds) -> Bounds:
    lows = [bound for bound in (one.low, other.low) if bound is not None]
    highs = [bound for bound in (one.high, other.high) if bound is not None]
    return Bounds(max(lows, default=None), min(highs, default=None))
