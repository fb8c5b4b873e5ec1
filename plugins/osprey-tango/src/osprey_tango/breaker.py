"""A circuit breaker: a device that does not answer is left alone for a while.

Each call that it lets hang costs a thread, and the device's server works on it long after nobody waits any
more, so asking again at once makes matters worse.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Breaker:
    """Closed, open, or trying: counts the calls in a row that had no answer."""

    def __init__(self, failures: int, open_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = failures
        self._open_s = open_s
        self._clock = clock
        self._lock = threading.Lock()
        self._count = 0
        self._open_until: float | None = None
        self._is_trying = False

    @property
    def is_open(self) -> bool:
        """True while no call is let through."""
        with self._lock:
            return self._remaining_s() is not None

    @property
    def failure_count(self) -> int:
        """How many calls in a row had no answer."""
        return self._count

    def explain(self) -> str:
        """Say why no call is let through."""
        with self._lock:
            left_s = self._remaining_s() or 0.0
            when = "one call tries it now" if left_s <= 0 else f"it is tried again in {left_s:.1f} s"
            return f"the device did not answer {self._count} times in a row; {when}"

    def _remaining_s(self) -> float | None:
        if self._open_until is None:
            return None
        left_s = self._open_until - self._clock()
        if left_s > 0:
            return left_s
        return 0.0 if self._is_trying else None

    def begin(self) -> bool:
        """Ask to make a call; False if the device is to be left alone. After a while one call may try."""
        with self._lock:
            if self._remaining_s() is not None:
                return False
            self._is_trying = self._open_until is not None
            return True

    def note_answer(self) -> None:
        """Note that the device answered, be it late."""
        with self._lock:
            self._count = 0
            self._open_until = None
            self._is_trying = False

    def note_silence(self) -> None:
        """Note a call without an answer."""
        with self._lock:
            self._count += 1
            self._is_trying = False
            if self._count >= self._limit:
                self._open_until = self._clock() + self._open_s
