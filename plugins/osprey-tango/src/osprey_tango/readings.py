"""Readings, from what a device answered for an attribute or a command.

These functions run once for every attribute of a batch, so they look nothing up twice.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import tango
from attrs import frozen

from osprey.api import DType, ErrorKind, Reading, ReadResult, Severity
from osprey_tango.faults import Failure, failure_of, fault

_T = tango.CmdArgType
DTYPES: Final = {
    _T.DevBoolean: DType.BOOL,
    _T.DevShort: DType.INT,
    _T.DevLong: DType.INT,
    _T.DevLong64: DType.INT,
    _T.DevUShort: DType.INT,
    _T.DevULong: DType.INT,
    _T.DevULong64: DType.INT,
    _T.DevUChar: DType.INT,
    _T.DevFloat: DType.FLOAT,
    _T.DevDouble: DType.FLOAT,
    _T.DevString: DType.STR,
    _T.ConstDevString: DType.STR,
    _T.DevEnum: DType.ENUM,
    _T.DevState: DType.ENUM,
}
"""Tango's types of one element; an attribute of another type (`DevEncoded`) cannot be read here."""
ARRAYS: Final = {
    _T.DevVarBooleanArray: DType.BOOL,
    _T.DevVarCharArray: DType.INT,
    _T.DevVarShortArray: DType.INT,
    _T.DevVarLongArray: DType.INT,
    _T.DevVarLong64Array: DType.INT,
    _T.DevVarUShortArray: DType.INT,
    _T.DevVarULongArray: DType.INT,
    _T.DevVarULong64Array: DType.INT,
    _T.DevVarFloatArray: DType.FLOAT,
    _T.DevVarDoubleArray: DType.FLOAT,
    _T.DevVarStringArray: DType.STR,
    _T.DevVarStateArray: DType.ENUM,
}
STATE_LABELS: Final = tuple(name for name, _ in sorted(tango.DevState.names.items(), key=lambda item: int(item[1])))
"""A device's state is an enumeration: its number serves limits and expressions, its label people."""

_INVALID: Final = tango.AttrQuality.ATTR_INVALID
_IMAGE: Final = tango.AttrDataFormat.IMAGE
_ENUM: Final = DType.ENUM
_PLAIN: Final = {float: DType.FLOAT, bool: DType.BOOL, str: DType.STR}
"""Values whose Python type tells all; a whole number may be an enumeration's."""
_WHOLE: Final = frozenset({int, tango.DevState})
_NO_VALID_VALUE: Final = Failure(
    ErrorKind.INVALID_DATA, "the device says that it has no valid value", tango.AttrQuality.ATTR_INVALID.name
)
_QUALITIES: Final = {
    tango.AttrQuality.ATTR_VALID: (Severity.OK, "", "ATTR_VALID", False),
    tango.AttrQuality.ATTR_CHANGING: (Severity.OK, "", "ATTR_CHANGING", True),
    tango.AttrQuality.ATTR_WARNING: (Severity.MINOR, "WARNING", "ATTR_WARNING", False),
    tango.AttrQuality.ATTR_ALARM: (Severity.MAJOR, "ALARM", "ATTR_ALARM", False),
}


@frozen
class Facts:
    """What a reading needs beside the value: asked once, and again by every description."""

    unit: str = ""
    labels: tuple[str, ...] = ()


NO_FACTS: Final = Facts()

# A frozen class is slow to call with thirteen keywords: filling its slots takes half the time, and a thousand
# readings are made at a time. A test holds that no field is forgotten.
_new: Final = object.__new__
_set_channel: Final = Reading.channel.__set__
_set_value: Final = Reading.value.__set__
_set_dtype: Final = Reading.dtype.__set__
_set_shape: Final = Reading.shape.__set__
_set_unit: Final = Reading.unit.__set__
_set_severity: Final = Reading.severity.__set__
_set_alarm: Final = Reading.alarm.__set__
_set_label: Final = Reading.label.__set__
_set_setpoint: Final = Reading.setpoint.__set__
_set_source_ns: Final = Reading.source_ns.__set__
_set_received_ns: Final = Reading.received_ns.__set__
_set_quality: Final = Reading.quality.__set__
_set_is_moving: Final = Reading.is_moving.__set__


