"""What the thread of a context does: find channels, issue requests, and keep what waits for a connection.

Everything here runs on that one thread, but `note_connection`, which libca calls on its own. Nothing here
waits.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from osprey.control import ErrorKind
from osprey_epics.answers import Answers, failure_of
from osprey_epics.batch import Ask, Batch, Done, Failure, Request
from osprey_epics.channel import Channel, WatchedChannel
from osprey_epics.dbr import CTRL, TIME, Control, Native, check_state, encode_value
from osprey_epics.libca import (
    CONNECTION_CALLBACK,
    CONNECTION_UP,
    Eca,
    EventMask,
    condition_of,
    is_normal,
    keep_thread_state,
)
from osprey_epics.monitors import Subscription
from osprey_epics.putting import question_about

_SEARCH_AGAIN_AFTER_S: Final = 2.0
"""libca waits 10 s before it searches for a lost channel, and ever longer between searches for a missing one;
a batch that needs such a channel starts a search of its own, at most this often."""
_CLOSED: Final = Failure(ErrorKind.UNREACHABLE, "the connector was closed")
_SURELY_NOT_SENT: Final = frozenset(
    {Eca.BADTYPE, Eca.BADCOUNT, Eca.BADSTR, Eca.STRTOBIG, Eca.NOWTACCESS, Eca.NORDACCESS, Eca.UNAVAILINSERV}
)
"""What libca's put says before anything reaches its send queue; after the others it is not known."""


