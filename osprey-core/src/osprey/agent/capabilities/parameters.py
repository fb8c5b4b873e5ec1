"""What the steps of the built-in capabilities take: checked before a plan runs, and shown to a model that plans.

What a field's metadata says under ``about`` is what a model reads; the rest is checked by the class.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, cast

from attrs import field, frozen

from osprey.config import PipelineMode
from osprey.config.rules import Positive
from osprey.control.snapshots import Grouping, Order

_CHANNELS = "exact names of channels"
_MOST_POINTS = 1000


def _about(text: str) -> dict[str, str]:
    return {"about": text}


@frozen(kw_only=True)
class ChannelFindParameters:
    """Of `channel_find`."""

    query: str = field(metadata=_about("words for device, family, sector, quantity or description"))
    limit: int = field(default=100, validator=Positive(), metadata=_about("how many of them later steps may use"))
    pipeline: PipelineMode | None = field(default=None, metadata=_about("how they are found; usually left out"))


@frozen(kw_only=True)
class ChannelReadParameters:
    """Of `channel_read`; what an input's step has found is read as well."""

    channels: tuple[str, ...] = field(default=(), metadata=_about(_CHANNELS))


@frozen(kw_only=True)
class ArchiveReadParameters:
    """Of `archive_read`; channels and span may come from inputs in place of these."""

    channels: tuple[str, ...] = field(default=(), metadata=_about(_CHANNELS))
    start_ns: int | None = field(
        default=None, metadata=_about("the begin of the span, in nanoseconds since 1970 UTC; or a TIME_RANGE as input")
    )
    end_ns: int | None = field(default=None, metadata=_about("its end, which is later, and not in the future"))

    def __attrs_post_init__(self) -> None:
        if (self.start_ns is None) != (self.end_ns is None):
            msg = "'start_ns' and 'end_ns' are given together, or both come from a TIME_RANGE"
            raise ValueError(msg)
        if self.start_ns is not None and self.end_ns is not None and self.start_ns >= self.end_ns:
            msg = f"the span ends ({self.end_ns}) before it starts ({self.start_ns})"
            raise ValueError(msg)


@frozen(kw_only=True)
class PlannedWrite:
    """One channel of a change."""

    channel: str = field(metadata=_about("exact name of a set point"))
    value: Any = field(default=None, metadata=_about("what it is set to: a number, a text of its states, or a list"))
    delta: float | None = field(default=None, metadata=_about("in place of value: what is added to what it is set to"))
    percent: float | None = field(default=None, metadata=_about("in place of value: by how much of it in per cent"))
    unit: str | None = field(default=None, metadata=_about("the unit of the number, as the request says it"))

    def __attrs_post_init__(self) -> None:
        if sum(one is not None for one in (self.value, self.delta, self.percent)) != 1:
            msg = f"{self.channel}: give one of 'value', 'delta' and 'percent'"
            raise ValueError(msg)
        if isinstance(self.value, Mapping) and set(cast("Mapping[str, Any]", self.value)) != {"float"}:
            msg = f"{self.channel}: 'value' is a number, a text or a list, not a mapping"
            raise ValueError(msg)


@frozen(kw_only=True)
class PlannedScan:
    """A range that a channel is stepped through."""

    channel: str = field(metadata=_about("exact name of the set point that is moved"))
    start: float = field(metadata=_about("the first value"))
    stop: float = field(metadata=_about("the last value"))
    steps: int = field(metadata=_about(f"the number of points, both ends included: 2 to {_MOST_POINTS}"))
    unit: str | None = field(default=None, metadata=_about("the unit of start and stop"))
    restore: bool = field(default=True, metadata=_about("whether it then goes back to its present value"))

    def __attrs_post_init__(self) -> None:
        if not 2 <= self.steps <= _MOST_POINTS:
            msg = f"{self.channel}: a scan has 2 to {_MOST_POINTS} points, not {self.steps}"
            raise ValueError(msg)


@frozen(kw_only=True)
class Observed:
    """What is measured after each group of writes."""

    channels: tuple[str, ...] = field(default=(), metadata=_about(_CHANNELS))
    settle_s: float = field(default=0.0, metadata=_about("seconds to wait before measuring"))


@frozen(kw_only=True)
class ChannelWriteParameters:
    """Of `channel_write`: groups one after the other, or a scan."""

    groups: tuple[tuple[PlannedWrite, ...], ...] = field(
        default=(), metadata=_about("lists of writes; those of one list are put together, the lists one after another")
    )
    scan: PlannedScan | None = field(default=None, metadata=_about("in place of groups"))
    observe: Observed | None = field(default=None, metadata=_about("what is measured after each group"))

    def __attrs_post_init__(self) -> None:
        if (self.scan is None) == (not any(self.groups)):
            msg = "give either 'groups' with at least one write, or 'scan'"
            raise ValueError(msg)


