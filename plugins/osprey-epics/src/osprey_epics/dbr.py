"""The data of Channel Access: `DBR_TIME` and `DBR_CTRL` structures decoded, values for a put encoded.

Layouts are those of `db_access.h`, in the machine's own byte order (libca has converted them). Decoding is
pure: it takes bytes and gives values, so that it is tested without a server.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import IntEnum
from struct import Struct
from struct import error as StructError  # noqa: N812 - a class of errors, named as one
from typing import Any, Final, cast

import numpy as np
from attrs import field, frozen

from osprey.control import Bounds, DType, Severity, Value

_UNIX_OF_EPICS_EPOCH_S: Final = 631_152_000
"""1990-01-01 UTC in seconds since 1970-01-01."""
_STRING_SIZE: Final = 40
_LABEL_SIZE: Final = 26
_MOST_LABELS: Final = 16


class Native(IntEnum):
    """The types that a channel can have on its server."""

    STRING = 0
    SHORT = 1
    FLOAT = 2
    ENUM = 3
    CHAR = 4
    LONG = 5
    DOUBLE = 6


TIME: Final = 14
"""Added to a native type: the value with alarm and time stamp."""
CTRL: Final = 28
"""Added to a native type (but `STRING`): the value with alarm, unit, limits and labels."""

DTYPES: Final = {
    Native.STRING: DType.STR,
    Native.SHORT: DType.INT,
    Native.FLOAT: DType.FLOAT,
    Native.ENUM: DType.ENUM,
    Native.CHAR: DType.INT,
    Native.LONG: DType.INT,
    Native.DOUBLE: DType.FLOAT,
}
ARRAY_TYPES: Final = {
    Native.SHORT: np.dtype(np.int16),
    Native.FLOAT: np.dtype(np.float32),
    Native.ENUM: np.dtype(np.uint16),
    Native.CHAR: np.dtype(np.uint8),
    Native.LONG: np.dtype(np.int32),
    Native.DOUBLE: np.dtype(np.float64),
}
_VALUE_AT: Final = {
    Native.STRING: 12,
    Native.SHORT: 14,
    Native.FLOAT: 12,
    Native.ENUM: 14,
    Native.CHAR: 15,
    Native.LONG: 12,
    Native.DOUBLE: 16,
}
"""Where the value begins in a `DBR_TIME` structure, after alarm, time stamp and padding."""
_ALARM_AND_TIME: Final = "=hhII"
_SCALAR_SAMPLE: Final = {
    Native.SHORT: Struct(f"{_ALARM_AND_TIME}2xh"),
    Native.FLOAT: Struct(f"{_ALARM_AND_TIME}f"),
    Native.ENUM: Struct(f"{_ALARM_AND_TIME}2xH"),
    Native.CHAR: Struct(f"{_ALARM_AND_TIME}3xB"),
    Native.LONG: Struct(f"{_ALARM_AND_TIME}i"),
    Native.DOUBLE: Struct(f"{_ALARM_AND_TIME}4xd"),
}
_HEADER: Final = Struct(_ALARM_AND_TIME)
_STANDING: Final = Struct("=hh")
_SCALAR: Final = {
    Native.SHORT: Struct("=h"),
    Native.FLOAT: Struct("=f"),
    Native.ENUM: Struct("=H"),
    Native.CHAR: Struct("=B"),
    Native.LONG: Struct("=i"),
    Native.DOUBLE: Struct("=d"),
}
_CONTROL: Final = {
    Native.SHORT: Struct("=4x8s8h"),
    Native.FLOAT: Struct("=4xh2x8s8f"),
    Native.CHAR: Struct("=4x8s8B"),
    Native.LONG: Struct("=4x8s8i"),
    Native.DOUBLE: Struct("=4xh2x8s8d"),
}
_ENUM_CONTROL: Final = Struct(f"=4xh{_MOST_LABELS * _LABEL_SIZE}s")
_CONTROL_SIZE: Final = {
    Native.SHORT: 30,
    Native.FLOAT: 52,
    Native.ENUM: 424,
    Native.CHAR: 22,
    Native.LONG: 48,
    Native.DOUBLE: 88,
}
"""Sizes of the `DBR_CTRL` structures with one value."""

SEVERITIES: Final = (Severity.OK, Severity.MINOR, Severity.MAJOR, Severity.INVALID)
ALARMS: Final = (
    "",
    "READ",
    "WRITE",
    "HIHI",
    "HIGH",
    "LOLO",
    "LOW",
    "STATE",
    "COS",
    "COMM",
    "TIMEOUT",
    "HWLIMIT",
    "CALC",
    "SCAN",
    "LINK",
    "SOFT",
    "BAD_SUB",
    "UDF",
    "DISABLE",
    "SIMM",
    "READ_ACCESS",
    "WRITE_ACCESS",
)
"""`alarm.h`: the texts of a record's STAT; no text for no alarm."""


