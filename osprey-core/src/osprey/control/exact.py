"""Exact forms: how a value stands in JSON so that not one bit of it is lost or left to a formatter.

A float is its hex form (``float.hex``, also ``nan`` and ``inf``), an integer or the number of an enumeration
is text, truth values and texts are themselves, a waveform is a list of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from osprey.control.comparison import elements_of, shape_of
from osprey.control.values import DType, Scalar, Value


def exact(value: Value, dtype: DType) -> Any:
    """Give a value in its exact JSON form."""
    if dtype is DType.FLOAT and type(value) is float:
        return value.hex()
    if shape_of(value):
        return [_exact_scalar(element, dtype) for element in elements_of(value)]
    return _exact_scalar(cast("Scalar", value), dtype)


def inexact(form: Any, dtype: DType) -> Value:
    """Give the value of an exact form back."""
    if dtype is DType.FLOAT and type(form) is str:
        return float.fromhex(form)
    if isinstance(form, list):
        return [_read_scalar(element, dtype) for element in cast("list[Any]", form)]
    return _read_scalar(form, dtype)


def packed(value: Value, dtype: DType) -> dict[str, Any]:
    """Give a value with its dtype in exact form, as the ledger keeps it."""
    return {"dtype": dtype.value, "value": exact(value, dtype)}


def unpacked(form: Mapping[str, Any]) -> Value:
    """Give the value of a packed form back."""
    return inexact(form["value"], DType(form["dtype"]))


def _exact_scalar(element: Scalar, dtype: DType) -> Any:
    match dtype:
        case DType.FLOAT:
            return float(element).hex()
        case DType.INT | DType.ENUM:
            if int(element) != element:
                msg = f"{element!r} is not a whole number"
                raise ValueError(msg)
            return str(int(element))
        case DType.BOOL:
            return bool(element)
        case DType.STR:
            return str(element)


def _read_scalar(form: Any, dtype: DType) -> Scalar:
    if not isinstance(form, bool if dtype is DType.BOOL else str):
        msg = f"{form!r} is not the exact form of a {dtype}"
        raise TypeError(msg)
    match dtype:
        case DType.FLOAT:
            return float.fromhex(str(form))
        case DType.INT | DType.ENUM:
            return int(form)
        case _:
            return form
