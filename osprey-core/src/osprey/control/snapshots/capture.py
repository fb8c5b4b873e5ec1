"""Read what belongs to a snapshot."""

from __future__ import annotations

import time
from collections.abc import Sequence

from attrs import evolve

from osprey.control.comparison import to_plain
from osprey.control.snapshots.snapshot import Snapshot
from osprey.control.targets import Target
from osprey.control.values import Reading
from osprey.errors import UsageError


async def capture(target: Target, channels: Sequence[str], *, name: str, saved_by: str, note: str = "") -> Snapshot:
    """Read channels in one batch, so that all are of nearly the same time.

    :raises UsageError: no channel was given.
    """
    names = list(dict.fromkeys(channels))
    if not names:
        msg = "a snapshot of no channels: name some, or use --pattern or --family"
        raise UsageError(msg)
    saved_ns = time.time_ns()
    results = await target.connector.read(names, timeout_s=target.config.read_timeout_s)
    return Snapshot(
        name=name,
        target=target.name,
        simulated=target.simulated,
        saved_ns=saved_ns,
        saved_by=saved_by,
        note=note,
        results=tuple(_plain(result) if isinstance(result, Reading) else result for result in results),
    )


def _plain(reading: Reading) -> Reading:
    setpoint = None if reading.setpoint is None else to_plain(reading.setpoint)
    return evolve(reading, value=to_plain(reading.value), setpoint=setpoint)
