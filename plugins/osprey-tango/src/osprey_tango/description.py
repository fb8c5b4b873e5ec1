"""What the configuration of an attribute, or the signature of a command, says of a channel."""

from __future__ import annotations

import math
import re
from typing import Any, Final

import tango

from osprey.api import Bounds, ChannelInfo, DType, ErrorKind, Fault
from osprey_tango.device import labels_of, plain_text
from osprey_tango.faults import Failure, fault
from osprey_tango.putting import WRITABLE, number_or_none
from osprey_tango.readings import ARRAYS, DTYPES, STATE_LABELS

_PRECISION: Final = re.compile(r"%[-+ #0]*\d*\.(\d+)[eEfFgG]")
_PRECISION_WORD: Final = re.compile(r"setprecision\((\d+)\)")


def attribute_info(channel: str, name: str, info: Any) -> ChannelInfo | Fault:
    """Describe an attribute."""
    dtype = DTYPES.get(info.data_type)
    if dtype is None:
        return fault(channel, Failure(ErrorKind.UNSUPPORTED, f"attributes of type {info.data_type} are not supported"))
    alarms = info.alarms
    drive = _bounds(info.min_value, info.max_value)
    return ChannelInfo(
        channel=channel,
        name=name,
        dtype=dtype,
        shape=_shape_of(info),
        unit=plain_text(info.unit, "No unit"),
        precision=precision_of(info.format) if dtype is DType.FLOAT else None,
        description=_description_of(info),
        drive=drive,
        display=drive,
        warning=_bounds(alarms.min_warning, alarms.max_warning),
        alarm=_bounds(alarms.min_alarm, alarms.max_alarm),
        labels=labels_of(info),
        writable=info.writable in WRITABLE and info.data_type != tango.CmdArgType.DevState,
    )


def _shape_of(info: Any) -> tuple[int, ...]:
    """Give the largest shape that the attribute can have; Tango states no other."""
    if info.data_format == tango.AttrDataFormat.SPECTRUM:
        return (info.max_dim_x,)
    if info.data_format == tango.AttrDataFormat.IMAGE:
        return (info.max_dim_y, info.max_dim_x)
    return ()


def _description_of(info: Any) -> str:
    return plain_text(info.description, "No description") or plain_text(info.label, info.name)


def _bounds(low: str, high: str) -> Bounds:
    return Bounds(_finite(low), _finite(high))


def _finite(text: str) -> float | None:
    number = number_or_none(text)
    return None if number is None or math.isnan(number) else number


def precision_of(text: str) -> int | None:
    """Give the digits after the point of a format such as ``%6.3f`` or ``fixed;setprecision(3)``."""
    match = _PRECISION.search(text) or _PRECISION_WORD.search(text)
    return int(match[1]) if match else None


def command_info(channel: str, name: str, command: Any, *, is_read: bool) -> ChannelInfo | Fault:
    """Describe a command: one that reads by its answer, one that writes by its argument."""
    kind = command.out_type if is_read else command.in_type
    dtype, shape, labels = _signature(kind)
    if is_read and (command.in_type != tango.CmdArgType.DevVoid or dtype is None):
        why = f"the command takes {command.in_type} and gives {command.out_type}: it cannot be read as a channel"
        return fault(channel, Failure(ErrorKind.UNSUPPORTED, why))
    if not is_read and kind == tango.CmdArgType.DevVoid:
        dtype = DType.BOOL
    if dtype is None:
        return fault(channel, Failure(ErrorKind.UNSUPPORTED, f"the command takes {kind}, which is not supported"))
    words = (command.in_type_desc if not is_read else command.out_type_desc) or ""
    return ChannelInfo(
        channel=channel,
        name=name,
        dtype=dtype,
        shape=shape,
        description=plain_text(words, "Uninitialised"),
        labels=labels,
        writable=not is_read,
        is_command=True,
    )


def _signature(kind: Any) -> tuple[DType | None, tuple[int, ...], tuple[str, ...]]:
    labels = STATE_LABELS if kind in (tango.CmdArgType.DevState, tango.CmdArgType.DevVarStateArray) else ()
    if kind in ARRAYS:
        return ARRAYS[kind], (0,), labels
    return DTYPES.get(kind), (), labels
