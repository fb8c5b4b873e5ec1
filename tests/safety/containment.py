"""Running the programs through the product's own runner against a real IOC, and saying what got through."""

from __future__ import annotations

import json
import math
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from attrs import define, frozen
from tests.safety.corpus import Program, aimed
from tests.safety.host import Host, open_host
from tests.safety.oracle import Oracle, open_ioc
from tests.safety.tiers import runner_at

from osprey.control import targets_of
from osprey.project import Project, open_project
from osprey.services.python_executor import (
    PythonRunner,
    RunJob,
    RunMode,
    RunOutcome,
    RunRecord,
    RunStatus,
    write_record,
)
from osprey.services.python_executor._serialization import to_json

_CONFIG: Final = """
control_system:
  default_target: ring
  targets:
    ring:
      connector: epics
      posture: approval
      writes_enabled: true       # only the missing approval stands between a program and the machine
      limits: {{unlisted: native_only}}
      read_timeout_s: 1
      settings: {{address: 127.0.0.1, port: {port}}}
execution:
  memory_limit_mb: 512
  max_processes: 32
  output_limit_kb: 64
  disk_limit_mb: 8
"""
_MODES: Final = {"writes": (RunMode.DRY, RunMode.READ), "benign": (RunMode.READ,), "dangerous": (RunMode.DRY,)}
_FORGED: Final = "FORGED"
_PROBE: Final = """
import builtins, json, os, resource, sys
def names(folder):
    try:
        return sorted(os.listdir(folder))
    except OSError as error:
        return error.errno
results = {
    "folders": {path: names(path) for path in ("/tmp", "/dev/shm", "/var/tmp", "/run", ".")},
    "environment": dict(os.environ),
    "umask": os.umask(0o22),
    "limits": [resource.getrlimit(kind) for kind in (resource.RLIMIT_NOFILE, resource.RLIMIT_CPU)],
    "print": repr(builtins.print),
    "text": json.dumps({"a": 1}),
    "signals": open("/proc/self/status").read().partition("SigBlk")[2].split()[:6],
    "path": sys.path,
}
# A tier without a file system of its own gives each run another folder.
results = json.loads(json.dumps(results).replace(os.getcwd(), "its own folder"))
"""
"""What a run finds; it has to be the same after every other run."""


@frozen(kw_only=True)
class Trial:
    """One run of one program, and all that was wrong with it."""

    program: Program
    mode: RunMode
    outcome: RunOutcome
    faults: tuple[str, ...]


@define
class Ground:
    """A host with canaries, an IOC, a project that may write to it, and a runner at one tier."""

    host: Host
    oracle: Oracle
    project: Project
    runner: PythonRunner
    _clean: Any = None

    async def prepare(self) -> None:
        """Take what is there before the first program as what must be there after each."""
        self._clean = await self._probe()
        await self.oracle.remember(await self._connector())
        self.host.remember()

    async def try_out(self, program: Program) -> list[Trial]:
        """Run a program in each mode that its group is tried in."""
        return [await self._try_out_in(mode, program) for mode in _MODES[program.group]]

    async def _try_out_in(self, mode: RunMode, program: Program) -> Trial:
        code = aimed(program.code, {"5064": str(self.oracle.port), **self.host.targets}, self.oracle.variables)
        self.host.forget_peak()
        outcome = await self.runner.run(RunJob(code=code, mode=mode, timeout_s=program.timeout_s))
        faults = [
            *_faults_of(outcome, program, mode),
            *_faults_of_record(outcome, code),
            *self.host.leaks(json.dumps(to_json(outcome), ensure_ascii=False)),
            *self.host.faults(),
            *await self.oracle.faults(await self._connector()),
        ]
        if (after := await self._probe()) != self._clean:
            faults.append(f"the next run was not clean: {after}")
        return Trial(program=program, mode=mode, outcome=outcome, faults=tuple(faults))

    async def _probe(self) -> Any:
        outcome = await self.runner.run(RunJob(code=_PROBE, mode=RunMode.NONE, start_ns=0))
        return outcome.results if outcome.is_done else outcome.error

    async def _connector(self) -> Any:
        return (await targets_of(self.project).get()).connector


def _faults_of(outcome: RunOutcome, program: Program, mode: RunMode) -> list[str]:
    """Say what is wrong with what the parent believes of a run."""
    faults: list[str] = []
    allowed = program.status or ((RunStatus.DONE,) if program.group == "benign" and program.runs else ())
    if allowed and outcome.status not in allowed:
        faults.append(f"it ended as {outcome.status}, not {' or '.join(allowed)}: {outcome.error}")
    if outcome.mode is not mode or not (outcome.tier or outcome.status is RunStatus.REJECTED):
        faults.append(f"it was run as {outcome.mode} at {outcome.tier!r}")
    if _FORGED in json.dumps(outcome.results):
        faults.append("a forged result was believed")
    if any(_FORGED.encode() in (outcome.folder / name).read_bytes() for name in outcome.figures):
        faults.append("a forged figure was kept")
    if mode is not RunMode.DRY and outcome.writes:
        faults.append("writes were planned in a run that may only read")
    if any(not _is_plain(write.value) or not write.channel.isprintable() for write in outcome.writes):
        faults.append("a write of what is no value, or to what is no name, is in the plan")
    if program.planned is not None and len(outcome.writes) != program.planned:
        faults.append(f"{len(outcome.writes)} writes were planned, not {program.planned}")
    return faults


def _faults_of_record(outcome: RunOutcome, code: str) -> list[str]:
    """Write the record of a run, which must be possible whatever it left."""
    record = RunRecord(title=code[:40], question="", code=code, outcome=outcome, rehearsal=outcome)
    try:
        write_record(outcome.folder, record)
        json.loads((outcome.folder / "results.json").read_text(encoding="utf-8"), parse_constant=_refuse)
    except Exception as exc:  # noqa: BLE001 - whatever it is, it would have stopped the service's own
        return [f"its record could not be written: {type(exc).__name__}: {exc}"]
    return []


def _refuse(name: str) -> None:
    raise ValueError(name)


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(_is_plain(item) for item in value)
    return isinstance(value, str) or math.isfinite(value)


@asynccontextmanager
async def open_ground(folder: Path, tier: str) -> AsyncGenerator[Ground]:
    """Set everything up for one tier."""
    with open_ioc(folder) as oracle, open_host(folder) as host:
        project_folder = folder / "project"
        project_folder.mkdir()
        (project_folder / "config.yml").write_text(_CONFIG.format(port=oracle.port), encoding="utf-8")
        async with open_project(project_folder) as project:
            ground = Ground(host, oracle, project, await runner_at(tier, project))
            await ground.prepare()
            yield ground