class Switchboard:
    """The channels of one context."""

    def __init__(self, library: Any, post: Callable[[Callable[[], None]], None]) -> None:
        self._ca = library
        self._post = post
        self.answers = Answers(
            lambda request, channel: post(partial(self._issue, request, channel)),
            lambda request, failure: post(partial(self._ask_why, request, failure)),
        )
        self._channels: dict[str, Channel] = {}
        self._by_key: dict[int, Channel] = {}
        self._on_connection = CONNECTION_CALLBACK(self._note_connection)

    @property
    def channel_count(self) -> int:
        """How many channels libca keeps for this context."""
        return len(self._by_key)

    def begin(self, batch: Batch) -> None:
        """Issue every request of a batch, now or once its channel is connected."""
        for request in batch.requests:
            self._begin(request)

    def _begin(self, request: Request) -> None:
        channel = self._channels.get(request.name)
        if channel is None:
            channel = self._channels[request.name] = Channel(request.name)
        request.channel = channel
        failure = self._search_if_needed(channel)
        if failure is None:
            self._issue(request, channel)
        else:
            del self._channels[request.name]
            request.batch.settle(request, failure)

    def forget(self, batch: Batch) -> None:
        """Drop what is left of a batch that is over.

        A name that nobody has answered for is not searched for ever; the next batch asks anew.
        """
        self.answers.forget_batch(batch)
        for channel in {request.channel for request in batch.requests}:
            if channel is None:
                continue
            channel.waiting = [request for request in channel.waiting if request.batch is not batch]
            is_kept = channel.was_connected or channel.waiting
            if not is_kept and self._channels.get(channel.name) is channel:
                del self._channels[channel.name]
                self._drop(channel)

    def prime(self) -> None:
        """Have libca read the address list, which it does when a context makes its first channel."""
        first = Channel("osprey:no:such:channel")
        self._search(first)
        self._drop(first)

    def close(self) -> None:
        """Answer everything that is still asked; the context itself clears the channels."""
        self.answers.fail_all(_CLOSED)
        for channel in self._by_key.values():
            for request in channel.waiting:
                request.batch.settle(request, _CLOSED)
            if isinstance(channel, WatchedChannel):
                channel.subscription.end()
        self._by_key.clear()
        self._channels.clear()

    # Channels

    def _search_if_needed(self, channel: Channel) -> Failure | None:
        if channel.chid is not None:
            age_s = time.monotonic() - channel.searched_since
            if channel.is_connected or age_s < _SEARCH_AGAIN_AFTER_S:
                return None
            self._drop(channel)
        return self._search(channel)

    def _search(self, channel: Channel) -> Failure | None:
        channel.key = self.answers.new_key()
        channel.searched_since = time.monotonic()
        self._by_key[channel.key] = channel
        chid = ctypes.c_void_p()
        status = self._ca.ca_create_channel(
            channel.name.encode(), self._on_connection, channel.key, 0, ctypes.byref(chid)
        )
        if is_normal(status):
            channel.chid = chid.value
            return None
        del self._by_key[channel.key]
        return failure_of(status, channel)

    def _drop(self, channel: Channel) -> None:
        self._by_key.pop(channel.key, None)
        if channel.chid is not None:
            self._ca.ca_clear_channel(channel.chid)
            channel.chid = None

    def _note_connection(self, args: Any) -> None:
        """Take a change of a connection on libca's thread."""
        keep_thread_state()
        key = self._ca.ca_puser(args.chid)
        is_up = args.op == CONNECTION_UP
        channel = self._by_key.get(key)
        if channel is not None:
            channel.epoch += 1
        if isinstance(channel, WatchedChannel) and not is_up:
            # At once, so that it cannot overtake the first update after the next connection.
            channel.subscription.note_loss(channel.index)
        self._post(partial(self._change_connection, key, is_up=is_up))

    def _change_connection(self, key: int, *, is_up: bool) -> None:
        channel = self._by_key.get(key)
        if channel is None:
            return
        channel.control = None
        channel.is_connected = is_up and self._learn(channel)
        if not is_up:
            channel.lost_ns = time.time_ns()
            channel.searched_since = time.monotonic()
        if not channel.is_connected:
            return
        channel.was_connected = True
        if isinstance(channel, WatchedChannel):
            self._monitor(channel)
        waiting, channel.waiting = channel.waiting, []
        for request in waiting:
            self._issue(request, channel)

    def _learn(self, channel: Channel) -> bool:
        """Take over what the server says of a channel; False if it is lost again by now."""
        native = self._ca.ca_field_type(channel.chid)
        if not 0 <= native <= max(Native):
            return False
        channel.native = Native(native)
        channel.capacity = self._ca.ca_element_count(channel.chid)
        host = ctypes.create_string_buffer(128)
        self._ca.ca_get_host_name(channel.chid, host, len(host))
        channel.host = host.value.decode("latin-1")
        return True

    # Requests

    def _issue(self, request: Request, channel: Channel) -> None:
        """Send a request now, or once the channel is connected; never after the deadline of its batch."""
        if request.batch.is_over:
            return
        if not channel.is_connected:
            channel.waiting.append(request)
            return
        match request.ask:
            case Ask.PUT:
                self._put(request, channel)
            case Ask.ACCESS:
                is_writable = bool(self._ca.ca_write_access(channel.chid))
                request.batch.settle(request, Done(is_writable=is_writable))
            case Ask.CONTROL:
                if request.batch.mark_sent(request):
                    self._get_control(channel, request)
            case Ask.SURVEY:
                self._survey(request, channel)
            case Ask.READING | Ask.FIELD | Ask.LIFE:
                self._get(request, channel)

    def _get(self, request: Request, channel: Channel) -> None:
        if not request.batch.mark_sent(request):
            return
        if request.ask is Ask.READING and channel.control is None:
            request.batch.expect_another()
            self._get_control(channel, request)
        count = 1 if request.ask is Ask.LIFE else 0  # 0: as many elements as there are now
        key = self.answers.expect(request)
        status = self._ca.ca_array_get_callback(channel.native + TIME, count, channel.chid, self.answers.on_value, key)
        if not is_normal(status):
            self._take_back(request, channel, key, status)

    def _get_control(self, channel: Channel, request: Request | None) -> None:
        if channel.native is Native.STRING:
            self.answers.settle_control(channel, request, Control())
            return
        key = self.answers.expect_control(channel, request)
        status = self._ca.ca_array_get_callback(channel.native + CTRL, 1, channel.chid, self.answers.on_control, key)
        if not is_normal(status):
            self.answers.forget(key)
            self.answers.settle_control(channel, request, failure_of(status, channel))

    def _survey(self, request: Request, channel: Channel) -> None:
        if channel.native is Native.STRING or not channel.is_scalar:
            # Nothing that one answer could tell whole.
            request.batch.settle(request, Done())
        elif request.batch.mark_sent(request):
            channel.is_writable = bool(self._ca.ca_write_access(channel.chid))
            self._get_control(channel, request)

    def _put(self, request: Request, channel: Channel) -> None:
        batch = request.batch
        if channel.native is Native.ENUM and channel.control is None:
            # Servers store a state's number whatever it is, so the states have to be known first.
            self._get_control(channel, request)
            return
        try:
            count, data = encode_value(channel.native, channel.capacity, request.value, is_text=request.is_text)
            check_state(channel.native, channel.control, request.value)
        except ValueError as exc:
            batch.settle(request, Failure(ErrorKind.BAD_VALUE, f"{request.name}: {exc}"))
            return
        if not batch.mark_sent(request):
            return
        key = self.answers.expect(request)
        status = self._ca.ca_array_put_callback(channel.native, count, channel.chid, data, self.answers.on_put, key)
        if not is_normal(status):
            self._take_back(request, channel, key, status)

    def _ask_why(self, request: Request, failure: Failure) -> None:
        """Settle a failed put as what it is at least, and ask what it is."""
        question = question_about(request, failure)
        request.batch.add(question)
        request.batch.settle(request, failure)
        self._begin(question)

    def _take_back(self, request: Request, channel: Channel, key: int, status: int) -> None:
        """Deal with a request that libca did not accept."""
        self.answers.forget(key)
        condition = condition_of(status)
        if condition is Eca.DISCONN:
            # The connection broke before libca told of it; the request waits for the next one.
            request.batch.unmark_sent(request)
            channel.is_connected = False
            channel.waiting.append(request)
            return
        if condition in _SURELY_NOT_SENT:
            request.batch.unmark_sent(request)
        request.batch.settle(request, failure_of(status, channel))

    # Monitors

    def watch(self, subscription: Subscription) -> None:
        """Begin to send updates of every channel to a subscription."""
        for index, name in list(subscription.searched()):
            failure = self._search(WatchedChannel(name, subscription, index))
            if failure is not None:
                subscription.offer(index, failure)

    def unwatch(self, subscription: Subscription) -> None:
        """End the updates, and the channels that were made for them."""
        for channel in list(self._by_key.values()):
            if isinstance(channel, WatchedChannel) and channel.subscription is subscription:
                self.answers.forget(channel.monitor_key)
                self._drop(channel)

    def _monitor(self, channel: WatchedChannel) -> None:
        """Ask for updates; after a reconnection libca asks again by itself, for the same type."""
        self._get_control(channel, None)
        if channel.monitor_id is not None:
            if channel.monitored is channel.native:
                return
            self.answers.forget(channel.monitor_key)
            self._ca.ca_clear_subscription(channel.monitor_id)
        channel.monitored = channel.native
        channel.monitor_key = self.answers.expect_updates(channel)
        monitor_id = ctypes.c_void_p()
        status = self._ca.ca_create_subscription(
            channel.native + TIME,
            0,
            channel.chid,
            EventMask.VALUE | EventMask.ALARM,
            self.answers.on_update,
            channel.monitor_key,
            ctypes.byref(monitor_id),
        )
        channel.monitor_id = monitor_id.value
        if not is_normal(status):
            channel.subscription.offer(channel.index, failure_of(status, channel))
