"""The past of the simulated ring keeps the promises of every archiver."""

from __future__ import annotations

import time
from pathlib import Path

from osprey.api import ConnectContext
from osprey.testing.archiver_conformance import ArchiverPeer, archiver_tests
from osprey_sim.archiver import SimArchiver
from osprey_sim.settings import SimSettings


class RingPast(ArchiverPeer):
    """The last 24 hours of a ring that nobody has touched."""

    archived = "SR:S01:DCCT01:CURRENT:RB"
    missing = "SR:S01:DCCT99:CURRENT:RB"
    pattern = "SR:S01:*"
    unit = "mA"

    def start(self) -> None:
        self.end_ns = time.time_ns() - 10**9

    def stop(self) -> None:
        """Nothing runs."""

    async def connect(self, folder: Path) -> SimArchiver:
        settings = SimSettings(state=self.folder / "ring.jsonl")
        return await SimArchiver.connect(ConnectContext(target="ring", settings=settings, state_dir=folder))

    def span_ns(self) -> tuple[int, int]:
        return self.end_ns - 100 * 10**9, self.end_ns


globals().update(archiver_tests(RingPast))