@frozen
class Sample:
    """One value with its alarm and time, as a server sent it."""

    value: Any
    dtype: DType
    shape: tuple[int, ...]
    status: int
    severity: int
    source_ns: int | None
    received_ns: int


@frozen(kw_only=True)
class Control:
    """What `DBR_CTRL` says of a channel."""

    unit: str = ""
    precision: int | None = None
    display: Bounds = field(factory=Bounds)
    warning: Bounds = field(factory=Bounds)
    alarm: Bounds = field(factory=Bounds)
    labels: tuple[str, ...] = ()
    limits: Bounds = field(factory=Bounds)
    """The control limits; for some kinds of records they are the drive limits."""


def sample_size(native: Native, count: int) -> int:
    """Give the size in bytes of a `DBR_TIME` structure with `count` values."""
    size = _STRING_SIZE if native is Native.STRING else _SCALAR[native].size
    return _VALUE_AT[native] + size * count


def decode_sample(native: Native, count: int, raw: bytes, *, is_scalar: bool, received_ns: int) -> Sample:
    """Decode a `DBR_TIME` structure; `is_scalar` says that the channel holds one element by its nature."""
    if is_scalar and native is not Native.STRING:
        status, severity, secs, nsec, value = _SCALAR_SAMPLE[native].unpack_from(raw)
        shape: tuple[int, ...] = ()
    else:
        status, severity, secs, nsec = _HEADER.unpack_from(raw)
        value = _decode_values(native, count, raw, is_scalar=is_scalar)
        shape = () if is_scalar else (count,)
    return Sample(value, DTYPES[native], shape, status, severity, time_of_stamp(secs, nsec), received_ns)


def _decode_values(native: Native, count: int, raw: bytes, *, is_scalar: bool) -> Any:
    start = _VALUE_AT[native]
    if native is not Native.STRING:
        return np.frombuffer(raw, ARRAY_TYPES[native], count, start)
    texts = tuple(
        decode_text(raw[at : at + _STRING_SIZE]) for at in range(start, start + count * _STRING_SIZE, _STRING_SIZE)
    )
    return texts[0] if is_scalar else texts


def time_of_stamp(secs: int, nsec: int) -> int | None:
    """Turn an EPICS time stamp into nanoseconds since 1970 UTC; None if the source never set it."""
    if secs == 0:
        return None
    return (secs + _UNIX_OF_EPICS_EPOCH_S) * 1_000_000_000 + nsec


def decode_text(raw: bytes) -> str:
    """Decode a text that ends at its first null character; what is not UTF-8 is taken for Latin-1."""
    text = raw.partition(b"\0")[0]
    try:
        return text.decode()
    except UnicodeDecodeError:
        return text.decode("latin-1")


def alarm_text(status: int) -> str:
    """Name a record's STAT."""
    return ALARMS[status] if 0 <= status < len(ALARMS) else f"STAT {status}"


def severity_of(severity: int) -> Severity:
    """Map a record's SEVR; one that no EPICS knows counts as invalid."""
    return SEVERITIES[severity] if 0 <= severity < len(SEVERITIES) else Severity.INVALID


def control_size(native: Native) -> int:
    """Give the size in bytes of a `DBR_CTRL` structure with one value."""
    return _CONTROL_SIZE[native]


def decode_control(native: Native, raw: bytes) -> Control:
    """Decode a `DBR_CTRL` structure; a string has none."""
    if native is Native.ENUM:
        number, texts = _ENUM_CONTROL.unpack_from(raw)
        labels = (texts[at : at + _LABEL_SIZE] for at in range(0, number * _LABEL_SIZE, _LABEL_SIZE))
        return Control(labels=tuple(decode_text(label) for label in labels))
    facts = _CONTROL[native].unpack_from(raw)
    precision = facts[0] if native in (Native.FLOAT, Native.DOUBLE) else None
    unit, high, low, hihi, upper, lower, lolo = facts[-9:-2]
    return Control(
        unit=decode_text(unit),
        precision=precision,
        display=_bounds(low, high),
        warning=_bounds(lower, upper),
        alarm=_bounds(lolo, hihi),
        limits=control_limits(native, raw),
    )


def facts_of(native: Native, raw: bytes) -> bytes:
    """Give the part of a `DBR_CTRL` structure that tells of the channel, without alarm and value."""
    return raw[_STANDING.size : _CONTROL_SIZE[native] - _SCALAR[native].size]


def standing(raw: bytes) -> tuple[int, int]:
    """Give the alarm status and severity of a structure."""
    return _STANDING.unpack_from(raw)


def control_value(native: Native, raw: bytes) -> Any:
    """Give the one value of a `DBR_CTRL` structure: it stands at the end."""
    return _SCALAR[native].unpack_from(raw, _CONTROL_SIZE[native] - _SCALAR[native].size)[0]


def control_limits(native: Native, raw: bytes) -> Bounds:
    """Give the control limits of a `DBR_CTRL` structure, as records mean them.

    Records clip only if the upper one is greater (`aoRecord.c`, `longoutRecord.c`).
    """
    if native not in _CONTROL:
        return Bounds()
    high, low = _CONTROL[native].unpack_from(raw)[-2:]
    return Bounds(float(low), float(high)) if high > low else Bounds()


