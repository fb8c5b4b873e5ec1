"""Running a text: in the sandbox, in one mode, with an outcome that the parent itself established."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
from attrs import evolve

from osprey.errors import UsageError
from osprey.services.python_executor.analysis import check_text
from osprey.services.python_executor.arrays import write_arrays
from osprey.services.python_executor.broker import Broker, Desk, Handover
from osprey.services.python_executor.desks import NoDesk, ReadDesk
from osprey.services.python_executor.interpreter import find_interpreter
from osprey.services.python_executor.machine import Machine, TargetMachine
from osprey.services.python_executor.models import (
    Recording,
    RunJob,
    RunLimits,
    RunMode,
    RunOutcome,
    RunStatus,
)
from osprey.services.python_executor.observation import ObservationDesk
from osprey.services.python_executor.record import new_run_folder, write_figures
from osprey.services.python_executor.rehearsal import RehearsalDesk
from osprey.services.python_executor.sandbox.ladder import Finding, Ladder, discard
from osprey.services.python_executor.sandbox.mounts import check_mounts
from osprey.services.python_executor.sandbox.protocol import Start, Tier
from osprey.services.python_executor.sandbox.tier import LocalTier, Warmth
from osprey.services.python_executor.verdicts import judge_ending

if TYPE_CHECKING:
    from osprey.project import Project


def sha256_of_code(code: str) -> str:
    """Hash a text as it is run."""
    return hashlib.sha256(normal_text(code).encode()).hexdigest()


def normal_text(code: str) -> str:
    """Give the one text that is looked at, hashed, shown and run: line ends of Windows become plain ones."""
    return code.replace("\r\n", "\n").removeprefix("\ufeff")


_SIMULATED_MARK = "simulation"
"""A simulation says so everywhere it is shown."""


class PythonRunner:
    """Runs generated code for one project. Build it with `runner_of`."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._tier: Tier | None = None
        self._opening = anyio.Lock()
        self.passed_over: tuple[Finding, ...] = ()
        """Better tiers that did not hold here, each with its reason; known once there is a tier."""

    async def tier(self) -> Tier:
        """Give the tier of isolation, which proves itself on first use.

        :raises SandboxError: generated Python cannot be run here; the message says what to do.
        """
        async with self._opening:
            if self._tier is None:
                ladder = await self.ladder()
                self._tier, self.passed_over = await ladder.open()
            return self._tier

    async def ladder(self) -> Ladder:
        """Describe the tiers that this project may use, none of them tested yet.

        :raises SandboxError: there is no such interpreter, or a mount would show what must not be seen.
        """
        project, execution = self._project, self._project.config.execution
        return Ladder(
            interpreter=await anyio.to_thread.run_sync(find_interpreter, execution.python_env_path),
            state_dir=project.state_dir,
            sandbox=execution.sandbox,
            mounts=await anyio.to_thread.run_sync(check_mounts, execution.mounts, project.root, project.state_dir),
            warmth=Warmth(
                preload=execution.preload,
                idle_s=execution.keep_warm_s,
                runs_at_once=execution.max_concurrent_runs,
            ),
        )

    async def aclose(self) -> None:
        """End what is kept warm between runs; the next run starts it again."""
        tier, self._tier = self._tier, None
        if isinstance(tier, LocalTier):
            await discard(tier)
        elif tier is not None:
            await tier.aclose()

    async def run(self, job: RunJob) -> RunOutcome:
        """Run a job to its end, whatever that is.

        :raises SandboxError: no tier, or the sandbox itself failed.
        :raises UsageError: an observe pass without its rehearsal, or of another text.
        """
        code = normal_text(job.code)
        _check_job(job, code)
        folder = job.folder or new_run_folder(self._project.state_dir, "run")
        finding = check_text(code)
        if finding is not None:
            return RunOutcome(
                status=RunStatus.REJECTED,
                mode=job.mode,
                folder=folder,
                error=finding.message,
                error_line=finding.line,
            )
        started = time.monotonic()
        tier = await self.tier()
        limits = self._limits_of(job)
        machine, simulated = await self._machine_of(job)
        start = evolve(self._start_of(job, code), figure_mark=_SIMULATED_MARK if simulated else "")
        desk = _desk_of(job, machine, start)
        broker = Broker(desk, tier.job_of(start, limits), limits)
        ending = await tier.run(start, broker, limits)
        figures = await anyio.to_thread.run_sync(write_figures, folder, broker.figures)
        await anyio.to_thread.run_sync(write_arrays, folder, broker.arrays.files)
        verdict = judge_ending(ending, broker, desk, limits)
        rehearsal = desk if isinstance(desk, RehearsalDesk) else None
        handover = broker.handover or Handover()
        is_done = verdict.status is RunStatus.DONE
        return RunOutcome(
            status=verdict.status,
            mode=job.mode,
            # A run that ended badly has no results, whatever it handed over before it did.
            results=handover.results if is_done else None,
            figures=figures,
            folder=folder,
            stdout=(ending.stdout + ending.stderr).decode(errors="replace"),
            error=verdict.error,
            error_type=verdict.error_type,
            error_line=verdict.line,
            error_frames=verdict.frames,
            warnings=(*handover.warnings, *desk.log.warnings, *broker.warnings),
            writes=tuple(desk.log.writes),
            reads=tuple(desk.log.reads),
            replayable=rehearsal is None or not rehearsal.why_not,
            why_not="" if rehearsal is None else rehearsal.why_not,
            tier=tier.name,
            simulated=simulated,
            python=broker.python,
            seconds=time.monotonic() - started,
            recording=_recording(rehearsal, start, code) if rehearsal is not None and is_done else None,
        )

    def _limits_of(self, job: RunJob) -> RunLimits:
        execution = self._project.config.execution
        timeout_s = job.timeout_s if job.timeout_s is not None else execution.execution_timeout_seconds
        return RunLimits(
            timeout_s=timeout_s,
            cpu_s=int(timeout_s) + 1,
            memory_bytes=execution.memory_limit_mb << 20,
            processes=execution.max_processes,
            output_bytes=execution.output_limit_kb << 10,
            disk_bytes=execution.disk_limit_mb << 20,
        )

    def _start_of(self, job: RunJob, code: str) -> Start:
        recording = job.recording
        start_ns = job.start_ns if job.start_ns is not None else time.time_ns()
        return Start(
            code=code,
            mode=job.mode.value,
            seed=job.seed if recording is None else recording.seed,
            start_ns=start_ns if recording is None else recording.start_ns,
            inputs=job.inputs,
            time_zone=self._project.config.facility.time_zone,
        )

    async def _machine_of(self, job: RunJob) -> tuple[Machine | None, bool]:
        if job.mode is RunMode.NONE:
            return None, False
        from osprey.control.targets import targets_of

        target = await targets_of(self._project).get(job.target)
        return TargetMachine(target), target.simulated


