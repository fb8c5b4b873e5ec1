"""A second look tells what no event has told, and never what is older than an event."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Any, cast

import pytest
import tango
from attrs import define, field

from osprey_tango.asking import Question
from osprey_tango.device import Device
from osprey_tango.lanes import Workers
from osprey_tango.second_look import Event, SecondLook

QUESTION = Question(0, "a/b/c/x", "x", is_command=False, is_read_command=False)


@define
class Answer:
    """What an attribute says."""

    value: float
    has_failed: bool = False


@define
class Desk:
    """A second look at one attribute of a device of our own."""

    said: float = 1.0
    fails: bool = False
    while_asked: Callable[[], None] = lambda: None
    told: list[float] = field(factory=list)
    ended: threading.Event = field(factory=threading.Event)

    def look(self) -> SecondLook:
        return SecondLook(
            Workers(1, "test"),
            self.ended,
            lambda _, item: self.told.append(item.answer.value),
            lambda _, last, item: item.answer.value != last.answer.value,
        )

    def proxy(self, timeout_s: float) -> Desk:
        return self

    def read_attributes(self, parts: list[str]) -> list[Answer]:
        said = self.said
        self.while_asked()
        return [Answer(said, has_failed=self.fails) for _ in parts]

    @property
    def device(self) -> Device:
        return cast("Device", self)


def event(value: float) -> Any:
    return Event(Answer(value))


@pytest.mark.parametrize(("said", "told"), [(1.0, [1.0]), (2.0, [1.0, 2.0])])
def test_what_an_event_has_told_is_not_told_again_and_a_change_is_told_once(said: float, told: list[float]) -> None:
    desk = Desk(said=said)
    look = desk.look()
    look.tell(0, event(1.0))
    for _ in range(2):
        assert look.look(desk.device, [QUESTION])
        look.tell_seen(math.inf)
    assert desk.told == told


def test_what_a_look_has_seen_waits_for_the_event_that_may_still_bring_it() -> None:
    desk = Desk(said=2.0)
    look = desk.look()
    look.tell(0, event(1.0))
    look.look(desk.device, [QUESTION])
    assert desk.told == [1.0]
    look.tell(0, event(2.0))
    look.tell_seen(math.inf)
    assert desk.told == [1.0, 2.0]


def test_an_event_that_comes_while_the_device_is_asked_is_the_last_word() -> None:
    desk = Desk(said=2.0)
    look = desk.look()
    look.tell(0, event(1.0))
    desk.while_asked = lambda: look.tell(0, event(3.0))
    look.look(desk.device, [QUESTION])
    look.tell_seen(math.inf)
    assert desk.told == [1.0, 3.0]


def test_an_attribute_that_fails_and_a_subscription_that_has_ended_tell_nothing() -> None:
    desk = Desk(said=2.0, fails=True)
    look = desk.look()
    look.tell(0, event(1.0))
    look.look(desk.device, [QUESTION])
    desk.fails = False
    desk.ended.set()
    assert look.look(desk.device, [QUESTION])
    look.tell_seen(math.inf)
    assert desk.told == [1.0]


def test_a_device_that_does_not_answer_counts_as_silent_and_tells_nothing() -> None:
    desk = Desk()

    def fall_silent() -> None:
        tango.Except.throw_exception("API_DeviceTimedOut", "no answer", "test")

    desk.while_asked = fall_silent
    assert not desk.look().look(desk.device, [QUESTION])
    assert desk.told == []
