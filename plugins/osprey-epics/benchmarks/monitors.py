"""Follow 2000 records that each change ten times a second, on an event loop that must stay quick.

    python plugins/osprey-epics/benchmarks/monitors.py [--seconds 5] [--fresh 5]

Prints a Markdown table: the medians of fresh processes. *Taken* is what the client library was handed a second;
*latest* is how many of the 2000 channels had, at the end, a value no older than half a second; *lag* is by how much a
task that sleeps for a millisecond wakes up too late, on the loop on which the updates are consumed. The records are
scanned by the IOC in C. pyepics and p4p call a function a change, which only stores the value here.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from osprey.control import Connector

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "peers"))

COUNT = 2000
RATE_HZ = 10.0
TICK_S = 0.001
RECENT_S = 0.5
WAYS = ("osprey", "osprey, buffer of 100", "osprey, PV Access", "pyepics", "p4p")
Figures = dict[str, float]


async def watch_lag(seconds: float) -> list[float]:
    """Sleep for a tick again and again; give how much too late each ended, in milliseconds."""
    lags: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        await asyncio.sleep(TICK_S)
        lags.append((time.perf_counter() - start - TICK_S) * 1e3)
    return lags


def figures_of(lags: list[float], taken: int, seconds: float, ages_s: list[float]) -> Figures:
    """Put together what was seen."""
    return {
        "taken": taken / seconds,
        "latest": sum(age_s <= RECENT_S for age_s in ages_s),
        "p50": statistics.quantiles(lags, n=100)[49],
        "p99": statistics.quantiles(lags, n=100)[98],
    }


async def measure_osprey(kind: type[Connector], names: list[str], seconds: float, buffer: int) -> Figures:
    """Take lists from a subscription."""
    from osprey.control import ConnectContext, Reading

    connector = await kind.connect(ConnectContext(target="bench", settings={}, state_dir=Path()))
    latest: dict[str, Reading] = {}
    taken = 0

    async def consume(updates: Any) -> None:
        nonlocal taken
        async for results in updates:
            for result in results:
                if isinstance(result, Reading):
                    latest[result.channel] = result
                    taken += 1

    async with connector.subscribe(names, max_rate_hz=2 * RATE_HZ, buffer=buffer) as updates:
        task = asyncio.create_task(consume(updates))
        while len(latest) < COUNT:
            await asyncio.sleep(0.05)
        await asyncio.sleep(1)
        before = taken
        lags = await watch_lag(seconds)
        now_ns = time.time_ns()
        figures = figures_of(
            lags, taken - before, seconds, [(now_ns - (one.source_ns or 0)) / 1e9 for one in latest.values()]
        )
        figures["dropped"] = updates.dropped
        task.cancel()
    await connector.aclose()
    return figures


async def measure_callbacks(start: Callable[[Callable[[str, float], None]], object], seconds: float) -> Figures:
    """Let a library call back, and look at the loop meanwhile."""
    latest: dict[str, float] = {}
    taken = 0

    def note(name: str, stamp: float) -> None:
        nonlocal taken
        latest[name] = stamp
        taken += 1

    kept = start(note)
    while len(latest) < COUNT:
        await asyncio.sleep(0.05)
    await asyncio.sleep(1)
    before = taken
    lags = await watch_lag(seconds)
    figures = figures_of(lags, taken - before, seconds, [time.time() - stamp for stamp in latest.values()])
    del kept
    return figures


def start_pyepics(names: list[str], note: Callable[[str, float], None]) -> object:
    """Monitor with pyepics."""
    import epics

    def changed(pvname: str = "", timestamp: float = 0.0, **_: Any) -> None:
        note(pvname, timestamp)

    return [epics.PV(name, auto_monitor=True, callback=changed, form="time") for name in names]


def start_p4p(names: list[str], note: Callable[[str, float], None]) -> object:
    """Monitor with p4p."""
    from functools import partial

    from p4p.client.thread import Context

    def changed(name: str, value: Any) -> None:
        note(name, value.timestamp)

    context = Context("pva")
    return context, [context.monitor(name, partial(changed, name)) for name in names]


def measure(way: str, names: list[str], seconds: float) -> Awaitable[Figures]:
    """Measure one way in this process."""
    if way == "pyepics":
        return measure_callbacks(lambda note: start_pyepics(names, note), seconds)
    if way == "p4p":
        return measure_callbacks(lambda note: start_p4p(names, note), seconds)
    if way == "osprey, PV Access":
        from osprey_epics.pva.connector import EpicsPvaConnector

        return measure_osprey(EpicsPvaConnector, names, seconds, 0)
    from osprey_epics.connector import EpicsConnector

    return measure_osprey(EpicsConnector, names, seconds, 100 if "buffer" in way else 0)


def row(way: str, prefix: str, seconds: float, fresh: int) -> str:
    """Measure one way in processes of its own, and render it."""
    command = [sys.executable, __file__, "--way", way, "--prefix", prefix, "--seconds", str(seconds)]
    runs = [
        json.loads(
            subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.splitlines()[
                -1
            ]
        )
        for _ in range(fresh)
    ]
    middle = {key: statistics.median(run[key] for run in runs) for key in ("taken", "p50", "p99")}
    latest = min(run["latest"] for run in runs)
    return f"| {way} | {middle['taken']:.0f} | {latest:.0f} of {COUNT} | {middle['p50']:.1f} | {middle['p99']:.1f} |"


def main() -> None:
    """Run the comparison, or one process of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--fresh", type=int, default=5)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--prefix", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        names = [f"{options.prefix}:CALC{index:04d}" for index in range(COUNT)]

        async def run() -> None:
            # At once: p4p's own threads need not be waited for.
            sys.stdout.write(json.dumps(await measure(options.way, names, options.seconds)))
            sys.stdout.flush()
            os._exit(0)

        asyncio.run(run())
        return
    from ioc import loopback_variables, pva_loopback_variables
    from soft_ioc import SoftIoc

    with tempfile.TemporaryDirectory() as folder:
        ioc = SoftIoc(Path(folder), many=0, calcs=COUNT, has_pva=True)
        ioc.start()
        try:
            os.environ.update(loopback_variables(ioc.port) | pva_loopback_variables(ioc.pva_port))
            lines = [
                f"| {COUNT * RATE_HZ:,.0f} updates/s offered | taken/s | latest | lag p50, ms | lag p99, ms |",
                "|---|---|---|---|---|",
                *(row(way, ioc.prefix, options.seconds, options.fresh) for way in WAYS),
            ]
            sys.stdout.write("\n".join(lines) + "\n")
        finally:
            ioc.stop()


if __name__ == "__main__":
    main()
