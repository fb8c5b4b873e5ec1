"""The connector `epics`: Channel Access in batches."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import chain

import anyio
import anyio.lowlevel
import anyio.to_thread

from osprey.control import (
    ChannelInfo,
    ChannelRecord,
    ChannelStatus,
    ConnectContext,
    Endpoint,
    ErrorKind,
    Fault,
    Put,
    PutResult,
    ReadResult,
)
from osprey.errors import ConnectorError
from osprey_epics.batch import Ask, Failure, Request
from osprey_epics.context import ChannelAccess
from osprey_epics.dbr import Sample
from osprey_epics.description import Describer
from osprey_epics.endpoints import CHANNEL_ACCESS, endpoints_of, try_all
from osprey_epics.environment import context_variables, hosts_of
from osprey_epics.exchange import send
from osprey_epics.monitors import Subscription, Update, Updates, check_subscription
from osprey_epics.names import explain_bad_name
from osprey_epics.readings import (
    NamedChannels,
    TextChannels,
    fault,
    fault_of,
    put_result_of,
    read_result_of,
    reading_of,
)
from osprey_epics.record_facts import RecordFacts
from osprey_epics.settings import EpicsSettings, GatewaySettings
from osprey_epics.survey import Answer, KnownChannels
from osprey_epics.together import together


class EpicsConnector:
    """Channel Access, for one target.

    :ivar settings: as configured.
    """

    def __init__(self, settings: EpicsSettings, reader: ChannelAccess, writer: ChannelAccess) -> None:
        self.settings = settings
        self._reader = reader
        self._writer = writer
        self._text_channels = TextChannels(settings.text_channels)
        self._describer = Describer(reader, writer, self._text_channels, NamedChannels(settings.not_records))
        self._known = KnownChannels()

    @property
    def awaited_count(self) -> int:
        """How many answers libca still owes; at rest, none."""
        return sum(context.awaited_count for context in {self._reader, self._writer})

    @property
    def channel_count(self) -> int:
        """How many channels are kept connected, or searched for."""
        return sum(context.channel_count for context in {self._reader, self._writer})

    @classmethod
    async def connect(cls, context: ConnectContext) -> EpicsConnector:
        """Make the contexts; does not wait for any channel.

        :raises ConnectorError: an address cannot be resolved, or libca failed.
        """
        settings = context.settings
        if not isinstance(settings, EpicsSettings):
            settings = EpicsSettings(**dict(settings or {}))
        for way in {settings.reading, settings.writing}:
            await _resolve(way, context.target)
        reader = await _open(settings.reading, settings)
        if settings.writing == settings.reading:
            return cls(settings, reader, reader)
        try:
            writer = await _open(settings.writing, settings)
        except BaseException:
            await _close(reader)
            raise
        return cls(settings, reader, writer)

    async def aclose(self) -> None:
        """End both contexts; other connectors do not notice. May be called twice."""
        for context in {self._reader, self._writer}:
            await _close(context)

    async def read(self, channels: Sequence[str], *, timeout_s: float) -> list[ReadResult]:
        """Read fresh values, all within one deadline."""
        requests = [Request(name, Ask.READING) for name in channels]
        await send(self._reader, requests, time.monotonic() + timeout_s)
        return self._results_of(requests)

    async def write(self, puts: Sequence[Put], *, timeout_s: float) -> list[PutResult]:
        """Send each put once and report its completion; after the deadline nothing is sent any more."""
        requests = [
            Request(put.channel, Ask.PUT, value=put.value, is_text=put.channel in self._text_channels) for put in puts
        ]
        await send(self._writer, requests, time.monotonic() + timeout_s)
        return [put_result_of(request) for request in requests]

    async def describe(self, channels: Sequence[str], *, timeout_s: float) -> list[ChannelInfo | Fault]:
        """Ask each channel for its type, limits and labels, and its record for its name and drive limits."""
        infos, _ = await self._describer.describe(channels, time.monotonic() + timeout_s)
        return infos

    async def survey(self, channels: Sequence[str], *, timeout_s: float) -> list[Answer]:
        """Describe and read each channel in one exchange; see `osprey_epics.survey`."""
        deadline = time.monotonic() + timeout_s
        if self._writer is not self._reader:
            # Access rights are those of the connection that puts go through: each has to be asked.
            infos, _, results = await self._describe_and_read(channels, deadline)
            return list(zip(infos, results, strict=True))
        requests = [Request(name, Ask.SURVEY) for name in channels]
        new = [number for number, name in enumerate(channels) if name not in self._known]
        answers: list[Answer | None] = [None] * len(requests)
        async with together() as group:
            group.start_soon(send, self._reader, requests, deadline)
            # At the same time, so that a missing channel costs the others nothing.
            learn_new = await self._get_to_know(requests, new, answers, deadline)
        learn_new()
        for number in set(range(len(requests))) - set(new):
            answers[number] = self._known.answer(requests[number])
        changed = [number for number, answer in enumerate(answers) if answer is None]
        (await self._get_to_know(requests, changed, answers, deadline))()
        return [answer for answer in answers if answer is not None]

    async def _get_to_know(
        self, requests: Sequence[Request], numbers: Sequence[int], answers: list[Answer | None], deadline: float
    ) -> Callable[[], None]:
        """Describe and read some channels; gives what keeps it, to be called once the survey itself is over."""
        some = [requests[number] for number in numbers]
        if not some:
            return lambda: None
        infos, facts, results = await self._describe_and_read([request.name for request in some], deadline)
        for number, info, result in zip(numbers, infos, results, strict=True):
            answers[number] = info, result
        return lambda: self._known.learn(some, infos, facts)

    async def _describe_and_read(
        self, channels: Sequence[str], deadline: float
    ) -> tuple[list[ChannelInfo | Fault], RecordFacts, list[ReadResult]]:
        requests = [Request(name, Ask.READING) for name in channels]
        async with together() as group:
            group.start_soon(send, self._reader, requests, deadline)
            infos, facts = await self._describer.describe(channels, deadline)
        return infos, facts, self._results_of(requests)

    def _results_of(self, requests: Sequence[Request]) -> list[ReadResult]:
        return [read_result_of(request, is_text=request.name in self._text_channels) for request in requests]

    async def probe(self, channels: Sequence[str], *, timeout_s: float) -> list[ChannelStatus]:
        """Ask each channel for one element; connections that only seem alive do not count."""
        started_ns = time.time_ns()
        requests = [Request(name, Ask.LIFE) for name in channels]
        await send(self._reader, requests, time.monotonic() + timeout_s)
        return [_status_of(request, started_ns) for request in requests]

    async def search(self, pattern: str, *, limit: int) -> list[ChannelRecord]:
        """Give nothing: Channel Access cannot list what there is."""
        await anyio.lowlevel.checkpoint()
        return []

    async def endpoints(self, *, timeout_s: float) -> list[Endpoint]:
        """Say where reads and writes go; only a name server can be asked whether it is there."""
        ways = [("reads and writes", self._reader)]
        if self._writer is not self._reader:
            ways = [("reads", self._reader), ("writes", self._writer)]
        found = (endpoints_of(CHANNEL_ACCESS, purpose, {**os.environ, **way.variables}) for purpose, way in ways)
        return await try_all(chain.from_iterable(found), timeout_s)

    @asynccontextmanager
    async def subscribe(
        self, channels: Sequence[str], *, max_rate_hz: float = 10.0, buffer: int = 0
    ) -> AsyncGenerator[Updates]:
        """Give updates in lists, the latest of each channel or a buffer of them; a lost connection is a fault."""
        check_subscription(max_rate_hz, buffer)
        subscription = Subscription(channels, buffer)
        for index, name in enumerate(channels):
            problem = explain_bad_name(name)
            if problem:
                subscription.offer(index, Failure(ErrorKind.NOT_FOUND, problem))
        self._reader.watch(subscription)
        try:
            yield Updates(subscription, max_rate_hz, lambda update: self._render(channels, update))
        finally:
            self._reader.unwatch(subscription)
            subscription.end()

    def _render(self, channels: Sequence[str], update: Update) -> ReadResult:
        index, result, control = update
        name = channels[index]
        if isinstance(result, Failure):
            return fault(name, result)
        return reading_of(name, result, control, is_text=name in self._text_channels)


def _status_of(request: Request, started_ns: int) -> ChannelStatus:
    if not isinstance(request.result, Sample):
        return ChannelStatus(channel=request.name, fault=fault_of(request))
    latency_ms = max(0, request.result.received_ns - started_ns) / 1e6
    return ChannelStatus(channel=request.name, latency_ms=latency_ms)


async def _resolve(way: GatewaySettings, target: str) -> None:
    for host in hosts_of(way):
        try:
            await anyio.getaddrinfo(host, None, family=socket.AF_INET)
        except OSError as exc:
            msg = f"target {target!r}: the EPICS address {host!r} cannot be resolved ({exc}); correct `address`"
            raise ConnectorError(msg) from exc


async def _open(way: GatewaySettings, settings: EpicsSettings) -> ChannelAccess:
    context = ChannelAccess(context_variables(way, settings.max_array_bytes))
    await anyio.to_thread.run_sync(context.start)
    return context


async def _close(context: ChannelAccess) -> None:
    with anyio.CancelScope(shield=True):
        await anyio.to_thread.run_sync(context.stop)
