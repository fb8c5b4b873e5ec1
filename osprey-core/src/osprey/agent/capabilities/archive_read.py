"""Read past values from the target's archiver."""

from __future__ import annotations

import math

from osprey.agent.wording import format_time, format_value
from osprey.base import BaseCapability, StepResult, StepStatus
from osprey.control import ArchiveSeries, ArchiveSpan, targets_of
from osprey.errors import ConfigError


class ArchiveReadCapability(BaseCapability):
    """Fetch past values and sum them up."""

    name = "archive_read"
    description = "Read past values of channels from the archive"

    async def execute(self) -> StepResult:
        target = await targets_of(self._project).get(self.target)
        if target.archiver is None:
            msg = (
                f"target '{self.target}' has no archive; set control_system.targets.{self.target}.archiver "
                "in config.yml"
            )
            raise ConfigError(msg)
        channels = [str(name) for name in self.parameter("channels")]
        span = ArchiveSpan(start_ns=int(self.parameter("start_ns")), end_ns=int(self.parameter("end_ns")))
        timeout_s = target.config.read_timeout_s
        series = await target.archiver.fetch(channels, span, timeout_s=timeout_s)
        zone = self._project.config.facility.time_zone
        return StepResult(
            status=StepStatus.FAILED if all(one.fault for one in series) else StepStatus.DONE,
            text="\n".join(_summary(one, span, zone) for one in series),
            context={"series": [_plain(one) for one in series]},
        )


def _plain(series: ArchiveSeries) -> dict[str, object]:
    return {
        "channel": series.channel,
        "unit": series.unit,
        "t": [time_ns / 1e9 for time_ns in series.times_ns],
        "v": [float(value) for value in series.values],
        "coverage": series.coverage,
    }


def _summary(series: ArchiveSeries, span: ArchiveSpan, zone: str) -> str:
    if series.fault:
        return f"{series.channel}: {series.fault.message}"
    values = [value for value in series.values if math.isfinite(value)]
    when = f"{format_time(span.start_ns, zone)} to {format_time(span.end_ns, zone)}"
    if not values:
        return f"{series.channel}: no samples from {when}. {series.coverage}".rstrip()
    mean = math.fsum(values) / len(values)
    return (
        f"{series.channel}, {when}: mean {format_value(mean)} {series.unit}, "
        f"from {format_value(min(values))} to {format_value(max(values))} {series.unit}, "
        f"{len(values)} samples{', reduced by the archive' if series.is_reduced else ''}. {series.coverage}"
    ).rstrip()
