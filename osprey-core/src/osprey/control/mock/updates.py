"""Updates of the mock connector: conflated or buffered, at a limited rate."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Self

import anyio

from osprey.control.values import ReadResult
from osprey.errors import UsageError

Look = Callable[[str], ReadResult]


class Hub:
    """Tells every subscription what may have changed."""

    def __init__(self, look: Look, follows: Callable[[str], frozenset[str]]) -> None:
        self._look = look
        self._follows = follows
        """Which records a channel shows: itself, and the setpoint that it reads back."""
        self._subscriptions: list[Subscription] = []

    def notify(self, record: str | None = None) -> None:
        """Say that a record changed, or for None, that any may have."""
        for subscription in self._subscriptions:
            for channel in subscription.channels:
                if record is None or record in self._follows(channel):
                    subscription.offer(self._look(channel))

    def end(self) -> None:
        """End every subscription."""
        for subscription in self._subscriptions:
            subscription.end()

    @asynccontextmanager
    async def subscribe(
        self, channels: Sequence[str], max_rate_hz: float, buffer: int, due: Callable[[], float]
    ) -> AsyncGenerator[Subscription]:
        """Subscribe to channels; `due` gives when something lands by itself, after which it is asked again."""
        if not max_rate_hz > 0:
            msg = f"max_rate_hz {max_rate_hz}: give a positive number of lists a second"
            raise UsageError(msg)
        if buffer < 0:
            msg = f"buffer {buffer}: give 0 for the latest value, or how many updates of a channel are kept"
            raise UsageError(msg)
        subscription = Subscription(tuple(dict.fromkeys(channels)), 1.0 / max_rate_hz, buffer, due)
        self._subscriptions.append(subscription)
        for channel in subscription.channels:
            subscription.offer(self._look(channel))
        try:
            yield subscription
        finally:
            self._subscriptions.remove(subscription)
            subscription.end()


class Subscription:
    """What was not handed over yet, of each channel."""

    def __init__(self, channels: tuple[str, ...], period_s: float, buffer: int, due: Callable[[], float]) -> None:
        self.channels = channels
        self.dropped = 0
        self._period_s = period_s
        self._buffer = buffer
        self._due = due
        self._kept: dict[str, deque[ReadResult]] = {}
        self._not_before = -math.inf
        self._changed = anyio.Event()
        self._has_ended = False

    def offer(self, result: ReadResult) -> None:
        """Keep an update; where there is no room, the oldest of its channel goes."""
        kept = self._kept.setdefault(result.channel, deque(maxlen=max(1, self._buffer)))
        if self._buffer and len(kept) == kept.maxlen:
            self.dropped += 1
        kept.append(result)
        self._changed.set()

    def end(self) -> None:
        """Let the consumer finish."""
        self._has_ended = True
        self._changed.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> list[ReadResult]:
        await anyio.sleep_until(self._not_before)
        while not self._kept:
            if self._has_ended:
                raise StopAsyncIteration
            self._changed = anyio.Event()
            with anyio.CancelScope(deadline=self._due()):
                await self._changed.wait()
        self._not_before = anyio.current_time() + self._period_s
        kept, self._kept = self._kept, {}
        return [result for channel in self.channels for result in kept.get(channel, ())]
