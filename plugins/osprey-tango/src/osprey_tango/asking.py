"""Reading and describing the channels of one device; runs on a worker's thread."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import repeat
from typing import Any, Final, Generic, TypeVar

import tango

from osprey.api import ChannelInfo, ChannelStatus, ErrorKind, Fault, ReadResult
from osprey_tango.description import attribute_info, command_info
from osprey_tango.device import Device
from osprey_tango.faults import Failure, failure_of_call, fault
from osprey_tango.lanes import Batch
from osprey_tango.putting import execute
from osprey_tango.readings import NO_FACTS, command_reading, reading_of

R = TypeVar("R")

NOT_EXECUTED: Final = Failure(
    ErrorKind.UNSUPPORTED,
    "it is a command, and reading executes only those that the configuration names under `commands.reads`",
    "command",
)


class Question:
    """One channel that is asked about, and the command that it may be."""

    __slots__ = ("channel", "index", "is_command", "is_read_command", "part")

    def __init__(self, index: int, channel: str, part: str, *, is_command: bool, is_read_command: bool) -> None:
        self.index = index
        self.channel = channel
        self.part = part
        self.is_command = is_command
        self.is_read_command = is_read_command


class Questions:
    """The questions to one device, sorted once: a list of channels that is asked again finds everything prepared."""

    def __init__(self) -> None:
        self.all: list[Question] = []

    def add(self, question: Question) -> None:
        """Take one more; before the first is asked."""
        self.all.append(question)

    @cached_property
    def commands(self) -> list[Question]:
        """What the configuration calls commands."""
        return [question for question in self.all if question.is_command]

    @cached_property
    def attributes(self) -> list[Question]:
        """All others."""
        return [question for question in self.all if not question.is_command]

    @cached_property
    def channels(self) -> list[str]:
        """The names of the attributes' channels, as asked."""
        return [question.channel for question in self.attributes]

    @cached_property
    def parts(self) -> list[str]:
        """The attributes, one for each question."""
        return [question.part for question in self.attributes]

    @cached_property
    def unique_parts(self) -> list[str]:
        """The attributes, each once."""
        return list(dict.fromkeys(self.parts))


class Asking(Generic[R]):
    """The questions of one batch to one device, and the places for their answers."""

    def __init__(
        self,
        device: Device,
        batch: Batch,
        questions: Questions,
        answers: list[R | Fault | None],
        *,
        call_s: float = math.inf,
    ) -> None:
        self.device = device
        self.batch = batch
        self.questions = questions
        self._answers = answers
        self._call_s = call_s

    def work(self) -> bool:
        """Ask, and say whether the device answered."""
        try:
            self.ask(self.device.proxy(min(self._call_s, self.batch.remaining_s)))
        except Exception as exc:  # noqa: BLE001 - the border to the library: it becomes every channel's fault
            failure = failure_of_call(exc)
            if failure.is_of_device:
                self.device.forget_all()
            self.fail_all(failure)
            return not failure.is_of_device
        return True

    def ask(self, proxy: Any) -> None:
        """Ask the device; to be said by the kinds of questions."""
        raise NotImplementedError

    def refuse(self, why: str) -> None:
        """Answer for a device that is left alone."""
        self.fail_all(Failure(ErrorKind.UNREACHABLE, why, "circuit breaker"))

    def fail_all(self, failure: Failure) -> None:
        """Give every channel without an answer the same fault."""
        left = [question for question in self.questions.all if self._answers[question.index] is None]
        self.settle(left, [fault(question.channel, failure) for question in left])

    def settle(self, questions: Sequence[Question], results: Sequence[R | Fault]) -> None:
        """Hand answers over, if somebody still waits for them."""

        def take() -> None:
            if len(results) == len(self._answers):
                self._answers[:] = results  # the only device, whose questions are in the order asked
                return
            for question, result in zip(questions, results, strict=True):
                self._answers[question.index] = result

        self.batch.settle(take)


