"""How two values of a channel are compared: by number within a tolerance, otherwise by equality.

Connectors may hand over NumPy values; `to_plain` is where they become Python's own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final, cast

from osprey.control.values import Scalar, Value

# A sum of decimal steps (0.3 + 0.1) misses its mark by an ulp or two; a person's "0.1" must still be 0.1.
_ROUNDING_ULPS: Final = 8

_PLAIN: Final = frozenset({float, int, str, bool})
"""Python's own types, told by identity: nearly every value of a large batch is one."""


def to_plain(value: Any) -> Value:
    """Give a value as Python's own numbers and texts: a NumPy scalar or array by its `tolist`."""
    if type(value) in _PLAIN or isinstance(value, (bool, str)):
        return value
    if hasattr(value, "tolist"):
        return to_plain(value.tolist())
    if isinstance(value, (int, float)):
        return float(value) if isinstance(value, float) else int(value)
    if isinstance(value, Sequence):
        return [cast("Scalar", to_plain(element)) for element in cast("Sequence[Any]", value)]
    msg = f"{value!r} ({type(value).__name__}) is neither a number, a truth value, a text nor a list of them"
    raise TypeError(msg)


def elements_of(value: Value) -> Sequence[Scalar]:
    """Give the elements of a waveform, or the one element of a scalar."""
    return [value] if isinstance(value, (bool, int, float, str)) else value


def shape_of(value: Value) -> tuple[int, ...]:
    """Give ``()`` for a scalar and ``(n,)`` for a waveform."""
    return () if isinstance(value, (bool, int, float, str)) else (len(value),)


def is_finite(value: Value) -> bool:
    """Tell whether no element is NaN or infinite (texts and truth values never are)."""
    return all(not isinstance(element, float) or math.isfinite(element) for element in elements_of(value))


def change_between(old: Value, new: Value) -> float | None:
    """Give the largest change of an element; None where texts or different shapes have no distance.

    A NaN on either side gives NaN, which every comparison that allows something must treat as too far.
    """
    if type(old) is float and type(new) is float:
        return abs(new - old)
    if shape_of(old) != shape_of(new):
        return None
    largest = 0.0
    for before, after in zip(elements_of(old), elements_of(new), strict=True):
        if isinstance(before, str) or isinstance(after, str):
            return None
        step = abs(_difference(before, after))
        if math.isnan(step):
            return math.nan
        largest = max(largest, step)
    return largest


def _difference(before: float, after: float) -> float:
    try:
        return float(after - before)
    except OverflowError:
        return math.inf


def rounding_of(old: Value, new: Value) -> float:
    """Give how much of a change may be rounding of the two numbers themselves."""
    if type(old) is float and type(new) is float and math.isfinite(old) and math.isfinite(new):
        return _ROUNDING_ULPS * math.ulp(max(abs(old), abs(new)))
    numbers = [_size_of(e) for v in (old, new) for e in elements_of(v) if not isinstance(e, str)]
    finite = [number for number in numbers if math.isfinite(number)]
    return _ROUNDING_ULPS * math.ulp(max(finite, default=0.0))


def _size_of(number: float) -> float:
    try:
        return abs(float(number))
    except OverflowError:
        return math.inf


def is_same(old: Value, new: Value, tolerance: float, share: float | None = None) -> bool:
    """Tell whether two values agree within an absolute tolerance; texts and shapes must be equal.

    :param share: of arrays: an element may also differ by no more than this part of its own size in `old`, so that
        a large element does not lend its tolerance to a small one.
    """
    if type(old) is float and type(new) is float:
        return _is_same_element(old, new, tolerance)
    if shape_of(old) != shape_of(new):
        return False
    if share is None or shape_of(old) == ():
        share = math.inf
    return all(
        _is_same_element(before, after, min(tolerance, _part_of(before, share)))
        for before, after in zip(elements_of(old), elements_of(new), strict=True)
    )


def _part_of(element: Scalar, share: float) -> float:
    if isinstance(element, str) or math.isinf(share):
        return math.inf
    return _size_of(element) * share


def even_share(value: Value, tolerance: float) -> float | None:
    """Give the share of each element's own size that a tolerance is of the largest one; None for a scalar."""
    largest = max((_size_of(e) for e in elements_of(value) if not isinstance(e, str)), default=0.0)
    return tolerance / largest if shape_of(value) and 0 < largest < math.inf else None


def _is_same_element(before: Scalar, after: Scalar, tolerance: float) -> bool:
    if isinstance(before, str) or isinstance(after, str):
        return before == after
    if before == after:
        return True
    slack = rounding_of(before, after) if tolerance > 0 else 0.0
    return abs(_difference(before, after)) <= tolerance + slack
