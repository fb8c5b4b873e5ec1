"""A second look at attributes whose events were asked for.

The library reads an attribute once while it subscribes, and its sockets carry the subscription to the server in their
own time. What changes in between is told to nobody, and the channel would show the old value until it changes again.
So the attributes are read a few more times soon after, and what no event has told is told.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from attrs import evolve, frozen

from osprey_tango.asking import Question
from osprey_tango.device import Device
from osprey_tango.faults import failure_of_call
from osprey_tango.lanes import Batch, Job, Workers

_AFTER_S: Final = (0.5, 1.5, 6.0)
"""So long after each other, and after the subscription; a busy machine has carried it over by then."""
_TICK_S: Final = 0.1
_GRACE_S: Final = 1.0
"""So long an event may take to bring what a look has already seen; it would be told twice, and not in its turn."""
_CALL_S: Final = 3.0


class Event:
    """A value as it came, to be turned into a reading when it is taken."""

    __slots__ = ("answer", "received_ns")

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.received_ns = time.time_ns()


@frozen(kw_only=True)
class _Look:
    """Some attributes of a device, and when they are read next."""

    device: Device
    questions: Sequence[Question]
    due: float
    number: int = 0

    def following(self) -> list[_Look]:
        number = self.number + 1
        return [evolve(self, due=self.due + _AFTER_S[number], number=number)] if number < len(_AFTER_S) else []


@frozen(kw_only=True)
class _Seen:
    """What a look has found that no event had told, kept until it is sure that none will."""

    item: Event
    count: int
    """Of the events until then."""
    due: float


class SecondLook:
    """Passes on what events tell, and tells by itself what they have missed."""

    def __init__(
        self,
        workers: Workers,
        ended: threading.Event,
        offer: Callable[[int, Any], None],
        is_news: Callable[[int, Any, Any], bool],
    ) -> None:
        """Look at nothing yet.

        :param offer: takes what is told of a place, an `Event` or a fault.
        :param is_news: whether the second says something else, and of a later time, than the first.
        """
        self._workers = workers
        self._ended = ended
        self._offer = offer
        self._is_news = is_news
        self._counts: dict[int, int] = {}
        self._last: dict[int, Any] = {}
        self._looks: list[_Look] = []
        self._seen: dict[int, _Seen] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def tell(self, index: int, item: Any) -> None:
        """Pass on what an event told; called on the library's threads."""
        with self._lock:
            self._counts[index] = self._counts.get(index, 0) + 1
            self._last[index] = item
            self._offer(index, item)

    def look_later(self, device: Device, questions: Sequence[Question]) -> None:
        """Read attributes again, whose events have just been asked for."""
        with self._lock:
            self._looks.append(_Look(device=device, questions=questions, due=time.monotonic() + _AFTER_S[0]))
            self._start()

    def _start(self) -> None:
        if self._thread is None and not self._ended.is_set():
            self._thread = threading.Thread(target=self._serve, name="tango second look", daemon=True)
            self._thread.start()

    def _serve(self) -> None:
        while not self._ended.wait(_TICK_S):
            now = time.monotonic()
            self.tell_seen(now)
            with self._lock:
                due = [look for look in self._looks if look.due <= now]
                later = [look for look in self._looks if look.due > now]
                self._looks = later + [following for look in due for following in look.following()]
                if not due and not later and not self._seen:
                    self._thread = None
                    return
            for look in due:
                self._submit(look)

    def _submit(self, look: _Look) -> None:
        lane = look.device.lane
        batch = Batch(math.inf, is_awaited=False)
        self._workers.submit(lane, Job(batch, lane.breaker, lambda: self.look(look.device, look.questions), _ignore))

    def look(self, device: Device, questions: Sequence[Question]) -> bool:
        """Read attributes and tell what events have not; gives whether the device answered. Used on a worker's thread.

        That it does not answer is told by nobody here: the library notices, and events of the failure come.
        """
        if self._ended.is_set():
            return True
        with self._lock:
            before = dict(self._counts)
        try:
            answers = device.proxy(_CALL_S).read_attributes([question.part for question in questions])
        except Exception as exc:  # noqa: BLE001 - the border to the library
            return not failure_of_call(exc).is_of_device
        for question, answer in zip(questions, answers, strict=True):
            self._take(question.index, answer, before.get(question.index, 0))
        return True

    def _take(self, index: int, answer: Any, count: int) -> None:
        with self._lock:
            # An event that came while the device was asked is at least as new, and shows that events come.
            if self._counts.get(index, 0) != count or answer.has_failed:
                return
            item = Event(answer)
            if index not in self._last or self._is_news(index, self._last[index], item):
                self._seen[index] = _Seen(item=item, count=count, due=time.monotonic() + _GRACE_S)
                self._start()

    def tell_seen(self, now: float) -> None:
        """Tell what looks have found and no event has brought since; called by its own thread, now and then."""
        with self._lock:
            for index, seen in list(self._seen.items()):
                if self._counts.get(index, 0) != seen.count:
                    del self._seen[index]
                elif seen.due <= now:
                    del self._seen[index]
                    self._last[index] = seen.item
                    self._offer(index, seen.item)


def _ignore(why: str) -> None:
    """Leave a device alone that does not answer: what a look was to find is found by the next event."""