def runner_of(project: Project) -> PythonRunner:
    """Give the project's runner, which ends with the project."""

    def build(project: Project) -> PythonRunner:
        runner = PythonRunner(project)
        project.on_close(runner.aclose)
        return runner

    return project.part(PythonRunner, build)


def _check_job(job: RunJob, code: str) -> None:
    if job.mode is not RunMode.OBSERVE:
        return
    if job.recording is None or job.ledger_answers is None:
        msg = "an observe pass needs the recording of its rehearsal and the ledger's answers"
        raise UsageError(msg)
    if job.recording.code_sha256 != sha256_of_code(code):
        msg = "an observe pass must run the code that was rehearsed; rehearse the new text first"
        raise UsageError(msg)


def _desk_of(job: RunJob, machine: Machine | None, start: Start) -> Desk:
    if machine is None:
        return NoDesk()
    if job.mode is RunMode.DRY:
        return RehearsalDesk(machine, start.start_ns)
    if job.mode is RunMode.OBSERVE and job.recording is not None:
        return ObservationDesk(machine, job.recording, job.ledger_answers or ())
    return ReadDesk(machine)


def _recording(desk: RehearsalDesk, start: Start, code: str) -> Recording:
    return Recording(code_sha256=sha256_of_code(code), seed=start.seed, start_ns=start.start_ns, ops=tuple(desk.ops))
