"""Change events of attributes, and polling of what has none.

An attribute whose server pushes no events (or cannot be reached yet) is read every so often, and only its
changes are told; once an unreachable one answers, events are asked for again. The library's own way to keep
trying (``stateless=True``) is not used: it would retry for ever, in silence, where there will never be events.
Callbacks come on the library's threads, the first one from inside `subscribe_event`: they only keep the value.
"""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import anyio
import anyio.to_thread
import numpy as np
import tango

from osprey.api import ErrorKind, Fault, ReadResult
from osprey.api import Reading as ChannelReading
from osprey_tango.asking import NOT_EXECUTED, Question, Questions, Reading
from osprey_tango.device import Device
from osprey_tango.faults import Failure, failure_of, failure_of_call, fault
from osprey_tango.lanes import Batch, Job, Workers
from osprey_tango.readings import NO_FACTS, reading_of
from osprey_tango.second_look import Event, SecondLook
from osprey_tango.updates import UpdateStore

_CALL_S: Final = 3.0
"""How long a poll or a subscription of one attribute may take."""
_CHUNK: Final = 10
"""So many attributes are subscribed before the device's lane is free for others."""
_UNSUBSCRIBE_S: Final = 5.0
"""So long the end of a subscription waits for the library; it goes on behind our back then."""
_RETRYABLE: Final = frozenset({ErrorKind.UNREACHABLE, ErrorKind.TIMEOUT})


