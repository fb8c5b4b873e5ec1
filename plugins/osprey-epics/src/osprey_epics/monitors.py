"""Updates of channels, handed over in lists: the latest of each channel, or all that a buffer holds.

The client library's threads offer; the loop takes. However fast a channel changes, there is one wake-up a list, and a
slow consumer costs nothing but the values in between.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import anyio
import anyio.lowlevel

from osprey.control import ErrorKind, ReadResult
from osprey.errors import UsageError
from osprey_epics.batch import Failure
from osprey_epics.dbr import Control
from osprey_epics.wakeup import Wakeup

_SILENCE_S: Final = 5.0
"""After this long, a channel that never answered is reported once as not found."""
_AT_ONCE: Final = 100
"""So many readings are made between two looks at the loop's other tasks: about a millisecond's worth."""

Update = tuple[int, Any, Control]
"""The channel's place, what came (a `Sample`, what PV Access has for one, or a `Failure`), and its unit and labels."""


def check_subscription(max_rate_hz: float, buffer: int) -> None:
    """Refuse a rate or a buffer that cannot be meant.

    :raises UsageError: the rate is not a positive number, or the buffer is negative.
    """
    if not max_rate_hz > 0:
        msg = f"max_rate_hz {max_rate_hz}: give a positive number of lists a second"
        raise UsageError(msg)
    if buffer < 0:
        msg = f"buffer {buffer}: give 0 for the latest value, or how many updates of a channel are kept"
        raise UsageError(msg)


class Subscription:
    """What was not taken yet of each channel, between the library's threads and one consumer.

    :ivar dropped: how many updates a full buffer has discarded.
    """

    def __init__(self, names: Sequence[str], buffer: int = 0) -> None:
        self.names = tuple(names)
        self.dropped = 0
        self._buffer = buffer
        self._kept: dict[int, deque[Any]] = {}
        self._controls: list[Control | None] = [None] * len(names)
        self._silent = set(range(len(names)))
        self._lock = threading.Lock()
        self._wakeup = Wakeup()
        self._is_armed = False
        self._has_ended = False

    @property
    def has_ended(self) -> bool:
        """True once nothing can come any more."""
        return self._has_ended and not self._kept

    def searched(self) -> Iterator[tuple[int, str]]:
        """Give each name with its place, but those that are settled already."""
        return ((index, name) for index, name in enumerate(self.names) if index in self._silent)

    def offer(self, index: int, result: Any) -> None:
        """Keep an update; where there is no room, the oldest of its channel goes."""
        with self._lock:
            self._silent.discard(index)
            kept = self._kept.get(index)
            if kept is None:
                kept = self._kept[index] = deque(maxlen=self._buffer or 1)
            elif self._buffer and len(kept) == self._buffer:
                self.dropped += 1
            kept.append(result)
            self._arm()

    def note_control(self, index: int, control: Control) -> None:
        """Learn unit and labels; a value without them waits, so that no reading comes without its unit."""
        with self._lock:
            self._controls[index] = control
            if index in self._kept:
                self._arm()

    def note_loss(self, index: int) -> None:
        """Report a lost connection; after the next one unit and labels are asked again."""
        name = self.names[index]
        with self._lock:
            self._controls[index] = None
        self.offer(index, Failure(ErrorKind.UNREACHABLE, f"{name}: the connection to its server is lost"))

    def note_silence(self) -> None:
        """Report, once, the channels that nobody has answered for."""
        for index in tuple(self._silent):
            message = f"{self.names[index]}: no answer from any IOC in time: not found or unreachable"
            self.offer(index, Failure(ErrorKind.NOT_FOUND, message))

    def end(self) -> None:
        """Let the consumer finish."""
        with self._lock:
            self._has_ended = True
            self._arm()

    def _arm(self) -> None:
        if not self._is_armed:
            self._is_armed = True
            self._wakeup.set()

    async def wait(self) -> None:
        """Wait until something can be taken."""
        await self._wakeup.wait()

    def take(self) -> list[Update]:
        """Take what is ready; called on the loop only."""
        with self._lock:
            ready: list[Update] = []
            for index in sorted(self._kept):
                self._take_channel(index, ready)
            if not self._has_ended:
                self._is_armed = False
                self._wakeup = Wakeup()
            return ready

    def _take_channel(self, index: int, ready: list[Update]) -> None:
        """Take a channel's updates up to the first that waits for its unit."""
        kept, control = self._kept[index], self._controls[index]
        while kept:
            if isinstance(kept[0], Failure):
                ready.append((index, kept.popleft(), Control()))
            elif control is not None:
                ready.append((index, kept.popleft(), control))
            else:
                return
        del self._kept[index]


class Updates:
    """The consumer's side of a subscription: lists of readings and faults, at most so many a second."""

    def __init__(self, subscription: Subscription, max_rate_hz: float, render: Callable[[Update], ReadResult]) -> None:
        self._subscription = subscription
        self._period_s = 1 / max_rate_hz
        self._render = render
        self._next_at = -math.inf
        self._silence_at = time.monotonic() + _SILENCE_S

    @property
    def dropped(self) -> int:
        """How many updates a full buffer has discarded."""
        return self._subscription.dropped

    def __aiter__(self) -> Updates:
        return self

    async def __anext__(self) -> list[ReadResult]:
        while True:
            await anyio.sleep(max(0.0, self._next_at - time.monotonic()))
            await self._wait()
            taken = self._subscription.take()
            if taken:
                self._next_at = time.monotonic() + self._period_s
                return await self._render_all(taken)
            if self._subscription.has_ended:
                raise StopAsyncIteration

    async def _render_all(self, taken: Sequence[Update]) -> list[ReadResult]:
        """Make readings, a few at a time; shielded, because what was taken would be lost by a cancellation."""
        results: list[ReadResult] = []
        for start in range(0, len(taken), _AT_ONCE):
            if start:
                await anyio.lowlevel.cancel_shielded_checkpoint()
            results += map(self._render, taken[start : start + _AT_ONCE])
        return results

    async def _wait(self) -> None:
        with anyio.move_on_after(self._silence_at - time.monotonic()):
            await self._subscription.wait()
            return
        self._silence_at = math.inf
        self._subscription.note_silence()
