"""LabVIEW as a web service: the connector."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self, TypeVar

import anyio
import anyio.lowlevel

from osprey.api import (
    ChannelInfo,
    ChannelRecord,
    ChannelStatus,
    ConnectContext,
    ConnectorError,
    Endpoint,
    ErrorKind,
    Fault,
    Put,
    PutResult,
    ReadResult,
    Updates,
)
from osprey_labview.settings import LabviewSettings, WebSettings
from osprey_labview.updates import UpdateQueue
from osprey_labview.web.answers import fault_of, info_in, reading_in, records_in, results_in
from osprey_labview.web.client import BrokenAnswerError, WebClient, WebError
from osprey_labview.web.forms import is_name
from osprey_labview.web.polling import poll
from osprey_labview.web.writing import prepare, send

_Answer = TypeVar("_Answer")

_SEARCH_S = 20.0
_NO_LIST = frozenset({404, 405, 501})


class WebConnector:
    """One web service, for one target."""

    def __init__(self, settings: LabviewSettings, client: WebClient) -> None:
        self._settings = settings
        self._own = settings.http or WebSettings()
        self._client = client
        self._queues: set[UpdateQueue] = set()
        self._infos: dict[str, ChannelInfo] = {}

    @classmethod
    async def connect(cls, context: ConnectContext) -> Self:
        """Read the files of the settings; the service is asked when it is needed.

        :raises ConnectorError: a file cannot be used.
        """
        settings: LabviewSettings = context.settings
        await anyio.lowlevel.checkpoint()
        return cls(settings, WebClient.open(settings))

    async def aclose(self) -> None:
        """End every subscription and close. May be called twice."""
        for queue in tuple(self._queues):
            queue.end()
        await self._client.aclose()

    async def read(self, channels: Sequence[str], *, timeout_s: float) -> list[ReadResult]:
        """Read the present values, all within one deadline.

        :raises ConnectorError: an answer is not one of the contract.
        """

        def readings(results: Sequence[Any]) -> list[ReadResult]:
            received_ns = time.time_ns()
            return [reading_in(result, received_ns) for result in results]

        return await self._ask_each("read", channels, timeout_s, readings)

    async def describe(self, channels: Sequence[str], *, timeout_s: float) -> list[ChannelInfo | Fault]:
        """Ask the service what channels are.

        :raises ConnectorError: an answer is not one of the contract.
        """
        infos = await self._ask_each("describe", channels, timeout_s, lambda results: [info_in(one) for one in results])
        self._infos.update((info.channel, info) for info in infos if isinstance(info, ChannelInfo))
        return infos

    async def probe(self, channels: Sequence[str], *, timeout_s: float) -> list[ChannelStatus]:
        """Ask whether the service knows the channels."""
        started = time.monotonic()
        infos = await self.describe(channels, timeout_s=timeout_s)
        latency_ms = (time.monotonic() - started) * 1e3
        return [
            ChannelStatus(channel=channel, fault=info)
            if isinstance(info, Fault)
            else ChannelStatus(channel=channel, latency_ms=latency_ms)
            for channel, info in zip(channels, infos, strict=True)
        ]

    async def _ask_each(
        self,
        operation: str,
        channels: Sequence[str],
        timeout_s: float,
        understand: Callable[[Sequence[Any]], list[_Answer]],
    ) -> list[_Answer | Fault]:
        """Ask about channels in as many requests as the settings demand, one after the other."""
        deadline = anyio.current_time() + timeout_s
        found: dict[str, _Answer | Fault] = {
            name: fault_of(name, ErrorKind.NOT_FOUND, "no channel has such a name")
            for name in channels
            if not is_name(name)
        }
        asked = [name for name in dict.fromkeys(channels) if name not in found]
        for start in range(0, len(asked), self._own.max_channels_per_request):
            part = asked[start : start + self._own.max_channels_per_request]
            try:
                answer = await self._client.ask(operation, {"channels": part}, deadline)
            except WebError as exc:
                found.update((name, fault_of(name, exc.kind, exc.message, exc.raw)) for name in part)
            else:
                found.update(zip(part, understand(results_in(answer, part)), strict=True))
        await anyio.lowlevel.checkpoint()
        return [found[name] for name in channels]

    async def write(self, puts: Sequence[Put], *, timeout_s: float) -> list[PutResult]:
        """Send each put once, in order; none is sent again, and none after the deadline.

        :raises ConnectorError: an answer is for other channels, so that nothing is known of the puts.
        """
        deadline = anyio.current_time() + timeout_s
        results, items = prepare(puts, await self._known(puts, deadline))
        for start in range(0, len(items), self._own.max_channels_per_request):
            part = items[start : start + self._own.max_channels_per_request]
            results.update(await send(self._client, part, deadline))
        await anyio.lowlevel.checkpoint()
        return [results[place] for place in range(len(puts))]

    async def _known(self, puts: Sequence[Put], deadline: float) -> dict[str, ChannelInfo | Fault]:
        """Give what the channels are; those that were described before are not asked again."""
        names = {put.channel for put in puts}
        unknown = [name for name in names if name not in self._infos]
        asked: dict[str, ChannelInfo | Fault] = {}
        if unknown:
            infos = await self.describe(unknown, timeout_s=deadline - anyio.current_time())
            asked = dict(zip(unknown, infos, strict=True))
        return {name: asked[name] if name in asked else self._infos[name] for name in names}

    async def search(self, pattern: str, *, limit: int) -> list[ChannelRecord]:
        """Ask the service for its list; one that has none lists nothing.

        :raises ConnectorError: it cannot be asked, or its list is not one of the contract.
        """
        if limit < 1:
            return []
        try:
            message = {"pattern": pattern, "limit": limit}
            answer = await self._client.ask("list", message, anyio.current_time() + _SEARCH_S)
        except WebError as exc:
            if exc.status in _NO_LIST:
                return []
            raise ConnectorError(exc.message) from exc
        return records_in(answer, limit)

    @asynccontextmanager
    async def subscribe(
        self, channels: Sequence[str], *, max_rate_hz: float = 10.0, buffer: int = 0
    ) -> AsyncGenerator[Updates]:
        """Give what changed between two polls; faster changes than these are not seen."""
        queue = UpdateQueue(channels, max_rate_hz, buffer)
        self._queues.add(queue)
        error: Exception | None = None
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._follow, queue)
                try:
                    yield queue
                except Exception as exc:  # noqa: BLE001 - the caller's own; a task group would wrap it
                    error = exc
                group.cancel_scope.cancel()
        finally:
            self._queues.discard(queue)
            queue.end()
        if error is not None:
            raise error

    async def _follow(self, queue: UpdateQueue) -> None:
        period_s = max(queue.period_s, self._own.poll_period_s)
        await poll(self.read, queue, period_s, self._settings.connect_timeout_s)

    async def endpoints(self, *, timeout_s: float) -> list[Endpoint]:
        """Ask the service to describe nothing, and see whether it answers."""
        started = time.monotonic()
        found: dict[str, Any] = {"is_reachable": True}
        try:
            await self._client.ask("describe", {"channels": []}, anyio.current_time() + timeout_s)
            found["latency_ms"] = (time.monotonic() - started) * 1e3
        except (WebError, BrokenAnswerError) as exc:
            found = {"is_reachable": False, "note": str(exc)}
        return [Endpoint(purpose="server", address=self._settings.url, **found)]
