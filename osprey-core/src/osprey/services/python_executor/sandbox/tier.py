"""A tier that starts its guest on this host: how a run is asked for, and what is kept warm between runs."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio
from attrs import define, field, frozen

from osprey.errors import SandboxError
from osprey.services.python_executor.broker import Broker
from osprey.services.python_executor.models import RunLimits
from osprey.services.python_executor.sandbox.cgroups import ControlGroup
from osprey.services.python_executor.sandbox.folders import run_folder
from osprey.services.python_executor.sandbox.holding import LABELS, Holding
from osprey.services.python_executor.sandbox.process import GuestProcess, ask_for_run
from osprey.services.python_executor.sandbox.protocol import Start
from osprey.services.python_executor.sandbox.selftest import prove
from osprey.services.python_executor.sandbox.supervisor import Ending, supervise
from osprey.services.python_executor.sandbox.tree import SCRATCH, SCRATCH_BYTES, WORK
from osprey.services.python_executor.sandbox.zygote import Zygote, ZygoteGoneError, open_zygote

CANNOT = "generated Python cannot run here"


@frozen(kw_only=True)
class Warmth:
    """What is kept ready between runs, and how many runs go on at once."""

    preload: tuple[str, ...] = ("numpy",)
    idle_s: float = 600.0
    """After so long without a run nothing is kept; 0: nothing is kept at all."""
    runs_at_once: int = 4


@define(kw_only=True)
class LocalTier:
    """One of the host's tiers for one interpreter."""

    holding: Holding
    state_dir: Path
    """A folder of the host; the self-test looks whether a file in it can be seen."""
    warmth: Warmth = field(factory=Warmth)
    remarks: tuple[str, ...] = ()
    _zygote: Zygote | None = None
    _keeps_warm: bool = True
    _opening: anyio.Lock = field(factory=anyio.Lock)
    _seats: anyio.Semaphore = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._seats = anyio.Semaphore(self.warmth.runs_at_once)

    @property
    def name(self) -> str:
        return LABELS[self.holding.kind]

    @property
    def is_warm(self) -> bool:
        """Say whether a guest is kept ready for the next run."""
        return self._zygote is not None

    def job_of(self, start: Start, limits: RunLimits) -> dict[str, Any]:
        """Build what the guest is told after its first frame."""
        return {
            "mode": start.mode,
            "code": start.code,
            "inputs": dict(start.inputs),
            "seed": start.seed,
            "start_ns": start.start_ns,
            "time_zone": start.time_zone,
            "work": WORK,
            "most_figures": limits.figures,
            "figure_mark": start.figure_mark,
            "is_confined": self.holding.is_confined,
            "landlock": self.holding.rules(),
            "limits": {
                "CPU": limits.cpu_s,
                "FSIZE": limits.disk_bytes,
                "CORE": 0,
                "NOFILE": 256,
                "DATA": limits.memory_bytes,
            },
        }

    async def run(self, start: Start, broker: Broker, limits: RunLimits) -> Ending:
        """Run the guest to its end; runs beyond `Warmth.runs_at_once` wait, and come in the order they were asked.

        :raises SandboxError: the guest did not come up, or this tier must not reach a machine.
        """
        if not self.holding.is_confined:
            if start.mode != "none":
                msg = (
                    "execution.sandbox is none, which holds nothing, so generated Python may compute but not reach "
                    "a control system; set execution.sandbox to auto"
                )
                raise SandboxError(msg)
            broker.demands_powerless = False
        async with self._seats:
            with run_folder(self.holding) as work:
                guest = await self._guest(work, limits)
                broker.job = {**_with_process_limit(broker.job, guest.group, limits), "work": work}
                ending = await supervise(guest, broker, limits)
        if not broker.is_ready:
            raise SandboxError(_why_not_started(ending))
        return ending

    async def aclose(self) -> None:
        """End what is kept warm."""
        if self._zygote is not None:
            self._zygote.close()
            self._zygote = None

    async def self_test(self) -> None:
        """Let the guest try to get out. Where runs cannot be nested or packages not be shared, each starts cold.

        :raises SandboxError: it could, or it could not be started.
        """
        if not self.holding.is_confined:
            return
        try:
            await self._prove()
        except SandboxError as exc:
            await self.aclose()
            self._keeps_warm = False
            await self._prove()
            self.remarks = (*self.remarks, f"nothing is kept warm between runs: {exc}")

    async def _prove(self) -> None:
        names = set(environment_of(self.holding))
        await prove(self, self.state_dir, names, has_namespaces=self.holding.has_namespaces)

    async def _guest(self, work: str, limits: RunLimits) -> GuestProcess:
        request = {
            "work": work,
            "disk_bytes": limits.disk_bytes,
            "scratch": [*((place, SCRATCH_BYTES) for place in SCRATCH), (WORK, limits.disk_bytes)],
            "shown": self.holding.shown_in_scratch(),
            "ends_gently": not self.holding.has_namespaces,
        }
        if not self.warmth.idle_s or not self._keeps_warm:
            return await self._cold(request, limits)
        for _ in range(2):  # one that ended itself, or was killed, is started again
            with contextlib.suppress(ZygoteGoneError):
                return await _started(ask_for_run(await self._warm(limits), request, limits))
        msg = f"{CANNOT}: the sandbox ends before it takes a run"
        raise SandboxError(msg)

    async def _cold(self, request: dict[str, Any], limits: RunLimits) -> GuestProcess:
        alone, _ = await self._open(limits, preload=(), idle_s=None)
        try:
            guest = ask_for_run(alone, request, limits)
        except BaseException:
            alone.close()
            raise
        guest.own_zygote = alone
        return await _started(guest)

    async def _warm(self, limits: RunLimits) -> Zygote:
        async with self._opening:
            if self._zygote is not None and not self._zygote.is_alive():
                await self.aclose()
            if self._zygote is None:
                preload, idle_s = self.warmth.preload, self.warmth.idle_s
                self._zygote, problems = await self._open(limits, preload=preload, idle_s=idle_s)
                self.remarks = tuple(f"{name} cannot be loaded ahead: {why}" for name, why in problems.items())
            return self._zygote

    async def _open(
        self, limits: RunLimits, *, preload: tuple[str, ...], idle_s: float | None
    ) -> tuple[Zygote, dict[str, str]]:
        zygote, answer = await open_zygote(
            self.holding,
            environment_of(self.holding),
            preload=preload,
            idle_s=idle_s,
            nests=self._keeps_warm,
            disk_bytes=limits.disk_bytes,
        )
        return zygote, answer["problems"]


