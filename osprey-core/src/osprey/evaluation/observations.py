"""What came of a request: the plan, the writes that were filed, the answer, and how long it took. All of it is JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from attrs import frozen

from osprey.control.payload import WRITE_KINDS, read_document
from osprey.evaluation.expectations import Ending

if TYPE_CHECKING:
    from osprey.control.channels.directory import ChannelDirectory
    from osprey.journal import RequestRow


@frozen(kw_only=True)
class FiledWrite:
    """One write that a person was asked to approve."""

    channel: str
    value: float | None
    """None for what is no number."""
    text: str


@frozen(kw_only=True)
class Observation:
    """The last turn of a request, once."""

    entry: str
    repetition: int
    asked_ns: int
    ending: Ending
    answer: str
    capabilities: tuple[str, ...] = ()
    """Of the plan's steps, in order."""
    channels: tuple[str, ...] = ()
    """All that the plan, its searches and the filed writes name; canonical."""
    spans: tuple[tuple[int, int], ...] = ()
    """The spans of the past that the plan looks at, in ns."""
    writes: tuple[FiledWrite, ...] = ()
    plan_fault: str | None = None
    """What is wrong with the plan; empty: nothing, None: there is no plan."""
    present: Mapping[str, float]
    """What the channels of the expectation read after the turn."""
    seconds: float
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: float | None = None
    """None: the turn does not report them."""
    discarded: int | None = None
    """Answers of models that were thrown away, because nothing has shown what they say."""
    error: str = ""
    """What broke in Osprey itself."""


def channels_in(value: Any, directory: ChannelDirectory) -> set[str]:
    """Give the channels that stand anywhere in plain values, by name or alias."""
    records = (directory.get(text) for text in _texts(value))
    return {record.name for record in records if record is not None}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in cast("Mapping[str, Any]", value).items():
            yield key
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in cast("list[Any]", value):
            yield from _texts(inner)


def spans_in(value: Any) -> list[tuple[int, int]]:
    """Give the spans of time that stand anywhere in a plan's parameters."""
    if isinstance(value, list | tuple):
        return [span for inner in cast("list[Any]", value) for span in spans_in(inner)]
    if not isinstance(value, Mapping):
        return []
    found = cast("Mapping[str, Any]", value)
    own = [(int(found["start_ns"]), int(found["end_ns"]))] if {"start_ns", "end_ns"} <= found.keys() else []
    return own + [span for inner in found.values() for span in spans_in(inner)]


def writes_of(rows: list[RequestRow]) -> list[FiledWrite]:
    """Give the writes that requests for approval hold, in the order in which they would be sent."""
    filed: list[FiledWrite] = []
    for row in rows:
        if row.kind in WRITE_KINDS and '"writes":' in row.document:
            items = (item for group in read_document(row.document).groups for item in group)
            filed += [_filed(item.channel, item.value) for item in items]
    return filed


def _filed(channel: str, value: Any) -> FiledWrite:
    number = float(value) if isinstance(value, int | float) else None
    return FiledWrite(channel=channel, value=number, text=f"{channel} = {value}")
