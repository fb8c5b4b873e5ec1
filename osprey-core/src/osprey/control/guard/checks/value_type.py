"""The value in the channel's own type: exact, finite, of the right shape, or refused. Never converted."""

from __future__ import annotations

import math
from difflib import get_close_matches
from typing import Any, Final, cast

from osprey.control.comparison import elements_of, shape_of, to_plain
from osprey.control.guard.checks.case import Case, Scene, refuse
from osprey.control.guard.checks.units import is_same_unit
from osprey.control.requests import WriteItem
from osprey.control.values import ChannelInfo, DType, Scalar

_INT_RANGE: Final = range(-(2**63), 2**64)
"""What any control system's widest signed or unsigned integer holds."""

_LONGEST_UNKNOWN: Final = 1_000_000
"""The longest array for a channel that does not tell how much it takes."""


def settle_value(case: Case, scene: Scene) -> Case:
    """Settle the value element by element."""
    del scene
    info, item = case.info, case.item
    if _is_plainly_good(item, info):
        case.value, case.label = item.value, None
        return case
    value = _plain(item.value, case.channel)
    if not _fits(shape_of(value), info.shape):
        refuse(
            "value.shape",
            f"{case.channel} takes {_taken_words(info.shape)}, not {_shape_words(shape_of(value))}",
        )
    if item.unit is not None and not is_same_unit(item.unit, info.unit):
        own = f"is in {info.unit!r}" if info.unit else "states no unit"
        refuse("value.unit", f"{case.channel} {own}; {item.unit!r} was stated, and no unit is ever converted")
    elements = [_element(element, info, case.channel) for element in elements_of(value)]
    case.value = elements if info.shape else elements[0]
    case.label = None if info.shape else _label(elements[0], info)
    return case


def _is_plainly_good(item: WriteItem, info: ChannelInfo) -> bool:
    """Tell at once what most of a large batch is: a finite number for a number, in the channel's own unit."""
    value = item.value
    return (
        type(value) is float
        and info.dtype is DType.FLOAT
        and info.shape == ()
        and (item.unit is None or item.unit == info.unit)
        and math.isfinite(value)
    )


def _plain(value: Any, channel: str) -> Any:
    if type(value) is float:
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        return refuse("value.type", f"{channel}: {value!r} is bytes; write a text or a list of numbers")
    try:
        plain = to_plain(value)
    except (TypeError, RecursionError) as exc:
        return refuse("value.type", f"{channel}: {exc}")
    if any(isinstance(element, list) for element in cast("list[Any]", elements_of(plain))):
        return refuse("value.shape", f"{channel} cannot take a table of values")
    return plain


def _fits(shape: tuple[int, ...], longest: tuple[int, ...]) -> bool:
    """Tell whether a value has the channel's shape.

    An array may be shorter than the channel's greatest length, of which 0 says that nothing is known; an image is
    a flat list of all its points, row by row.
    """
    if len(longest) == 1 == len(shape):
        return 1 <= shape[0] <= (longest[0] or _LONGEST_UNKNOWN)
    return shape == (longest if len(longest) < 2 else (math.prod(longest),))


def _taken_words(shape: tuple[int, ...]) -> str:
    match shape:
        case ():
            return "one value"
        case (longest,):
            return f"an array of 1 to {longest or _LONGEST_UNKNOWN}"
        case _:
            return f"an image of {' x '.join(map(str, shape))}, as a flat list row by row"


def _shape_words(shape: tuple[int, ...]) -> str:
    return f"an array of {shape[0]}" if shape else "one value"


def _element(element: Scalar, info: ChannelInfo, channel: str) -> Scalar:
    match info.dtype:
        case DType.FLOAT:
            return _as_float(element, channel)
        case DType.INT:
            return _as_int(element, channel)
        case DType.ENUM:
            return _as_state(element, info, channel)
        case DType.BOOL:
            return _as_truth(element, channel)
        case DType.STR:
            return _as_text(element, channel)


def _number(element: Scalar, channel: str) -> float:
    if isinstance(element, (bool, str)):
        kind = "truth value" if isinstance(element, bool) else "text"
        return refuse("value.type", f"{channel} takes a number, not the {kind} {element!r}")
    if isinstance(element, float) and not math.isfinite(element):
        return refuse("value.finite", f"{channel}: {element} is not a finite number")
    return element


def _as_float(element: Scalar, channel: str) -> float:
    number = _number(element, channel)
    try:
        exact = float(number)
    except OverflowError:
        exact = math.inf
    if exact != number:
        return refuse("value.inexact", f"{channel}: {number} has no exact form as a floating-point number")
    return exact


def _as_int(element: Scalar, channel: str) -> int:
    number = _number(element, channel)
    if int(number) != number:
        return refuse("value.inexact", f"{channel} takes whole numbers, not {number}")
    if int(number) not in _INT_RANGE:
        return refuse("value.range", f"{channel}: {number} does not fit an integer of 64 bits")
    return int(number)


def _as_state(element: Scalar, info: ChannelInfo, channel: str) -> int:
    if isinstance(element, str):
        if info.labels.count(element) != 1:
            near = get_close_matches(element, info.labels, n=1, cutoff=0.4)
            remedy = f"did you mean {near[0]!r}?" if near else f"states: {', '.join(info.labels) or 'unnamed'}"
            return refuse("value.label", f"{channel} has no state {element!r}; {remedy}")
        return info.labels.index(element)
    number = _as_int(element, channel)
    if number < 0 or (info.labels and number >= len(info.labels)):
        return refuse("value.range", f"{channel} has the states 0 to {len(info.labels) - 1}, not {number}")
    return number


def _as_truth(element: Scalar, channel: str) -> bool:
    if isinstance(element, str) or element not in (0, 1):
        return refuse("value.type", f"{channel} takes true or false, not {element!r}")
    return bool(element)


def _as_text(element: Scalar, channel: str) -> str:
    if not isinstance(element, str):
        return refuse("value.type", f"{channel} takes a text, not {element!r}")
    if "\0" in element:
        return refuse("value.type", f"{channel}: a text with a NUL would be cut off there")
    return element


def _label(element: Scalar, info: ChannelInfo) -> str | None:
    if info.dtype is not DType.ENUM or not isinstance(element, int):
        return None
    return info.labels[element] if element < len(info.labels) else None
