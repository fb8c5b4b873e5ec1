"""Updates of the ring: it is looked at now and then, and what has changed since is handed over."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

import anyio

from osprey.api import Fault, ReadResult, UsageError

LOOK_PERIOD_S: Final = 0.1
"""A buffered subscription looks ten times a second, as often as the instruments of the ring measure."""

Look = Callable[[Sequence[str]], Awaitable[list[ReadResult]]]


class Updates:
    """What has changed of each channel since it was handed over, at most `1 / period_s` lists a second."""

    def __init__(self, channels: Sequence[str], look: Look, period_s: float, buffer: int) -> None:
        self.dropped = 0
        self._channels = tuple(dict.fromkeys(channels))
        self._look = look
        self._period_s = period_s
        self._buffer = buffer
        self._shown: dict[str, object] = {}
        self._kept: dict[str, deque[ReadResult]] = {}
        self._not_before = -math.inf
        self._has_ended = False
        self._has_news = anyio.Event()

    def end(self) -> None:
        """Let the consumer finish."""
        self._has_ended = True
        self._has_news.set()

    def __aiter__(self) -> Updates:
        return self

    async def __anext__(self) -> list[ReadResult]:
        await anyio.sleep_until(self._not_before)
        while not self._has_ended:
            if not self._buffer:
                await self.look()
            if self._kept:
                kept, self._kept = self._kept, {}
                self._not_before = anyio.current_time() + self._period_s
                return [result for channel in self._channels for result in kept.get(channel, ())]
            await self._wait()
        raise StopAsyncIteration

    async def _wait(self) -> None:
        self._has_news = anyio.Event()
        with anyio.move_on_after(math.inf if self._buffer else self._period_s):
            await self._has_news.wait()

    async def keep_looking(self) -> None:
        """Look often, whoever takes what was seen and when."""
        while True:
            await self.look()
            await anyio.sleep(min(LOOK_PERIOD_S, self._period_s))

    async def look(self) -> None:
        """Keep what has changed since the last look; where there is no room, the oldest of its channel goes."""
        for result in await self._look(self._channels):
            essence = _essence(result)
            if self._shown.get(result.channel) == essence:
                continue
            self._shown[result.channel] = essence
            kept = self._kept.setdefault(result.channel, deque(maxlen=max(1, self._buffer)))
            self.dropped += bool(self._buffer) and len(kept) == kept.maxlen
            kept.append(result)
            self._has_news.set()


@asynccontextmanager
async def subscribed(
    channels: Sequence[str], look: Look, *, max_rate_hz: float, buffer: int
) -> AsyncGenerator[Updates]:
    """Subscribe to what `look` shows.

    :raises UsageError: the rate is not positive, or the buffer is negative.
    """
    if not max_rate_hz > 0:
        msg = f"max_rate_hz {max_rate_hz}: give a positive number of lists a second"
        raise UsageError(msg)
    if buffer < 0:
        msg = f"buffer {buffer}: give 0 for the latest value, or how many updates of a channel are kept"
        raise UsageError(msg)
    updates = Updates(channels, look, 1.0 / max_rate_hz, buffer)
    try:
        if not buffer:
            yield updates
            return
        async with anyio.create_task_group() as group:
            group.start_soon(updates.keep_looking)
            yield updates
            group.cancel_scope.cancel()
    finally:
        updates.end()


def _essence(result: ReadResult) -> object:
    return result.kind if isinstance(result, Fault) else (result.value, result.severity)
