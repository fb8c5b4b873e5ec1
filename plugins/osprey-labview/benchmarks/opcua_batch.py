"""Compare the connector with one raw ReadRequest of asyncua and with its other ways, against an asyncua server.

    python plugins/osprey-labview/benchmarks/opcua_batch.py [--rounds 15] [--fresh 5]

Prints a Markdown table. Cold is a fresh process: connecting and one read of 1000 nodes. Warm is the median of rounds
that take turns in one process, so that a busy moment of the machine meets every way. Client and server share the
machine, so read ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "peers"))

COUNT = 1000
TIMEOUT_S = 30.0
OSPREY, RAW = "osprey-labview", "one raw ReadRequest"
VALUES, GATHER = "asyncua `read_values`", "asyncua `gather`"
MEANING = {
    OSPREY: "status, time, unit, type",
    RAW: "status, time",
    VALUES: "value only",
    GATHER: "value only",
}
WRITE, WRITE_BACK = "write", "write and read back"

Action = Callable[[], Awaitable[object]]
Figures = dict[str, dict[str, float]]


def require(is_good: bool) -> None:
    """Stop rather than measure something that did not work."""
    if not is_good:
        msg = "a way failed: there is nothing to compare"
        raise RuntimeError(msg)


async def osprey_ways(url: str, names: list[str]) -> dict[str, Action]:
    """Give the connector's read, write, and write with read-back; it is connected and has read once."""
    from osprey.api import ConnectContext, DType, Put, Reading
    from osprey_labview.connector import LabviewConnector
    from osprey_labview.settings import LabviewSettings

    context = ConnectContext(target="bench", settings=LabviewSettings(url=url), state_dir=Path())
    connector = await LabviewConnector.connect(context)

    async def read() -> None:
        results = await connector.read(names, timeout_s=TIMEOUT_S)
        require(all(isinstance(result, Reading) and result.source_ns for result in results))

    puts = [Put(channel=name, value=5.0, dtype=DType.FLOAT) for name in names]

    async def write() -> None:
        results = await connector.write(puts, timeout_s=TIMEOUT_S)
        require(all(result.error is None for result in results))

    async def write_back() -> None:
        await write()
        await read()

    return {"read": read, WRITE: write, WRITE_BACK: write_back, "close": connector.aclose}


async def raw_ways(url: str, names: list[str]) -> dict[str, Action]:
    """Give asyncua's own ways; it is connected."""
    from asyncua import Client, ua

    client = Client(url)
    await client.connect()
    index = await client.get_namespace_index(names[0].removeprefix("nsu=").partition(";")[0])
    ids = [ua.NodeId(name.partition(";s=")[2], index) for name in names]
    nodes = [client.get_node(one) for one in ids]

    async def raw() -> None:
        parameters = ua.ReadParameters(TimestampsToReturn=ua.TimestampsToReturn.Source)
        for one in ids:
            parameters.NodesToRead.append(ua.ReadValueId(NodeId=one, AttributeId=ua.AttributeIds.Value))
        results = await client.uaclient.read(parameters)
        require(all(result.StatusCode.is_good() and result.SourceTimestamp for result in results))

    async def values() -> None:
        require(None not in await client.read_values(nodes))

    async def gather() -> None:
        await asyncio.gather(*(node.read_value() for node in nodes))

    async def write() -> None:
        parameters = ua.WriteParameters()
        for one in ids:
            data = ua.DataValue(ua.Variant(5.0, ua.VariantType.Double), StatusCode=None)
            parameters.NodesToWrite.append(ua.WriteValue(NodeId=one, AttributeId=ua.AttributeIds.Value, Value=data))
        results = await client.uaclient.write(parameters)
        require(all(result.is_good() for result in results))

    async def write_back() -> None:
        await write()
        await raw()

    return {RAW: raw, VALUES: values, GATHER: gather, WRITE: write, WRITE_BACK: write_back, "close": client.disconnect}


async def timed(action: Action) -> float:
    """Give the milliseconds that one call takes."""
    start = time.perf_counter()
    await action()
    return (time.perf_counter() - start) * 1e3


async def measure_warm(url: str, names: list[str], rounds: int) -> Figures:
    """Give the medians of each way, warm."""
    ours, theirs = await osprey_ways(url, names), await raw_ways(url, names)
    turns: dict[tuple[str, str], Action] = {
        (OSPREY, "warm"): ours["read"],
        (RAW, "warm"): theirs[RAW],
        (VALUES, "warm"): theirs[VALUES],
        (GATHER, "warm"): theirs[GATHER],
        (OSPREY, WRITE): ours[WRITE],
        (RAW, WRITE): theirs[WRITE],
        (OSPREY, WRITE_BACK): ours[WRITE_BACK],
        (RAW, WRITE_BACK): theirs[WRITE_BACK],
    }
    times: dict[tuple[str, str], list[float]] = {key: [] for key in turns}
    await theirs[WRITE]()  # the values get a source time stamp
    for action in turns.values():
        await action()
    for _ in range(rounds):
        for key, action in turns.items():
            times[key].append(await timed(action))
    await ours["close"]()
    await theirs["close"]()
    figures: Figures = {way: {} for way in MEANING}
    for (way, column), found in times.items():
        figures[way][column] = statistics.median(found)
    return figures


async def measure_cold(way: str, url: str, names: list[str]) -> float:
    """Give the milliseconds of connecting and one read, in a fresh process."""
    start = time.perf_counter()
    ways = await (osprey_ways if way == OSPREY else raw_ways)(url, names)
    await ways["read" if way == OSPREY else RAW]()
    cold = (time.perf_counter() - start) * 1e3
    await ways["close"]()
    return cold


def cold_apart(way: str, url: str, fresh: int) -> float:
    """Give the median over processes."""
    command = [sys.executable, __file__, "--cold", way, "--url", url]
    runs = [json.loads(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(fresh)]
    return statistics.median(runs)


def table(figures: Figures) -> str:
    """Render the medians, with each way's ratio to the raw request."""
    columns = ("warm", "cold", WRITE, WRITE_BACK)
    lines = [f"| {COUNT} nodes, ms (ratio to raw) | gives | {' | '.join(columns)} |", "|---" * (len(columns) + 2) + "|"]
    for way, values in figures.items():
        cells = (
            f"{values[c]:.1f} ({values[c] / figures[RAW][c]:.2f}x)" if c in values and c in figures[RAW] else ""
            for c in columns
        )
        lines.append(f"| {way} | {MEANING[way]} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--fresh", type=int, default=5)
    parser.add_argument("--cold", help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    options = parser.parse_args()
    from opcua_server import URI, OpcUaServer

    names = [f"nsu={URI};s=AO{place:04d}" for place in range(COUNT)]
    if options.cold:
        sys.stdout.write(json.dumps(asyncio.run(measure_cold(options.cold, options.url, names))))
        return
    with tempfile.TemporaryDirectory() as folder:
        server = OpcUaServer(Path(folder), many=COUNT, described=True, puts="")
        server.start()
        try:
            figures = asyncio.run(measure_warm(server.url, names, options.rounds))
            for way in (OSPREY, RAW):
                figures[way]["cold"] = cold_apart(way, server.url, options.fresh)
        finally:
            server.stop()
    sys.stdout.write(table(figures) + "\n")


if __name__ == "__main__":
    main()
