"""Readings as contexts: values in JSON, their units beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from osprey.base.contexts import ChannelReading, ChannelValues, ChannelWriteResults, Written
from osprey.control import ApplyReport, Fault, Reading, ReadResult
from osprey.control.comparison import to_plain


def values_of(results: Iterable[ReadResult]) -> ChannelValues:
    """Give what channels read as a context."""
    return ChannelValues(readings={result.channel: reading_of(result) for result in results})


def reading_of(result: ReadResult) -> ChannelReading:
    """Give what one channel read, or why it gave nothing."""
    if isinstance(result, Fault):
        return ChannelReading(error=f"{result.kind}: {result.message}")
    return ChannelReading(
        value=to_plain(result.value),
        unit=result.unit,
        severity=result.severity.value,
        label=result.label,
        setpoint=None if result.setpoint is None else to_plain(result.setpoint),
        source_ns=result.source_ns,
    )


def writes_of(report: ApplyReport) -> ChannelWriteResults:
    """Give what became of an approved list as a context."""
    return ChannelWriteResults(
        request_id=report.request_id,
        writes=tuple(
            Written(
                channel=item.name,
                value=to_plain(item.value),
                before=None if item.before is None else to_plain(item.before),
            )
            for item in report.items
        ),
        outcomes=tuple(item.outcome.value for item in report.items),
        observations=tuple(observed_of(row) for row in report.observations),
    )


def observed_of(row: Sequence[ReadResult]) -> Mapping[str, Any]:
    """Give the values of one row of readings; None where a channel gave none."""
    return {result.channel: to_plain(result.value) if isinstance(result, Reading) else None for result in row}


def channels_of(contexts: Iterable[Mapping[str, Any]]) -> list[str]:
    """Give the channels that earlier steps have found or read."""
    named: list[str] = []
    for context in contexts:
        named += [str(name) for name in context.get("channels") or context.get("readings") or ()]
    return list(dict.fromkeys(named))
