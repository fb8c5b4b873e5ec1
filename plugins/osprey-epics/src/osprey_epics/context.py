"""One Channel Access context and the one thread that speaks to it.

The thread never waits for a channel: it issues what it is given, and whatever needs a connection waits in the
channel until libca says that there is one. So a missing channel delays nobody. Answers come on libca's own
threads (`answers`). Contexts share nothing: several with different address lists live in one process.
"""

from __future__ import annotations

import atexit
import logging
import os
import queue
import threading
import weakref
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from osprey.errors import ConnectorError
from osprey_epics.batch import Batch
from osprey_epics.environment import applied
from osprey_epics.libca import (
    EXCEPTION_CALLBACK,
    PREEMPTIVE,
    PRINT_CALLBACK,
    is_normal,
    load_libca,
    name_status,
)
from osprey_epics.monitors import Subscription
from osprey_epics.switchboard import Switchboard

_log = logging.getLogger(__name__)
_STOP_TIMEOUT_S: Final = 10.0
_open_contexts: weakref.WeakSet[ChannelAccess] = weakref.WeakSet()


class ChannelAccess:
    """A context with its thread; the public methods may be called from any other thread."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self._ca = load_libca()
        self._tasks: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._board = Switchboard(self._ca, self._tasks.put)
        self._gate = threading.Lock()
        self._is_closed = False
        self._started = threading.Event()
        self._error: BaseException | None = None
        # ctypes keeps no reference to a callback that C holds; these live as long as the context.
        self._on_exception = EXCEPTION_CALLBACK(_log_exception)
        self._on_print = PRINT_CALLBACK(_swallow_print)
        # A daemon: a program that forgets to close must still end, and `_stop_all` sees to the rest.
        self._thread = threading.Thread(target=self._run, name="osprey-epics", daemon=True)

    @property
    def variables(self) -> Mapping[str, str]:
        """The variables of the environment that this context was made with."""
        return self._variables

    @property
    def awaited_count(self) -> int:
        """How many answers libca still owes."""
        return self._board.answers.count

    @property
    def channel_count(self) -> int:
        """How many channels are kept."""
        return self._board.channel_count

    def start(self) -> None:
        """Make the context; returns once it exists.

        :raises ConnectorError: libca could not make one.
        """
        self._thread.start()
        self._started.wait()
        if self._error is not None:
            msg = f"Channel Access could not be started: {self._error}"
            raise ConnectorError(msg) from self._error
        _open_contexts.add(self)

    def stop(self) -> None:
        """End the context and its thread; what is still asked is answered as unreachable. Idempotent."""
        with self._gate:
            if not self._is_closed:
                self._is_closed = True
                self._tasks.put(None)
        self._thread.join(_STOP_TIMEOUT_S)
        _open_contexts.discard(self)

    def submit(self, batch: Batch) -> None:
        """Begin all requests of a batch.

        :raises ConnectorError: the context is closed.
        """
        self._post(lambda: self._board.begin(batch))

    def abandon(self, batch: Batch) -> None:
        """Forget a batch that is over; nothing of it is issued or answered any more."""
        self._post_if_open(lambda: self._board.forget(batch))

    def watch(self, subscription: Subscription) -> None:
        """Begin to send updates to a subscription.

        :raises ConnectorError: the context is closed.
        """
        self._post(lambda: self._board.watch(subscription))

    def unwatch(self, subscription: Subscription) -> None:
        """End a subscription."""
        self._post_if_open(lambda: self._board.unwatch(subscription))

    def _post(self, task: Callable[[], None]) -> None:
        if not self._post_if_open(task):
            msg = "the EPICS connector is closed"
            raise ConnectorError(msg)

    def _post_if_open(self, task: Callable[[], None]) -> bool:
        with self._gate:
            if not self._is_closed:
                self._tasks.put(task)
            return not self._is_closed

    def _run(self) -> None:
        try:
            self._open()
        except Exception as exc:  # noqa: BLE001 - raised again by `start`, on the caller's thread
            self._error = exc
            return
        finally:
            self._started.set()
        self._serve()
        self._board.close()
        self._ca.ca_context_destroy()

    def _open(self) -> None:
        with applied(self._variables), _known_priority():
            status = self._ca.ca_context_create(PREEMPTIVE)
            if not is_normal(status):
                raise ConnectorError(name_status(status))
            self._ca.ca_replace_printf_handler(self._on_print)
            self._ca.ca_add_exception_event(self._on_exception, None)
            self._board.prime()

    def _serve(self) -> None:
        task = self._tasks.get()
        while task is not None:
            try:
                task()
            except Exception:  # noqa: BLE001 - one bad task must not end the thread; logged
                _log.exception("a task of the Channel Access thread failed")
            try:
                task = self._tasks.get_nowait()
            except queue.Empty:
                self._ca.ca_flush_io()
                task = self._tasks.get()


@contextmanager
def _known_priority() -> Generator[None]:
    """Let EPICS meet this thread with a priority that it can count from.

    Where threads may have real-time priorities (root, in a container), EPICS takes a thread without one for
    a thread of priority -1, fails to give that to libca's threads, and says so on the terminal. It asks once,
    so the lowest real-time priority for the time of this block is enough; where that is not permitted, EPICS
    does not use priorities either.
    """
    try:
        before = os.sched_getscheduler(0), os.sched_getparam(0)
        lowest = os.sched_param(os.sched_get_priority_min(os.SCHED_FIFO))
        os.sched_setscheduler(0, os.SCHED_FIFO, lowest)
    except (AttributeError, OSError):  # another operating system, or not permitted
        yield
        return
    try:
        yield
    finally:
        os.sched_setscheduler(0, *before)


def _swallow_print(*_: object) -> int:
    """libca prints about missing repeaters and lost circuits; the connector says what matters in faults."""
    return 0


def _log_exception(args: Any) -> None:
    """Take what libca can tell to no single request; its own handler may end the process."""
    _log.debug("Channel Access: %s (%s)", name_status(args.stat), (args.ctx or b"").decode("latin-1"))


@atexit.register
def _stop_all() -> None:
    """End what a program left open, before the interpreter goes: a callback into nothing would abort it."""
    for context in list(_open_contexts):
        context.stop()
