"""Compare the connectors with pyepics, aioca and p4p, each in its best batched way, against one real soft IOC.

    python plugins/osprey-epics/benchmarks/ca_batch.py [--rounds 7] [--fresh 5]

Prints a Markdown table. Cold is a fresh process: connecting and one read of 1000 channels; the median of as
many processes. Warm is the median of rounds in one process. Client and IOC share the machine, so read ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from osprey.control import Connector

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "peers"))

COUNT = 1000
TIMEOUT_S = 30.0
WAYS = ("osprey", "pyepics get_with_metadata", "pyepics caget_many", "aioca", "osprey, PV Access", "p4p")

Figures = dict[str, float]


def require(is_good: bool) -> None:
    """Stop rather than measure something that did not work."""
    if not is_good:
        msg = "a way failed: there is nothing to compare"
        raise RuntimeError(msg)


def milliseconds(action: Callable[[], object]) -> float:
    """Time one call."""
    start = time.perf_counter()
    action()
    return (time.perf_counter() - start) * 1e3


def warm(action: Callable[[], object], rounds: int) -> float:
    """Give the median of several calls."""
    return statistics.median(milliseconds(action) for _ in range(rounds))


async def warm_async(action: Callable[[], Awaitable[object]], rounds: int) -> float:
    """Give the median of several awaited calls."""
    times: list[float] = []
    for _ in range(rounds):
        start = time.perf_counter()
        await action()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times)


async def measure_channel_access(names: list[str], rounds: int) -> Figures:
    """Measure the connector of Channel Access."""
    from osprey_epics.connector import EpicsConnector

    return await measure_osprey(EpicsConnector, names, rounds)


async def measure_pv_access(names: list[str], rounds: int) -> Figures:
    """Measure the connector of PV Access."""
    from osprey_epics.pva.connector import EpicsPvaConnector

    return await measure_osprey(EpicsPvaConnector, names, rounds)


async def measure_osprey(kind: type[Connector], names: list[str], rounds: int) -> Figures:
    """Read with time, severity and unit; write with completion status, and read back fresh."""
    from osprey.control import ConnectContext, DType, Put, Reading

    context = ConnectContext(target="bench", settings={}, state_dir=Path())
    start = time.perf_counter()
    connector = await kind.connect(context)

    async def read() -> None:
        results = await connector.read(names, timeout_s=TIMEOUT_S)
        require(all(isinstance(result, Reading) for result in results))

    await read()
    cold = (time.perf_counter() - start) * 1e3

    async def write() -> None:
        puts = [Put(channel=name, value=5.0, dtype=DType.FLOAT) for name in names]
        results = await connector.write(puts, timeout_s=TIMEOUT_S)
        require(all(result.error is None for result in results))

    async def write_and_read_back() -> None:
        await write()
        await read()

    figures = {
        "cold": cold,
        "warm": await warm_async(read, rounds),
        "write": await warm_async(write, rounds),
        "write and read back": await warm_async(write_and_read_back, rounds),
    }
    await connector.aclose()
    return figures


def measure_pyepics_metadata(names: list[str], rounds: int) -> Figures:
    """Connect all first, then issue all gets before the first is awaited: pyepics' best with time and severity."""
    import epics
    from epics import ca

    start = time.perf_counter()
    channels = [epics.PV(name, auto_monitor=False, connection_timeout=TIMEOUT_S) for name in names]
    for channel in channels:
        channel.wait_for_connection(timeout=TIMEOUT_S)

    types = [ca.promote_type(channel.chid, use_time=True) for channel in channels]

    def read() -> None:
        for channel, ftype in zip(channels, types, strict=True):
            ca.get_with_metadata(channel.chid, ftype=ftype, wait=False)
        for channel, ftype in zip(channels, types, strict=True):
            result = ca.get_complete_with_metadata(channel.chid, ftype=ftype, timeout=TIMEOUT_S)
            require(result is not None and "severity" in result)

    read()
    cold = (time.perf_counter() - start) * 1e3

    def write() -> None:
        left = [len(channels)]
        done = threading.Event()

        def complete(**_: Any) -> None:
            left[0] -= 1
            if left[0] == 0:
                done.set()

        for channel in channels:
            channel.put(5.0, callback=complete)
        ca.flush_io()
        require(done.wait(TIMEOUT_S))

    def write_and_read_back() -> None:
        write()
        read()

    return {
        "cold": cold,
        "warm": warm(read, rounds),
        "write": warm(write, rounds),
        "write and read back": warm(write_and_read_back, rounds),
    }


