"""Desks: what the broker answers in each mode.

A desk logs every reading that it gave and every write that was asked of it. None of them can write: there
is no such call on `Machine`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from attrs import define, field

from osprey.control.values import ArchiveSpan, ErrorKind, Fault
from osprey.services.python_executor.machine import (
    Machine,
    info_to_json,
    reading_to_json,
    series_to_json,
)
from osprey.services.python_executor.models import IntendedWrite, ReadSource, RecordedRead

T = TypeVar("T")
Request = Mapping[str, Any]

_NAMES_SHOWN = 5


class GuestError(Exception):
    """Something that the program is told, and may handle."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


@define
class Log:
    """What a run read and wanted to write, in order."""

    reads: list[RecordedRead] = field(factory=list[RecordedRead])
    writes: list[IntendedWrite] = field(factory=list[IntendedWrite])
    groups: int = 0

    def add_group(self, request: Request) -> None:
        for item in request["items"]:
            self.writes.append(IntendedWrite(line=request["line"], group=self.groups, **item))
        self.groups += 1

    def add_reading(
        self, channel: str, answer: Mapping[str, Any], line: int | None, source: ReadSource, rehearsed: bool
    ) -> None:
        self.reads.append(
            RecordedRead(
                channel=channel,
                value=answer["value"],
                unit=answer["unit"],
                severity=answer["severity"],
                source_ns=answer["source_ns"],
                line=line,
                source=source,
                is_rehearsed=rehearsed,
            )
        )


class NoDesk:
    """Mode `none`: a pure computation."""

    def __init__(self) -> None:
        self.log = Log()

    async def answer(self, op: str, request: Request) -> Any:
        names = ", ".join(request.get("channels", ())[:_NAMES_SHOWN])
        msg = f"this run has no access to a control system ({op} {names}): run it in mode read or dry"
        raise GuestError("control", msg)


class ReadDesk:
    """Mode `read`: live readings, no writes."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.log = Log()

    async def answer(self, op: str, request: Request) -> Any:
        if op == "read":
            return await self.read(request)
        if op == "info":
            return await self.info(request)
        if op == "archive":
            return await self.archive(request)
        if op == "write":
            names = ", ".join(item["channel"] for item in request["items"][:_NAMES_SHOWN])
            msg = f"this run may only read, so {names} was not written: rehearse it first (mode dry)"
            raise GuestError("control", msg)
        return None

    async def read(self, request: Request) -> list[dict[str, Any]]:
        channels: list[str] = request["channels"]
        readings = await self.good(await self.machine.read(channels))
        answers = [reading_to_json(reading) for reading in readings]
        for channel, answer in zip(channels, answers, strict=True):
            self.log.add_reading(channel, answer, request["line"], ReadSource.LIVE, rehearsed=False)
        return answers

    async def info(self, request: Request) -> list[dict[str, Any]]:
        found = await self.good(await self.machine.describe(request["channels"]))
        words = [await self.machine.describe_in_words(info.channel) for info in found]
        return [info_to_json(info, text) for info, text in zip(found, words, strict=True)]

    async def archive(self, request: Request) -> list[dict[str, Any]]:
        span = ArchiveSpan(start_ns=request["start_ns"], end_ns=request["end_ns"], max_points=request["max_points"])
        if span.end_ns <= span.start_ns or span.max_points < 1:
            msg = "archive(): end_ns must lie after start_ns, and max_points must be at least 1"
            raise GuestError("value", msg)
        series = await self.machine.fetch(request["channels"], span)
        await self.good([one.fault for one in series if one.fault is not None])
        return [series_to_json(one) for one in series]

    async def good(self, results: Sequence[T | Fault]) -> list[T]:
        """Give the results, or raise one error that names every channel that has none."""
        faults = [result for result in results if isinstance(result, Fault)]
        if not faults:
            return [result for result in results if not isinstance(result, Fault)]
        told = [await self._tell(fault) for fault in faults[:_NAMES_SHOWN]]
        if len(faults) > _NAMES_SHOWN:
            told.append(f"and {len(faults) - _NAMES_SHOWN} more")
        timed_out = all(fault.kind is ErrorKind.TIMEOUT for fault in faults)
        raise GuestError("timeout" if timed_out else "channel", "; ".join(told))

    async def _tell(self, fault: Fault) -> str:
        text = f"channel {fault.channel!r}: {fault.message or fault.kind.value.replace('_', ' ')}"
        if fault.kind is ErrorKind.NOT_FOUND:
            names = await self.machine.closest(fault.channel)
            if any(name in text for name in names):
                return text  # the connector has named them itself
            text += f" (did you mean {', '.join(names)}?)" if names else " (nothing has a similar name)"
        return text
