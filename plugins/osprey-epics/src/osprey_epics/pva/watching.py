"""Monitors of PV Access: what one channel of a subscription gets."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from attrs import frozen
from p4p import Value
from p4p.client.raw import Cancelled, Disconnected, Finished

from osprey.control import ErrorKind
from osprey_epics.batch import Failure
from osprey_epics.dbr import Control
from osprey_epics.monitors import Subscription


@frozen
class Arrived:
    """An update as it came; it is decoded when it is taken, and not at all if a later one has replaced it."""

    value: Value
    received_ns: int


class Watch:
    """A monitor of one channel; p4p keeps a queue of its own, which is emptied on p4p's thread."""

    def __init__(
        self,
        context: Any,
        subscription: Subscription,
        index: int,
        channel: str,
        post: Callable[[Callable[[], None]], object],
    ) -> None:
        self._subscription = subscription
        self._index = index
        self._post = post
        self._was_connected = False
        self._is_closed = False
        self._lock = threading.Lock()
        self._monitor: Any = None
        # Unit and labels come with each update, so that none waits for them.
        subscription.note_control(index, Control())
        self._monitor = context.monitor(channel, self._note)

    def close(self) -> None:
        """End it."""
        self._is_closed = True
        self._monitor.close()

    def _note(self) -> None:
        """Take p4p's word, on its thread, that there is something."""
        if self._monitor is None:
            self._post(self._take_all)  # it came before the monitor itself was there
        else:
            self._take_all()

    def _take_all(self) -> None:
        with self._lock:
            while not self._is_closed and (event := self._monitor.pop()) is not None:
                self._take(event)

    def _take(self, event: Any) -> None:
        if isinstance(event, Value):
            if not self._was_connected:
                self._was_connected = True
                self._subscription.note_control(self._index, Control())
            self._subscription.offer(self._index, Arrived(event, time.time_ns()))
        elif isinstance(event, Disconnected | Finished):
            if self._was_connected:
                self._subscription.note_loss(self._index)
            self._was_connected = False
        elif not isinstance(event, Cancelled):
            message = f"{self._subscription.names[self._index]}: {event}"
            self._subscription.offer(self._index, Failure(ErrorKind.REJECTED, message, str(event)))
