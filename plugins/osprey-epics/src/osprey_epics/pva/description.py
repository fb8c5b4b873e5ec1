"""Descriptions of channels of PV Access: what the structure says, and what the record says of itself."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from osprey.control import Bounds, ChannelInfo, DType, ErrorKind, Fault
from osprey_epics.batch import Ask, Failure, Request
from osprey_epics.names import parse_name
from osprey_epics.pva.client import PvaClient
from osprey_epics.pva.exchange import send
from osprey_epics.pva.names import parse_pva_name
from osprey_epics.pva.readings import fault_of
from osprey_epics.pva.structures import Told
from osprey_epics.readings import TextChannels, fault
from osprey_epics.record_facts import RecordFacts
from osprey_epics.together import together

_SHARE_FOR_FACTS: Final = 0.5
"""The part of a description's time that is given to what a server may not have at all."""


class PvaDescriber:
    """Describes channels of one target, and remembers which kinds of records have no drive limits."""

    def __init__(self, client: PvaClient, text_channels: TextChannels) -> None:
        self._client = client
        self._text_channels = text_channels
        self._unlimited: set[str] = set()

    async def describe(self, channels: Sequence[str], deadline: float) -> list[ChannelInfo | Fault]:
        """Ask the channels, and their records, all at once.

        :param deadline: by the monotonic clock, in seconds.
        """
        start = time.monotonic()
        facts_deadline = start + (deadline - start) * _SHARE_FOR_FACTS
        names = [parse_name(parse_pva_name(channel).channel) for channel in channels]
        facts = RecordFacts(names, asks_lengths=True)
        mains = [Request(channel, Ask.CONTROL) for channel in channels]

        async def ask_facts(requests: Sequence[Request], _: float) -> None:
            await send(self._client, requests, facts_deadline)

        async def ask_further(requests: Sequence[Request], patience_s: float) -> None:
            await send(self._client, requests, min(deadline, time.monotonic() + patience_s))

        async with together() as group:
            group.start_soon(send, self._client, mains, deadline)
            await facts.ask(ask_facts)
            await facts.ask_further(ask_further, self._unlimited)
        return [self._info_of(main, facts) for main in mains]

    def _info_of(self, main: Request, facts: RecordFacts) -> ChannelInfo | Fault:
        if not isinstance(main.result, Told):
            return fault_of(self._client, main)
        pva_name = parse_pva_name(main.name)
        name, told = parse_name(pva_name.channel), main.result
        owed = facts.what_did_not_come(name.record)
        if owed:
            message = f"{main.name}: {name.record}.{owed} did not answer in time; without it there is no description"
            return fault(main.name, Failure(ErrorKind.TIMEOUT, message))
        is_value = name.is_value_field and not pva_name.path
        control = told.control
        dtype, shape = self._type_of(main.name, told, facts.length(name.record) if is_value else None)
        return ChannelInfo(
            channel=main.name,
            name=facts.name(name.record),
            field="/".join((name.field, *pva_name.path)),
            is_value_field=is_value,
            has_modifier=bool(name.modifier),
            dtype=dtype,
            shape=shape,
            unit=control.unit,
            precision=control.precision,
            description=facts.description(name.record) or told.description,
            drive=facts.drive(name.record) if is_value and not name.modifier else Bounds(),
            display=control.display,
            warning=control.warning,
            alarm=control.alarm,
            labels=control.labels,
            # PV Access does not tell access rights: a put without the right is refused by the server.
            writable=not pva_name.path,
        )

    def _type_of(self, name: str, told: Told, length: int | None) -> tuple[DType, tuple[int, ...]]:
        sample = told.sample
        if sample.shape and sample.dtype is DType.INT and name in self._text_channels:
            return DType.STR, ()
        return sample.dtype, (length,) if sample.shape and length is not None else sample.shape
