"""What libca's threads do with an answer: decode it, hand it on, and return.

A callback must never wait, nor call back into libca for data. libca is given an integer key with each
request; a key that is not known any more belongs to a batch that is over, and its answer is dropped.
"""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Callable
from ctypes import string_at
from typing import Any

from osprey.control import ErrorKind
from osprey_epics.batch import Ask, Batch, Done, Failure, Request, Surveyed
from osprey_epics.channel import Channel, WatchedChannel
from osprey_epics.dbr import (
    CTRL,
    TIME,
    Control,
    Native,
    Sample,
    control_size,
    decode_control,
    decode_sample,
    sample_size,
)
from osprey_epics.libca import EVENT_CALLBACK, Eca, condition_of, is_normal, keep_thread_state, name_status
from osprey_epics.putting import may_have_been_refused

_log = logging.getLogger(__name__)

_KINDS = {
    Eca.DISCONN: ErrorKind.UNREACHABLE,
    Eca.UNRESPTMO: ErrorKind.UNREACHABLE,
    Eca.TIMEOUT: ErrorKind.TIMEOUT,
    Eca.NORDACCESS: ErrorKind.PERMISSION,
    Eca.NOWTACCESS: ErrorKind.PERMISSION,
    Eca.BADTYPE: ErrorKind.BAD_VALUE,
    Eca.BADCOUNT: ErrorKind.BAD_VALUE,
    Eca.BADSTR: ErrorKind.BAD_VALUE,
    Eca.STRTOBIG: ErrorKind.BAD_VALUE,
    Eca.NOCONVERT: ErrorKind.BAD_VALUE,
    Eca.CHANDESTROY: ErrorKind.UNREACHABLE,
    # The server says that the put failed, and not that nothing of it was done (`putting`).
    Eca.PUTFAIL: ErrorKind.INVALID_DATA,
    # libca itself failed in the middle of something: whether it left is not known.
    Eca.INTERNAL: ErrorKind.TIMEOUT,
    Eca.ALLOCMEM: ErrorKind.TIMEOUT,
}


def failure_of(status: int, channel: Channel) -> Failure:
    """Turn a status into a failure; a no that has no kind of its own is a rejection.

    A status that is not known is no answer at all: after a put it leaves a doubt, where a rejection would not.
    """
    condition = condition_of(status)
    kind = ErrorKind.INVALID_DATA if condition is None else _KINDS.get(condition, ErrorKind.REJECTED)
    raw = name_status(status)
    if kind is ErrorKind.UNREACHABLE:
        return Failure(kind, f"{channel.name}: the connection to {channel.host} was lost", raw, condition)
    if condition is Eca.PUTFAIL:
        message = f"{channel.name}: the server reports that the put failed; the record may have taken it all the same"
        return Failure(kind, message, raw, condition)
    return Failure(kind, f"{channel.name}: {raw.partition(': ')[2] or raw}", raw, condition)