class Reading(Asking[ReadResult]):
    """Fresh values: one call for all attributes, and one for each command that reads."""

    def ask(self, proxy: Any) -> None:
        if self.questions.attributes:
            self._read(proxy, self.questions)
        for question in self.questions.commands:
            if not self.batch.is_over:
                self.settle([question], [self._execute(proxy, question)])

    def _read(self, proxy: Any, questions: Questions) -> None:
        answers = proxy.read_attributes(questions.unique_parts)
        received_ns = time.time_ns()
        self._learn(proxy, questions.unique_parts, answers)
        if len(answers) < len(questions.parts):
            by_part = dict(zip(questions.unique_parts, answers, strict=True))
            answers = [by_part[part] for part in questions.parts]
        facts = map(self.device.facts.get, questions.parts, repeat(NO_FACTS))
        # `map` rather than a comprehension: a thousand readings are to cost little beside the call itself.
        results = list(map(reading_of, questions.channels, answers, facts, repeat(received_ns)))
        if Fault in set(map(type, results)):
            self._tell_commands(proxy, questions.attributes, results)
        self.settle(questions.attributes, results)

    def _learn(self, proxy: Any, parts: Sequence[str], answers: Sequence[Any]) -> None:
        """Ask for the units and labels that are not known yet, of what surely exists."""
        known = self.device.facts
        if not all(map(known.__contains__, parts)):
            self.device.learn(
                proxy, [part for part, answer in zip(parts, answers, strict=True) if not answer.has_failed]
            )

    def _tell_commands(self, proxy: Any, questions: Sequence[Question], results: list[ReadResult]) -> None:
        """Say of what is no attribute, but a command, that it was not executed."""
        missing = [
            place
            for place, result in enumerate(results)
            if isinstance(result, Fault) and result.kind is ErrorKind.NOT_FOUND
        ]
        if missing:
            commands = {name.lower() for name in proxy.get_command_list()}
            for place in missing:
                if questions[place].part in commands:
                    results[place] = fault(questions[place].channel, NOT_EXECUTED)

    def _execute(self, proxy: Any, question: Question) -> ReadResult:
        try:
            if not question.is_read_command:
                proxy.command_query(question.part)
                return fault(question.channel, NOT_EXECUTED)
            signature = proxy.command_query(question.part)
            described = command_info(question.channel, "", signature, is_read=True)
            if isinstance(described, Fault):
                return described
            value = execute(proxy, question.part)
            return command_reading(question.channel, value, signature.out_type, time.time_ns())
        except tango.DevFailed as exc:
            failure = failure_of_call(exc)
            if failure.is_of_device:
                raise
            return fault(question.channel, failure)


class Describing(Asking[ChannelInfo]):
    """What the device says of its attributes and commands, asked anew."""

    def __init__(
        self,
        device: Device,
        batch: Batch,
        questions: Questions,
        answers: list[ChannelInfo | Fault | None],
        name_of: Callable[[Device, Any, str], str | None],
    ) -> None:
        super().__init__(device, batch, questions, answers)
        self._name_of = name_of

    def ask(self, proxy: Any) -> None:
        self.device.learn(proxy, self.questions.unique_parts, again=True)
        self.settle(self.questions.all, [self._describe(proxy, question) for question in self.questions.all])

    def _describe(self, proxy: Any, question: Question) -> ChannelInfo | Fault:
        name = self._name_of(self.device, proxy, question.part)
        info = None if question.is_command else self.device.infos.get(question.part)
        if info is not None:
            return attribute_info(question.channel, name, info)
        try:
            command = proxy.command_query(question.part)
        except tango.DevFailed as exc:
            failure = failure_of_call(exc)
            if failure.is_of_device:
                raise
            what = "no such command" if question.is_command else "neither an attribute nor a command of the device"
            return fault(question.channel, Failure(failure.kind, f"{what} ({failure.message})", failure.raw))
        return command_info(question.channel, name, command, is_read=question.is_read_command)


class Probing(Asking[ChannelStatus]):
    """Whether the device answers and has these attributes and commands."""

    def ask(self, proxy: Any) -> None:
        start = time.perf_counter()
        proxy.ping()
        latency_ms = (time.perf_counter() - start) * 1e3
        existing = {name.lower() for name in proxy.get_attribute_list()}
        commands: set[str] | None = None
        found: list[ChannelStatus | Fault] = []
        for question in self.questions.all:
            is_there = not question.is_command and question.part in existing
            if not is_there:
                commands = commands if commands is not None else {name.lower() for name in proxy.get_command_list()}
                is_there = question.part in commands
            if is_there:
                found.append(ChannelStatus(channel=question.channel, latency_ms=latency_ms))
            else:
                why = Failure(ErrorKind.NOT_FOUND, "neither an attribute nor a command of the device")
                found.append(fault(question.channel, why))
        self.settle(self.questions.all, found)