async def _started(guest: GuestProcess) -> GuestProcess:
    try:
        await guest.started()
    except SandboxError as exc:
        await guest.end()
        msg = f"{CANNOT}: {exc}"
        raise SandboxError(msg) from exc
    except BaseException:
        await guest.end()
        raise
    return guest


def environment_of(holding: Holding) -> dict[str, str]:
    """Give all that the guest's environment holds; nothing is taken over from this process.

    The hash seed is the same for every run: what iterates over a set does so alike in a rehearsal, in its
    observation and in a repetition, whichever process each of them ran in.
    """
    place = WORK if holding.scratch is None else str(holding.scratch)
    temporary = "/tmp" if holding.scratch is None else place  # noqa: S108 - in the sandbox
    return {
        "PATH": "/usr/bin",
        "HOME": place,
        "TMPDIR": temporary,
        "LANG": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
        "PYTHONUNBUFFERED": "1",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": f"{temporary}/matplotlib",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
    }


def _with_process_limit(job: Mapping[str, Any], group: ControlGroup, limits: RunLimits) -> dict[str, Any]:
    """Fall back to the user's limit where no control group counts a run's processes.

    A run with a user namespace is counted alone; else every process of the user counts, so it is used only
    where it must be.
    """
    if group.limits_processes:
        return dict(job)
    return {**job, "limits": {**job["limits"], "NPROC": limits.processes}}


def _why_not_started(ending: Ending) -> str:
    said = ending.stderr.decode(errors="replace").strip().splitlines()[-3:]
    told = ending.message or "; ".join(said) or f"exit code {ending.exit_code}"
    return f"{CANNOT}: the sandbox did not start: {told}"
