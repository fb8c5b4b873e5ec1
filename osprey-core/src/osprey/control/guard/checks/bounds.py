"""Static limits: the limits file and the control system's own, intersected, and the grid, for every element."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from osprey.control.comparison import elements_of
from osprey.control.guard.checks.case import Case, Scene, refuse
from osprey.control.limits.limit_entry import LimitRule
from osprey.control.values import Bounds, DType, Scalar

_NO_BOUNDS: Final = Bounds()


def check_bounds(case: Case, scene: Scene) -> Case:
    """Settle the bounds in force and refuse an element outside, off the grid, or not among the allowed values."""
    del scene
    rule, info = case.rule, case.info
    ours = rule.bounds if rule else _NO_BOUNDS
    native = info.drive if info.dtype in (DType.FLOAT, DType.INT) else _NO_BOUNDS
    for element in elements_of(case.typed_value):
        _check_within(element, ours, "limits", case)
        _check_within(element, native, "native", case)
        if rule is not None and (rule.allowed is not None or rule.grids):
            _check_allowed(element, rule, case)
            _check_grids(element, rule, case)
    case.bounds = _intersect(ours, native)
    return case


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


def _check_allowed(element: Scalar, rule: LimitRule, case: Case) -> None:
    if rule.allowed is None:
        return
    label = None
    if case.info.dtype is DType.ENUM and isinstance(element, int) and element < len(case.info.labels):
        label = case.info.labels[element]
    if not any(_is_choice(choice, element, label) for choice in rule.allowed):
        allowed = ", ".join(map(str, rule.allowed)) or "none in common to its entries"
        refuse("limits.allowed", f"{case.channel}: {element} is not an allowed value ({allowed})")


def _is_choice(choice: Scalar, element: Scalar, label: str | None) -> bool:
    """Tell whether a value is the one that the limits name: true is not the number 1."""
    if isinstance(choice, bool) is not isinstance(element, bool):
        return False
    return choice == element or (label is not None and choice == label)


def _check_grids(element: Scalar, rule: LimitRule, case: Case) -> None:
    for grid in rule.grids:
        if isinstance(element, str):
            refuse("limits.no_distance", f"{case.channel} has no distance between its values to limit")
        elif not grid.has(element):
            refuse("limits.step", f"{case.channel}: {element} is not on the grid of {grid}")


def _intersect(one: Bounds, other: Bounds) -> Bounds:
    if other is _NO_BOUNDS or (other.low is None and other.high is None):
        return one
    return Bounds(_stricter(one.low, other.low, max), _stricter(one.high, other.high, min))


def _stricter(one: float | None, other: float | None, choose: Callable[[float, float], float]) -> float | None:
    if one is None or other is None:
        return other if one is None else one
    return choose(one, other)