def reading_of(channel: str, answer: Any, facts: Facts, received_ns: int) -> ReadResult:
    """Give one attribute's answer as a reading, or as the reason why there is none."""
    value = answer.value
    dtype = _PLAIN.get(type(value))
    setpoint, shape, label = answer.w_value, (), None
    if dtype is None:  # not at once known to be one good value: only then ask further, each question costs time
        problem = _problem_of(answer)
        if problem is not None:
            return fault(channel, problem)
        dtype = DTYPES[answer.type]
        if type(value) not in _WHOLE:
            value, setpoint, shape = _several_of(answer, value, setpoint)
        elif dtype is _ENUM:
            value = int(value)
            setpoint = None if setpoint is None else int(setpoint)
            label = facts.labels[value] if 0 <= value < len(facts.labels) else None
    quality = answer.quality
    if quality is _INVALID:
        return fault(channel, _NO_VALID_VALUE)
    severity, alarm, quality_text, is_moving = _QUALITIES[quality]
    time = answer.time
    source_ns = time.tv_sec * 1_000_000_000 + time.tv_usec * 1000 + time.tv_nsec or None
    reading = _new(Reading)
    _set_channel(reading, channel)
    _set_value(reading, value)
    _set_dtype(reading, dtype)
    _set_shape(reading, shape)
    _set_unit(reading, facts.unit)
    _set_severity(reading, severity)
    _set_alarm(reading, alarm)
    _set_label(reading, label)
    _set_setpoint(reading, setpoint)
    _set_source_ns(reading, source_ns)
    _set_received_ns(reading, received_ns)
    _set_quality(reading, quality_text)
    _set_is_moving(reading, is_moving)
    return reading


def _problem_of(answer: Any) -> Failure | None:
    """Say why an answer holds no value."""
    if answer.has_failed:
        return failure_of(answer.get_err_stack())
    if answer.quality is _INVALID:
        return _NO_VALID_VALUE
    if answer.type not in DTYPES:
        return Failure(ErrorKind.UNSUPPORTED, f"values of type {answer.type} cannot be read", "type")
    return None


def _several_of(answer: Any, value: Any, setpoint: Any) -> tuple[Any, Any, tuple[int, ...]]:
    """Give an array's elements in one row, those of its set value, and its shape."""
    flat = _flat(value)
    shape = (answer.dim_y, answer.dim_x) if answer.data_format == _IMAGE else (len(flat),)
    return flat, _flat(setpoint) if answer.w_dim_x else None, shape


def _flat(value: Any) -> Any:
    """Give the elements in one row: an array of NumPy, or a list of texts or of numbers of states."""
    if value is None:
        return []
    if isinstance(value, np.ndarray):
        flat = value.ravel()
        return flat if flat.dtype.kind in "biuf" else [int(one) if isinstance(one, int) else one for one in flat]
    if isinstance(value, str | tango.DevState):
        return [value if isinstance(value, str) else int(value)]
    return [element for part in value for element in _flat(part)]


def command_reading(channel: str, value: Any, out_type: Any, received_ns: int) -> ReadResult:
    """Give the answer of a command that only tells something; it has neither time nor quality of its own."""
    shape: tuple[int, ...] = ()
    label = None
    if out_type in ARRAYS:
        dtype = ARRAYS[out_type]
        value = _flat(value)
        shape = (len(value),)
    elif out_type in DTYPES:
        dtype = DTYPES[out_type]
        if out_type == _T.DevState:
            label = value.name
            value = int(value)
    else:
        return fault(channel, Failure(ErrorKind.UNSUPPORTED, f"the command's answer ({out_type}) is no value", "type"))
    return Reading(channel=channel, value=value, dtype=dtype, shape=shape, label=label, received_ns=received_ns)