def _bounds(low: float, high: float) -> Bounds:
    """Two equal limits are a record's way to say that none were set; a NaN says it for one side."""
    if low == high:
        return Bounds()
    return Bounds(_finite(low), _finite(high))


def _finite(limit: float) -> float | None:
    return float(limit) if math.isfinite(limit) else None


def encode_value(native: Native, capacity: int, value: Value, *, is_text: bool = False) -> tuple[int, bytes]:
    """Encode a value for a put in the channel's own type: the number of elements, and their bytes.

    Nothing is rounded, clipped or cut: a value that the type cannot hold is an error.

    :raises ValueError: the channel cannot hold this value; the message says why.
    """
    if is_text and native is Native.CHAR:
        return _encode_long_text(capacity, value)
    if native is Native.STRING:
        texts: list[Any] = list(cast("Any", value)) if _is_sequence(value) else [value]
        _check_count(len(texts), capacity)
        return len(texts), b"".join(_encode_text(text) for text in texts)
    if isinstance(value, str):
        hint = "; an enumeration is written by number" if native is Native.ENUM else ""
        msg = f"the channel holds numbers ({native.name}), and {value!r} is a text{hint}"
        raise ValueError(msg)  # noqa: TRY004 - one kind of error for all that a channel cannot hold
    if _is_sequence(value):
        return _encode_array(native, capacity, value)
    return 1, _encode_number(native, value)


def check_state(native: Native, control: Control | None, value: Value) -> None:
    """Refuse the number of a state that an enumeration does not have.

    With 16 labels there may be more states: Channel Access hands over no more. Without any, the states are not named.

    :raises ValueError: there is no such state.
    """
    labels = control.labels if native is Native.ENUM and control is not None else ()
    if not 0 < len(labels) < _MOST_LABELS:
        return
    numbers = cast("Any", value if _is_sequence(value) else (value,))
    for number in numbers:
        if not number < len(labels):
            msg = f"there is no state {number}: the states are {', '.join(labels)}"
            raise ValueError(msg)


def _is_sequence(value: Any) -> bool:
    return isinstance(value, Sequence | np.ndarray) and not isinstance(value, str)


def _check_count(count: int, capacity: int) -> None:
    if count == 0:
        msg = "Channel Access cannot write an empty array"
        raise ValueError(msg)
    if count > capacity:
        msg = f"{count} elements do not fit: the channel holds {capacity}"
        raise ValueError(msg)


def _encode_text(text: Any) -> bytes:
    if not isinstance(text, str):
        msg = f"the channel holds texts, and {text!r} is none"
        raise ValueError(msg)  # noqa: TRY004 - one kind of error for all that a channel cannot hold
    raw = text.encode()
    if len(raw) >= _STRING_SIZE or b"\0" in raw:
        msg = f"{text!r} does not fit: a text has at most {_STRING_SIZE - 1} bytes, none of them null"
        raise ValueError(msg)
    return raw.ljust(_STRING_SIZE, b"\0")


def _encode_long_text(capacity: int, value: Any) -> tuple[int, bytes]:
    if not isinstance(value, str):
        msg = f"the channel holds a text, and {value!r} is none"
        raise ValueError(msg)  # noqa: TRY004 - one kind of error for all that a channel cannot hold
    raw = value.encode() + b"\0"
    if len(raw) > capacity or b"\0" in raw[:-1]:
        msg = f"a text of {len(raw) - 1} bytes does not fit: the channel holds {capacity - 1}, none null"
        raise ValueError(msg)
    return len(raw), raw


def _encode_number(native: Native, value: Any) -> bytes:
    is_whole = native not in (Native.DOUBLE, Native.FLOAT)
    try:
        if is_whole and value != int(value):
            msg = f"{value!r} is not a whole number, and the channel holds {native.name}"
            raise ValueError(msg)
        return _SCALAR[native].pack(int(value) if is_whole else float(value))
    except (TypeError, OverflowError, StructError) as exc:
        msg = f"{value!r} does not fit: the channel holds {native.name}"
        raise ValueError(msg) from exc


def _encode_array(native: Native, capacity: int, value: Any) -> tuple[int, bytes]:
    array = np.asarray(value)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "biuf"):
        msg = f"the channel holds a flat array of numbers ({native.name}), and the value is none"
        raise ValueError(msg)
    _check_count(array.size, capacity)
    with np.errstate(all="ignore"):
        typed = array.astype(ARRAY_TYPES[native])
    is_float = native in (Native.DOUBLE, Native.FLOAT)
    lost = np.isfinite(array) & ~np.isfinite(typed) if is_float else typed != array
    if lost.any():
        at = int(np.argmax(lost))
        msg = f"element {at}, {array[at]!r}, does not fit: the channel holds {native.name}"
        raise ValueError(msg)
    return array.size, typed.tobytes()
