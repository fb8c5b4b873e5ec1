"""One of many processes that write the same project's channels as fast as the guard lets them.

    python racer.py PROJECT NUMBER TRIES

It prints READY, waits for a line, tries so often, and prints a JSON object: how many writes ended in which way.
Every put is one line in PROJECT/puts.txt: channel and time, written before the put completes.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from pathlib import Path

import anyio

sys.path.insert(0, str(Path(__file__).parents[1]))
from conftest import open_room

from osprey.control import MockConnector
from osprey.control.payload import write_document
from osprey.project import open_project

SHARED = "SR:01:HCM1:SP"


class Logged(MockConnector):
    """Notes when each put reached the machine."""

    log = -1

    async def write(self, puts, *, timeout_s):
        for put in puts:
            os.write(self.log, f"{put.channel}\t{time.time_ns()}\n".encode())
        return await super().write(puts, timeout_s=timeout_s)


async def race(root: Path, number: int, tries: int) -> None:
    Logged.log = os.open(root / "puts.txt", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    room = await open_room(open_project(root), connector=Logged)
    print("READY", flush=True)
    await anyio.to_thread.run_sync(sys.stdin.readline)
    seen: Counter[str] = Counter()
    for step in range(tries):
        value = 1.0 + (step * 16 + number) / 1000
        for channel in (SHARED, f"SR:02:VCM{number}:SP"):
            # What the others put is not known to this mock: the drift check is not what is raced for here.
            judgement = await room.judge({channel: value})
            if not judgement.is_allowed:
                seen[judgement.items[0].rule] += 1
                continue
            report = await room.guard.apply(await room.approve_document(write_document(judgement)))
            seen[report.rule or report.status] += 1
    await room.project.aclose()
    print(json.dumps(seen), flush=True)


if __name__ == "__main__":
    anyio.run(race, Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