def measure_pyepics_caget_many(names: list[str], rounds: int) -> Figures:
    """Read values only: no time, no severity."""
    import epics

    def read() -> None:
        values = epics.caget_many(names, timeout=TIMEOUT_S, connection_timeout=TIMEOUT_S)
        require(None not in values)

    return {"cold": milliseconds(read), "warm": warm(read, rounds)}


async def measure_aioca(names: list[str], rounds: int) -> Figures:
    """Read with time and severity; write and wait for completion, which aioca reports as an exception or none."""
    from aioca import FORMAT_TIME, caget, caput

    async def read() -> None:
        values = await caget(names, format=FORMAT_TIME, timeout=TIMEOUT_S)
        require(all(value.ok for value in values))

    async def write() -> None:
        results = await caput(names, [5.0] * len(names), wait=True, timeout=TIMEOUT_S)
        require(all(result.ok for result in results))

    async def write_and_read_back() -> None:
        await write()
        await read()

    start = time.perf_counter()
    await read()
    return {
        "cold": (time.perf_counter() - start) * 1e3,
        "warm": await warm_async(read, rounds),
        "write": await warm_async(write, rounds),
        "write and read back": await warm_async(write_and_read_back, rounds),
    }


def measure_p4p(names: list[str], rounds: int) -> Figures:
    """Read whole structures through PV Access; write and wait for completion."""
    from p4p.client.thread import Context

    start = time.perf_counter()
    context = Context("pva")

    def read() -> None:
        values = context.get(names, timeout=TIMEOUT_S)
        require(all(value.severity is not None for value in values))

    read()
    cold = (time.perf_counter() - start) * 1e3

    def write() -> None:
        results = context.put(names, [5.0] * len(names), wait=True, timeout=TIMEOUT_S)
        require(all(result is None for result in results))

    def write_and_read_back() -> None:
        write()
        read()

    figures = {
        "cold": cold,
        "warm": warm(read, rounds),
        "write": warm(write, rounds),
        "write and read back": warm(write_and_read_back, rounds),
    }
    context.close()
    return figures


def measure(way: str, names: list[str], rounds: int) -> Figures:
    """Measure one way in this process."""
    looped = {
        "osprey": measure_channel_access,
        "osprey, PV Access": measure_pv_access,
        "aioca": measure_aioca,
    }
    if way in looped:
        import anyio

        return anyio.run(looped[way], names, rounds)
    blocking = {
        "pyepics get_with_metadata": measure_pyepics_metadata,
        "pyepics caget_many": measure_pyepics_caget_many,
        "p4p": measure_p4p,
    }
    return blocking[way](names, rounds)


def measure_apart(way: str, prefix: str, rounds: int, fresh: int) -> Figures:
    """Measure one way in processes of its own, and give the medians over them."""
    command = [sys.executable, __file__, "--way", way, "--prefix", prefix, "--rounds", str(rounds)]
    runs: list[Figures] = [
        json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout) for _ in range(fresh)
    ]
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def table(figures: dict[str, Figures]) -> str:
    """Render the medians, with each way's ratio to the connector."""
    columns = ("cold", "warm", "write", "write and read back")
    lines = [
        f"| {COUNT} channels, ms (ratio) | " + " | ".join(columns) + " |",
        "|---" * (len(columns) + 1) + "|",
    ]
    ours = figures[WAYS[0]]
    for way, values in figures.items():
        cells = (f"{values[c]:.1f} ({values[c] / ours[c]:.1f}x)" if c in values else "" for c in columns)
        lines.append(f"| {way} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--fresh", type=int, default=5)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--prefix", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        names = [f"{options.prefix}:QUICK{index:04d}" for index in range(COUNT)]
        sys.stdout.write(json.dumps(measure(options.way, names, options.rounds)))
        return
    from ioc import loopback_variables, pva_loopback_variables
    from soft_ioc import SoftIoc

    with tempfile.TemporaryDirectory() as folder:
        ioc = SoftIoc(Path(folder), many=0, quick=COUNT, has_pva=True)
        ioc.start()
        try:
            os.environ.update(loopback_variables(ioc.port) | pva_loopback_variables(ioc.pva_port))
            sys.stdout.write(
                table({way: measure_apart(way, ioc.prefix, options.rounds, options.fresh) for way in WAYS}) + "\n"
            )
        finally:
            ioc.stop()


if __name__ == "__main__":
    main()
