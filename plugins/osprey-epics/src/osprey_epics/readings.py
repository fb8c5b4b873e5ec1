"""What is told of a channel: readings, faults and results of puts, from what libca answered."""

from __future__ import annotations

import fnmatch
import re
import time
from collections.abc import Sequence

from osprey.control import DType, ErrorKind, Fault, PutResult, Reading, ReadResult
from osprey_epics.batch import Failure, Request
from osprey_epics.dbr import Control, Sample, alarm_text, decode_text, severity_of
from osprey_epics.names import parse_name

_RETRYABLE = frozenset({ErrorKind.UNREACHABLE, ErrorKind.TIMEOUT})


class NamedChannels:
    """Knows the channels that a setting names, by their names or with wildcards."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._pattern = re.compile("|".join(map(fnmatch.translate, patterns)) or r"(?!)")

    def __contains__(self, name: str) -> bool:
        return self._pattern.match(name) is not None


class TextChannels(NamedChannels):
    """Knows the channels whose arrays of characters are texts."""

    def __contains__(self, name: str) -> bool:
        return super().__contains__(name) or ("$" in name and parse_name(name).reads_as_text)


def reading_of(name: str, sample: Sample, control: Control, *, is_text: bool) -> Reading:
    """Complete a sample with unit, labels and the words for its alarm."""
    value, dtype, shape = sample.value, sample.dtype, sample.shape
    label: str | None = None
    if dtype is DType.ENUM and not shape:
        label = control.labels[int(value)] if value < len(control.labels) else None
    elif is_text and dtype is DType.INT:
        value, dtype, shape = text_of(sample), DType.STR, ()
    return Reading(
        channel=name,
        value=value,
        dtype=dtype,
        shape=shape,
        unit=control.unit,
        severity=severity_of(sample.severity),
        alarm=alarm_text(sample.status),
        label=label,
        source_ns=sample.source_ns,
        received_ns=sample.received_ns,
        quality=f"STAT {sample.status} SEVR {sample.severity}",
    )


def text_of(sample: Sample) -> str:
    """Give a sample's text, be it a string or an array of characters."""
    if isinstance(sample.value, str):
        return sample.value
    return decode_text(bytes(sample.value) if sample.shape else bytes([sample.value]))


def read_result_of(request: Request, *, is_text: bool) -> ReadResult:
    """Give what became of a request for a reading."""
    if not isinstance(request.result, Sample):
        return fault_of(request)
    control = request.channel.control if request.channel is not None else None
    return reading_of(request.name, request.result, control or Control(), is_text=is_text)


def fault_of(request: Request) -> Fault:
    """Say why a request has no good answer."""
    failure = request.result if isinstance(request.result, Failure) else explain_silence(request)
    return fault(request.name, failure)


def fault(name: str, failure: Failure) -> Fault:
    """Give a failure as the fault of one channel."""
    return Fault(
        channel=name,
        kind=failure.kind,
        message=failure.message,
        raw=failure.raw,
        retryable=failure.kind in _RETRYABLE,
    )


def put_result_of(request: Request) -> PutResult:
    """Give what became of a put, and whether it may have left this process."""
    if request.result is not None and not isinstance(request.result, Failure):
        return PutResult(channel=request.name)
    failure = request.result or explain_silence(request)
    return PutResult(
        channel=request.name,
        error=failure.kind,
        message=failure.message,
        raw=failure.raw,
        was_sent=request.is_sent,
    )


def explain_silence(request: Request) -> Failure:
    """Say why a request had no answer by its deadline."""
    name, channel = request.name, request.channel
    if request.is_sent:
        message = f"{name}: connected, but no answer before the deadline"
        return Failure(ErrorKind.TIMEOUT, message)
    if channel is None or channel.is_connected:
        return Failure(ErrorKind.TIMEOUT, f"{name}: the deadline passed before it could be asked")
    if channel.was_connected:
        lost_s = (time.time_ns() - (channel.lost_ns or time.time_ns())) / 1e9
        message = f"{name}: the connection to {channel.host} was lost {lost_s:.1f} s ago"
        return Failure(ErrorKind.UNREACHABLE, message)
    message = f"{name}: no answer from any IOC in time: not found or unreachable"
    return Failure(ErrorKind.NOT_FOUND, message)
