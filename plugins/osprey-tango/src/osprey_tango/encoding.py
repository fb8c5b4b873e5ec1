"""Values on their way to a device: in the attribute's own type, or not at all. Nothing is rounded, wrapped or cut."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import tango

from osprey.api import DType
from osprey_tango.readings import ARRAYS, DTYPES

_T = tango.CmdArgType
_INTS: Final = {
    _T.DevShort: np.int16,
    _T.DevLong: np.int32,
    _T.DevLong64: np.int64,
    _T.DevUShort: np.uint16,
    _T.DevULong: np.uint32,
    _T.DevULong64: np.uint64,
    _T.DevUChar: np.uint8,
    _T.DevEnum: np.int16,
}
_FLOATS: Final = {_T.DevFloat: np.float32, _T.DevDouble: np.float64}


def encode(value: Any, shape: tuple[int, ...], info: Any) -> Any:
    """Give a value as the library wants it for one attribute.

    :param shape: of the put; an image comes as a flat sequence.
    :raises ValueError: it does not fit the attribute.
    """
    if type(value) is float and info.data_type == _T.DevDouble and info.data_format == tango.AttrDataFormat.SCALAR:
        return value  # what most puts are
    kind, labels = info.data_type, tuple(info.enum_labels)
    if DTYPES.get(kind) is None or kind == _T.DevState:
        msg = f"attributes of type {kind} cannot be written"
        raise ValueError(msg)
    if info.data_format == tango.AttrDataFormat.SCALAR:
        return element(value, kind, labels)
    flat = _elements(value, kind, labels)
    if info.data_format == tango.AttrDataFormat.SPECTRUM:
        if len(flat) > info.max_dim_x:
            msg = f"{len(flat)} elements do not fit: the attribute takes at most {info.max_dim_x}"
            raise ValueError(msg)
        return flat
    return _image(flat, shape, info)


def _image(flat: Any, shape: tuple[int, ...], info: Any) -> Any:
    """Give rows of equal length; without a shape they are as long as the attribute allows."""
    size, width = len(flat), info.max_dim_x
    rows, columns = shape if len(shape) == 2 else (size // width, width)
    if rows * columns != size or rows > info.max_dim_y or columns > width:
        msg = f"{size} elements are no image of at most {info.max_dim_y} rows of {width}"
        raise ValueError(msg)
    if isinstance(flat, np.ndarray):
        return flat.reshape(rows, columns)
    return [flat[row * columns : (row + 1) * columns] for row in range(rows)]


def element(value: Any, kind: Any, labels: tuple[str, ...] = ()) -> Any:
    """Give one element in Tango's type `kind`.

    :raises ValueError: it does not fit.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if kind in _FLOATS and isinstance(value, int | float) and not isinstance(value, bool):
        return _exact_float(value)
    if kind == _T.DevEnum and isinstance(value, str):
        return _state(value, labels)
    if kind in _INTS and isinstance(value, int | float) and not isinstance(value, bool):
        return _exact_int(value, kind)
    if kind == _T.DevBoolean and isinstance(value, bool | int) and value in (0, 1):
        return bool(value)
    if kind in (_T.DevString, _T.ConstDevString) and isinstance(value, str):
        return _text(value)
    msg = f"{value!r} is no value of type {kind}"
    raise ValueError(msg)


def _exact_float(value: float) -> float:
    try:
        number = float(value)
    except OverflowError as exc:
        msg = f"{value} is too large for a floating-point number"
        raise ValueError(msg) from exc
    if number != value and isinstance(value, int):
        msg = f"{value} has no exact form as a floating-point number"
        raise ValueError(msg)
    return number


def _exact_int(value: float, kind: Any) -> int:
    limits = np.iinfo(_INTS[kind])
    lowest = 0 if kind == _T.DevEnum else limits.min
    # Written so that NaN and the infinities fail the comparison.
    if not (lowest <= value <= limits.max) or int(value) != value:
        msg = f"{value} does not fit {kind}: whole numbers from {lowest} to {limits.max}"
        raise ValueError(msg)
    return int(value)


def _state(label: str, labels: tuple[str, ...]) -> int:
    if labels.count(label) != 1:
        msg = f"there is no state {label!r}; states: {', '.join(labels)}"
        raise ValueError(msg)
    return labels.index(label)


def _text(value: str) -> str:
    try:
        value.encode("latin-1")
    except UnicodeEncodeError as exc:
        msg = f"{value!r} has characters that Tango cannot carry: texts are Latin-1"
        raise ValueError(msg) from exc
    if "\0" in value:
        msg = "a text with a NUL would be cut off there"
        raise ValueError(msg)
    return value


def _elements(value: Any, kind: Any, labels: tuple[str, ...]) -> Any:
    if isinstance(value, bool | int | float | str):
        msg = f"{value!r} is one value, and the attribute takes an array"
        raise ValueError(msg)  # noqa: TRY004 - one error for whatever does not fit
    fast = _as_array(value, kind)
    return fast if fast is not None else [element(one, kind, labels) for one in value]


def _as_array(value: Any, kind: Any) -> Any:
    """Give an array at once where all of its elements surely fit: floating-point numbers as such."""
    if kind not in _FLOATS:
        return None
    array = np.asarray(value)
    if array.dtype.kind != "f" or array.ndim != 1:
        return None
    return array.astype(np.float64, copy=False)


def encode_argument(value: Any, in_type: Any) -> Any:
    """Give the argument of a command; one that takes none is executed by writing `true`.

    :raises ValueError: it does not fit.
    """
    if in_type == _T.DevVoid:
        if value is not True:
            msg = "the command takes no argument: write true to execute it"
            raise ValueError(msg)
        return None
    if in_type in ARRAYS and ARRAYS[in_type] is not DType.ENUM:
        elements = [value] if isinstance(value, bool | int | float | str) else list(value)
        return [element(one, _ELEMENT_OF[in_type]) for one in elements]
    if in_type == _T.DevState:
        return _device_state(value)
    return element(value, in_type)


def _device_state(value: Any) -> Any:
    try:
        return tango.DevState(int(value))
    except (TypeError, ValueError) as exc:
        msg = f"{value!r} is no number of a device state"
        raise ValueError(msg) from exc


_ELEMENT_OF: Final = {
    _T.DevVarBooleanArray: _T.DevBoolean,
    _T.DevVarCharArray: _T.DevUChar,
    _T.DevVarShortArray: _T.DevShort,
    _T.DevVarLongArray: _T.DevLong,
    _T.DevVarLong64Array: _T.DevLong64,
    _T.DevVarUShortArray: _T.DevUShort,
    _T.DevVarULongArray: _T.DevULong,
    _T.DevVarULong64Array: _T.DevULong64,
    _T.DevVarFloatArray: _T.DevFloat,
    _T.DevVarDoubleArray: _T.DevDouble,
    _T.DevVarStringArray: _T.DevString,
}
