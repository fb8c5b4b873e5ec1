"""The machine as a run sees it: a target's connector, archiver and directory, asked for plain values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast

from osprey.control.archive import columns_of
from osprey.control.archive.series import INVALID_NUMBER, ArchiveSeries, ArchiveSpan
from osprey.control.values import ChannelInfo, ChannelRecord, ErrorKind, Fault, Reading, ReadResult

if TYPE_CHECKING:
    from osprey.control.targets import Target

_ARCHIVE_TIMEOUT_S = 60.0


class Machine(Protocol):
    """What a desk asks. It has no way to write: an intended write never leaves the rehearsal."""

    async def read(self, channels: Sequence[str]) -> list[ReadResult]: ...

    async def describe(self, channels: Sequence[str]) -> list[ChannelInfo | Fault]: ...

    async def fetch(self, channels: Sequence[str], span: ArchiveSpan) -> list[ArchiveSeries]: ...

    async def closest(self, channel: str) -> list[str]:
        """Names that exist and look like `channel`."""
        ...

    async def canonical(self, channel: str) -> str:
        """One name for one channel, whichever of its spellings was used."""
        ...

    async def record(self, channel: str) -> ChannelRecord | None:
        """What the facility's channel list says of a channel; None if it is not listed."""
        ...


class TargetMachine:
    """The machine behind one target of the project."""

    def __init__(self, target: Target) -> None:
        self._target = target

    async def read(self, channels: Sequence[str]) -> list[ReadResult]:
        return await self._target.connector.read(channels, timeout_s=self._target.config.read_timeout_s)

    async def describe(self, channels: Sequence[str]) -> list[ChannelInfo | Fault]:
        return await self._target.connector.describe(channels, timeout_s=self._target.config.read_timeout_s)

    async def fetch(self, channels: Sequence[str], span: ArchiveSpan) -> list[ArchiveSeries]:
        archiver = self._target.archiver
        if archiver is None:
            message = (
                f"target {self._target.name!r} has no archive: name one in "
                f"control_system.targets.{self._target.name}.archiver"
            )
            return [
                ArchiveSeries(
                    channel=channel,
                    fault=Fault(channel=channel, kind=ErrorKind.UNSUPPORTED, message=message),
                )
                for channel in channels
            ]
        return await archiver.fetch(channels, span, timeout_s=_ARCHIVE_TIMEOUT_S)

    async def closest(self, channel: str) -> list[str]:
        return [record_name(item) for item in (await self._target.directory()).closest(channel)]

    async def canonical(self, channel: str) -> str:
        record = await self.record(channel)
        return channel.removesuffix(".VAL") if record is None else record.name

    async def record(self, channel: str) -> ChannelRecord | None:
        return (await self._target.directory()).get(channel)


def record_name(item: Any) -> str:
    """Give the name of a directory's answer, which may be the record or its name."""
    return item if isinstance(item, str) else str(item.name)


def reading_to_json(reading: Reading) -> dict[str, Any]:
    """Turn a reading into what crosses the socket."""
    return {
        "value": plain(reading.value),
        "unit": reading.unit,
        "severity": reading.severity.value,
        "alarm": reading.alarm,
        "label": reading.label,
        "source_ns": reading.source_ns,
    }


def info_to_json(info: ChannelInfo, record: ChannelRecord | None) -> dict[str, Any]:
    """Turn a description into what crosses the socket; the facility's own words come first."""
    return {
        "name": info.name or info.channel,
        "description": (record.description if record else "") or info.description,
        "unit": info.unit,
        "dtype": info.dtype.value,
        "shape": list(info.shape),
        "precision": info.precision,
        "drive_low": info.drive.low,
        "drive_high": info.drive.high,
        "labels": list(info.labels),
        "writable": info.writable,
        "is_command": info.is_command,
        "readback": record.readback if record else None,
    }


def record_to_json(record: ChannelRecord) -> dict[str, Any]:
    """Turn an entry of the channel list into what crosses the socket."""
    return {
        "name": record.name,
        "description": record.description,
        "device": record.device or record.name,
        "family": record.family,
        "sector": record.sector,
        "position_m": record.position_m,
        "quantity": record.quantity,
        "role": record.role,
        "unit": record.unit,
        "readback": record.readback,
    }


def series_to_json(series: ArchiveSeries) -> dict[str, Any]:
    """Turn past values into columns: seconds since 1970, values with gaps for what is marked invalid, unit."""
    columns, before = columns_of(series), series.before
    return {
        "t": [time_ns / 1e9 for time_ns in columns.times_ns],
        "v": columns.values,
        "unit": series.unit,
        "labels": list(series.labels),
        "invalid": columns.invalid,
        "before": None
        if before is None
        else [before.time_ns / 1e9, math.nan if before.severity == INVALID_NUMBER else before.value],
        "reduced": series.is_reduced,
        "reduction": series.reduction,
        "coverage": series.coverage,
    }


def plain(value: Any) -> Any:
    """Give a connector's value, which may be a NumPy array, as JSON."""
    if hasattr(value, "tolist"):
        return value.tolist()
    return list(cast("Sequence[Any]", value)) if isinstance(value, tuple | list) else value
