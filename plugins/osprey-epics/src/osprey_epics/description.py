"""Descriptions of channels: what Channel Access says of each, and what its record says of itself."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from attrs import evolve

from osprey.control import Bounds, ChannelInfo, DType, ErrorKind, Fault
from osprey_epics.batch import Ask, Done, Failure, Request
from osprey_epics.channel import Channel
from osprey_epics.context import ChannelAccess
from osprey_epics.dbr import DTYPES, Control, Native
from osprey_epics.exchange import send
from osprey_epics.names import parse_name
from osprey_epics.readings import NamedChannels, TextChannels, fault, fault_of
from osprey_epics.record_facts import RecordFacts
from osprey_epics.together import together

_SHARE_FOR_FACTS: Final = 0.5
"""The part of a description's time that is given to what a server may not have at all."""


class Describer:
    """Describes channels of one target, and remembers which kinds of records have no drive limits."""

    def __init__(
        self, reader: ChannelAccess, writer: ChannelAccess, text_channels: TextChannels, not_records: NamedChannels
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._text_channels = text_channels
        self._not_records = not_records
        self._unlimited: set[str] = set()

    async def describe(self, channels: Sequence[str], deadline: float) -> tuple[list[ChannelInfo | Fault], RecordFacts]:
        """Ask the channels, and their records, all at once.

        :param deadline: by the monotonic clock, in seconds.
        """
        start = time.monotonic()
        facts_deadline = start + (deadline - start) * _SHARE_FOR_FACTS
        facts = RecordFacts(map(parse_name, channels))
        mains = [Request(name, Ask.CONTROL) for name in channels]
        accesses = [Request(name, Ask.ACCESS) for name in channels]

        async def ask_facts(requests: Sequence[Request], _: float) -> None:
            await send(self._reader, requests, facts_deadline)

        async def ask_further(requests: Sequence[Request], patience_s: float) -> None:
            await send(self._reader, requests, min(deadline, time.monotonic() + patience_s))

        async with together() as group:
            group.start_soon(send, self._reader, mains, deadline)
            group.start_soon(send, self._writer, accesses, facts_deadline)
            await facts.ask(ask_facts)
            await facts.ask_further(ask_further, self._unlimited)
        pairs = zip(mains, accesses, strict=True)
        infos = [info_of(main, access, facts, self._text_channels) for main, access in pairs]
        return [self._named(info, main, facts) for info, main in zip(infos, mains, strict=True)], facts

    def _named(self, info: ChannelInfo | Fault, main: Request, facts: RecordFacts) -> ChannelInfo | Fault:
        """Give the channel of a server without records its own name; that it has no `.NAME` is proved by then."""
        if isinstance(info, Fault) or info.name or info.channel not in self._not_records or not info.is_value_field:
            return info
        record = parse_name(info.channel).record
        limits = main.result.limits if isinstance(main.result, Control) else Bounds()
        return info if facts.kind(record) else evolve(info, name=record, drive=limits)


def info_of(main: Request, access: Request, facts: RecordFacts, text_channels: TextChannels) -> ChannelInfo | Fault:
    """Put together what is known of one channel; what is not known for sure is a fault, never "no limits"."""
    if not isinstance(main.result, Control) or main.channel is None:
        return fault_of(main)
    name = parse_name(main.name)
    owed = facts.what_did_not_come(name.record)
    if owed:
        message = f"{main.name}: {name.record}.{owed} did not answer in time; without it the record is not described"
        return fault(main.name, Failure(ErrorKind.TIMEOUT, message))
    control, channel = main.result, main.channel
    dtype, shape = _type_of(channel, is_text=main.name in text_channels)
    is_plain_value = name.is_value_field and not name.modifier
    return ChannelInfo(
        channel=main.name,
        name=facts.name(name.record),
        field=name.field,
        is_value_field=name.is_value_field,
        has_modifier=bool(name.modifier),
        dtype=dtype,
        shape=shape,
        unit=control.unit,
        precision=control.precision,
        description=facts.description(name.record),
        drive=facts.drive(name.record) if is_plain_value else Bounds(),
        display=control.display,
        warning=control.warning,
        alarm=control.alarm,
        labels=control.labels,
        writable=isinstance(access.result, Done) and access.result.is_writable,
    )


def _type_of(channel: Channel, *, is_text: bool) -> tuple[DType, tuple[int, ...]]:
    """Give the type, and for an array the most elements that it holds."""
    if is_text and channel.native is Native.CHAR:
        return DType.STR, ()
    return DTYPES[channel.native], () if channel.is_scalar else (channel.capacity,)
