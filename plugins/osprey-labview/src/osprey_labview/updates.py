"""Updates of a subscription between the side that receives them and the one that consumes them."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Sequence
from typing import Self

import anyio

from osprey.api import ReadResult, UsageError
from osprey_labview.wakeup import Wakeup


class UpdateQueue:
    """What was not handed over yet: the latest of each channel, or with a buffer its last few.

    Any thread may offer; one task consumes.
    """

    def __init__(self, channels: Sequence[str], max_rate_hz: float, buffer: int) -> None:
        if not max_rate_hz > 0:
            msg = f"max_rate_hz {max_rate_hz}: give a positive number of lists a second"
            raise UsageError(msg)
        if buffer < 0:
            msg = f"buffer {buffer}: give 0 for the latest value, or how many updates of a channel are kept"
            raise UsageError(msg)
        self.channels = tuple(dict.fromkeys(channels))
        self.period_s = 1.0 / max_rate_hz
        self.buffer = buffer
        self.dropped = 0
        self._kept: dict[str, deque[ReadResult]] = {}
        self._lock = threading.Lock()
        self._wakeup = Wakeup()
        self._is_awake = False
        self._has_ended = False
        self._not_before = -math.inf

    def offer(self, results: Sequence[ReadResult], lost: int = 0) -> None:
        """Keep updates; where there is no room, the oldest of the channel goes and is counted.

        :param lost: how many updates are known to have been lost on their way here.
        """
        with self._lock:
            if self.buffer:
                self.dropped += lost
            for result in results:
                kept = self._kept.setdefault(result.channel, deque(maxlen=max(1, self.buffer)))
                self.dropped += bool(self.buffer) and len(kept) == kept.maxlen
                kept.append(result)
            if results:
                self._wake()

    def end(self) -> None:
        """Let the consumer finish what is there."""
        with self._lock:
            self._has_ended = True
            self._wake()

    def _wake(self) -> None:
        if not self._is_awake:
            self._is_awake = True
            self._wakeup.set()

    def _take(self) -> list[ReadResult]:
        with self._lock:
            kept, self._kept = self._kept, {}
            if not self._has_ended:
                self._is_awake = False
                self._wakeup = Wakeup()
        return [result for channel in self.channels for result in kept.get(channel, ())]

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> list[ReadResult]:
        while True:
            await anyio.sleep_until(self._not_before)
            await self._wakeup.wait()
            taken = self._take()
            if taken:
                self._not_before = anyio.current_time() + self.period_s
                return taken
            if self._has_ended:
                raise StopAsyncIteration
