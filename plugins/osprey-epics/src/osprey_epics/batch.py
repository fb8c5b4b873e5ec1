"""Requests that share one absolute deadline, and what became of each.

A batch is made on the event loop, its requests are issued by the context's thread, and answered on libca's
threads. One lock a batch decides two races: a request is either marked as sent before the batch is over, or
never sent at all; and it has one result.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Union

import anyio
from attrs import frozen

from osprey.control import DType, ErrorKind, Value
from osprey_epics.wakeup import Wakeup

if TYPE_CHECKING:
    from osprey_epics.channel import Channel
    from osprey_epics.dbr import Control, Native, Sample
    from osprey_epics.libca import Eca
    from osprey_epics.pva.structures import Told


class Ask(StrEnum):
    """What is wanted of a channel."""

    READING = "reading"
    """Its value, and its unit and labels unless this connection has them already."""
    FIELD = "field"
    """Its value alone."""
    LIFE = "life"
    """One element, to know that it answers."""
    CONTROL = "control"
    """Its unit, limits and labels, fresh."""
    SURVEY = "survey"
    """The same with its value, and whether it may be written, as they came."""
    ACCESS = "access"
    """Only that it is connected."""
    PUT = "put"


@frozen
class Failure:
    """Why a request has no answer, or which no it got."""

    kind: ErrorKind
    message: str
    raw: str = ""
    condition: Eca | None = None
    """Of the status that said so."""


@frozen
class Done:
    """The put is complete, or the channel is connected."""

    is_writable: bool = True


@frozen
class Surveyed:
    """A `DBR_CTRL` structure as it came, for whoever asked for it to decode."""

    native: Native
    raw: bytes
    epoch: int
    """Of the channel's connections, the one that answered."""
    is_writable: bool
    received_ns: int


Answer = Union["Sample", "Control", "Told", Surveyed, Done, Failure]


class Request:
    """One thing asked of one channel."""

    __slots__ = ("ask", "batch", "channel", "dtype", "is_sent", "is_text", "name", "result", "then", "value")

    def __init__(
        self,
        name: str,
        ask: Ask,
        *,
        value: Value = 0,
        dtype: DType = DType.FLOAT,
        is_text: bool = False,
        then: Callable[[Answer], None] | None = None,
    ) -> None:
        self.name = name
        self.ask = ask
        self.value = value
        """What a put sends."""
        self.dtype = dtype
        """Of what a put sends."""
        self.is_text = is_text
        """True if an array of characters is a text."""
        self.then = then
        """Called with the answer, at most once and only while the batch is not over."""
        self.batch: Batch
        self.channel: Channel | None = None
        self.is_sent = False
        self.result: Answer | None = None


class Batch:
    """Requests with one absolute deadline and one wake-up."""

    def __init__(self, requests: Sequence[Request], deadline: float) -> None:
        self.requests = requests
        self.length_s = deadline - time.monotonic()
        """How long it may take at most."""
        self.deadline = deadline
        """By the monotonic clock, in seconds."""
        self._left = len(requests)
        self._is_over = False
        self._lock = threading.Lock()
        self._wakeup = Wakeup()
        for request in requests:
            request.batch = self

    @property
    def is_over(self) -> bool:
        """True once nothing of it may be sent any more."""
        return self._is_over or time.monotonic() >= self.deadline

    @property
    def is_complete(self) -> bool:
        """True once every answer is there."""
        return self._left == 0

    def mark_sent(self, request: Request) -> bool:
        """Allow one request to leave, and remember that it did; False after the deadline."""
        with self._lock:
            if self.is_over or request.result is not None:
                return False
            request.is_sent = True
            return True

    def unmark_sent(self, request: Request) -> None:
        """Note that libca gave a request back without sending it."""
        request.is_sent = False

    def expect_another(self) -> None:
        """Wait for one answer more than there are requests (a unit, for example)."""
        with self._lock:
            self._left += 1

    def add(self, request: Request) -> None:
        """Ask one thing more before the batch is complete; called by the context's thread."""
        request.batch = self
        self.requests = (*self.requests, request)
        self.expect_another()

    def settle(self, request: Request, result: Answer) -> None:
        """Give a request its result; the first one stands, and none is taken once the batch is over."""
        with self._lock:
            if self._is_over or request.result is not None:
                return
            request.result = result
            if request.then is not None:
                request.then(result)
            self._count_down()

    def settle_another(self) -> None:
        """Note one answer that `expect_another` announced."""
        with self._lock:
            self._count_down()

    def _count_down(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._wakeup.set()

    async def wait(self) -> None:
        """Wait for all answers or the deadline, whichever comes first; then the batch is over."""
        try:
            with anyio.move_on_after(self.deadline - time.monotonic()):
                await self._wakeup.wait()
        finally:
            with self._lock:
                self._is_over = True
