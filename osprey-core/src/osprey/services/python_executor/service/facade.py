"""`PythonExecutorService`: the service as applications call it, in the project of the current context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import anyio.to_thread
from langgraph.errors import GraphInterrupt
from langgraph.types import Command

from osprey.approval.answers import read_answer, stored_decision
from osprey.approval.interrupts import pending_request
from osprey.errors import OspreyError, RefusedError, UsageError
from osprey.journal import journal_of
from osprey.project import current_project
from osprey.services.python_executor.exceptions import (
    ChannelLimitsViolationError,
    CodeGenerationError,
    CodeRuntimeError,
    CodeSyntaxError,
    ExecutionTimeoutError,
    MaxAttemptsExceededError,
    WorkflowError,
)
from osprey.services.python_executor.models import RunStatus
from osprey.services.python_executor.requests import PythonExecutionRequest
from osprey.services.python_executor.service.calls import call_of, configurable_of, require_method, run_of, thread_id_of
from osprey.services.python_executor.service.endings import Asked, Ended, RunEnd
from osprey.services.python_executor.service.events import listening
from osprey.services.python_executor.service.results import result_of
from osprey.services.python_executor.service.runs import runs_of

if TYPE_CHECKING:
    from langgraph.types import StateSnapshot

    from osprey.project import Project
    from osprey.services.python_executor.service.events import Listener
    from osprey.services.python_executor.service.runs import ServiceRuns
    from osprey.services.python_executor.service_result import PythonServiceResult

_Config = Mapping[str, Any] | None
_INTERRUPT_ID = 32


class PythonExecutorService:
    """Writes code for a request, rehearses it, asks, carries out what was approved, and records it.

    It keeps nothing by itself, so that one that is built directly is the same as the registry's.
    """

    async def ainvoke(
        self,
        input: PythonExecutionRequest | Command[Any],  # noqa: A002 - LangGraph's own name
        config: _Config = None,
        *,
        listener: Listener | None = None,
    ) -> PythonServiceResult:
        """Carry out a request, or go on after ``Command(resume=...)``.

        :param config: ``{"configurable": {"thread_id": NAME, "checkpoint_ns": ...}}``; `execution_method` there holds
            for this call. The thread is one of the thread that calls, if a graph does.
        :raises GraphInterrupt: a person has to decide first; see `handle_service_with_interrupts`.
        :raises RefusedError: a rule said no, or the answer does not count.
        :raises PythonExecutorException: no code could be written, or it failed, whatever was tried.
        :raises ConflictError: another call works on the thread now.
        :raises TypeError: it is neither a request nor a command.
        """
        project = current_project()
        with listening(listener):
            if isinstance(input, Command):
                return await self._resumed(project, cast("Any", input).resume, config)
            if not isinstance(input, PythonExecutionRequest):  # pyright: ignore[reportUnnecessaryIsInstance]
                given = type(input).__name__
                msg = f"the Python service takes a PythonExecutionRequest or Command(resume=...), not {given}"
                raise TypeError(msg)
            return await self._begun(project, input, config)

    async def knows_thread(self, config: _Config) -> bool:
        """Say whether there is a run of this thread, waiting or ended."""
        return bool((await runs_of(current_project()).snapshot(run_of(config))).values)

    async def _begun(self, project: Project, request: PythonExecutionRequest, config: _Config) -> PythonServiceResult:
        call, runs = call_of(project, request, config), runs_of(project)
        async with journal_of(project).leases.hold(call.run):
            snapshot = await runs.snapshot(call.run)
            is_same = bool(call.digest) and snapshot.values.get("call", {}).get("digest") == call.digest
            if is_same and _stands(snapshot.values.get("ended")):
                # The node that called runs again: what this call has done is told, and not done again.
                return await _told(project, runs, call.run, await runs.proceed(call.run))
            return await _told(project, runs, call.run, await runs.begin(call, request))

    async def _resumed(self, project: Project, answer: Any, config: _Config) -> PythonServiceResult:
        require_method(project, configurable_of(config).get("execution_method"))
        run, runs = run_of(config), runs_of(project)
        async with journal_of(project).leases.hold(run):
            snapshot = await runs.snapshot(run)
            if not snapshot.values:
                msg = (
                    f"configurable.thread_id {thread_id_of(config)!r} has no run that waits: call the service with a "
                    "request first, from the same thread and with the same checkpoint_ns"
                )
                raise UsageError(msg)
            if not await _is_answered(project, snapshot, answer):
                raise GraphInterrupt(snapshot.interrupts)
            return await _told(project, runs, run, await runs.proceed(run))


def _stands(ended: Mapping[str, Any] | None) -> bool:
    """Say whether a run has ended so that it is not tried anew: only what failed and wrote nothing is."""
    if ended is None:
        return False
    return ended["status"] not in (RunEnd.FAILED, RunEnd.UNWRITTEN) or ended["report"] is not None


async def _is_answered(project: Project, snapshot: StateSnapshot, answer: Any) -> bool:
    """Say whether an answer is for what a run waits for; one that does not count is refused.

    :raises RefusedError: it does not count; the question stays open.
    """
    asked = pending_request(snapshot)
    if asked is None:
        await _take_no(project, snapshot, answer)
        return True
    by_id = cast("Mapping[Any, Any]", answer) if isinstance(answer, Mapping) else None
    if by_id is not None and _is_by_id(by_id):
        found = [by_id[one.id] for one in snapshot.interrupts if one.id in by_id]
        if not found:
            return False
        answer = found[0]
    await anyio.to_thread.run_sync(lambda: stored_decision(project, answer, asked=asked))
    return True


async def _take_no(project: Project, snapshot: StateSnapshot, answer: Any) -> None:
    """Withdraw what was approved and is not carried out yet, where the answer to a run that was cut off is a no."""
    given, asked = read_answer(answer), snapshot.values.get("asked")
    if given is not None and given.is_yes is False and asked is not None:
        await anyio.to_thread.run_sync(lambda: stored_decision(project, answer, asked=str(asked["request_id"])))


def _is_by_id(answer: Mapping[Any, Any]) -> bool:
    """Say whether these are answers by the ids of interrupts, as a graph hands them on."""
    return all(isinstance(key, str) and len(key) == _INTERRUPT_ID and key.isalnum() for key in answer)


async def _told(project: Project, runs: ServiceRuns, run: str, standing: Asked | Ended) -> PythonServiceResult:
    if isinstance(standing, Asked):
        raise GraphInterrupt((await runs.snapshot(run)).interrupts)
    if standing.status not in (RunEnd.DONE, RunEnd.REJECTED):
        raise _failure(project, standing) from _exhausted(standing)
    return await anyio.to_thread.run_sync(result_of, standing)


def _exhausted(ended: Ended) -> MaxAttemptsExceededError | None:
    """Say that it was tried more than once, where it was."""
    tried = len(ended.error_chain)
    if tried < 2 or ended.status is RunEnd.REFUSED:
        return None
    return MaxAttemptsExceededError(
        f"{tried} attempts have failed", operation_type=ended.run_status, max_attempts=tried
    )


def _failure(project: Project, ended: Ended) -> OspreyError:
    """Give what a run that failed becomes for who called it."""
    where = f" (kept in {ended.folder})"
    if ended.status is RunEnd.REFUSED:
        is_limit = ended.rule.startswith("limits.")
        return (ChannelLimitsViolationError if is_limit else RefusedError)(ended.text, rule=ended.rule)
    if ended.status is RunEnd.UNWRITTEN:
        return CodeGenerationError(ended.text, generation_attempt=ended.attempt, error_chain=ended.error_chain)
    if ended.report is not None:
        return WorkflowError(ended.text + where, stage="execution")
    if ended.run_status == RunStatus.REJECTED:
        return CodeSyntaxError(ended.error + where, syntax_issues=[ended.error])
    message = (ended.error or ended.said) + where
    if ended.run_status == RunStatus.TIMEOUT:
        return ExecutionTimeoutError(
            message,
            timeout_seconds=project.config.execution.execution_timeout_seconds,
            traceback_info=ended.traceback,
            execution_attempt=ended.attempt,
        )
    return CodeRuntimeError(message, traceback_info=ended.traceback, execution_attempt=ended.attempt)