class Answers:
    """The requests that libca holds, by key, and the callbacks that answer them."""

    def __init__(self, resume: Callable[[Request, Channel], None], ask_why: Callable[[Request, Failure], None]) -> None:
        """Make it.

        :param resume: takes a put that waited for the labels of its channel, once they are there.
        :param ask_why: takes a put that failed, and settles it.
        """
        self._resume = resume
        self._ask_why = ask_why
        self._keys = itertools.count(1)
        self._requests: dict[int, Request] = {}
        self._controls: dict[int, tuple[Channel, Request | None]] = {}
        self._monitors: dict[int, WatchedChannel] = {}
        # ctypes keeps no reference to a callback that C holds; these live as long as the context.
        self.on_value = EVENT_CALLBACK(self._guarded(self._take_value))
        self.on_control = EVENT_CALLBACK(self._guarded(self._take_control))
        self.on_put = EVENT_CALLBACK(self._guarded(self._take_put))
        self.on_update = EVENT_CALLBACK(self._guarded(self._take_update))

    @property
    def count(self) -> int:
        """How many answers are awaited; monitors are not counted."""
        return len(self._requests) + len(self._controls)

    def new_key(self) -> int:
        """Give an integer that was never used in this context."""
        return next(self._keys)

    def expect(self, request: Request) -> int:
        """Give the key under which the answer to `request` comes."""
        key = self.new_key()
        self._requests[key] = request
        return key

    def expect_control(self, channel: Channel, request: Request | None) -> int:
        """Give the key under which unit, limits and labels of `channel` come."""
        key = self.new_key()
        self._controls[key] = (channel, request)
        return key

    def expect_updates(self, channel: WatchedChannel) -> int:
        """Give the key under which updates of `channel` come, until it is forgotten."""
        key = self.new_key()
        self._monitors[key] = channel
        return key

    def forget(self, key: int) -> None:
        """Drop whatever still comes under this key."""
        self._requests.pop(key, None)
        self._controls.pop(key, None)
        self._monitors.pop(key, None)

    def forget_batch(self, batch: Batch) -> None:
        """Drop whatever still comes for a batch that is over, however late it comes."""
        for key, request in self._requests.copy().items():
            if request.batch is batch:
                self._requests.pop(key, None)
        for key, (_, asker) in self._controls.copy().items():
            if asker is not None and asker.batch is batch:
                self._controls.pop(key, None)

    def fail_all(self, failure: Failure) -> None:
        """Answer everything that is awaited with one failure, and forget it."""
        for request in self._requests.copy().values():
            request.batch.settle(request, failure)
        for channel, request in self._controls.copy().values():
            self.settle_control(channel, request, failure)
        self._requests.clear()
        self._controls.clear()
        self._monitors.clear()

    def settle_control(self, channel: Channel, request: Request | None, answer: Control | Failure) -> None:
        """Hand over unit, limits and labels: to the channel, and to whoever waits for them."""
        if isinstance(answer, Control):
            channel.control = answer
        if isinstance(channel, WatchedChannel):
            channel.subscription.note_control(channel.index, channel.control or Control())
        elif request is not None and request.ask is Ask.PUT and isinstance(answer, Control):
            self._resume(request, channel)
        elif request is not None and request.ask in (Ask.CONTROL, Ask.SURVEY, Ask.PUT):
            request.batch.settle(request, answer)
        elif request is not None:
            request.batch.settle_another()

    def _guarded(self, take: Callable[[Any], None]) -> Callable[[Any], None]:
        """Keep an exception from leaving through C, where it would only be printed."""

        def callback(args: Any) -> None:
            keep_thread_state()
            try:
                take(args)
            except Exception:  # noqa: BLE001 - the border to C; logged with its traceback
                _log.exception("an answer of Channel Access could not be used")

        return callback

    def _take_value(self, args: Any) -> None:
        request = self._requests.pop(args.key, None)
        if request is not None and request.channel is not None:
            request.batch.settle(request, _sample_of(args, request.channel))

    def _take_control(self, args: Any) -> None:
        channel, request = self._controls.pop(args.key, (None, None))
        if channel is None:
            return
        if not is_normal(args.status):
            self.settle_control(channel, request, failure_of(args.status, channel))
            return
        native = Native(args.type - CTRL)
        raw = string_at(args.dbr, control_size(native))
        if request is not None and request.ask is Ask.SURVEY:
            told = Surveyed(native, raw, channel.epoch, channel.is_writable, time.time_ns())
            request.batch.settle(request, told)
            return
        self.settle_control(channel, request, decode_control(native, raw))

    def _take_put(self, args: Any) -> None:
        request = self._requests.pop(args.key, None)
        if request is not None and request.channel is not None:
            result = Done() if is_normal(args.status) else failure_of(args.status, request.channel)
            if isinstance(result, Failure) and may_have_been_refused(request, result):
                self._ask_why(request, result)
            else:
                request.batch.settle(request, result)

    def _take_update(self, args: Any) -> None:
        channel = self._monitors.get(args.key)
        # A lost connection is told by the connection's own callback.
        if channel is not None and condition_of(args.status) is not Eca.DISCONN:
            channel.subscription.offer(channel.index, _sample_of(args, channel))


def _sample_of(args: Any, channel: Channel) -> Sample | Failure:
    received_ns = time.time_ns()
    if not is_normal(args.status):
        return failure_of(args.status, channel)
    try:
        native = Native(args.type - TIME)
        raw = string_at(args.dbr, sample_size(native, args.count))
        return decode_sample(native, args.count, raw, is_scalar=channel.is_scalar, received_ns=received_ns)
    except (ValueError, ArithmeticError) as exc:
        return Failure(ErrorKind.INVALID_DATA, f"{channel.name}: the server's answer makes no sense: {exc}")
