"""LabVIEW over OPC UA: the door of this room, used from any event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self, TypeVar

import anyio.lowlevel

from osprey.api import (
    ChannelInfo,
    ChannelRecord,
    ChannelStatus,
    ConnectContext,
    ConnectorError,
    Endpoint,
    Fault,
    Put,
    PutResult,
    ReadResult,
    Updates,
)
from osprey_labview.opcua import browsing, description, reading, writing
from osprey_labview.opcua.failure import LinkError
from osprey_labview.opcua.link import Link
from osprey_labview.opcua.loop_thread import LoopThread
from osprey_labview.opcua.monitors import follow
from osprey_labview.opcua.security import Credentials, quieten_library
from osprey_labview.opcua.session import Session
from osprey_labview.settings import LabviewSettings, OpcUaSettings
from osprey_labview.updates import UpdateQueue

_Answer = TypeVar("_Answer")


class OpcUaConnector:
    """One server, for one target."""

    def __init__(self, settings: LabviewSettings, loop: LoopThread, link: Link) -> None:
        self._settings = settings
        self._loop = loop
        self._link = link
        self._queues: set[UpdateQueue] = set()

    @classmethod
    async def connect(cls, context: ConnectContext) -> Self:
        """Read the files of the settings; the server is asked when it is needed.

        :raises ConnectorError: a file cannot be used.
        """
        quieten_library()
        settings: LabviewSettings = context.settings
        loop = LoopThread("osprey-opcua")
        loop.start()
        try:
            credentials = await loop.call(lambda: Credentials.load(settings))
        except BaseException:
            await loop.close(_nothing)
            raise
        return cls(settings, loop, Link(settings, credentials))

    async def aclose(self) -> None:
        """End the session and every subscription. May be called twice."""
        await self._loop.close(self._link.close)
        for queue in tuple(self._queues):
            queue.end()

    async def read(self, channels: Sequence[str], *, timeout_s: float) -> list[ReadResult]:
        """Read fresh values, all within one deadline."""
        return await self._each(channels, timeout_s, reading.read, LinkError.fault)

    async def write(self, puts: Sequence[Put], *, timeout_s: float) -> list[PutResult]:
        """Send each put once and report its status; after the deadline nothing is sent any more."""

        def not_sent(error: LinkError, put: Put) -> PutResult:
            return writing.result_of(put.channel, error.failure, was_sent=False)

        return await self._each(puts, timeout_s, writing.write, not_sent)

    async def describe(self, channels: Sequence[str], *, timeout_s: float) -> list[ChannelInfo | Fault]:
        """Ask the server for types, units, limits, states and access, anew each time."""
        return await self._each(channels, timeout_s, description.describe, LinkError.fault)

    async def probe(self, channels: Sequence[str], *, timeout_s: float) -> list[ChannelStatus]:
        """Ask whether the nodes are there."""

        def lost(error: LinkError, channel: str) -> ChannelStatus:
            return ChannelStatus(channel=channel, fault=error.fault(channel))

        return await self._each(channels, timeout_s, description.probe, lost)

    async def _each(
        self,
        items: Sequence[Any],
        timeout_s: float,
        ask: Callable[[Session, Sequence[Any], float], Awaitable[list[_Answer]]],
        otherwise: Callable[[LinkError, Any], _Answer],
    ) -> list[_Answer]:
        """Ask about items within one deadline; without a session each has the same answer."""
        deadline = time.monotonic() + timeout_s

        async def run() -> list[_Answer]:
            try:
                return await ask(await self._link.session(deadline), items, deadline)
            except LinkError as exc:
                return [otherwise(exc, item) for item in items]

        if not items:
            await anyio.lowlevel.checkpoint()
            return []
        return await self._loop.call(run)

    async def search(self, pattern: str, *, limit: int) -> list[ChannelRecord]:
        """Walk through the server's nodes.

        :raises ConnectorError: there is no session with the server, or the walk takes longer than `search_s`.
        """
        seconds = (self._settings.opcua or OpcUaSettings()).search_s
        deadline = time.monotonic() + seconds

        async def run() -> list[ChannelRecord]:
            try:
                session = await self._link.session(deadline)
            except LinkError as exc:
                raise ConnectorError(exc.failure.message) from exc
            return await browsing.search(session, pattern, limit, deadline)

        return await self._loop.call(run)

    @asynccontextmanager
    async def subscribe(
        self, channels: Sequence[str], *, max_rate_hz: float = 10.0, buffer: int = 0
    ) -> AsyncGenerator[Updates]:
        """Give updates in lists; a lost session is a fault of every channel, and then comes back."""
        queue = UpdateQueue(channels, max_rate_hz, buffer)
        tasks: list[asyncio.Task[None]] = []

        async def begin() -> None:
            tasks.append(asyncio.create_task(follow(self._link, queue)))

        async def end() -> None:
            tasks[0].cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        await self._loop.call(begin)
        self._queues.add(queue)
        try:
            yield queue
        finally:
            self._queues.discard(queue)
            queue.end()
            with anyio.CancelScope(shield=True):
                await self._loop.attempt(end)

    async def endpoints(self, *, timeout_s: float) -> list[Endpoint]:
        """Ask the server for nothing, and see whether it answers."""
        deadline = time.monotonic() + timeout_s

        async def run() -> Endpoint:
            started = time.monotonic()
            try:
                session = await self._link.session(deadline)
                await description.greet(session, deadline)
            except LinkError as exc:
                return self._endpoint(is_reachable=False, note=exc.failure.message)
            return self._endpoint(is_reachable=True, latency_ms=(time.monotonic() - started) * 1e3)

        return [await self._loop.call(run)]

    def _endpoint(self, **found: Any) -> Endpoint:
        return Endpoint(purpose="server", address=self._settings.url, **found)


async def _nothing() -> None:
    pass