class Watch:
    """The channels of one subscription."""

    def __init__(self, store: UpdateStore, workers: Workers, period_s: float) -> None:
        self._store = store
        self._workers = workers
        self._period_s = period_s
        self._batch = Batch(math.inf, is_awaited=False)
        self._watched: dict[int, tuple[Device, Question]] = {}
        self._events: list[tuple[Any, int]] = []
        self._polled: dict[Device, dict[int, Question]] = {}
        self._polling: set[Device] = set()
        self._awaited: set[int] = set()
        self._last: dict[int, ReadResult] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._second_look = SecondLook(workers, self._ended, store.offer, self._is_news)
        self._poller: threading.Thread | None = None

    def start(self, groups: Iterable[tuple[Device, Questions]]) -> None:
        """Ask for the events of every device; what has none is polled."""
        for device, questions in groups:
            self._watched.update({question.index: (device, question) for question in questions.all})
            for question in questions.commands:
                if question.is_read_command:
                    self._poll_from_now(device, question)
                else:
                    self._store.offer(question.index, fault(question.channel, NOT_EXECUTED))
            self._subscribe(device, questions.attributes)

    def render(self, index: int, item: Any) -> ReadResult:
        """Give what came as a reading or a fault."""
        if not isinstance(item, Event):
            return item
        device, question = self._watched[index]
        return reading_of(question.channel, item.answer, device.facts.get(question.part, NO_FACTS), item.received_ns)

    def _is_news(self, index: int, last: Any, item: Any) -> bool:
        one, other = self.render(index, last), self.render(index, item)
        if isinstance(one, ChannelReading) and isinstance(other, ChannelReading):
            is_older = (other.source_ns or 0) < (one.source_ns or 0)  # a server may answer from its cache
            return not is_older and not is_unchanged(one, other)
        return not is_unchanged(one, other)

    def _subscribe(self, device: Device, questions: Sequence[Question]) -> None:
        if not questions:
            return
        now, later = questions[:_CHUNK], questions[_CHUNK:]

        def work() -> bool:
            has_answered = self._subscribe_now(device, now)
            self._subscribe(device, later)
            return has_answered

        def refuse(why: str) -> None:
            for question in now:
                self._offer_change(question.index, fault(question.channel, Failure(ErrorKind.UNREACHABLE, why)))
                self._await(device, question)
            self._subscribe(device, later)

        self._workers.submit(device.lane, Job(self._batch, device.lane.breaker, work, refuse))

    def _subscribe_now(self, device: Device, questions: Sequence[Question]) -> bool:
        try:
            proxy = device.proxy(_CALL_S)
            device.learn(proxy, [question.part for question in questions])
        except Exception as exc:  # noqa: BLE001 - the border to the library: it becomes every channel's fault
            failure = failure_of_call(exc)
            for question in questions:
                self._offer_change(question.index, fault(question.channel, failure))
                self._await(device, question)
            return not failure.is_of_device
        has_events = [one for one in questions if not self._ended.is_set() and self._subscribe_one(device, proxy, one)]
        if has_events:
            self._second_look.look_later(device, has_events)
        return True

    def _subscribe_one(self, device: Device, proxy: Any, question: Question) -> bool:
        """Ask for the events of an attribute; False if it has to be polled."""
        try:
            number = proxy.subscribe_event(
                question.part, tango.EventType.CHANGE_EVENT, self._callback(question.index, question.channel)
            )
        except Exception as exc:  # noqa: BLE001 - the border to the library: without events it is polled
            if failure_of_call(exc).kind in _RETRYABLE:
                self._await(device, question)
            else:
                self._poll_from_now(device, question)
            return False
        with self._lock:
            self._events.append((proxy, number))
            has_ended = self._ended.is_set()
        if has_ended:  # the end did not see this one
            self._unsubscribe()
        return True

    def _callback(self, index: int, channel: str) -> Callable[[Any], None]:
        def keep(event: Any) -> None:
            item = fault(channel, failure_of(event.errors)) if event.err else Event(event.attr_value)
            self._second_look.tell(index, item)

        return keep

    def _await(self, device: Device, question: Question) -> None:
        """Poll until the device answers, and then ask for events again."""
        with self._lock:
            self._awaited.add(question.index)
        self._poll_from_now(device, question)

    def _poll_from_now(self, device: Device, question: Question) -> None:
        with self._lock:
            self._polled.setdefault(device, {})[question.index] = question
            if self._poller is None and not self._ended.is_set():
                self._poller = threading.Thread(target=self._poll, name="tango polling", daemon=True)
                self._poller.start()

    def _poll(self) -> None:
        while not self._ended.is_set():
            with self._lock:
                due = [(device, list(of.values())) for device, of in self._polled.items() if of]
            for device, questions in due:
                if device not in self._polling:
                    self._polling.add(device)
                    self._submit_poll(device, questions)
            self._ended.wait(self._period_s)

    def _submit_poll(self, device: Device, questions: Sequence[Question]) -> None:
        answers: list[ReadResult | None] = [None] * len(questions)
        places = Questions()
        for place, q in enumerate(questions):
            places.add(Question(place, q.channel, q.part, is_command=q.is_command, is_read_command=q.is_read_command))
        batch = Batch(math.inf, is_awaited=False)
        reading = Reading(device, batch, places, answers, call_s=_CALL_S)

        def finish() -> None:
            self._polling.discard(device)
            for question, answer in zip(questions, answers, strict=True):
                if answer is not None:
                    self._note_polled(device, question, answer)

        def work() -> bool:
            has_answered = reading.work()
            finish()
            return has_answered

        def refuse(why: str) -> None:
            reading.refuse(why)
            finish()

        self._workers.submit(device.lane, Job(batch, device.lane.breaker, work, refuse))

    def _note_polled(self, device: Device, question: Question, answer: ReadResult) -> None:
        self._offer_change(question.index, answer)
        with self._lock:
            is_back = question.index in self._awaited and isinstance(answer, ChannelReading)
            if is_back:
                self._awaited.discard(question.index)
                del self._polled[device][question.index]
        if is_back:
            self._subscribe(device, [question])

    def _offer_change(self, index: int, answer: ReadResult) -> None:
        last = self._last.get(index)
        if last is None or not is_unchanged(last, answer):
            self._last[index] = answer
            self._store.offer(index, answer)

    async def aclose(self) -> None:
        """End the events and the polling; waits for the library, but not for ever."""
        self._ended.set()
        self._batch.end()
        self._store.end()
        with anyio.move_on_after(_UNSUBSCRIBE_S, shield=True):
            # Not one of the workers' threads: calls that hang may hold all of them.
            await anyio.to_thread.run_sync(self._unsubscribe, abandon_on_cancel=True)

    def _unsubscribe(self) -> None:
        with tango.EnsureOmniThread():
            while True:
                with self._lock:
                    if not self._events:
                        return
                    proxy, number = self._events.pop()
                with contextlib.suppress(tango.DevFailed):  # the library has given it up already
                    proxy.unsubscribe_event(number)


def is_unchanged(one: ReadResult, other: ReadResult) -> bool:
    """Tell whether two results say the same, apart from their times."""
    if isinstance(one, Fault) or isinstance(other, Fault):
        return isinstance(one, Fault) and isinstance(other, Fault) and (one.kind, one.raw) == (other.kind, other.raw)
    return (one.severity, one.quality, one.shape, one.unit) == (
        other.severity,
        other.quality,
        other.shape,
        other.unit,
    ) and (_is_equal(one.value, other.value) and _is_equal(one.setpoint, other.setpoint))


def _is_equal(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    return type(one) is type(other) and bool(one == other)
