"""The connector `epics-pva`: PV Access in batches."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import AsyncGenerator, Sequence
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
from osprey_epics.dbr import Sample
from osprey_epics.endpoints import PV_ACCESS, endpoints_of, try_all
from osprey_epics.monitors import Subscription, Update, Updates, check_subscription
from osprey_epics.pva.client import PvaClient
from osprey_epics.pva.description import PvaDescriber
from osprey_epics.pva.exchange import send
from osprey_epics.pva.names import explain_bad_pva_name
from osprey_epics.pva.readings import fault_of, put_result_of, read_result_of, update_of
from osprey_epics.pva.settings import PvaGatewaySettings, PvaSettings, context_variables
from osprey_epics.readings import TextChannels, fault


class EpicsPvaConnector:
    """PV Access, for one target.

    :ivar settings: as configured.
    """

    def __init__(self, settings: PvaSettings, reader: PvaClient, writer: PvaClient) -> None:
        self.settings = settings
        self._reader = reader
        self._writer = writer
        self._text_channels = TextChannels(settings.text_channels)
        self._describer = PvaDescriber(reader, self._text_channels)

    @property
    def operation_count(self) -> int:
        """How many operations and monitors are under way; at rest, none."""
        return sum(client.operation_count for client in {self._reader, self._writer})

    @classmethod
    async def connect(cls, context: ConnectContext) -> EpicsPvaConnector:
        """Make the contexts; does not wait for any channel.

        :raises ConnectorError: an address cannot be resolved, or p4p failed.
        """
        settings = context.settings
        if not isinstance(settings, PvaSettings):
            settings = PvaSettings(**dict(settings or {}))
        for way in {settings.reading, settings.writing}:
            await _resolve(way, context.target)
        reader = await _open(settings.reading)
        if settings.writing == settings.reading:
            return cls(settings, reader, reader)
        try:
            writer = await _open(settings.writing)
        except BaseException:
            await _close(reader)
            raise
        return cls(settings, reader, writer)

    async def aclose(self) -> None:
        """End both contexts; other connectors do not notice. May be called twice."""
        for client in {self._reader, self._writer}:
            await _close(client)

    async def read(self, channels: Sequence[str], *, timeout_s: float) -> list[ReadResult]:
        """Read fresh values, all within one deadline."""
        requests = [Request(name, Ask.READING) for name in channels]
        await send(self._reader, requests, time.monotonic() + timeout_s)
        return [read_result_of(self._reader, request, is_text=self._is_text(request.name)) for request in requests]

    async def write(self, puts: Sequence[Put], *, timeout_s: float) -> list[PutResult]:
        """Send each put once and report its completion; after the deadline nothing is sent any more."""
        requests = [
            Request(put.channel, Ask.PUT, value=put.value, dtype=put.dtype, is_text=self._is_text(put.channel))
            for put in puts
        ]
        await send(self._writer, requests, time.monotonic() + timeout_s)
        return [put_result_of(self._writer, request) for request in requests]

    async def describe(self, channels: Sequence[str], *, timeout_s: float) -> list[ChannelInfo | Fault]:
        """Ask each channel for its structure, and its record for its name and drive limits."""
        return await self._describer.describe(channels, time.monotonic() + timeout_s)

    async def probe(self, channels: Sequence[str], *, timeout_s: float) -> list[ChannelStatus]:
        """Ask each channel for its value; a channel that is a structure can be reached too."""
        started_ns = time.time_ns()
        requests = [Request(name, Ask.LIFE) for name in channels]
        await send(self._reader, requests, time.monotonic() + timeout_s)
        return [_status_of(self._reader, request, started_ns) for request in requests]

    async def search(self, pattern: str, *, limit: int) -> list[ChannelRecord]:
        """Give nothing: PV Access cannot list what there is on all servers."""
        await anyio.lowlevel.checkpoint()
        return []

    async def endpoints(self, *, timeout_s: float) -> list[Endpoint]:
        """Say where reads and writes go; only a name server can be asked whether it is there."""
        ways = [("reads and writes", self._reader)]
        if self._writer is not self._reader:
            ways = [("reads", self._reader), ("writes", self._writer)]
        found = (endpoints_of(PV_ACCESS, purpose, {**os.environ, **way.variables}) for purpose, way in ways)
        return await try_all(chain.from_iterable(found), timeout_s)

    @asynccontextmanager
    async def subscribe(
        self, channels: Sequence[str], *, max_rate_hz: float = 10.0, buffer: int = 0
    ) -> AsyncGenerator[Updates]:
        """Give updates in lists, the latest of each channel or a buffer of them; a lost connection is a fault."""
        check_subscription(max_rate_hz, buffer)
        subscription = Subscription(channels, buffer)
        for index, name in enumerate(channels):
            problem = explain_bad_pva_name(name)
            if problem:
                subscription.offer(index, Failure(ErrorKind.NOT_FOUND, problem))
        self._reader.watch(subscription)
        try:
            yield Updates(subscription, max_rate_hz, lambda update: self._render(channels, update))
        finally:
            self._reader.unwatch(subscription)
            subscription.end()

    def _render(self, channels: Sequence[str], update: Update) -> ReadResult:
        index, arrived, _ = update
        name = channels[index]
        if isinstance(arrived, Failure):
            return fault(name, arrived)
        return update_of(name, arrived, is_text=self._is_text(name))

    def _is_text(self, name: str) -> bool:
        return name in self._text_channels


def _status_of(client: PvaClient, request: Request, started_ns: int) -> ChannelStatus:
    answer = request.result
    if not isinstance(answer, Sample):
        return ChannelStatus(channel=request.name, fault=fault_of(client, request))
    return ChannelStatus(channel=request.name, latency_ms=max(0, answer.received_ns - started_ns) / 1e6)


async def _resolve(way: PvaGatewaySettings, target: str) -> None:
    for address in (*way.address, *way.name_servers):
        host = address.partition(":")[0]
        try:
            await anyio.getaddrinfo(host, None, family=socket.AF_INET)
        except OSError as exc:
            msg = f"target {target!r}: the EPICS address {host!r} cannot be resolved ({exc}); correct `address`"
            raise ConnectorError(msg) from exc


async def _open(way: PvaGatewaySettings) -> PvaClient:
    client = PvaClient(context_variables(way))
    await anyio.to_thread.run_sync(client.start)
    return client


async def _close(client: PvaClient) -> None:
    with anyio.CancelScope(shield=True):
        await anyio.to_thread.run_sync(client.stop)
