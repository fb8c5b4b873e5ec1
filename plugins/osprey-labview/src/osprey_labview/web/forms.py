"""Values and times in the form that the contract gives them in JSON; nothing else is accepted."""

from __future__ import annotations

import json
import math
import re
from calendar import timegm
from datetime import datetime
from typing import Any, Final

from osprey.api import DType

TYPES: Final = {
    "float": DType.FLOAT,
    "int": DType.INT,
    "bool": DType.BOOL,
    "string": DType.STR,
    "enum": DType.ENUM,
}
NAMES: Final = {dtype: name for name, dtype in TYPES.items()}
_WORDS: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_TIME: Final = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?Z", re.ASCII)
_LONGEST_NAME: Final = 1024
_LEAST, _MOST = -(2**63), 2**64 - 1


class FormError(ValueError):
    """Something that the contract does not allow; says what."""


def parse_json(body: bytes) -> Any:
    """Read an answer; the bare words NaN and Infinity, and keys that come twice, are no JSON.

    :raises FormError: it is none.
    """
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_no_constant, object_pairs_hook=_no_twins)
    except (ValueError, RecursionError) as exc:
        msg = f"the answer is no JSON of the contract: {exc}"
        raise FormError(msg) from exc


def _no_constant(word: str) -> Any:
    msg = f"{word} is no JSON; the contract writes it as the text"
    raise ValueError(msg)


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        msg = "a key stands twice in one object"
        raise ValueError(msg)
    return found


def value_from(form: Any, dtype: DType) -> tuple[Any, tuple[int, ...]]:
    """Give the value of a form, and its shape.

    :raises FormError: it is not one of this type.
    """
    if isinstance(form, list):
        return [_element_from(one, dtype) for one in form], (len(form),)
    return _element_from(form, dtype), ()


def _element_from(form: Any, dtype: DType) -> Any:
    match dtype:
        case DType.FLOAT if isinstance(form, str) and form in _WORDS:
            return _WORDS[form]
        case DType.FLOAT if isinstance(form, (int, float)) and not isinstance(form, bool):
            return _as_float(form)
        case DType.INT | DType.ENUM if type(form) is int and _LEAST <= form <= _MOST:
            return form
        case DType.BOOL if isinstance(form, bool):
            return form
        case DType.STR if isinstance(form, str):
            return form
        case _:
            shown = form if isinstance(form, (bool, int, float)) else type(form).__name__
            msg = f"{shown} is not the form of a {NAMES[dtype]}"
            raise FormError(msg)


def _as_float(form: float) -> float:
    try:
        number = float(form)
    except OverflowError:
        number = math.inf
    if math.isinf(number):
        msg = "a number is too large for a float"
        raise FormError(msg)
    return number


def is_name(text: str) -> bool:
    """Tell whether a text can be the name of a channel."""
    try:
        return 0 < len(text) <= _LONGEST_NAME and bool(text.encode())
    except UnicodeEncodeError:
        return False


def form_of(value: Any, dtype: DType, length: int | None) -> Any:
    """Give the form of a value.

    :param length: the most elements of an array, None for one value.
    :raises FormError: it is not of this type and shape.
    """
    if hasattr(value, "tolist"):
        value = value.tolist()
    is_array = isinstance(value, (list, tuple))
    if is_array is (length is None):
        msg = "it takes one value, not an array" if length is None else "it takes an array"
        raise FormError(msg)
    if not is_array:
        return _form_of_element(value, dtype)
    if length is not None and length < len(value):
        msg = f"it takes at most {length} elements, not {len(value)}"
        raise FormError(msg)
    return [_form_of_element(one, dtype) for one in value]


def _form_of_element(value: Any, dtype: DType) -> Any:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    match dtype:
        case DType.FLOAT if is_number and not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        case DType.FLOAT if is_number:
            return _as_float(value)
        case DType.INT | DType.ENUM if is_number and math.isfinite(value) and int(value) == value:
            if _LEAST <= value <= _MOST:
                return int(value)
        case DType.BOOL if not isinstance(value, str) and value in (0, 1):
            return bool(value)
        case DType.STR if isinstance(value, str):
            _require_unicode(value)
            return value
        case _:
            pass
    msg = f"{value!r} is no value of type {NAMES[dtype]}"
    raise FormError(msg)


def _require_unicode(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as exc:
        msg = "the text is not one of Unicode characters"
        raise FormError(msg) from exc


def time_from(form: Any) -> int | None:
    """Give nanoseconds since 1970 of a time; None for no time.

    :raises FormError: it is no time in UTC.
    """
    if form is None:
        return None
    found = _TIME.fullmatch(form) if isinstance(form, str) else None
    try:
        if found is not None:
            seconds = timegm(datetime.fromisoformat(found[1]).timetuple())
            return seconds * 10**9 + int((found[2] or "").ljust(9, "0"))
    except ValueError:
        pass
    msg = f"{form!r} is no time such as 2026-11-21T08:30:00.5Z"
    raise FormError(msg)
