"""One call at a time to a device, from a bounded number of threads.

A device serves one call at a time, whoever asks; a second call to it would only keep a second thread waiting.
So each device has a lane, and the threads serve the lanes that have work and are free. A call that was given
up (its deadline passed, its task was cancelled) cannot be stopped: it keeps its thread and its lane until it
ends, and counts against the bound.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

import anyio
import tango

from osprey_tango.breaker import Breaker
from osprey_tango.wakeup import Wakeup


class Batch:
    """Calls that share one absolute deadline and one wake-up; made on the loop that waits for them, if one does."""

    def __init__(self, timeout_s: float, *, is_awaited: bool = True) -> None:
        self.deadline = time.monotonic() + timeout_s
        self.jobs: list[Job] = []
        self._left = 0
        self._is_over = False
        self._lock = threading.Lock()
        self._wakeup = Wakeup() if is_awaited else None

    @property
    def is_over(self) -> bool:
        """True once nothing of it may be sent, and no answer is taken, any more."""
        return self._is_over or time.monotonic() >= self.deadline

    @property
    def remaining_s(self) -> float:
        """How long until the deadline; never less than 0."""
        return max(0.0, self.deadline - time.monotonic())

    def add(self, job: Job) -> None:
        """Count one call in, before it is submitted."""
        self.jobs.append(job)
        self._left += 1

    def settle(self, take: Callable[[], None]) -> bool:
        """Take an answer, unless the batch is over: who waits has read the answers by then."""
        with self._lock:
            if self._is_over:
                return False
            take()
            return True

    def may_send(self, mark: Callable[[], None]) -> bool:
        """Allow something to leave, and remember that it did; False after the deadline."""
        with self._lock:
            if self.is_over:
                return False
            mark()
            return True

    def note_end(self) -> None:
        """Note that one call has ended."""
        with self._lock:
            self._left -= 1
            if self._left == 0 and self._wakeup is not None:
                self._wakeup.set()

    async def wait(self) -> None:
        """Wait for all calls or the deadline, whichever comes first; then the batch is over."""
        try:
            if self._left and self._wakeup is not None:
                with anyio.move_on_after(self.remaining_s):
                    await self._wakeup.wait()
        finally:
            self.end()
            for job in self.jobs:
                job.note_overdue()

    def end(self) -> None:
        """Send nothing any more, and take no answer."""
        with self._lock:
            self._is_over = True


class Job:
    """One call (or a few in a row) to one device.

    `work` answers for itself, and returns whether the device answered; it must not raise. `refuse` answers for a
    device that is left alone.
    """

    def __init__(self, batch: Batch, breaker: Breaker, work: Callable[[], bool], refuse: Callable[[str], None]) -> None:
        self.batch = batch
        self.is_started = False
        self._breaker = breaker
        self._work = work
        self._refuse = refuse
        self._is_ended = False
        self._is_counted = False
        self._lock = threading.Lock()
        batch.add(self)

    def run(self) -> None:
        """Make the call on a worker's thread."""
        try:
            if self.batch.is_over:
                return
            if not self._breaker.begin():
                self._refuse(self._breaker.explain())
                return
            self.is_started = True
            self._conclude(self._work())
        except Exception as exc:  # noqa: BLE001 - a thread's border: a defect must cost an answer, not the thread
            self._refuse(f"the connector failed: {type(exc).__name__}: {exc}")
            self._conclude(has_answered=True)
        finally:
            self.batch.note_end()

    def _conclude(self, has_answered: bool) -> None:
        with self._lock:
            self._is_ended = True
            if has_answered:
                self._breaker.note_answer()
            elif not self._is_counted:
                self._breaker.note_silence()

    def note_overdue(self) -> None:
        """Note that nobody waits any more; a call that hangs counts as silence, once."""
        with self._lock:
            is_late = time.monotonic() >= self.batch.deadline
            if self.is_started and not self._is_ended and is_late:
                self._is_counted = True
                self._breaker.note_silence()


class Lane:
    """The calls to one device, in their order."""

    def __init__(self, name: str, breaker: Breaker) -> None:
        self.name = name
        self.breaker = breaker
        self.jobs: deque[Job] = deque()
        self.is_busy = False

    def drop(self, is_dropped: Callable[[Job], bool]) -> None:
        """End calls that were not started, unanswered."""
        kept: deque[Job] = deque()
        for job in self.jobs:
            if is_dropped(job):
                job.batch.note_end()
            else:
                kept.append(job)
        self.jobs = kept


class Workers:
    """A bounded number of threads, started as they are needed, that know the Tango library."""

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._ready: deque[Lane] = deque()
        self._work = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._is_closed = False

    @property
    def busy_count(self) -> int:
        """How many threads are in a call, given up or not."""
        with self._work:
            return len(self._threads) - self._idle

    @property
    def thread_count(self) -> int:
        """How many threads there are; never more than allowed."""
        return len(self._threads)

    def submit(self, lane: Lane, job: Job) -> None:
        """Queue a call; after `close` it ends at once, unanswered."""
        with self._work:
            if self._is_closed:
                job.batch.note_end()
                return
            if lane.is_busy:
                lane.drop(lambda queued: queued.batch.is_over)  # or they would pile up behind a call that hangs
            lane.jobs.append(job)
            if not lane.is_busy and len(lane.jobs) == 1:
                self._offer(lane)

    def _offer(self, lane: Lane) -> None:
        self._ready.append(lane)
        if self._idle >= len(self._ready):
            self._work.notify()
        elif len(self._threads) < self._most:
            # A daemon: a call that hangs must not keep the process from ending.
            thread = threading.Thread(target=self._serve, name=f"tango {self._name}", daemon=True)
            self._threads.append(thread)
            self._idle += 1
            thread.start()

    def _serve(self) -> None:
        with tango.EnsureOmniThread():
            while True:
                taken = self._take()
                if taken is None:
                    return
                lane, job = taken
                try:
                    job.run()
                finally:
                    self._give_back(lane)

    def _take(self) -> tuple[Lane, Job] | None:
        with self._work:
            while not self._ready:
                if self._is_closed:
                    self._idle -= 1
                    return None
                self._work.wait()
            lane = self._ready.popleft()
            lane.is_busy = True
            self._idle -= 1
            return lane, lane.jobs.popleft()

    def _give_back(self, lane: Lane) -> None:
        with self._work:
            lane.is_busy = False
            self._idle += 1
            if self._is_closed:
                lane.drop(lambda _: True)
            elif lane.jobs:
                self._offer(lane)

    def close(self) -> list[threading.Thread]:
        """End the threads; those in a call end with it. Calls that wait are dropped, unanswered."""
        with self._work:
            self._is_closed = True
            for lane in self._ready:
                lane.drop(lambda _: True)
            self._ready.clear()
            self._work.notify_all()
            return list(self._threads)
