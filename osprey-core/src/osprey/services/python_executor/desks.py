"""Desks: what the broker answers in each mode.

A desk logs every reading that it gave and every write that was asked of it. None of them can write: there
is no such call on `Machine`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from attrs import define, field

from osprey.control.archive.series import ArchiveSeries, ArchiveSpan
from osprey.control.values import ErrorKind, Fault, Reading, ReadResult
from osprey.services.python_executor.gaps import gap_of, tell_all, tell_gaps, tell_invalid, tell_left_out
from osprey.services.python_executor.machine import (
    Machine,
    info_to_json,
    reading_to_json,
    record_to_json,
    series_to_json,
)
from osprey.services.python_executor.models import IntendedWrite, ReadSource, RecordedRead

T = TypeVar("T")
Request = Mapping[str, Any]
Answers = Sequence[Mapping[str, Any]]

_NAMES_SHOWN = 5


class GuestError(Exception):
    """Something that the program is told, and may handle."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


@define
class Log:
    """What a run read and wanted to write, in order, and what a person should know of it."""

    reads: list[RecordedRead] = field(factory=list[RecordedRead])
    writes: list[IntendedWrite] = field(factory=list[IntendedWrite])
    warnings: list[str] = field(factory=list[str])
    groups: int = 0

    def add_group(self, request: Request) -> None:
        for item in request["items"]:
            self.writes.append(IntendedWrite(line=request["line"], group=self.groups, **item))
        self.groups += 1

    def add_readings(
        self, request: Request, answers: Answers, sources: Sequence[ReadSource], *, rehearsed: bool = False
    ) -> None:
        """Log what a read was answered with; a channel that gave nothing is told of, and is no reading."""
        for channel, answer, source in zip(request["channels"], answers, sources, strict=True):
            if "fault" not in answer:
                self._add_reading(channel, answer, request["line"], source, rehearsed)
        self.add_gaps(request, answers)

    def add_gaps(self, request: Request, answers: Answers) -> None:
        """Warn of what a read or a fetch went on without, and of invalid values that it used or left out."""
        gaps = [gap for pair in zip(request["channels"], answers, strict=True) if (gap := gap_of(*pair))]
        if gaps:
            names = [channel for channel, _ in gaps]
            text = tell_gaps(gaps, len(answers)) if request["partial"] else tell_invalid(names)
            if text not in self.warnings:  # the same read before and after a change says it once
                self.warnings.append(text)
        for channel, answer in zip(request["channels"], answers, strict=True):
            if answer.get("invalid") and (text := tell_left_out(channel, answer)) not in self.warnings:
                self.warnings.append(text)

    def _add_reading(
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
        if op == "records":
            return await self.records(request)
        if op == "archive":
            return await self.archive(request)
        if op == "write":
            names = ", ".join(item["channel"] for item in request["items"][:_NAMES_SHOWN])
            msg = f"this run may only read, so {names} was not written: rehearse it first (mode dry)"
            raise GuestError("control", msg)
        return None

    async def read(self, request: Request) -> list[dict[str, Any]]:
        results = await self.read_results(request)
        answers = [await self.answer_of(result) for result in results]
        self.log.add_readings(request, answers, [ReadSource.LIVE] * len(answers))
        return answers

    async def read_results(self, request: Request) -> list[ReadResult]:
        """Read live; unless the program asked for what there is, one channel without a value is an error."""
        results = await self.machine.read(request["channels"])
        return results if request["partial"] else [*await self.good(results)]

    async def answer_of(self, result: ReadResult) -> dict[str, Any]:
        """Give a result as it crosses the socket; a failed one carries its reason."""
        return reading_to_json(result) if isinstance(result, Reading) else {"fault": await self._reason(result)}

    async def info(self, request: Request) -> list[dict[str, Any]]:
        found = await self.good(await self.machine.describe(request["channels"]))
        return [info_to_json(info, await self.machine.record(info.channel)) for info in found]

    async def records(self, request: Request) -> list[dict[str, Any]]:
        """Answer from the facility's channel list alone: nothing is asked of the control system."""
        found = [await self.machine.record(channel) or _unlisted(channel) for channel in request["channels"]]
        return [record_to_json(record) for record in await self.good(found)]

    async def archive(self, request: Request) -> list[dict[str, Any]]:
        span = ArchiveSpan(start_ns=request["start_ns"], end_ns=request["end_ns"], max_points=request["max_points"])
        if span.end_ns <= span.start_ns or span.max_points < 1:
            msg = "archive(): end_ns must lie after start_ns, and max_points must be at least 1"
            raise GuestError("value", msg)
        series = await self.machine.fetch(request["channels"], span)
        if not request["partial"]:
            await self.good([one.fault for one in series if one.fault is not None])
        answers = [await self._series_answer(one) for one in series]
        self.log.add_gaps(request, answers)
        return answers

    async def _series_answer(self, series: ArchiveSeries) -> dict[str, Any]:
        answer = series_to_json(series)
        if series.fault is not None:
            answer.update(t=[], v=[], fault=await self._reason(series.fault))
        return answer

    async def good(self, results: Sequence[T | Fault]) -> list[T]:
        """Give the results, or raise one error that names every channel that has none."""
        faults = [result for result in results if isinstance(result, Fault)]
        if not faults:
            return [result for result in results if not isinstance(result, Fault)]
        told = tell_all([(fault.channel, await self._reason(fault)) for fault in faults])
        timed_out = all(fault.kind is ErrorKind.TIMEOUT for fault in faults)
        raise GuestError("timeout" if timed_out else "channel", told)

    async def _reason(self, fault: Fault) -> str:
        text = fault.message or fault.kind.value.replace("_", " ")
        if fault.kind is ErrorKind.NOT_FOUND:
            names = await self.machine.closest(fault.channel)
            if any(name in text for name in names):
                return text  # the connector has named them itself
            text += f" (did you mean {', '.join(names)}?)" if names else " (nothing has a similar name)"
        return text


def _unlisted(channel: str) -> Fault:
    message = "it is not in the channel list of this target"
    return Fault(channel=channel, kind=ErrorKind.NOT_FOUND, message=message)
