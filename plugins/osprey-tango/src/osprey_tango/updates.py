"""Updates of channels, handed over in lists: the latest of each, or the last few of each.

The Tango library's threads offer; the loop takes. However fast an attribute changes, there is one wake-up a
list, and a slow consumer costs nothing but the values in between.
"""

from __future__ import annotations

import itertools
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import anyio

from osprey.api import ReadResult
from osprey_tango.wakeup import Wakeup

Update = tuple[int, int, Any]
"""The order of arrival, the channel's place, and what came."""


class UpdateStore:
    """What has come and was not taken yet, between any thread and one consumer."""

    def __init__(self, buffer: int) -> None:
        self.dropped = 0
        self.has_ended = False
        self._buffer = buffer
        self._waiting: dict[int, deque[Update]] = {}
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._wakeup = Wakeup()
        self._is_armed = False

    def offer(self, index: int, item: Any) -> None:
        """Keep an update; the oldest of a channel makes room. Returns at once, on any thread."""
        with self._lock:
            if self.has_ended:
                return
            queue = self._waiting.setdefault(index, deque())
            if len(queue) >= max(1, self._buffer):
                queue.popleft()
                self.dropped += 1 if self._buffer else 0
            queue.append((next(self._numbers), index, item))
            self._arm()

    def end(self) -> None:
        """Let the consumer finish."""
        with self._lock:
            self.has_ended = True
            self._arm()

    def _arm(self) -> None:
        if not self._is_armed:
            self._is_armed = True
            self._wakeup.set()

    async def wait(self) -> None:
        """Wait until something can be taken, or nothing can come any more."""
        await self._wakeup.wait()

    def take(self) -> list[Update]:
        """Take what is there, oldest first; called on the loop only."""
        with self._lock:
            taken = sorted(itertools.chain.from_iterable(self._waiting.values()), key=lambda update: update[0])
            self._waiting.clear()
            if not self.has_ended:
                self._is_armed = False
                self._wakeup = Wakeup()
            return taken


class TangoUpdates:
    """The consumer's side: lists of readings and faults, at most so many a second."""

    def __init__(self, store: UpdateStore, max_rate_hz: float, render: Callable[[int, Any], ReadResult]) -> None:
        self._store = store
        self._period_s = 1 / max_rate_hz
        self._render = render
        self._next_at = -math.inf

    @property
    def dropped(self) -> int:
        """How many updates a full buffer has discarded."""
        return self._store.dropped

    def __aiter__(self) -> TangoUpdates:
        return self

    async def __anext__(self) -> list[ReadResult]:
        while True:
            await anyio.sleep(max(0.0, self._next_at - time.monotonic()))
            await self._store.wait()
            taken = self._store.take()
            if taken:
                self._next_at = time.monotonic() + self._period_s
                return [self._render(index, item) for _, index, item in taken]
            if self._store.has_ended:
                raise StopAsyncIteration
