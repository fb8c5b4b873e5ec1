"""How a run ended, established from what the parent saw: status, one sentence, and the line."""

from __future__ import annotations

import re
import signal

from attrs import frozen

from osprey.services.python_executor.broker import Broker, Desk, Failure
from osprey.services.python_executor.models import RunLimits, RunStatus
from osprey.services.python_executor.observation import ObservationDesk
from osprey.services.python_executor.rehearsal import RehearsalDesk
from osprey.services.python_executor.sandbox.supervisor import Ending

_LIMIT_STATUS = {
    "memory": RunStatus.MEMORY_LIMIT,
    "disk": RunStatus.DISK_LIMIT,
    "processes": RunStatus.PROCESS_LIMIT,
}
_LIMIT_KEY = {
    RunStatus.MEMORY_LIMIT: "execution.memory_limit_mb",
    RunStatus.DISK_LIMIT: "execution.disk_limit_mb",
    RunStatus.PROCESS_LIMIT: "execution.max_processes",
    RunStatus.TIMEOUT: "execution.execution_timeout_seconds",
    RunStatus.CPU_LIMIT: "execution.execution_timeout_seconds",
}
_SIGNAL_BASE = 128


@frozen(kw_only=True)
class Verdict:
    """What is said of a run."""

    status: RunStatus
    error: str = ""
    error_type: str = ""
    line: int | None = None
    frames: tuple[str, ...] = ()


def judge_ending(ending: Ending, broker: Broker, desk: Desk, limits: RunLimits) -> Verdict:
    """Establish how the run ended, from what the parent saw."""
    if ending.stop is not None:
        return _judge_stopped(ending, desk)
    handover = broker.handover
    if handover is not None and ending.exit_code == 0:
        if handover.failure is not None:
            return _judge_failed(handover.failure)
        if isinstance(desk, ObservationDesk) and (left_out := desk.check_complete()):
            return Verdict(status=RunStatus.DEVIATED, error=left_out)
        return Verdict(status=RunStatus.DONE)
    return _judge_dead(ending, limits)


def _judge_stopped(ending: Ending, desk: Desk) -> Verdict:
    status = ending.stop or RunStatus.TIMEOUT
    may_wait = status in (RunStatus.TIMEOUT, RunStatus.BROKER_LIMIT)
    if may_wait and isinstance(desk, RehearsalDesk) and desk.looks_stalled:
        error = f"{ending.message}: after a write it waits for the machine, which a rehearsal cannot show"
        return Verdict(status=RunStatus.CANNOT_REHEARSE, error=error)
    return Verdict(status=status, error=_with_remedy(ending.message, status))


def _judge_failed(failure: Failure) -> Verdict:
    status = _LIMIT_STATUS.get(failure.limit or "", RunStatus.FAILED)
    where = "" if failure.line is None else f"line {failure.line}: "
    message = f"{where}{failure.type}: {failure.message}" if failure.message else f"{where}{failure.type}"
    return Verdict(
        status=status,
        error=_with_remedy(message, status),
        error_type=failure.type,
        line=failure.line,
        frames=failure.frames,
    )


def _judge_dead(ending: Ending, limits: RunLimits) -> Verdict:
    if ending.out_of_memory:
        error = f"the code used more than {limits.memory_bytes >> 20} MiB of memory and was ended"
        status = RunStatus.MEMORY_LIMIT
    elif ending.exit_code > _SIGNAL_BASE and ending.cpu_s >= limits.cpu_s - 0.5:
        error = f"the code used {limits.cpu_s} s of CPU time and was ended"
        status = RunStatus.CPU_LIMIT
    elif ending.exit_code > _SIGNAL_BASE:
        number = ending.exit_code - _SIGNAL_BASE
        error = f"the code was ended by {_signal_name(number)}, probably a fault in native code"
        return Verdict(status=RunStatus.CRASHED, error=error, line=_line_of_fault(ending.stdout))
    else:
        error = f"the process ended with code {ending.exit_code} before it handed over its results"
        status = RunStatus.EXITED
    return Verdict(status=status, error=_with_remedy(error, status))


def _with_remedy(message: str, status: RunStatus) -> str:
    key = _LIMIT_KEY.get(status)
    return message if key is None else f"{message} (the limit is {key})"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _line_of_fault(output: bytes) -> int | None:
    """Find the line in the traceback that Python's fault handler printed, if it did."""
    found: list[bytes] = re.findall(rb'File "generated\.py", line (\d+)', output)
    return int(found[0]) if found else None
