"""A tier: a way to hold generated code, which has proved that it does.

The self-test runs once in each process and for each interpreter, before anything else is run.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from attrs import frozen

from osprey.errors import SandboxError
from osprey.services.python_executor.broker import Broker
from osprey.services.python_executor.desks import NoDesk
from osprey.services.python_executor.interpreter import Interpreter
from osprey.services.python_executor.models import RunLimits
from osprey.services.python_executor.sandbox import bubblewrap
from osprey.services.python_executor.sandbox.cgroups import ControlGroup, sweep_control_groups
from osprey.services.python_executor.sandbox.process import open_guest
from osprey.services.python_executor.sandbox.protocol import Start, Tier
from osprey.services.python_executor.sandbox.supervisor import Ending, supervise

_FREE_NAMES = frozenset({"PWD", "OLDPWD", "LC_CTYPE"})
"""Set by bubblewrap or by Python itself."""

_SELF_TEST = """
from osprey.runtime import inputs
from osprey_guest.selftest import attempt_escapes
results = attempt_escapes(inputs)
"""
_SELF_TEST_LIMITS = RunLimits(
    timeout_s=30.0,
    cpu_s=30,
    memory_bytes=512 << 20,
    processes=32,
    output_bytes=1 << 16,
    disk_bytes=1 << 20,
)


@frozen(kw_only=True)
class BubblewrapTier:
    """Namespaces by bubblewrap, a system-call filter by the guest, limits by the kernel."""

    interpreter: Interpreter
    state_dir: Path
    """A folder of the host; the self-test looks whether a file in it can be seen."""

    @property
    def name(self) -> str:
        return f"{bubblewrap.NAME} + seccomp"

    def job_of(self, start: Start, limits: RunLimits) -> dict[str, Any]:
        """Build what the guest is told after its first frame."""
        return {
            "mode": start.mode,
            "code": start.code,
            "inputs": dict(start.inputs),
            "seed": start.seed,
            "start_ns": start.start_ns,
            "paths": list(self.interpreter.paths),
            "work": bubblewrap.WORK,
            "most_figures": limits.figures,
            "figure_mark": start.figure_mark,
            "drop_uid": bubblewrap.user_to_drop_to(),
            "limits": {
                "CPU": limits.cpu_s,
                "FSIZE": limits.disk_bytes,
                "CORE": 0,
                "NOFILE": 256,
                "DATA": limits.memory_bytes,
            },
        }

    async def run(self, start: Start, broker: Broker, limits: RunLimits) -> Ending:
        """Run the guest to its end.

        :raises SandboxError: the guest did not come up.
        """
        environment = _environment(start)
        wrap = {
            "interpreter": self.interpreter,
            "environment": environment,
            "disk_bytes": limits.disk_bytes,
        }
        guest = open_guest(wrap, memory_bytes=limits.memory_bytes, processes=limits.processes)
        broker.job = _with_process_limit(broker.job, guest.group, limits)
        ending = await supervise(guest, broker, limits)
        if not broker.is_ready:
            raise SandboxError(_why_not_started(ending))
        return ending

    async def aclose(self) -> None:
        """Nothing is kept between runs."""

    async def self_test(self) -> None:
        """Let the guest try to get out.

        :raises SandboxError: it could, or it could not be started.
        """
        canary = self.state_dir / f"canary-{secrets.token_hex(8)}"
        canary.write_text("not for the sandbox\n")
        try:
            start = Start(
                code=_SELF_TEST,
                mode="none",
                seed=0,
                start_ns=0,
                inputs={"pid": os.getpid(), "canary": str(canary)},
            )
            broker = Broker(NoDesk(), self.job_of(start, _SELF_TEST_LIMITS), _SELF_TEST_LIMITS)
            ending = await self.run(start, broker, _SELF_TEST_LIMITS)
        finally:
            canary.unlink()
        breaches = _breaches(broker, ending, set(_environment(start)) | _FREE_NAMES)
        if breaches:
            msg = f"generated Python cannot run here: the sandbox does not hold ({'; '.join(breaches)})"
            raise SandboxError(msg)


def _environment(start: Start) -> dict[str, str]:
    """Give all that the guest's environment holds; nothing is taken over from this process."""
    return {
        "PATH": "/usr/bin",
        "HOME": bubblewrap.WORK,
        "LANG": "C.UTF-8",
        "TZ": start.time_zone,
        "PYTHONHASHSEED": str(start.seed % 2**32),
        "PYTHONUTF8": "1",
        "PYTHONUNBUFFERED": "1",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": "/tmp/matplotlib",  # noqa: S108 - in the sandbox
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
    }


def _with_process_limit(job: Mapping[str, Any], group: ControlGroup, limits: RunLimits) -> dict[str, Any]:
    """Fall back to the user's limit where no control group counts a run's processes.

    For root's guests that limit counts every run of the user nobody, so it is used only where it must be.
    """
    if group.limits_processes:
        return dict(job)
    return {**job, "limits": {**job["limits"], "NPROC": limits.processes}}


def _breaches(broker: Broker, ending: Ending, known: set[str]) -> list[str]:
    results: object = broker.handover.results if broker.handover is not None else None
    if not isinstance(results, dict):
        failure = broker.handover.failure if broker.handover is not None else None
        told = failure.message if failure is not None else ending.message or f"exit code {ending.exit_code}"
        return [f"its self-test did not finish: {told}"]
    found = cast("dict[str, list[str]]", results)
    foreign = sorted(set(found["environment"]) - known)
    return [*found["breaches"], *(["the host's environment could be read"] if foreign else [])]


def _why_not_started(ending: Ending) -> str:
    said = ending.stderr.decode(errors="replace").strip().splitlines()[-3:]
    told = ending.message or "; ".join(said) or f"exit code {ending.exit_code}"
    msg = f"generated Python cannot run here: the sandbox did not start: {told}"
    if "namespace" in told.lower() or "uid map" in told.lower():
        msg += (
            ". User namespaces seem to be restricted: on Ubuntu load AppArmor's profile bwrap-userns-restrict, "
            "in a container allow them (or run Osprey outside it)"
        )
    return msg


async def open_tier(interpreter: Interpreter, state_dir: Path) -> Tier:
    """Give the best tier that passes its self-test here.

    :raises SandboxError: none does; the message says what to do.
    """
    sweep_control_groups()
    tier = BubblewrapTier(interpreter=interpreter, state_dir=state_dir)
    await tier.self_test()
    return tier