@frozen(kw_only=True)
class PythonParameters:
    """Of `python`; without a template the code is written from the step's objective."""

    template: str | None = field(default=None, metadata=_about("a template of the phrasebook; usually left out"))
    params: Mapping[str, Any] = field(factory=dict[str, Any], metadata=_about("of the template"))

    def __attrs_post_init__(self) -> None:
        if self.params and self.template is None:
            msg = "'params' belong to a 'template': name it, or leave both out"
            raise ValueError(msg)


class MemoryOperation(StrEnum):
    """What is done with notes."""

    SAVE = "save"
    SEARCH = "search"


@frozen(kw_only=True)
class MemoryParameters:
    """Of `memory`."""

    op: MemoryOperation = field(metadata=_about("save a note, or search those there are"))
    text: str = field(default="", metadata=_about("the note, or the words to look for; empty: all notes"))

    def __attrs_post_init__(self) -> None:
        if self.op is MemoryOperation.SAVE and not self.text.strip():
            msg = "'text' is empty: there is nothing to save"
            raise ValueError(msg)


@frozen(kw_only=True)
class TimeRangeParameters:
    """Of `time_range`."""

    text: str = field(metadata=_about("the span in words, such as 'yesterday between 8 and 9'"))


@frozen(kw_only=True)
class SnapshotSaveParameters:
    """Of `snapshot_save`; what an input's step has found is saved as well."""

    channels: tuple[str, ...] = field(default=(), metadata=_about(_CHANNELS))
    name: str = field(default="", metadata=_about("what it is called; empty: its time"))
    note: str = field(default="", metadata=_about("why it is kept"))
    replace: bool = field(default=False, metadata=_about("whether one of that name is written over"))


@frozen(kw_only=True)
class SnapshotRestoreParameters:
    """Of `snapshot_restore`."""

    name: str = field(metadata=_about("the snapshot's name"))
    order: Order = field(default=Order.SAVED, metadata=_about("which writes go first"))
    grouping: Grouping = field(default=Grouping.EACH, metadata=_about("which writes go together"))


@frozen(kw_only=True)
class ScanAxis:
    """A channel that a scan moves: start, stop and steps, or values."""

    channel: str = field(metadata=_about("exact name of a set point"))
    start: float | None = field(default=None, metadata=_about("the first value"))
    stop: float | None = field(default=None, metadata=_about("the last value"))
    steps: int | None = field(default=None, metadata=_about("the number of points, both ends included"))
    values: tuple[float, ...] | None = field(default=None, metadata=_about("in place of start, stop and steps"))
    unit: str | None = field(default=None, metadata=_about("the unit of the numbers"))
    relative: bool = field(default=False, metadata=_about("whether the numbers count from what it is set to now"))

    def __attrs_post_init__(self) -> None:
        given = [one is not None for one in (self.start, self.stop, self.steps)]
        if any(given) if self.values is not None else not all(given):
            msg = f"{self.channel}: give 'start', 'stop' and 'steps', or 'values' alone"
            raise ValueError(msg)


class ScanForm(StrEnum):
    """How the axes of a scan go together."""

    GRID = "grid"
    LIST = "list"


@frozen(kw_only=True)
class ScanParameters:
    """Of `scan`."""

    axes: tuple[ScanAxis, ...] = field(metadata=_about("one to three"))
    form: ScanForm = field(default=ScanForm.GRID, metadata=_about("every combination, or point by point"))
    snake: bool = field(default=False, metadata=_about("whether a grid turns round at the end of a row"))
    observe: Observed | None = field(default=None, metadata=_about("what is measured at each point"))
    restore: bool = field(default=True, metadata=_about("whether the old values are put back at the end"))


class ContextOperation(StrEnum):
    """What is said of what earlier steps left."""

    LIST = "list"
    SHOW = "show"


@frozen(kw_only=True)
class ContextParameters:
    """Of `context`."""

    op: ContextOperation = field(default=ContextOperation.LIST, metadata=_about("list all, or show one"))
    key: str = field(default="", metadata=_about("the context key of what is shown"))


class StatusSubject(StrEnum):
    """What `status` can speak of."""

    ALL = "all"
    WAITING = "waiting"
    TARGETS = "targets"
    HALT = "halt"
    CONFIGURATION = "configuration"


@frozen(kw_only=True)
class StatusParameters:
    """Of `status`."""

    about: StatusSubject = field(default=StatusSubject.ALL, metadata=_about("what it speaks of"))
    keys: str = field(default="*", metadata=_about("of the configuration, such as approval.*"))
