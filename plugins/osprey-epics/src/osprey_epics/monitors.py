"""Updates of channels, conflated to the latest of each and handed over in lists.

libca's threads offer; the loop takes. However fast a channel changes, there is one wake-up a list, and a
slow consumer costs nothing but the values in between.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import anyio

from osprey.control import ErrorKind, ReadResult
from osprey_epics.batch import Failure
from osprey_epics.dbr import Control, Sample
from osprey_epics.wakeup import Wakeup

_SILENCE_S: Final = 5.0
"""After this long, a channel that never answered is reported once as not found."""

Update = tuple[int, Sample | Failure, Control]


class Subscription:
    """The latest of each channel, between libca's threads and one consumer."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self._latest: dict[int, Sample | Failure] = {}
        self._controls: list[Control | None] = [None] * len(names)
        self._silent = set(range(len(names)))
        self._lock = threading.Lock()
        self._wakeup = Wakeup()
        self._is_armed = False
        self._has_ended = False

    @property
    def has_ended(self) -> bool:
        """True once nothing can come any more."""
        return self._has_ended and not self._latest

    def searched(self) -> Iterator[tuple[int, str]]:
        """Give each name with its place, but those that are settled already."""
        return ((index, name) for index, name in enumerate(self.names) if index in self._silent)

    def offer(self, index: int, result: Sample | Failure) -> None:
        """Put the latest of one channel in the place of what was not taken yet."""
        with self._lock:
            self._silent.discard(index)
            self._latest[index] = result
            self._arm()

    def note_control(self, index: int, control: Control) -> None:
        """Learn unit and labels; a value without them waits, so that no reading comes without its unit."""
        with self._lock:
            self._controls[index] = control
            if index in self._latest:
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
            for index, result in self._latest.items():
                control = Control() if isinstance(result, Failure) else self._controls[index]
                if control is not None:
                    ready.append((index, result, control))
            for index, _, _ in ready:
                del self._latest[index]
            if not self._has_ended:
                self._is_armed = False
                self._wakeup = Wakeup()
            return sorted(ready, key=lambda update: update[0])


class Updates:
    """The consumer's side of a subscription: lists of readings and faults, at most so many a second."""

    def __init__(self, subscription: Subscription, max_rate_hz: float, render: Callable[[Update], ReadResult]) -> None:
        self._subscription = subscription
        self._period_s = 1 / max_rate_hz
        self._render = render
        self._next_at = -math.inf
        self._silence_at = time.monotonic() + _SILENCE_S

    def __aiter__(self) -> Updates:
        return self

    async def __anext__(self) -> list[ReadResult]:
        while True:
            await anyio.sleep(max(0.0, self._next_at - time.monotonic()))
            await self._wait()
            taken = self._subscription.take()
            if taken:
                self._next_at = time.monotonic() + self._period_s
                return [self._render(update) for update in taken]
            if self._subscription.has_ended:
                raise StopAsyncIteration

    async def _wait(self) -> None:
        with anyio.move_on_after(self._silence_at - time.monotonic()):
            await self._subscription.wait()
            return
        self._silence_at = math.inf
        self._subscription.note_silence()
