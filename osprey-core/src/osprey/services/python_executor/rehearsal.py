"""The desk of a rehearsal (mode `dry`): live readings until the first intended write, the shadow after it."""

from __future__ import annotations

from typing import Any

from osprey.control.values import ChannelInfo, ErrorKind, Fault, Reading
from osprey.services.python_executor.desks import GuestError, ReadDesk, Request
from osprey.services.python_executor.machine import Machine
from osprey.services.python_executor.models import ReadSource, RecordedOp, RecordedRead, RunStatus
from osprey.services.python_executor.sandbox.supervisor import EndRunError
from osprey.services.python_executor.shadow import Shadow

_MOST_SLEEPS = 5_000
_LONGEST_WAIT_S = 6 * 3600.0
_MANY_READS = 200
"""Readings since the last write that make a run which never ends look like one that waits for the machine."""

_STALLED = (
    "it waits for the machine to answer a write, and a rehearsal cannot show that; read everything first and "
    "write last, or leave the waiting to the scan form of a write (observe and settle time)"
)


class RehearsalDesk(ReadDesk):
    """Records what a program would do to the machine, and does nothing to it."""

    def __init__(self, machine: Machine, start_ns: int) -> None:
        super().__init__(machine)
        self.ops: list[RecordedOp] = []
        self.why_not = ""
        self._start_ns = start_ns
        self._shadow = Shadow()
        self._doubtful: str = ""
        self._sleeps, self._slept_s, self._reads_since_write = 0, 0.0, 0

    @property
    def has_written(self) -> bool:
        return self.log.groups > 0

    @property
    def looks_stalled(self) -> bool:
        """True if a run that did not end was probably waiting for the machine."""
        return self.has_written and (self._reads_since_write >= _MANY_READS or self._sleeps >= _MANY_READS)

    async def answer(self, op: str, request: Request) -> Any:
        was_written = self.has_written
        try:
            result = await self._answer(op, request)
        except GuestError as exc:
            self._record(op, request, {"error": {"kind": exc.kind, "message": exc.message}}, was_written)
            raise
        self._record(op, request, {"ok": result}, was_written)
        return result

    def _record(self, op: str, request: Request, answer: dict[str, Any], rehearsed: bool) -> None:
        fields = {name: value for name, value in request.items() if name != "op"}
        self.ops.append(RecordedOp(op=op, request=fields, answer=answer, is_rehearsed=rehearsed))

    async def _answer(self, op: str, request: Request) -> Any:
        if op == "write":
            return await self._write(request)
        if op == "sleep":
            return self._sleep(request["seconds"])
        if op == "stalled":
            raise EndRunError(RunStatus.CANNOT_REHEARSE, _stalled_at(request["line"]))
        if op == "archive" and self.has_written and request["end_ns"] > self._start_ns:
            self._doubt(f"the archive read at line {request['line']}")
        if op == "read" and self.has_written:
            return await self._read_rehearsed(request)
        return await super().answer(op, request)

    async def _write(self, request: Request) -> None:
        items = request["items"]
        described = await self.machine.describe([item["channel"] for item in items])
        # Whether it may be written is the guard's to say, for the whole plan; a name that does not exist
        # is told at once, because the program's author can still mend it.
        await self.good([fault for fault in described if _is_unknown(fault)])
        if self._doubtful and not self.why_not:
            self.why_not = (
                f"the write of {items[0]['channel']} at line {request['line']} comes after {self._doubtful}, "
                "which was only rehearsed, and may depend on it; an exact re-run is not in this version: "
                "read everything first, then write"
            )
        for item, info in zip(items, described, strict=True):
            name = await self.machine.canonical(item["channel"])
            known = info if isinstance(info, ChannelInfo) else None
            self._shadow.set(name, item["value"], known, await self._readback_of(name))
        self.log.add_group(request)
        self._sleeps, self._slept_s, self._reads_since_write = 0, 0.0, 0

    async def _readback_of(self, name: str) -> str | None:
        record = await self.machine.record(name)
        return None if record is None or record.readback is None else await self.machine.canonical(record.readback)

    async def _read_rehearsed(self, request: Request) -> list[dict[str, Any]]:
        channels: list[str] = request["channels"]
        answers: list[dict[str, Any]] = []
        sources: list[ReadSource] = []
        for channel, live in zip(channels, await self.read_results(request), strict=True):
            shown, source = live, ReadSource.LIVE
            name = await self.machine.canonical(channel)
            if isinstance(live, Reading) and self._shadow.covers(name):
                shown, source = self._shadow.over(name, live), ReadSource.SHADOW
            answers.append(await self.answer_of(shown))
            sources.append(source)
        self.log.add_readings(request, answers, sources, rehearsed=True)
        self._reads_since_write += 1
        self._doubt(f"the reading of {channels[0]} at line {request['line']}")
        return answers

    def _doubt(self, what: str) -> None:
        self._doubtful = self._doubtful or what

    def _sleep(self, seconds: float) -> None:
        self._sleeps += 1
        self._slept_s += seconds
        if self.has_written and (self._sleeps > _MOST_SLEEPS or self._slept_s > _LONGEST_WAIT_S):
            raise EndRunError(RunStatus.CANNOT_REHEARSE, _stalled_at(None))

    @property
    def rehearsed_reads(self) -> list[RecordedRead]:
        return [read for read in self.log.reads if read.is_rehearsed]


def _is_unknown(result: ChannelInfo | Fault) -> bool:
    return isinstance(result, Fault) and result.kind is ErrorKind.NOT_FOUND


def _stalled_at(line: int | None) -> str:
    where = "the code" if line is None else f"line {line}"
    return f"{where} cannot be rehearsed: {_STALLED}"
