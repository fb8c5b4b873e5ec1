"""Read 50 channels that exist and 50 that do not within one second, from a cold process.

    python plugins/osprey-epics/benchmarks/missing.py [--fresh 5]

Prints a Markdown table. Each figure is a fresh process's first read, connecting included: the median of as many
processes, and the worst. Beside the connectors: pyepics, one `caget` a channel in asyncio's own pool of threads, as
people do it; and pyepics with one thread a channel.
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
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from osprey.control import Connector

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "peers"))

EACH = 50
DEADLINE_S = 1.0
WAYS = ("osprey", "osprey, PV Access", "pyepics in asyncio.to_thread", "pyepics, a thread a channel")


async def measure_osprey(kind: type[Connector], names: list[str]) -> dict[str, float]:
    """Read all in one batch."""
    from osprey.control import ConnectContext, Reading

    start = time.perf_counter()
    connector = await kind.connect(ConnectContext(target="bench", settings={}, state_dir=Path()))
    asked = time.perf_counter()
    results = await connector.read(names, timeout_s=DEADLINE_S)
    end = time.perf_counter()
    await connector.aclose()
    return {"took": end - asked, "opening": asked - start, "good": sum(isinstance(r, Reading) for r in results)}


async def measure_to_thread(names: list[str]) -> dict[str, float]:
    """Read each in a thread of asyncio's pool."""
    import epics

    epics.ca.initialize_libca()

    def read(name: str) -> object:
        epics.ca.use_initial_context()
        return epics.caget(name, timeout=DEADLINE_S, connection_timeout=DEADLINE_S)

    start = time.perf_counter()
    values = await asyncio.gather(*(asyncio.to_thread(read, name) for name in names))
    return {"took": time.perf_counter() - start, "good": sum(value is not None for value in values)}


def measure_threads(names: list[str]) -> dict[str, float]:
    """Read each in a thread of its own."""
    import epics

    epics.ca.initialize_libca()

    def read(name: str) -> object:
        epics.ca.use_initial_context()
        return epics.caget(name, timeout=DEADLINE_S, connection_timeout=DEADLINE_S)

    start = time.perf_counter()
    with ThreadPoolExecutor(len(names)) as pool:
        values = list(pool.map(read, names))
    return {"took": time.perf_counter() - start, "good": sum(value is not None for value in values)}


def measure(way: str, names: list[str]) -> dict[str, float]:
    """Measure one way in this process."""
    import anyio

    if way == WAYS[0]:
        from osprey_epics.connector import EpicsConnector

        return anyio.run(measure_osprey, EpicsConnector, names)
    if way == WAYS[1]:
        from osprey_epics.pva.connector import EpicsPvaConnector

        return anyio.run(measure_osprey, EpicsPvaConnector, names)
    return asyncio.run(measure_to_thread(names)) if way == WAYS[2] else measure_threads(names)


def row(way: str, prefix: str, fresh: int) -> str:
    """Measure one way in processes of its own, and render it."""
    command = [sys.executable, __file__, "--way", way, "--prefix", prefix]
    runs = [
        json.loads(
            subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.splitlines()[
                -1
            ]
        )
        for _ in range(fresh)
    ]
    took = [run["took"] for run in runs]
    good = min(run["good"] for run in runs)
    return f"| {way} | {statistics.median(took):.3f} | {max(took):.3f} | {good:.0f} of {EACH} |"


def main() -> None:
    """Run the comparison, or one process of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fresh", type=int, default=5)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--prefix", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        names = [f"{options.prefix}:{kind}{index:04d}" for index in range(EACH) for kind in ("NOPE", "QUICK")]
        # pyepics has put its own complaints on the lines before.
        sys.stdout.write("\n" + json.dumps(measure(options.way, names)))
        return
    from ioc import loopback_variables, pva_loopback_variables
    from soft_ioc import SoftIoc

    with tempfile.TemporaryDirectory() as folder:
        ioc = SoftIoc(Path(folder), many=0, quick=EACH, has_pva=True)
        ioc.start()
        try:
            os.environ.update(loopback_variables(ioc.port) | pva_loopback_variables(ioc.pva_port))
            lines = [
                f"| {EACH} missing and {EACH} good channels, deadline {DEADLINE_S:g} s, cold | s | worst, s | good |",
                "|---|---|---|---|",
                *(row(way, ioc.prefix, options.fresh) for way in WAYS),
            ]
            sys.stdout.write("\n".join(lines) + "\n")
        finally:
            ioc.stop()


if __name__ == "__main__":
    main()
