"""What record each channel becomes: by its declared type and role first, by the words of its name second."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from attrs import frozen

from osprey.api import Bounds, ChannelRecord, DType, UsageError

_NAME: Final = re.compile(r"[A-Za-z0-9_\-:.\[\]<>;/+]{1,60}")
_DESCRIPTION: Final = 39
_UNIT: Final = 15
_LABEL: Final = 25
_MOST_LABELS: Final = 16
_SHORT_TEXT: Final = 39
_WAVEFORM: Final = 100
_PIECES: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_TEXTS: Final = frozenset({"message", "text", "comment", "filename", "version"})
_WHOLE: Final = frozenset({"count", "counter", "counts", "index", "turns"})
_WAVES: Final = frozenset({"waveform", "spectrum", "trace", "profile", "histogram", "array"})
_STATES: Final[Mapping[str, tuple[str, str]]] = {
    "fault": ("OK", "FAULT"),
    "alarm": ("OK", "ALARM"),
    "interlock": ("OK", "TRIPPED"),
    "valid": ("INVALID", "VALID"),
    "ready": ("NOT READY", "READY"),
    "enable": ("DISABLED", "ENABLED"),
    "enabled": ("DISABLED", "ENABLED"),
    "open": ("CLOSED", "OPEN"),
    "closed": ("OPEN", "CLOSED"),
    "valve": ("CLOSED", "OPEN"),
    "shutter": ("CLOSED", "OPEN"),
    "status": ("OFF", "ON"),
    "state": ("OFF", "ON"),
    "on": ("OFF", "ON"),
}
_FIRST_VALUES: Final[Mapping[str, float]] = {
    "pressure": 1e-9,
    "temperature": 25.0,
    "lifetime": 10.0,
    "energy": 1.0,
    "frequency": 500.0,
    "tune": 0.2,
}
_BEAM_CURRENT: Final = 200.0


@frozen(kw_only=True)
class Plan:
    """One record of the IOC: the fields of `Channel` in the generated program."""

    name: str
    record: str
    """The builder's word for it: `a`, `long`, `bool`, `mbb`, `string`, `longString`, `Waveform`."""
    role: str
    unit: str
    initial: Any
    low: float | None
    high: float | None
    labels: tuple[str, ...]
    length: int
    dtype: str
    description: str
    readback: str = ""


def plan_records(channels: Iterable[ChannelRecord], bounds_of: Callable[[str], Bounds | None]) -> list[Plan]:
    """Plan a record for every channel.

    :param bounds_of: the limits file's bounds of a channel; None where it has none.
    :raises UsageError: a name cannot be a record's.
    """
    plans: list[Plan] = []
    for channel in channels:
        if not _NAME.fullmatch(channel.name) or "." in channel.name:
            msg = (
                f"{channel.name!r} cannot be the name of an EPICS record: at most 60 letters, figures and _-:[]<>;/+; "
                "leave it out with --filter-pattern"
            )
            raise UsageError(msg)
        plans.append(_plan(channel, bounds_of(channel.name) or Bounds()))
    return plans


def _plan(channel: ChannelRecord, bounds: Bounds) -> Plan:
    words = _words(channel)
    dtype, labels, length = _type(channel, words)
    record = _record(dtype, labels, length, channel)
    numeric = record in ("a", "long")
    return Plan(
        name=channel.name,
        record=record,
        role=channel.role,
        unit=_cut(channel.unit, _UNIT),
        initial=_first_value(record, channel, words, bounds),
        low=bounds.low if numeric else None,
        high=bounds.high if numeric else None,
        labels=labels if record in ("bool", "mbb") else (),
        length=length,
        dtype=dtype.value,
        description=_cut(channel.description, _DESCRIPTION),
    )


def _words(channel: ChannelRecord) -> list[str]:
    """Give the words of the name, the last first, which says most, then those of quantity and description."""
    texts = (channel.name, channel.quantity, channel.description)
    found = [[piece.lower() for piece in _PIECES.findall(text)] for text in texts]
    return [*reversed(found[0]), *found[1], *found[2]]


def _type(channel: ChannelRecord, words: list[str]) -> tuple[DType, tuple[str, ...], int]:
    length = channel.length or 1
    labels = tuple(_cut(label, _LABEL) for label in channel.labels)
    if channel.dtype is not None:
        if channel.dtype in (DType.BOOL, DType.ENUM) and not labels:
            labels = _state(words) or ("OFF", "ON")
        return channel.dtype, labels, length
    if labels:
        return DType.ENUM, labels, length
    name = words[: len(_PIECES.findall(channel.name))]
    if state := _state(name[:2]) or (("OFF", "ON") if channel.role == "status" else None):
        return DType.BOOL, state, length
    if _TEXTS.intersection(name[:2]):
        return DType.STR, (), length
    if _WAVES.intersection(name):
        return DType.FLOAT, (), channel.length or _WAVEFORM
    return (DType.INT if _WHOLE.intersection(name[:2]) else DType.FLOAT), (), length


def _state(words: list[str]) -> tuple[str, str] | None:
    return next((_STATES[word] for word in words if word in _STATES), None)


def _record(dtype: DType, labels: tuple[str, ...], length: int, channel: ChannelRecord) -> str:
    if length > 1:
        return "longString" if dtype is DType.STR else "Waveform"
    match dtype:
        case DType.FLOAT:
            return "a"
        case DType.INT:
            return "long"
        case DType.STR:
            return "longString" if len(channel.description) > _SHORT_TEXT and "message" in channel.name else "string"
        case _ if len(labels) == 2:
            return "bool"
        case _:
            # An enumeration with more states than a record can hold is served by its numbers.
            return "mbb" if len(labels) <= _MOST_LABELS else "long"


def _first_value(record: str, channel: ChannelRecord, words: list[str], bounds: Bounds) -> Any:
    if record in ("string", "longString"):
        return ""
    if record != "a":
        return _within(0, bounds) if record == "long" else 0
    if channel.role != "setpoint":
        if "current" in words and {"beam", "dcct"} & set(words):
            return _BEAM_CURRENT
        for word in words:
            if word in _FIRST_VALUES:
                return _FIRST_VALUES[word]
    return _within(0.0, bounds)


def _within(value: float, bounds: Bounds) -> float:
    if bounds.low is not None and value < bounds.low:
        return bounds.low
    return bounds.high if bounds.high is not None and value > bounds.high else value


def _cut(text: str, size: int) -> str:
    """Give what fits into a field of the record, which counts bytes, without half a letter at the end."""
    return text.replace("\n", " ").encode()[:size].decode(errors="ignore")
