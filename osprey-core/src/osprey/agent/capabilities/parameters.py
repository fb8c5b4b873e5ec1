"""What the steps of the built-in capabilities take: checked before a plan runs, and shown to a model that plans.

What a field's metadata says under ``about`` is what a model reads; the rest is checked by the class.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, cast

from attrs import field, frozen

from osprey.config.rules import Positive

_CHANNELS = "exact names of channels"
_MOST_POINTS = 1000


def _about(text: str) -> dict[str, str]:
    return {"about": text}


@frozen(kw_only=True)
class ChannelFindParameters:
    """Of `channel_find`."""

    query: str = field(metadata=_about("words for device, family, sector, quantity or description"))
    limit: int = field(default=100, validator=Positive(), metadata=_about("how many of them later steps may use"))


@frozen(kw_only=True)
class ChannelReadParameters:
    """Of `channel_read`; what an input's step has found is read as well."""

    channels: tuple[str, ...] = field(default=(), metadata=_about(_CHANNELS))


@frozen(kw_only=True)
class ArchiveReadParameters:
    """Of `archive_read`."""

    channels: tuple[str, ...] = field(metadata=_about(_CHANNELS))
    start_ns: int = field(metadata=_about("the begin of the span, in nanoseconds since 1970 UTC"))
    end_ns: int = field(metadata=_about("its end, which is later, and not in the future"))

    def __attrs_post_init__(self) -> None:
        if not self.channels:
            msg = "'channels' is empty: name at least one"
            raise ValueError(msg)
        if self.start_ns >= self.end_ns:
            msg = f"the span ends ({self.end_ns}) before it starts ({self.start_ns})"
            raise ValueError(msg)


@frozen(kw_only=True)
class PlannedWrite:
    """One channel of a change."""

    channel: str = field(metadata=_about("exact name of a set point"))
    value: Any = field(default=None, metadata=_about("what it is set to: a number, a text of its states, or a list"))
    delta: float | None = field(default=None, metadata=_about("in place of value: what is added to what it is set to"))
    unit: str | None = field(default=None, metadata=_about("the unit of the number, as the request says it"))

    def __attrs_post_init__(self) -> None:
        if (self.value is None) == (self.delta is None):
            msg = f"{self.channel}: give either 'value' or 'delta'"
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
