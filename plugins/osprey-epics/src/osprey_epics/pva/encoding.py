"""Values for puts, in the type that the server has told; nothing is rounded, clipped or cut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from p4p import Value

NUMBERS: Final = {
    "b": np.int8,
    "B": np.uint8,
    "h": np.int16,
    "H": np.uint16,
    "i": np.int32,
    "I": np.uint32,
    "l": np.int64,
    "L": np.uint64,
    "f": np.float32,
    "d": np.float64,
    "?": np.bool_,
}
"""p4p's codes of numbers, and their types."""


def fill(target: Value, value: Any, *, is_text: bool) -> None:
    """Put a value into the structure that is about to be sent.

    :raises ValueError: the channel cannot hold this value; the message says why.
    """
    if "value" not in target.keys():  # noqa: SIM118 - a Value is no mapping
        msg = "the channel is a structure without a value, which is not written"
        raise ValueError(msg)
    code = target.type().aspy("value")
    if not isinstance(code, str):
        target["value.index"] = _state(target, value)
    elif code == "s":
        target["value"] = _text(value)
    elif code == "as":
        target["value"] = [_text(one) for one in _listed(value)]
    elif code in NUMBERS:
        target["value"] = _number(NUMBERS[code], value)
    elif code[0] == "a" and code[1:] in NUMBERS:
        target["value"] = _text_array(code, value) if is_text else _array(NUMBERS[code[1:]], value)
    else:
        msg = f"the channel holds a value of type {code!r}, which is not written"
        raise ValueError(msg)


def _state(target: Value, value: Any) -> int:
    part = target["value"]
    if not {"index", "choices"} <= set(part.keys()):
        msg = "the channel holds a structure, which is not written"
        raise ValueError(msg)
    number = int(_number(np.int32, value))
    choices: Sequence[str] = part["choices"]
    if choices and not 0 <= number < len(choices):
        msg = f"there is no state {number}: the states are {', '.join(choices)}"
        raise ValueError(msg)
    return number


def _text(value: Any) -> str:
    if not isinstance(value, str):
        msg = f"the channel holds a text, and {value!r} is none"
        raise ValueError(msg)  # noqa: TRY004 - one kind of error for all that a channel cannot hold
    return value


def _listed(value: Any) -> list[Any]:
    if isinstance(value, str) or not isinstance(value, Sequence | np.ndarray):
        msg = f"the channel holds an array, and {value!r} is none"
        raise ValueError(msg)  # noqa: TRY004 - one kind of error for all that a channel cannot hold
    return list(value)


def _number(kind: Any, value: Any) -> Any:
    array = np.asarray(value)
    if array.ndim != 0 or array.dtype.kind not in "biuf":
        msg = f"{value!r} does not fit: the channel holds one number ({np.dtype(kind)})"
        raise ValueError(msg)
    return _exact(np.dtype(kind), array.reshape(1))[0].item()


def _array(kind: Any, value: Any) -> np.ndarray[Any, Any]:
    array = np.asarray(_listed(value))
    if array.ndim != 1 or (array.size and array.dtype.kind not in "biuf"):
        msg = f"the channel holds a flat array of numbers ({np.dtype(kind)}), and the value is none"
        raise ValueError(msg)
    return _exact(np.dtype(kind), array)


def _text_array(code: str, value: Any) -> np.ndarray[Any, Any]:
    if code[1:] not in "bB":
        msg = "the channel is configured as a text, and holds no array of characters"
        raise ValueError(msg)
    raw = _text(value).encode() + b"\0"
    if b"\0" in raw[:-1]:
        msg = "a text with a null character would be cut there"
        raise ValueError(msg)
    return np.frombuffer(raw, NUMBERS[code[1:]])


def _exact(kind: np.dtype[Any], array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    with np.errstate(all="ignore"):
        typed = array.astype(kind)
    lost = np.isfinite(array) & ~np.isfinite(typed) if kind.kind == "f" else typed != array
    if lost.any():
        at = int(np.argmax(lost))
        msg = f"element {at}, {array[at].item()!r}, does not fit: the channel holds {kind}"
        raise ValueError(msg)
    return typed
