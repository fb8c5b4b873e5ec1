"""A machine of our own, and a runner on it, so that these tests need no plugin and no project on disk."""

from __future__ import annotations

import functools
import sys
import sysconfig
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import anyio
import pytest
from attrs import define, evolve, field

from osprey.config.schema import (
    ApprovalConfig,
    Config,
    ControlSystemConfig,
    ExecutionConfig,
    FacilityConfig,
    PluginsConfig,
    Sandbox,
    StorageConfig,
)
from osprey.control.archive.series import ArchivedSample, ArchiveSeries, ArchiveSpan
from osprey.control.values import (
    Bounds,
    ChannelInfo,
    ChannelRecord,
    DType,
    ErrorKind,
    Fault,
    Reading,
    ReadResult,
    Severity,
)
from osprey.project import Project
from osprey.services.python_executor.interpreter import find_interpreter
from osprey.services.python_executor.machine import Machine
from osprey.services.python_executor.models import RunJob, RunMode, RunOutcome
from osprey.services.python_executor.runner import PythonRunner
from osprey.services.python_executor.sandbox import process, tier
from osprey.services.python_executor.sandbox.ladder import Ladder


@pytest.fixture(params=["asyncio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return cast("str", request.param)


@define
class FakeMachine:
    """Four channels: a beam current, a corrector with its read-back, a waveform, and a shutter."""

    values: dict[str, Any] = field(
        factory=lambda: {
            "BEAM:CURRENT": 401.25,
            "HCM1:SP": 0.5,
            "HCM1:RB": 0.49,
            "BPM:X": [0.1, 0.2, 0.3],
            "SHUTTER": 0,
        }
    )
    units: dict[str, str] = field(factory=lambda: {"BEAM:CURRENT": "mA", "HCM1:SP": "A", "HCM1:RB": "A"})
    records: dict[str, ChannelRecord] = field(
        factory=lambda: {
            "HCM1:SP": ChannelRecord(
                name="HCM1:SP", description="horizontal corrector 1", device="HCM1", readback="HCM1:RB", unit="A"
            )
        }
    )
    faults: dict[str, ErrorKind] = field(factory=dict[str, ErrorKind])
    """Channels that do not answer, although they exist."""
    invalid: set[str] = field(factory=set[str])
    """Channels whose value is marked invalid."""
    commands: set[str] = field(factory=set[str])
    """Channels that are actions."""
    labels: dict[str, tuple[str, ...]] = field(factory=lambda: {"SHUTTER": ("closed", "open")})
    reads: list[tuple[str, ...]] = field(factory=list[tuple[str, ...]])

    async def read(self, channels: Sequence[str]) -> list[ReadResult]:
        self.reads.append(tuple(channels))
        return [self._reading(channel) for channel in channels]

    def _reading(self, channel: str) -> ReadResult:
        value = self.values.get(channel.removesuffix(".VAL"))
        if channel in self.faults:
            return Fault(channel=channel, kind=self.faults[channel], message="no answer within 5 s")
        if value is None:
            return _missing(channel)
        dtype = DType.FLOAT if isinstance(value, float | list) else DType.INT
        unit = self.units.get(channel, "")
        severity, alarm = (Severity.INVALID, "READ") if channel in self.invalid else (Severity.OK, "")
        states = self.labels.get(channel, ()) if channel != "SHUTTER" else ()
        return Reading(
            channel=channel, value=value, dtype=dtype, unit=unit, severity=severity, alarm=alarm, source_ns=1,
            received_ns=2, label=states[value] if states else None,
        )  # fmt: skip

    async def describe(self, channels: Sequence[str]) -> list[ChannelInfo | Fault]:
        return [
            ChannelInfo(
                channel=channel,
                name=channel.removesuffix(".VAL"),
                unit=self.units.get(channel, ""),
                drive=Bounds(-2.0, 2.0),
                labels=self.labels.get(channel, ()),
                writable=True,
                is_command=channel in self.commands,
            )
            if channel.removesuffix(".VAL") in self.values
            else _missing(channel)
            for channel in channels
        ]

    async def fetch(self, channels: Sequence[str], span: ArchiveSpan) -> list[ArchiveSeries]:
        return [
            ArchiveSeries(
                channel=channel,
                unit="mA",
                times_ns=[span.start_ns],
                values=[400.0],
                severities=[3 if channel in self.invalid else 0],
                before=ArchivedSample(time_ns=span.start_ns - 10**9, value=399.0),
            )
            if channel in self.values
            else ArchiveSeries(channel=channel, fault=_missing(channel))
            for channel in channels
        ]

    async def closest(self, channel: str) -> list[str]:
        return [name for name in self.values if name[:3] == channel[:3]]

    async def canonical(self, channel: str) -> str:
        return channel.removesuffix(".VAL")

    async def record(self, channel: str) -> ChannelRecord | None:
        return self.records.get(channel.removesuffix(".VAL"))


def _missing(channel: str) -> Fault:
    return Fault(channel=channel, kind=ErrorKind.NOT_FOUND, message="it does not exist")


class RunnerOnFake(PythonRunner):
    """The real runner, with a machine of ours behind it."""

    def __init__(self, project: Project, machine: FakeMachine) -> None:
        super().__init__(project)
        self.machine = machine

    async def _machine_of(self, job: RunJob) -> tuple[Machine | None, bool]:
        return (None, False) if job.mode is RunMode.NONE else (self.machine, True)


def config_in(root: Path, execution: ExecutionConfig) -> Config:
    return Config(
        root=root,
        source=None,
        facility=FacilityConfig(),
        control_system=ControlSystemConfig(default_target="ring", targets={}),
        approval=ApprovalConfig(),
        execution=execution,
        plugins=PluginsConfig(),
        storage=StorageConfig(path=root / "state"),
    )


@pytest.fixture
def machine() -> FakeMachine:
    return FakeMachine()


@pytest.fixture
def execution() -> ExecutionConfig:
    """Limits that are small enough to be reached in a test."""
    return ExecutionConfig(
        execution_timeout_seconds=20.0,
        memory_limit_mb=512,
        max_processes=32,
        output_limit_kb=64,
        disk_limit_mb=8,
    )


@functools.cache
def _tiers_here() -> tuple[str, ...]:
    """Say which tiers hold on this host; `test_ladder` says which of them have to."""

    async def look() -> tuple[str, ...]:
        with tempfile.TemporaryDirectory() as state:
            python, mounts = _public_python()
            ladder = Ladder(interpreter=find_interpreter(python), state_dir=Path(state), mounts=mounts)
            return tuple(found.kind.value for found in await ladder.survey() if found.holds and found.kind != "none")

    return anyio.run(look)


def _public_python() -> tuple[Path | None, tuple[Path, ...]]:
    """Give an interpreter that every user may start, with this one's packages; ours, where it is one."""
    system = Path("/usr/bin/python3")
    own = Path(sys.executable).resolve()
    if all(folder.stat().st_mode & 0o001 for folder in own.parents) or not system.exists():
        return None, ()
    return system, (Path(sysconfig.get_path("platlib")),)


@pytest.fixture
def tiers_here() -> tuple[str, ...]:
    return _tiers_here()


@pytest.fixture
def public_python() -> tuple[Path | None, tuple[Path, ...]]:
    return _public_python()


@pytest.fixture
def held_by() -> Callable[[ExecutionConfig, str], ExecutionConfig]:
    """Choose the tier of a configuration, with an interpreter that works in it."""

    def choose(execution: ExecutionConfig, kind: str) -> ExecutionConfig:
        python, mounts = _public_python() if kind == "landlock" else (None, ())
        return evolve(execution, sandbox=Sandbox(kind), python_env_path=python, mounts=mounts)

    return choose


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what asks for `kind` in every tier that holds here."""
    if "kind" in metafunc.fixturenames:
        metafunc.parametrize("kind", _tiers_here())


@pytest.fixture
def guests(monkeypatch: pytest.MonkeyPatch) -> list[process.GuestProcess]:
    """Every run that is started in a test."""
    started: list[process.GuestProcess] = []
    real = tier.ask_for_run

    def start(*args: Any) -> process.GuestProcess:
        started.append(real(*args))
        return started[-1]

    monkeypatch.setattr(tier, "ask_for_run", start)
    return started


@pytest.fixture
def runner(tmp_path: Path, machine: FakeMachine, execution: ExecutionConfig) -> Iterator[RunnerOnFake]:
    runner = RunnerOnFake(Project(config_in(tmp_path, execution)), machine)
    yield runner
    anyio.run(runner.aclose)


Run = Callable[..., RunOutcome]


@pytest.fixture
def run(runner: RunnerOnFake) -> Run:
    """Run a text and give its outcome; keywords are those of `RunJob`."""

    def run_text(code: str, mode: RunMode = RunMode.NONE, **fields: Any) -> RunOutcome:
        job = evolve(RunJob(code=code, mode=mode), **fields)
        return anyio.run(cast("Callable[[RunJob], Awaitable[RunOutcome]]", runner.run), job)

    return run_text
