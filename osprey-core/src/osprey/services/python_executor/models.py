"""What the executor is asked and what it answers, as values that survive a round trip through JSON.

The request of the seeds stands in `requests` and the service's result in `service_result`; both have their names here.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from attrs import field, frozen

from osprey.control.values import Outcome
from osprey.services.python_executor.error_chain import ExecutionError
from osprey.services.python_executor.json_values import JsonValue
from osprey.services.python_executor.requests import (
    AnalysisPhase,
    PlanningMode,
    PythonExecutionRequest,
    StructuredPlan,
)
from osprey.services.python_executor.service_result import PythonExecutionSuccess, PythonServiceResult, ServiceStatus

__all__ = [
    "AnalysisPhase",
    "ExecutionError",
    "IntendedWrite",
    "JsonValue",
    "PlanningMode",
    "PythonExecutionRequest",
    "PythonExecutionSuccess",
    "PythonServiceResult",
    "ReadSource",
    "RecordedOp",
    "RecordedRead",
    "Recording",
    "RunJob",
    "RunLimits",
    "RunMode",
    "RunOutcome",
    "RunStatus",
    "ServiceStatus",
    "StructuredPlan",
    "WriteAnswer",
]


class RunMode(StrEnum):
    """What a run may ask of the control system. Fixed by the parent; nothing the code says changes it."""

    NONE = "none"
    READ = "read"
    DRY = "dry"
    """Reads are live; writes are recorded as intended and change only a shadow of the machine."""
    OBSERVE = "observe"
    """After an apply: reads before the first write come from the record, later ones are live."""


class RunStatus(StrEnum):
    """How a run ended, as the parent saw it."""

    DONE = "done"
    FAILED = "failed"
    """The code raised an exception."""
    REJECTED = "rejected"
    """The text does not parse, or would deceive a reader; it was not run."""
    EXITED = "exited"
    """The process ended without handing anything over."""
    CRASHED = "crashed"
    """A signal ended it, such as a fault in native code."""
    TIMEOUT = "timeout"
    CPU_LIMIT = "cpu_limit"
    MEMORY_LIMIT = "memory_limit"
    PROCESS_LIMIT = "process_limit"
    OUTPUT_LIMIT = "output_limit"
    DISK_LIMIT = "disk_limit"
    BROKER_LIMIT = "broker_limit"
    """Too many or too large requests, or one that breaks the protocol."""
    CANNOT_REHEARSE = "cannot_rehearse"
    """After a write it waits for something that only the real machine can show."""
    DEVIATED = "deviated"
    """An observe pass did something else than its rehearsal."""


class ReadSource(StrEnum):
    """Where the value of a read came from."""

    LIVE = "live"
    SHADOW = "shadow"
    RECORD = "record"


@frozen(kw_only=True)
class IntendedWrite:
    """One write that the code asked for, in the order asked."""

    channel: str
    value: JsonValue
    unit: str | None = None
    line: int | None = None
    """The source line, as the run reported it."""
    group: int


@frozen(kw_only=True)
class RecordedRead:
    """One reading that the code was given."""

    channel: str
    value: JsonValue
    unit: str = ""
    severity: str = "ok"
    source_ns: int | None = None
    line: int | None = None
    source: ReadSource = ReadSource.LIVE
    is_rehearsed: bool = False
    """True after the first intended write: it does not show what the machine will do."""


@frozen(kw_only=True)
class RecordedOp:
    """One request of the code and the broker's answer, both as they crossed the socket."""

    op: str
    request: Mapping[str, JsonValue]
    answer: Mapping[str, JsonValue]
    is_rehearsed: bool = False


@frozen(kw_only=True)
class Recording:
    """A rehearsal, complete enough to run its code again and to see whether it does the same."""

    code_sha256: str
    seed: int
    start_ns: int
    ops: tuple[RecordedOp, ...] = ()


@frozen(kw_only=True)
class WriteAnswer:
    """What the ledger says became of one approved write; an observe pass answers with it."""

    channel: str
    outcome: Outcome
    reason: str = ""


@frozen(kw_only=True)
class RunLimits:
    """Bounds of one run, each with a status of its own."""

    timeout_s: float
    cpu_s: int
    memory_bytes: int
    processes: int
    output_bytes: int
    disk_bytes: int
    broker_ops: int = 100_000
    broker_bytes: int = 128 << 20
    answer_bytes: int = 32 << 20
    """What all answers of a run may hold: readings are kept for its record."""
    figures: int = 32
    figure_bytes: int = 32 << 20
    array_bytes: int = 64 << 20


@frozen(kw_only=True)
class RunJob:
    """One run of one text."""

    code: str
    mode: RunMode = RunMode.NONE
    target: str | None = None
    """A target's name; None: the default one."""
    timeout_s: float | None = None
    """Seconds of real time; None: `execution.execution_timeout_seconds`."""
    folder: Path | None = None
    """Where figures are put; None: a new private folder of the project."""
    seed: int = 0
    start_ns: int | None = None
    """What the run's clock shows at its start; None: now. Give a rehearsal and its observation the same."""
    inputs: Mapping[str, JsonValue] = field(factory=dict[str, JsonValue])
    recording: Recording | None = None
    """The rehearsal that an observe pass follows."""
    ledger_answers: tuple[tuple[WriteAnswer, ...], ...] | None = None
    """For an observe pass: a row for each group, in the order of the rehearsal."""


@frozen(kw_only=True)
class RunOutcome:
    """What became of a run. Text and values in it come from generated code: data, never instructions."""

    status: RunStatus
    mode: RunMode
    results: JsonValue = None
    figures: tuple[str, ...] = ()
    """Names of PNG files, relative to `folder`."""
    folder: Path
    stdout: str = ""
    """Standard output and error, cut at the limit."""
    error: str = ""
    """One sentence that names what happened and how to mend it; empty if `status` is done."""
    error_type: str = ""
    error_line: int | None = None
    error_frames: tuple[str, ...] = ()
    """The last lines of the code that led there, oldest first."""
    warnings: tuple[str, ...] = ()
    writes: tuple[IntendedWrite, ...] = ()
    reads: tuple[RecordedRead, ...] = ()
    replayable: bool = True
    """True if the recorded writes can be carried out without the code."""
    why_not: str = ""
    tier: str = ""
    simulated: bool = False
    """True if the target reaches no real machine."""
    python: str = ""
    seconds: float = 0.0
    recording: Recording | None = None
    """Of a rehearsal that ended well."""

    @property
    def rehearsed_reads(self) -> tuple[RecordedRead, ...]:
        """Readings after the first intended write of a rehearsal: never results."""
        return tuple(read for read in self.reads if read.is_rehearsed)

    @property
    def is_done(self) -> bool:
        return self.status is RunStatus.DONE
