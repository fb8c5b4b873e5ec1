"""From this product's readings and reports to the seeds' values."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from attrs import evolve

from osprey.connectors.control_system.base import (
    ChannelMetadata,
    ChannelReadError,
    ChannelTimeoutError,
    ChannelValue,
    ChannelWriteResult,
    WriteVerification,
)
from osprey.control import ChannelInfo, ErrorKind, Fault, ItemReport, Outcome, Reading, ReadResult
from osprey.control.comparison import elements_of, is_same, to_plain
from osprey.errors import ConnectorError

_ROUNDING_SHARE: Final = 1e-6


def moment(time_ns: int) -> datetime:
    """Give a time in UTC, to the microsecond."""
    return datetime.fromtimestamp(time_ns // 10**9, tz=UTC).replace(microsecond=time_ns % 10**9 // 1000)


def value_of(result: ReadResult, *, now_ns: int) -> ChannelValue:
    """Give a reading, or the reason why there is none."""
    if isinstance(result, Fault):
        metadata = ChannelMetadata(alarm_status="invalid", raw_metadata={"error": str(result.kind)})
        return ChannelValue(None, moment(now_ns), metadata, error=f"{result.kind}: {result.message}")
    time_ns = result.received_ns if result.source_ns is None else result.source_ns
    return ChannelValue(to_plain(result.value), moment(time_ns), reading_metadata(result, moment(time_ns)))


def required(result: ReadResult) -> Reading:
    """Give a reading.

    :raises ChannelReadError, ChannelTimeoutError: there is none.
    """
    if isinstance(result, Reading):
        return result
    raise unavailable(result)


def unavailable(fault: Fault) -> ConnectorError:
    """Give the error that says why a channel gave nothing."""
    kind = ChannelTimeoutError if fault.kind is ErrorKind.TIMEOUT else ChannelReadError
    return kind(f"{fault.channel}: {fault.message} ({fault.kind})")


def reading_metadata(reading: Reading, timestamp: datetime) -> ChannelMetadata:
    """Give what a reading says beside its value; `get_metadata` knows more."""
    return ChannelMetadata(
        units=reading.unit,
        alarm_status=f"{reading.severity}: {reading.alarm}" if reading.alarm else str(reading.severity),
        timestamp=timestamp,
        raw_metadata={
            "dtype": str(reading.dtype),
            "shape": reading.shape,
            "severity": str(reading.severity),
            "label": reading.label,
            "setpoint": reading.setpoint,
            "source_ns": reading.source_ns,
            "received_ns": reading.received_ns,
            "quality": reading.quality,
        },
    )


def described(info: ChannelInfo, result: ReadResult) -> ChannelMetadata:
    """Join what a channel is with what it reads."""
    timestamp = alarm = None
    if isinstance(result, Reading):
        timestamp = moment(result.received_ns if result.source_ns is None else result.source_ns)
        alarm = reading_metadata(result, timestamp).alarm_status
    return ChannelMetadata(
        units=info.unit,
        precision=info.precision,
        alarm_status=alarm,
        timestamp=timestamp,
        description=info.description or None,
        min_value=info.drive.low,
        max_value=info.drive.high,
        raw_metadata={
            "name": info.name,
            "dtype": str(info.dtype),
            "shape": info.shape,
            "labels": info.labels,
            "writable": info.writable,
            "display": (info.display.low, info.display.high),
            "warning": (info.warning.low, info.warning.high),
            "alarm": (info.alarm.low, info.alarm.high),
        },
    )


def write_result(result: ChannelWriteResult, item: ItemReport) -> ChannelWriteResult:
    """Give what became of a write that was carried out, as strictly verified as its caller wished."""
    wished = result.verification or WriteVerification("none", verified=False)
    is_confirmed = item.outcome is Outcome.CONFIRMED
    doubt = _doubt(wished, item) if is_confirmed else f"{item.outcome}: {item.reason}"
    return evolve(
        result,
        success=is_confirmed,
        verification=evolve(wished, verified=not doubt, readback_value=item.readback, notes=doubt or None),
        error_message=None if is_confirmed else doubt,
        outcome=item.outcome,
    )


def _doubt(wished: WriteVerification, item: ItemReport) -> str:
    """Say what the caller wished and the guard, which has confirmed the write, did not see."""
    if wished.level == "readback" and item.readback is None:
        return "the limits of this channel ask for no read-back"
    if wished.tolerance_used is None:
        # What a read-back has confirmed needs no words; what it did not decide was only told.
        is_told = wished.level == "readback" and bool(item.reason)
        return item.reason if is_told and not _is_seen(item) else ""
    if not isinstance(item.readback, int | float) or not isinstance(item.value, int | float):
        return "" if item.readback == item.value else "the read-back is another value"
    off = abs(item.readback - item.value)
    return (
        "" if off <= wished.tolerance_used else f"the read-back is off by {off:g}, more than {wished.tolerance_used:g}"
    )


def _is_seen(item: ItemReport) -> bool:
    """Tell whether the read-back is the value, up to the rounding to 32 bits."""
    if item.readback is None:
        return False
    sizes = [abs(one) for one in elements_of(item.value) if not isinstance(one, str)]
    return is_same(item.value, to_plain(item.readback), min(sizes, default=0.0) * _ROUNDING_SHARE)
