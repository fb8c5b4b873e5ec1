"""Updates of the mock connector: the latest values after every change, at a limited rate."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from types import TracebackType

import anyio

from osprey.control.values import ReadResult

Snapshot = Callable[[], list[ReadResult]]


class Updates:
    """Wakes every subscription when a value changes."""

    def __init__(self) -> None:
        self._waiting: list[anyio.Event] = []

    def notify(self) -> None:
        """Say that something changed."""
        waiting, self._waiting = self._waiting, []
        for event in waiting:
            event.set()

    def expect(self) -> anyio.Event:
        """Give the event of the next change."""
        event = anyio.Event()
        self._waiting.append(event)
        return event

    def subscribe(
        self, snapshot: Snapshot, max_rate_hz: float
    ) -> AbstractAsyncContextManager[AsyncIterator[list[ReadResult]]]:
        """Subscribe to what `snapshot` gives after each change."""
        return _Subscription(self, snapshot, max_rate_hz)


class _Subscription(AsyncIterator[list[ReadResult]]):
    """Conflated: what changed while nobody looked is seen once, with its latest value."""

    def __init__(self, updates: Updates, snapshot: Snapshot, max_rate_hz: float) -> None:
        self._updates = updates
        self._snapshot = snapshot
        self._period_s = 1.0 / max_rate_hz
        self._not_before: float | None = None
        self._changed = updates.expect()

    async def __aenter__(self) -> AsyncIterator[list[ReadResult]]:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._changed.set()

    async def __anext__(self) -> list[ReadResult]:
        if self._not_before is not None:
            await self._changed.wait()
            await anyio.sleep_until(self._not_before)
        self._changed = self._updates.expect()
        self._not_before = anyio.current_time() + self._period_s
        return self._snapshot()
