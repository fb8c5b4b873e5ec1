"""The contexts of the built-in capabilities. Times are int64 ns UTC, units stand beside the values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from attrs import field, frozen

from osprey.base.contexts.context import CapabilityContext


@frozen(kw_only=True)
class ChannelAddresses(CapabilityContext):
    """Channels that were found."""

    CONTEXT_TYPE: ClassVar[str] = "CHANNEL_ADDRESSES"
    CONTEXT_CATEGORY: ClassVar[str] = "METADATA"

    channels: tuple[str, ...] = ()
    """The best first."""
    query: str = ""
    count: int = 0
    """How many there are; `channels` may be the first of them."""
    pipeline: str = ""
    """How they were found."""

    def get_summary(self) -> dict[str, Any]:
        return {"query": self.query, "found": self.count, "channels": list(self.channels[:10])}


@frozen(kw_only=True)
class ChannelReading:
    """What one channel read, or why it gave nothing."""

    value: Any = None
    unit: str = ""
    severity: str = ""
    label: str | None = None
    """The text of an enumeration's value."""
    setpoint: Any = None
    source_ns: int | None = None
    error: str = ""
    """Why there is no value; empty: there is one."""


@frozen(kw_only=True)
class ChannelValues(CapabilityContext):
    """What channels read."""

    CONTEXT_TYPE: ClassVar[str] = "CHANNEL_VALUES"
    CONTEXT_CATEGORY: ClassVar[str] = "COMPUTATIONAL_DATA"

    readings: Mapping[str, ChannelReading] = field(factory=dict[str, ChannelReading])

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels that were read, those without a value too."""
        return tuple(self.readings)

    def get_summary(self) -> dict[str, Any]:
        return {name: one.error or f"{one.value} {one.unit}".strip() for name, one in list(self.readings.items())[:10]}


@frozen(kw_only=True)
class Written:
    """One value that was to be put."""

    channel: str
    value: Any = None
    before: Any = None
    """What it read before; None: unknown."""


@frozen(kw_only=True)
class ChannelWriteResults(CapabilityContext):
    """What became of an approved list of writes."""

    CONTEXT_TYPE: ClassVar[str] = "CHANNEL_WRITE_RESULTS"
    CONTEXT_CATEGORY: ClassVar[str] = "COMPUTATIONAL_DATA"

    request_id: str = ""
    writes: tuple[Written, ...] = ()
    outcomes: tuple[str, ...] = ()
    """One word for each write: confirmed, mismatch, unconfirmed, failed, refused, unrequested."""
    observations: tuple[Mapping[str, Any], ...] = ()
    """For each confirmed group: what the observed channels read, None where one gave no value."""

    def get_summary(self) -> dict[str, Any]:
        confirmed = self.outcomes.count("confirmed")
        return {"request": self.request_id, "confirmed": f"{confirmed} of {len(self.outcomes)}"}


@frozen(kw_only=True)
class ArchivedChannel:
    """Past values of one channel, as two columns of equal length."""

    channel: str
    unit: str = ""
    t: tuple[float, ...] = ()
    """Seconds since 1970, UTC."""
    v: tuple[float | None, ...] = ()
    """None: it was no finite number."""
    invalid: int = 0
    """Samples that the archive marks invalid; they are left out."""
    labels: tuple[str, ...] = ()
    coverage: str = ""
    """What of the span the archive does not have, in a sentence."""


@frozen(kw_only=True)
class ArchiverData(CapabilityContext):
    """Past values of channels."""

    CONTEXT_TYPE: ClassVar[str] = "ARCHIVER_DATA"
    CONTEXT_CATEGORY: ClassVar[str] = "COMPUTATIONAL_DATA"

    start_ns: int = 0
    end_ns: int = 0
    series: tuple[ArchivedChannel, ...] = ()

    def get_summary(self) -> dict[str, Any]:
        return {one.channel: f"{len(one.v)} samples {one.unit}".strip() for one in self.series[:10]}


@frozen(kw_only=True)
class PythonResults(CapabilityContext):
    """What a script left in `results`, and its figures."""

    CONTEXT_TYPE: ClassVar[str] = "PYTHON_RESULTS"
    CONTEXT_CATEGORY: ClassVar[str] = "COMPUTATIONAL_DATA"

    results: Any = None
    figures: tuple[str, ...] = ()
    """Relative to the run's folder."""

    def get_summary(self) -> dict[str, Any]:
        return {"results": self.results, "figures": len(self.figures)}


@frozen(kw_only=True)
class MemoryContext(CapabilityContext):
    """What is remembered for the user."""

    CONTEXT_TYPE: ClassVar[str] = "MEMORY_CONTEXT"
    CONTEXT_CATEGORY: ClassVar[str] = "CONTEXTUAL_KNOWLEDGE"

    notes: tuple[str, ...] = ()
    note: str = ""
    """The id of the note that was saved; empty: notes were looked up."""

    def get_summary(self) -> dict[str, Any]:
        return {"notes": list(self.notes[:10])}


@frozen(kw_only=True)
class TimeRange(CapabilityContext):
    """A span of time, its end excluded."""

    CONTEXT_TYPE: ClassVar[str] = "TIME_RANGE"
    CONTEXT_CATEGORY: ClassVar[str] = "METADATA"

    start_ns: int
    end_ns: int
    text: str = ""
    """As a person said it."""
    time_zone: str = "UTC"
    """The zone in which it was said."""

    def get_summary(self) -> dict[str, Any]:
        return {"said": self.text, "seconds": (self.end_ns - self.start_ns) / 1e9, "time_zone": self.time_zone}


@frozen(kw_only=True)
class SnapshotContext(CapabilityContext):
    """A snapshot that was saved."""

    CONTEXT_TYPE: ClassVar[str] = "SNAPSHOT"
    CONTEXT_CATEGORY: ClassVar[str] = "METADATA"

    name: str
    file: str
    saved_ns: int
    channels: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    """Channels that gave no value."""

    def get_summary(self) -> dict[str, Any]:
        return {"name": self.name, "channels": len(self.channels), "missing": len(self.missing)}


@frozen(kw_only=True)
class ScanAxisData:
    """What one channel was set to at the points of a scan that were reached."""

    channel: str
    unit: str = ""
    values: tuple[float, ...] = ()


@frozen(kw_only=True)
class ScanData(CapabilityContext):
    """What a scan measured: columns of equal length, one row for each point that was reached."""

    CONTEXT_TYPE: ClassVar[str] = "SCAN_DATA"
    CONTEXT_CATEGORY: ClassVar[str] = "COMPUTATIONAL_DATA"

    request_id: str = ""
    planned: int = 0
    """Points that were approved; fewer rows: it was aborted."""
    axes: tuple[ScanAxisData, ...] = ()
    measured: Mapping[str, tuple[Any, ...]] = field(factory=dict[str, tuple[Any, ...]])
    """By channel; None where it gave no value."""
    units: Mapping[str, str] = field(factory=dict[str, str])
    is_restored: bool = False
    """True if the old values were put back as part of it."""

    def get_summary(self) -> dict[str, Any]:
        reached = min((len(axis.values) for axis in self.axes), default=0)
        return {"points": f"{reached} of {self.planned}", "axes": [a.channel for a in self.axes]}


BUILT_IN: Final[tuple[type[CapabilityContext], ...]] = (
    ChannelAddresses,
    ChannelValues,
    ChannelWriteResults,
    ArchiverData,
    PythonResults,
    MemoryContext,
    TimeRange,
    SnapshotContext,
    ScanData,
)
