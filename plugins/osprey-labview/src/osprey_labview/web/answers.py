"""From what a server answers to readings, descriptions and results of puts.

An answer for another batch than was asked is of no use to anybody: it is a `ConnectorError`. What is wrong with one
channel alone is that channel's fault.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from osprey.api import (
    Bounds,
    ChannelInfo,
    ChannelRecord,
    ConnectorError,
    DType,
    ErrorKind,
    Fault,
    PutResult,
    Reading,
    Severity,
)
from osprey_labview.web.forms import TYPES, FormError, time_from, value_from

_Result = TypeVar("_Result")

_RETRYABLE = frozenset({ErrorKind.UNREACHABLE, ErrorKind.TIMEOUT})
_LARGEST_PRECISION = 50


def results_in(answer: Any, channels: Sequence[str]) -> list[Mapping[str, Any]]:
    """Give the results of an answer, one for each channel in the order asked.

    :raises ConnectorError: the answer is not for this batch.
    """
    results = answer.get("results") if isinstance(answer, dict) else None
    if not isinstance(results, list) or not all(isinstance(one, dict) for one in results):
        msg = "the web service's answer has no list of `results`; see the contract in openapi.yaml"
        raise ConnectorError(msg)
    if len(results) != len(channels):
        msg = f"the web service answered with {len(results)} results to {len(channels)} channels"
        raise ConnectorError(msg)
    for result, channel in zip(results, channels, strict=True):
        if result.get("channel") != channel:
            msg = f"the web service answered for {result.get('channel')!r:.80} where {channel!r:.80} was asked"
            raise ConnectorError(msg)
    return results


def fault_of(channel: str, kind: ErrorKind, message: str, raw: str = "") -> Fault:
    """Give the fault of a channel."""
    return Fault(channel=channel, kind=kind, message=f"{channel}: {message}", raw=raw, retryable=kind in _RETRYABLE)


def _read(result: Mapping[str, Any], make: Callable[[], _Result]) -> _Result | Fault:
    """Make something of one result, or the fault that it is."""
    channel = result["channel"]
    try:
        if "error" in result:
            return _stated(channel, result["error"])
        return make()
    except FormError as exc:
        return fault_of(channel, ErrorKind.INVALID_DATA, f"the web service's result breaks the contract: {exc}")


def _stated(channel: str, error: Any) -> Fault:
    if not isinstance(error, dict):
        msg = "its error is no object"
        raise FormError(msg)
    kind = error.get("kind")
    if kind not in set(ErrorKind):
        msg = f"{kind!r} is no kind of error"
        raise FormError(msg)
    return fault_of(channel, ErrorKind(kind), _text(error, "message") or "no reason was given", _text(error, "code"))


def reading_in(result: Mapping[str, Any], received_ns: int) -> Reading | Fault:
    """Give the reading of a result."""
    return _read(result, lambda: _reading(result, received_ns))


def _reading(result: Mapping[str, Any], received_ns: int) -> Reading | Fault:
    dtype = _type(result)
    severity = _severity(result)
    if "value" not in result:
        msg = "it has no value"
        raise FormError(msg)
    value, shape = value_from(result["value"], dtype)
    setpoint = value_from(result["setpoint"], dtype)[0] if result.get("setpoint") is not None else None
    return Reading(
        channel=result["channel"],
        value=value,
        dtype=dtype,
        shape=shape,
        unit=_text(result, "unit"),
        severity=severity,
        alarm=_text(result, "alarm"),
        label=_text(result, "label") if result.get("label") is not None else None,
        setpoint=setpoint,
        source_ns=time_from(result.get("time")),
        received_ns=received_ns,
        quality=severity.value,
        is_moving=_truth(result, "moving", default=False),
    )


def put_result_in(result: Mapping[str, Any]) -> PutResult:
    """Give what became of one put; what is not clearly a yes or a no is left in doubt."""
    channel = result["channel"]
    read = _read(result, lambda: result.get("written") is True)
    if read is True:
        return PutResult(channel=channel)
    if isinstance(read, Fault):
        # A channel that the service does not know has surely taken nothing.
        kind = ErrorKind.REJECTED if read.kind is ErrorKind.NOT_FOUND else read.kind
        return PutResult(channel=channel, error=kind, message=read.message, raw=read.raw)
    message = f"{channel}: the web service does not say whether it was written"
    return PutResult(channel=channel, error=ErrorKind.INVALID_DATA, message=message)


def info_in(result: Mapping[str, Any]) -> ChannelInfo | Fault:
    """Give the description of a result."""
    return _read(result, lambda: _info(result))


def _info(result: Mapping[str, Any]) -> ChannelInfo:
    dtype = _type(result)
    name = _text(result, "name")
    length = _whole(result, "length", 2**31)
    labels = result.get("labels") or []
    if not isinstance(labels, list) or not all(isinstance(one, str) for one in labels):
        msg = "labels is no list of texts"
        raise FormError(msg)
    drive = Bounds(_limit(result, "low"), _limit(result, "high"))
    return ChannelInfo(
        channel=result["channel"],
        name=name or None,
        field="value",
        dtype=dtype,
        shape=() if length is None else (length,),
        unit=_text(result, "unit"),
        precision=_whole(result, "precision", _LARGEST_PRECISION),
        description=_text(result, "description"),
        drive=drive,
        display=drive,
        labels=tuple(labels) if dtype is DType.ENUM else (),
        writable=_truth(result, "writable", default=None),
    )


def records_in(answer: Any, limit: int) -> list[ChannelRecord]:
    """Give the channels of a list.

    :raises ConnectorError: it is none.
    """
    listed = answer.get("channels") if isinstance(answer, dict) else None
    if not isinstance(listed, list):
        msg = "the web service's list has no `channels`"
        raise ConnectorError(msg)
    try:
        return [_record(one) for one in listed[:limit]]
    except FormError as exc:
        msg = f"the web service's list breaks the contract: {exc}"
        raise ConnectorError(msg) from exc


def _record(one: Any) -> ChannelRecord:
    if not isinstance(one, dict) or not _text(one, "name"):
        msg = "a channel has no name"
        raise FormError(msg)
    return ChannelRecord(
        name=one["name"],
        description=_text(one, "description"),
        device=_text(one, "device"),
        unit=_text(one, "unit"),
    )


def _type(result: Mapping[str, Any]) -> DType:
    name = result.get("type")
    if not isinstance(name, str) or name not in TYPES:
        msg = f"{name!r} is no type"
        raise FormError(msg)
    return TYPES[name]


def _severity(result: Mapping[str, Any]) -> Severity:
    word = result.get("severity", "ok")
    if word not in set(Severity):
        msg = f"{word!r} is no severity"
        raise FormError(msg)
    return Severity(word)


def _text(result: Mapping[str, Any], key: str) -> str:
    text = result.get(key, "")
    if not isinstance(text, str):
        msg = f"{key} is no text"
        raise FormError(msg)
    return text


def _truth(result: Mapping[str, Any], key: str, *, default: bool | None) -> bool:
    value = result.get(key, default)
    if not isinstance(value, bool):
        msg = f"{key} is neither true nor false"
        raise FormError(msg)
    return value


def _whole(result: Mapping[str, Any], key: str, most: int) -> int | None:
    value = result.get(key)
    if value is not None and (type(value) is not int or not 0 <= value <= most):
        msg = f"{key} is no whole number from 0 to {most}"
        raise FormError(msg)
    return value


def _limit(result: Mapping[str, Any], key: str) -> float | None:
    """A limit that cannot be read is no description without limits: it fails the whole result."""
    value = result.get(key)
    if value is None:
        return None
    if isinstance(value, str):
        msg = f"{key} is no finite number"
        raise FormError(msg)
    return value_from(value, DType.FLOAT)[0] if not isinstance(value, list) else _no_list(key)


def _no_list(key: str) -> float:
    msg = f"{key} is no number"
    raise FormError(msg)
