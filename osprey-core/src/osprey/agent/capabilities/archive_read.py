"""Read past values from the target's archiver."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from osprey.agent.capabilities.reading_contexts import channels_of
from osprey.base import BaseCapability, StepResult, StepStatus
from osprey.base.contexts import ArchivedChannel, ArchiverData, TimeRange
from osprey.control import SEVERITIES, ArchivedSample, ArchiveSeries, ArchiveSpan, Severity, targets_of
from osprey.control.archive import Columns, columns_of
from osprey.control.wording import format_time, format_value
from osprey.errors import ConfigError, UsageError

_TIMEOUT_S = 60.0
"""A long span is read from disks; the time limit of a live reading would be too short."""


class ArchiveReadCapability(BaseCapability):
    """Fetch past values and sum them up."""

    name = "archive_read"
    description = "Read past values of channels from the archive"
    is_independent = True
    provides = ("ARCHIVER_DATA",)

    async def execute(self) -> StepResult:
        target = await targets_of(self._project).get(self.target)
        if target.archiver is None:
            msg = (
                f"target '{self.target}' has no archive; set control_system.targets.{self.target}.archiver "
                "in config.yml"
            )
            raise ConfigError(msg)
        inputs = await self.loaded_inputs()
        channels = list(dict.fromkeys([*self.channel_parameter(), *channels_of(inputs.values())]))
        if not channels:
            msg = f"step '{self._step.context_key}' names no channel to read from the archive"
            raise UsageError(msg)
        span = self._span(inputs)
        series = await target.archiver.fetch(channels, span, timeout_s=_TIMEOUT_S)
        zone = self._project.config.facility.time_zone
        return StepResult(
            status=StepStatus.FAILED if all(one.fault for one in series) else StepStatus.DONE,
            text="\n".join(_summary(one, span, zone) for one in series),
            context=await self.leave(
                ArchiverData(
                    start_ns=span.start_ns, end_ns=span.end_ns, series=tuple(_archived(one) for one in series)
                ),
                channels=tuple(channels),
            ),
        )

    def _span(self, inputs: Mapping[str, Mapping[str, Any]]) -> ArchiveSpan:
        """Give the span of the step's own parameters, else that of a `TIME_RANGE` among its inputs."""
        spans = [one for one in inputs.values() if one.get("context_type") == TimeRange.CONTEXT_TYPE]
        given = self._step.parameters
        if "start_ns" not in given and "end_ns" not in given and len(spans) == 1:
            given = spans[0]
        if "start_ns" not in given or "end_ns" not in given:
            msg = f"step '{self._step.context_key}' needs start_ns and end_ns, or one TIME_RANGE among its inputs"
            raise UsageError(msg)
        start_ns, end_ns = given["start_ns"], given["end_ns"]
        if not isinstance(start_ns, int) or not isinstance(end_ns, int) or start_ns >= end_ns:
            msg = (
                f"step '{self._step.context_key}': start_ns and end_ns are whole numbers of nanoseconds, the first "
                f"before the second, not {start_ns!r} and {end_ns!r}"
            )
            raise UsageError(msg)
        return ArchiveSpan(start_ns=start_ns, end_ns=end_ns)


def _archived(series: ArchiveSeries) -> ArchivedChannel:
    columns = columns_of(series)
    return ArchivedChannel(
        channel=series.channel,
        unit=series.unit,
        t=tuple(time_ns / 1e9 for time_ns in columns.times_ns),
        # JSON has no word for what is no number.
        v=tuple(value if math.isfinite(value) else None for value in columns.values),
        invalid=columns.invalid,
        labels=tuple(series.labels),
        coverage=series.coverage,
    )


def _summary(series: ArchiveSeries, span: ArchiveSpan, zone: str) -> str:
    if series.fault:
        return f"{series.channel}: {series.fault.message}"
    columns = columns_of(series)
    when = f"{format_time(span.start_ns, zone)} to {format_time(span.end_ns, zone)}"
    parts = [f"{series.channel}, {when}: {_figures(series, columns)}"]
    if columns.invalid:
        are = "sample is" if columns.invalid == 1 else "samples are"
        parts.append(f"{columns.invalid} {are} marked invalid and left out")
    if not columns.numbers and series.before is not None:
        parts.append(_held(series, series.before, zone))
    return ". ".join([*parts, *filter(None, [series.coverage])])


def _figures(series: ArchiveSeries, columns: Columns) -> str:
    numbers = columns.numbers
    if not numbers:
        return "no valid samples" if columns.values else "no samples"
    count = f"{len(numbers)} sample{'' if len(numbers) == 1 else 's'}"
    if series.labels:
        return f"last {_with_unit(series, numbers[-1])}, {count}"
    mean = math.fsum(numbers) / len(numbers)
    reduced = f", reduced by the archive ({series.reduction})" if series.reduction else ""
    reduced = reduced or (", reduced by the archive" if series.is_reduced else "")
    return (
        f"mean {_with_unit(series, mean)}, "
        f"from {format_value(min(numbers))} to {_with_unit(series, max(numbers))}, {count}{reduced}"
    )


def _held(series: ArchiveSeries, before: ArchivedSample, zone: str) -> str:
    when = format_time(before.time_ns, zone)
    if SEVERITIES[before.severity] is Severity.INVALID:
        return f"the last sample before, of {when}, is marked invalid"
    return f"it was {_with_unit(series, before.value)} since {when}"


def _with_unit(series: ArchiveSeries, value: float) -> str:
    if series.labels:
        is_known = value.is_integer() and 0 <= value < len(series.labels)
        return series.labels[int(value)] if is_known else format_value(value)
    return f"{format_value(value)} {series.unit}".rstrip()
