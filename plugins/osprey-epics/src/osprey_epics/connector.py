"""The connector `epics`: Channel Access in batches."""

from __future__ import annotations

import socket
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import anyio
import anyio.lowlevel
import anyio.to_thread

from osprey.control import (
    ChannelInfo,
    ChannelRecord,
    ChannelStatus,
    ConnectContext,
    ErrorKind,
    Fault,
    Put,
    PutResult,
    ReadResult,
)
from osprey.errors import ConnectorError, UsageError
from osprey_epics.batch import Ask, Batch, Failure, Request
from osprey_epics.context import ChannelAccess
from osprey_epics.dbr import Sample
from osprey_epics.description import RecordFacts, info_of, requests_for
from osprey_epics.environment import context_variables, hosts_of
from osprey_epics.monitors import Subscription, Update, Updates
from osprey_epics.names import explain_bad_name, parse_name
from osprey_epics.readings import (
    TextChannels,
    fault,
    fault_of,
    put_result_of,
    read_result_of,
    reading_of,
)
from osprey_epics.settings import EpicsSettings, GatewaySettings

_SHARE_FOR_FACTS: Final = 0.5
"""The part of a description's time that is given to what a server may not have at all."""


class EpicsConnector:
    """Channel Access, for one target.

    :ivar settings: as configured.
    """

    def __init__(self, settings: EpicsSettings, reader: ChannelAccess, writer: ChannelAccess) -> None:
        self.settings = settings
        self._reader = reader
        self._writer = writer
        self._text_channels = TextChannels(settings.text_channels)
        self._kinds_without_limits: set[str] = set()

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
        await _send(self._reader, requests, time.monotonic() + timeout_s)
        return [read_result_of(request, is_text=request.name in self._text_channels) for request in requests]

    async def write(self, puts: Sequence[Put], *, timeout_s: float) -> list[PutResult]:
        """Send each put once and report its completion; after the deadline nothing is sent any more."""
        requests = [
            Request(put.channel, Ask.PUT, value=put.value, is_text=put.channel in self._text_channels) for put in puts
        ]
        await _send(self._writer, requests, time.monotonic() + timeout_s)
        return [put_result_of(request) for request in requests]

    async def describe(self, channels: Sequence[str], *, timeout_s: float) -> list[ChannelInfo | Fault]:
        """Ask each channel for its type, limits and labels, and its record for its name and drive limits."""
        start = time.monotonic()
        deadline, facts_deadline = start + timeout_s, start + timeout_s * _SHARE_FOR_FACTS
        facts = RecordFacts(map(parse_name, channels))
        mains, accesses = requests_for(channels)

        async def ask_facts(requests: Sequence[Request]) -> None:
            await _send(self._reader, requests, facts_deadline)

        async def ask_further(requests: Sequence[Request]) -> None:
            await _send(self._reader, requests, deadline)

        async with anyio.create_task_group() as group:
            group.start_soon(_send, self._reader, mains, deadline)
            group.start_soon(_send, self._writer, accesses, facts_deadline)
            await facts.ask(ask_facts)
            await facts.ask_further(ask_further, self._kinds_without_limits)
        return [info_of(main, access, facts, self._text_channels) for main, access in zip(mains, accesses, strict=True)]

    async def probe(self, channels: Sequence[str], *, timeout_s: float) -> list[ChannelStatus]:
        """Ask each channel for one element; connections that only seem alive do not count."""
        started_ns = time.time_ns()
        requests = [Request(name, Ask.LIFE) for name in channels]
        await _send(self._reader, requests, time.monotonic() + timeout_s)
        return [_status_of(request, started_ns) for request in requests]

    async def search(self, pattern: str, *, limit: int) -> list[ChannelRecord]:
        """Give nothing: Channel Access cannot list what there is."""
        await anyio.lowlevel.checkpoint()
        return []

    @asynccontextmanager
    async def subscribe(
        self, channels: Sequence[str], *, max_rate_hz: float = 10.0
    ) -> AsyncGenerator[AsyncIterator[list[ReadResult]]]:
        """Give updates in lists, the latest of each channel; a lost connection is a fault among them."""
        if not max_rate_hz > 0:
            msg = f"max_rate_hz {max_rate_hz}: give a positive number of lists a second"
            raise UsageError(msg)
        subscription = Subscription(channels)
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


async def _send(context: ChannelAccess, requests: Sequence[Request], deadline: float) -> None:
    """Send requests as one batch, and return when all are answered or the deadline has passed."""
    good: list[Request] = []
    for request in requests:
        problem = explain_bad_name(request.name)
        if problem:
            request.result = Failure(ErrorKind.NOT_FOUND, problem)
        else:
            good.append(request)
    if not good:
        await anyio.lowlevel.checkpoint()
        return
    batch = Batch(good, deadline)
    context.submit(batch)
    try:
        await batch.wait()
    finally:
        if not batch.is_complete:
            context.abandon(batch)


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
