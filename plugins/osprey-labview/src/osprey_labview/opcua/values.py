"""Values on their way in and out: Python's own on this side, exactly typed ones on that."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any, Final

import numpy as np
from asyncua import ua

from osprey.api import DType, Put
from osprey_labview.opcua.codec import Sample

DTYPES: Final = {
    1: DType.BOOL,
    **dict.fromkeys(range(2, 10), DType.INT),
    10: DType.FLOAT,
    11: DType.FLOAT,
    12: DType.STR,
    13: DType.STR,
    14: DType.STR,
    15: DType.INT,
    21: DType.STR,
}
"""By the number of the built-in type: a time, a GUID and a localised text are texts, a string of bytes is an array."""
WRITABLE: Final = frozenset(range(1, 13))
_BYTES: Final = 15
_FLOAT: Final = 10
_BOUNDS: Final = {2: 7, 4: 15, 6: 31, 8: 63}
RANGES: Final = {kind: (-(2**bits), 2**bits - 1) for kind, bits in _BOUNDS.items()} | {
    kind + 1: (0, 2 ** (bits + 1) - 1) for kind, bits in _BOUNDS.items()
}
_LARGEST_FLOAT: Final = float(np.finfo(np.float32).max)


class BadValueError(ValueError):
    """A value that a node cannot hold; says why."""


def is_supported(kind: int) -> bool:
    return kind in DTYPES


def plain(sample: Sample) -> tuple[Any, tuple[int, ...]]:
    """Give a sample's value and shape; its type is supported and it has one."""
    value = sample.value
    if sample.kind == _BYTES and not sample.is_array:
        value = np.frombuffer(value or b"", np.uint8).copy()
        return value, (len(value),)
    if not sample.is_array:
        return (value if sample.kind <= 12 else _as_text(value)), ()
    if sample.kind > 11:
        value = [_as_text(one) for one in value]
    return value, (len(value),)


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, ua.LocalizedText):
        return value.Text or ""
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def encode(put: Put, kind: int, length: int | None, states: Collection[int]) -> ua.Variant:
    """Build the variant of a put, exactly of the node's type; nothing is cut, and only a 32-bit float is rounded.

    :param length: the most elements, None for one value.
    :param states: the numbers of an enumeration, if they are known.
    :raises BadValueError: the node cannot hold it.
    """
    value: Any = put.value
    if hasattr(value, "tolist"):
        value = value.tolist()
    is_array = isinstance(value, (list, tuple))
    if is_array is (length is None):
        msg = "it takes one value, not an array" if length is None else "it takes an array"
        raise BadValueError(msg)
    if not is_array:
        return ua.Variant(_element(value, kind, states), ua.VariantType(kind), is_array=False)
    if length is not None and length < len(value):
        msg = f"it takes at most {length} elements, not {len(value)}"
        raise BadValueError(msg)
    elements = [_element(one, kind, states) for one in value]
    return ua.Variant(elements, ua.VariantType(kind), is_array=True)


def _element(value: Any, kind: int, states: Collection[int]) -> Any:
    dtype = DTYPES[kind]
    if dtype is DType.STR:
        return _text(value)
    if isinstance(value, str) or not isinstance(value, (bool, int, float)):
        msg = f"it takes numbers, not {value!r}"
        raise BadValueError(msg)
    if dtype is DType.BOOL:
        if value not in (0, 1):
            msg = f"it takes true or false, not {value!r}"
            raise BadValueError(msg)
        return bool(value)
    if dtype is DType.FLOAT:
        return _float(value, kind)
    return _integer(value, kind, states)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        msg = f"it takes a text, not {value!r}"
        raise BadValueError(msg)
    try:
        value.encode()
    except UnicodeEncodeError as exc:
        msg = "the text is not one of Unicode characters"
        raise BadValueError(msg) from exc
    return value


def _float(value: float, kind: int) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if number != value and not math.isnan(number):
        msg = f"{value} has no exact form as a floating-point number"
        raise BadValueError(msg)
    if kind == _FLOAT and math.isfinite(number) and abs(number) > _LARGEST_FLOAT:
        msg = f"{value} does not fit a floating-point number of 32 bits"
        raise BadValueError(msg)
    return number


def _integer(value: float, kind: int, states: Collection[int]) -> int:
    if not math.isfinite(value) or int(value) != value:
        msg = f"it takes whole numbers, not {value}"
        raise BadValueError(msg)
    number = int(value)
    low, high = RANGES[kind]
    if not low <= number <= high:
        msg = f"{number} does not fit its {ua.VariantType(kind).name}"
        raise BadValueError(msg)
    if states and number not in states:
        msg = f"it has no state {number}; states: {', '.join(map(str, states))}"
        raise BadValueError(msg)
    return number
