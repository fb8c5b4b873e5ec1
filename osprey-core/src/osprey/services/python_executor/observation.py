"""The desk of an observe pass: the rehearsed code again, after its writes were really made.

Readings before the first write come from the record, so that the program takes the same way; writes are
answered with what the ledger says became of them; readings after that are live, and are results.
"""

from __future__ import annotations

from typing import Any

from osprey.control.values import Outcome
from osprey.services.python_executor.desks import GuestError, ReadDesk, Request
from osprey.services.python_executor.machine import Machine
from osprey.services.python_executor.models import (
    ReadSource,
    RecordedOp,
    Recording,
    RunStatus,
    WriteAnswer,
)
from osprey.services.python_executor.sandbox.supervisor import EndRunError

_COMPARED = {
    "read": ("channels", "partial"),
    "info": ("channels",),
    "records": ("channels",),
    "archive": ("channels", "start_ns", "end_ns", "max_points", "partial"),
    "write": ("items",),
}


class ObservationDesk(ReadDesk):
    """Follows a recording, and ends the run where the program leaves it."""

    def __init__(self, machine: Machine, recording: Recording, answers: tuple[tuple[WriteAnswer, ...], ...]) -> None:
        super().__init__(machine)
        self._steps = [op for op in recording.ops if op.op in _COMPARED]
        self._writes = [op for op in self._steps if op.op == "write"]
        self._planned = sum("ok" in op.answer for op in self._writes)
        self._answers = answers
        self._next, self._next_write = 0, 0

    async def answer(self, op: str, request: Request) -> Any:
        if op not in _COMPARED:
            return None
        if op == "write" and self.log.groups > 0:
            return self._write(request)
        if self.log.groups == 0:  # still on the way that the rehearsal took with real readings
            return self._follow(op, request)
        return await super().answer(op, request)

    def check_complete(self) -> str:
        """Say what the program left out of its rehearsal; empty if nothing."""
        if self.log.groups == self._planned:
            return ""
        return f"it asked for {self.log.groups} of the {self._planned} groups of writes of its rehearsal"

    def _follow(self, op: str, request: Request) -> Any:
        if self._next >= len(self._steps):
            raise _deviated(op, request, None)
        step = self._steps[self._next]
        self._next += 1
        if not _is_same(step, op, request):
            raise _deviated(op, request, step)
        if op == "write":
            return self._write(request)
        _raise_as_recorded(step)
        answers = step.answer["ok"]
        if op == "read":
            self.log.add_readings(request, answers, [ReadSource.RECORD] * len(answers))
        elif op == "archive":
            self.log.add_gaps(request, answers)
        return answers

    def _write(self, request: Request) -> None:
        step = self._writes[self._next_write] if self._next_write < len(self._writes) else None
        self._next_write += 1
        if step is None or not _is_same(step, "write", request):
            raise _deviated("write", request, step)
        _raise_as_recorded(step)
        row = self._answers[self.log.groups] if self.log.groups < len(self._answers) else ()
        self.log.add_group(request)
        unmade = [item for item in row if item.outcome is not Outcome.CONFIRMED]
        if unmade or not row:
            told = "; ".join(f"{item.channel} was {item.outcome.value}: {item.reason}" for item in unmade)
            raise GuestError("control", told or "this group of writes was not made")


def _raise_as_recorded(step: RecordedOp) -> None:
    if "error" in step.answer:
        raise GuestError(step.answer["error"]["kind"], step.answer["error"]["message"])


def _is_same(step: RecordedOp, op: str, request: Request) -> bool:
    return step.op == op and all(step.request[name] == request[name] for name in _COMPARED[op])


def _deviated(op: str, request: Request, step: RecordedOp | None) -> EndRunError:
    where = f"line {request['line']}: " if request.get("line") else ""
    did = _in_words(op, request)
    rehearsed = "nothing more" if step is None else _in_words(step.op, step.request)
    message = f"{where}the code asked to {did}, but its rehearsal asked to {rehearsed} here; the run was ended"
    return EndRunError(RunStatus.DEVIATED, message)


def _in_words(op: str, request: Request) -> str:
    if op == "write":
        return "write " + ", ".join(f"{item['channel']} = {item['value']!r}" for item in request["items"][:3])
    return f"{op} " + ", ".join(request["channels"][:3])
