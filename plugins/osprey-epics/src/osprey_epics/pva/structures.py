"""p4p's values, decoded: normative types and other structures, with alarm, time, limits and labels.

A structure is not one value. Of NTScalar, NTScalarArray and NTEnum the value is meant; of a table or any other
structure a path names the part that is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from attrs import frozen
from p4p import Value

from osprey.control import Bounds, DType
from osprey_epics.dbr import Control, Sample
from osprey_epics.pva.encoding import NUMBERS

_EPICS_EPOCH_S: Final = 631_152_000
"""What a record that was never processed gives: 1990-01-01 UTC, the zero of its own clock."""
_KINDS: Final = {"f": DType.FLOAT, "i": DType.INT, "u": DType.INT, "b": DType.BOOL}
_TABLE: Final = "epics:nt/NTTable:"
_NO_ALARM: Final = frozenset({"NO_ALARM", "NO ALARM"})


@frozen(kw_only=True)
class Told:
    """What a server told of one channel."""

    sample: Sample
    control: Control
    alarm: str = ""
    description: str = ""


class NotOneValueError(ValueError):
    """The name leads to nothing, or to a structure; the message says what there is."""


def decode(name: str, value: Value, path: tuple[str, ...], received_ns: int, *, with_limits: bool = False) -> Told:
    """Decode the part of a structure that a name means.

    :param with_limits: take over limits, precision and description too, which a reading does not have.
    :raises NotOneValueError: it is not one value.
    """
    part = _part_of(name, value, path)
    labels: tuple[str, ...] = ()
    if _is_enum(part):
        labels = tuple(part["choices"])
        part, dtype, shape = int(part["index"]), DType.ENUM, ()
    else:
        part, dtype, shape = _plain(name, part)
    severity, status, message = _alarm_of(value)
    source_ns = _time_of(value)
    sample = Sample(part, dtype, shape, status, severity, source_ns, received_ns)
    if path:
        return Told(sample=sample, control=Control(labels=labels), alarm=message)
    if not with_limits:
        return Told(sample=sample, control=Control(unit=_unit_of(value), labels=labels), alarm=message)
    description = str(_get(value, "display.description", ""))
    return Told(sample=sample, control=_control_of(value, labels), alarm=message, description=description)


def _part_of(name: str, value: Value, path: tuple[str, ...]) -> Any:
    part: Any = value
    steps = path or ("value",)
    if not path and isinstance(number := _get(value, "value", None), float | int):
        return number  # by far the most frequent, and quick
    if value.getID().startswith(_TABLE):
        columns = value["value"].keys()
        if not path:
            msg = f"{name} is a table: name a column, such as {_spell(name, columns)}"
            raise NotOneValueError(msg)
        steps = ("value", *path) if path[0] in columns else path
    for step in steps:
        if not isinstance(part, Value) or step not in part.keys():  # noqa: SIM118 - a Value is no mapping
            msg = f"{name}: there is no {step!r} in its structure{_what_there_is(name, value)}"
            raise NotOneValueError(msg)
        part = _member(part, step)
    return part


def _member(structure: Value, name: str) -> Any:
    """Give a member of a structure; p4p has None for an array without elements."""
    member = structure[name]
    code = structure.type().aspy(name) if member is None or _is_empty_list(member) else ""
    if code == "as":
        return []
    if _is_empty_list(member):
        return ()  # of structures, of which none is a value
    return np.empty(0, NUMBERS[code[1:]]) if code[:1] == "a" and code[1:] in NUMBERS else member


def _is_empty_list(member: Any) -> bool:
    return isinstance(member, list) and not member


def _is_enum(part: Any) -> bool:
    return isinstance(part, Value) and {"index", "choices"} <= set(part.keys())


def _plain(name: str, part: Any) -> tuple[Any, DType, tuple[int, ...]]:
    if isinstance(part, bool):
        return part, DType.BOOL, ()
    if isinstance(part, int):
        return part, DType.INT, ()
    if isinstance(part, float):
        return part, DType.FLOAT, ()
    if isinstance(part, str):
        return part, DType.STR, ()
    if isinstance(part, np.ndarray) and part.ndim == 1 and part.dtype.kind in _KINDS:
        return part, _KINDS[part.dtype.kind], (part.size,)
    if isinstance(part, list) and all(isinstance(text, str) for text in part):
        return tuple(part), DType.STR, (len(part),)
    if isinstance(part, Value):
        msg = f"{name} is a structure, not one value{_what_there_is(name, part)}"
        raise NotOneValueError(msg)
    msg = f"{name} holds {type(part).__name__}, which is not a number, a text or an array of them"
    raise NotOneValueError(msg)


def _what_there_is(name: str, part: Any) -> str:
    return f"; name a field of it, such as {_spell(name, part.keys())}" if isinstance(part, Value) else ""


def _spell(name: str, fields: Iterable[str]) -> str:
    base = name.partition("/")[0] if "/" not in name else name
    return ", ".join(f"{base}/{field}" for field in fields)


def _get(value: Value, path: str, default: Any) -> Any:
    try:
        return value[path]
    except (KeyError, AttributeError, TypeError):
        return default


def _alarm_of(value: Value) -> tuple[int, int, str]:
    severity = int(_get(value, "alarm.severity", 0))
    message = str(_get(value, "alarm.message", ""))
    return severity, int(_get(value, "alarm.status", 0)), "" if message in _NO_ALARM else message


def _time_of(value: Value) -> int | None:
    seconds = int(_get(value, "timeStamp.secondsPastEpoch", 0))
    nanoseconds = int(_get(value, "timeStamp.nanoseconds", 0))
    if seconds <= 0 or (seconds, nanoseconds) == (_EPICS_EPOCH_S, 0):
        return None
    return seconds * 1_000_000_000 + nanoseconds


def _unit_of(value: Value) -> str:
    return str(_get(value, "display.units", ""))


def _control_of(value: Value, labels: tuple[str, ...]) -> Control:
    precision = _get(value, "display.precision", None)
    return Control(
        unit=_unit_of(value),
        precision=None if precision is None else int(precision),
        display=_bounds(value, "display.limitLow", "display.limitHigh"),
        warning=_bounds(value, "valueAlarm.lowWarningLimit", "valueAlarm.highWarningLimit"),
        alarm=_bounds(value, "valueAlarm.lowAlarmLimit", "valueAlarm.highAlarmLimit"),
        labels=labels,
    )


def _bounds(value: Value, low_at: str, high_at: str) -> Bounds:
    low, high = _limit(value, low_at), _limit(value, high_at)
    return Bounds() if low == high else Bounds(low, high)


def _limit(value: Value, at: str) -> float | None:
    limit = _get(value, at, None)
    return float(limit) if isinstance(limit, int | float) and math.isfinite(limit) else None
