"""The form of every request that a guest may send; whatever has another form ends the run."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, cast

PROTOCOL = 1
_LONGEST_NAME = 500
_LONGEST_TEXT = 8000
_MOST_CHANNELS = 20_000
_MOST_ELEMENTS = 1_000_000
_MOST_DIMENSIONS = 32
ARRAY_TYPES: Mapping[str, int] = {
    **dict.fromkeys(("|b1", "|i1", "|u1"), 1),
    **dict.fromkeys(("<i2", "<u2", "<f2"), 2),
    **dict.fromkeys(("<i4", "<u4", "<f4"), 4),
    **dict.fromkeys(("<i8", "<u8", "<f8"), 8),
}
"""What an array that becomes a file may hold, by NumPy's words, each with its bytes."""

Check = Callable[[object], bool]


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST_TEXT


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63


def _is_length(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < math.inf


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_NAME and value.isprintable()


def _is_scalar(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, bool) or _is_whole(value) or _is_text(value)


def _is_value(value: object) -> bool:
    if isinstance(value, list):
        items = cast("list[object]", value)
        return len(items) <= _MOST_ELEMENTS and all(_is_scalar(item) for item in items)
    return _is_scalar(value)


def _is_names(value: object) -> bool:
    if not isinstance(value, list):
        return False
    names = cast("list[object]", value)
    # Each once: a waveform that is asked for thousands of times in one request would fill the service's memory.
    return 0 < len(names) <= _MOST_CHANNELS and all(_is_name(name) for name in names) and len(set(names)) == len(names)


def _or_none(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _is_items(value: object) -> bool:
    if not isinstance(value, list):
        return False
    items = cast("list[object]", value)
    fields = {"channel": _is_name, "value": _is_value, "unit": _or_none(_is_text)}
    return 0 < len(items) <= _MOST_CHANNELS and all(_matches(item, fields) for item in items)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(_is_text(text) for text in cast("list[object]", value))


def _is_text_map(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    pairs = cast("dict[object, object]", value)
    return all(_is_text(key) and _is_text(item) for key, item in pairs.items())


def _is_frames(value: object) -> bool:
    fields = {"line": _is_whole, "name": _is_text, "text": _is_text}
    return isinstance(value, list) and all(_matches(item, fields) for item in cast("list[object]", value))


def _is_anything(_value: object) -> bool:
    return True


def _is_encoded(value: object) -> bool:
    return isinstance(value, str) and value.isascii()


def _is_dtype(value: object) -> bool:
    return isinstance(value, str) and value in ARRAY_TYPES


def _is_shape(value: object) -> bool:
    if not isinstance(value, list):
        return False
    sizes = cast("list[object]", value)
    return len(sizes) <= _MOST_DIMENSIONS and all(_is_whole(size) and cast("int", size) >= 0 for size in sizes)


def _is_truth(value: object) -> bool:
    return isinstance(value, bool)


_line = _or_none(_is_whole)

OPS: Mapping[str, Mapping[str, Check]] = {
    "hello": {"protocol": _is_whole, "python": _is_text},
    "ready": {"rights": _is_text_map},
    "read": {"channels": _is_names, "partial": _is_truth, "line": _line},
    "info": {"channels": _is_names, "line": _line},
    "records": {"channels": _is_names, "line": _line},
    "archive": {
        "channels": _is_names,
        "start_ns": _is_whole,
        "end_ns": _is_whole,
        "max_points": _is_whole,
        "partial": _is_truth,
        "line": _line,
    },
    "write": {"items": _is_items, "line": _line},
    "sleep": {"seconds": _is_length},
    "stalled": {"timeout_s": _is_length, "line": _line},
    "figure": {"png": _is_encoded},
    "array": {"dtype": _is_dtype, "shape": _is_shape},
    "array_data": {"data": _is_encoded},
    "finish": {"results": _is_anything, "warnings": _is_texts},
    "failed": {
        "type": _is_text,
        "message": _is_text,
        "line": _line,
        "frames": _is_frames,
        "limit": _or_none(_is_text),
    },
}
"""Every operation and the fields that it must have; there are no optional ones."""


def _matches(value: object, fields: Mapping[str, Check]) -> bool:
    if not isinstance(value, dict):
        return False
    given = cast("dict[str, object]", value)
    return given.keys() == fields.keys() and all(check(given[name]) for name, check in fields.items())


def find_fault(request: dict[str, Any]) -> str:
    """Say what is wrong with a request; empty if nothing is."""
    op = request.get("op")
    if not isinstance(op, str) or op not in OPS:
        return "a request for an unknown operation"
    fields = {name: value for name, value in request.items() if name != "op"}
    return "" if _matches(fields, OPS[op]) else f"a malformed {op!r} request"
