"""The test that a tier has to pass before anything else is run in it: the guest tries to get out."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any, cast

from osprey.errors import SandboxError
from osprey.services.python_executor.broker import Broker
from osprey.services.python_executor.desks import NoDesk
from osprey.services.python_executor.models import RunLimits
from osprey.services.python_executor.sandbox.protocol import Start, Tier
from osprey.services.python_executor.sandbox.supervisor import Ending

_FREE_NAMES = frozenset({"PWD", "OLDPWD", "LC_CTYPE", "TZ"})
"""Set by bubblewrap, by Python itself or by the guest."""

_CODE = """
from osprey.runtime import inputs
from osprey_guest.selftest import attempt_escapes
results = attempt_escapes(inputs)
"""
LIMITS = RunLimits(
    timeout_s=20.0,
    cpu_s=30,
    memory_bytes=512 << 20,
    processes=32,
    output_bytes=1 << 16,
    disk_bytes=1 << 20,
)


async def prove(tier: Tier, state_dir: Path, environment: set[str], *, has_namespaces: bool) -> None:
    """Let the guest try to get out.

    :raises SandboxError: it could, or it could not be started.
    """
    canary = state_dir / f"canary-{secrets.token_hex(8)}"
    canary.write_text("not for the sandbox\n")
    host: dict[str, Any] = {"pid": os.getpid(), "canary": str(canary), "has_namespaces": has_namespaces}
    try:
        start = Start(code=_CODE, mode="none", seed=0, start_ns=0, inputs=host)
        broker = Broker(NoDesk(), tier.job_of(start, LIMITS), LIMITS)
        ending = await tier.run(start, broker, LIMITS)
        changed = canary.stat().st_mode & 0o777 == 0
    finally:
        canary.unlink()
    breaches = _breaches(broker, ending, environment | _FREE_NAMES)
    if changed:
        breaches.append("the mode of a file of the host could be changed")
    if breaches:
        msg = f"the sandbox does not hold ({'; '.join(breaches)})"
        raise SandboxError(msg)


def _breaches(broker: Broker, ending: Ending, known: set[str]) -> list[str]:
    results: object = broker.handover.results if broker.handover is not None else None
    if not isinstance(results, dict):
        failure = broker.handover.failure if broker.handover is not None else None
        told = failure.message if failure is not None else ending.message or f"exit code {ending.exit_code}"
        return [f"its self-test did not finish: {told}"]
    found = cast("dict[str, list[str]]", results)
    foreign = sorted(set(found["environment"]) - known)
    return [*found["breaches"], *(["the host's environment could be read"] if foreign else [])]
