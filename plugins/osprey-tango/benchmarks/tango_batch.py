"""Compare the connector with pytango's own ways, against a real Tango database and device server on the loopback.

    python plugins/osprey-tango/benchmarks/tango_batch.py [--rounds 15] [--fresh 5]

Prints Markdown tables. Cold is a fresh process: making the proxies and one read of 1000 attributes; the median of
as many processes. Warm and write are medians of rounds in one process, in which the ways take turns, so that a
noisy moment hits all of them. Clients and server share the machine: read ratios.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "peers"))

COUNT = 1000
TIMEOUT_S = 30.0
OSPREY = "osprey"
RAW = "one raw `read_attributes` a device"
SERIAL = "pytango, one by one"
GROUP = "pytango `Group`"
READS = (OSPREY, RAW, SERIAL, GROUP)

Figures = dict[str, dict[str, float]]
Action = Callable[[], Awaitable[None]]


def require(is_good: bool) -> None:
    """Stop rather than measure something that did not work."""
    if not is_good:
        msg = "a way failed: there is nothing to compare"
        raise RuntimeError(msg)


def parts_of(devices: int) -> dict[str, list[str]]:
    """Give the attributes of each device."""
    each = COUNT // devices
    return {f"bench/dev/{number}": [f"a{index:04d}" for index in range(each)] for number in range(devices)}


async def osprey_ways(host: str, devices: int) -> dict[str, Action]:
    """Read with time, quality, unit and set value; write with each one's outcome."""
    from osprey.api import ConnectContext, DType, Put, Reading
    from osprey_tango.connector import TangoConnector
    from osprey_tango.settings import TangoSettings

    names = [f"{device}/{part}" for device, parts in parts_of(devices).items() for part in parts]
    puts = [Put(channel=name, value=5.0, dtype=DType.FLOAT) for name in names]
    context = ConnectContext(target="bench", settings=TangoSettings(host=host), state_dir=Path())
    connector = await TangoConnector.connect(context)

    async def read() -> None:
        results = await connector.read(names, timeout_s=TIMEOUT_S)
        require(type(results[0]) is Reading and type(results[-1]) is Reading)

    async def write() -> None:
        results = await connector.write(puts, timeout_s=TIMEOUT_S)
        require(all(result.error is None for result in results))

    return {"read": read, "write": write}


async def raw_ways(host: str, devices: int) -> dict[str, Action]:
    """Read and write all attributes of a device in one call, one device after the other."""
    import tango

    parts = parts_of(devices)
    proxies = {device: tango.DeviceProxy(f"tango://{host}/{device}") for device in parts}
    infos: dict[str, Any] = {}

    async def read() -> None:
        for device, names in parts.items():
            answers = proxies[device].read_attributes(names)
            require(answers[0].value is not None)

    async def write() -> None:
        for device, names in parts.items():
            if device not in infos:
                infos[device] = proxies[device].get_attribute_config_ex(names)
            proxies[device].write_attributes([(info, 5.0) for info in infos[device]])

    return {"read": read, "write": write}


async def serial_ways(host: str, devices: int) -> dict[str, Action]:
    """Read and write one attribute after the other."""
    import tango

    parts = parts_of(devices)
    proxies = {device: tango.DeviceProxy(f"tango://{host}/{device}") for device in parts}

    async def read() -> None:
        for device, names in parts.items():
            for name in names:
                proxies[device].read_attribute(name)

    async def write() -> None:
        for device, names in parts.items():
            for name in names:
                proxies[device].write_attribute(name, 5.0)

    return {"read": read, "write": write}


async def group_ways(host: str, devices: int) -> dict[str, Action]:
    """Read the same attributes of all devices at once."""
    import tango

    parts = parts_of(devices)
    group = tango.Group("bench")
    group.add([f"tango://{host}/{device}" for device in parts])
    names = next(iter(parts.values()))

    async def read() -> None:
        replies = group.read_attributes(names)
        require(len(replies) == COUNT and not replies[0].has_failed())
        require(all(reply.get_data().value is not None for reply in replies))

    return {"read": read}


MAKERS = {OSPREY: osprey_ways, RAW: raw_ways, SERIAL: serial_ways, GROUP: group_ways}


async def milliseconds(action: Action) -> float:
    """Time one call."""
    start = time.perf_counter()
    await action()
    return (time.perf_counter() - start) * 1e3


async def measure_warm(host: str, devices: int, rounds: int) -> Figures:
    """Let the ways take turns; give each one's median, and the median of its ratios to the raw call of its round."""
    ways = {name: await make(host, devices) for name, make in MAKERS.items()}
    figures: Figures = {name: {} for name in ways}
    for what in ("read", "write"):
        times: dict[str, list[float]] = {name: [] for name in ways if what in ways[name]}
        for number in range(rounds + 1):
            turns = list(times)
            turn = number % len(turns)
            for name in turns[turn:] + turns[:turn]:  # nobody always comes after the same one
                took = await milliseconds(ways[name][what])
                if number:  # the first is not warm
                    times[name].append(took)
        for name, taken in times.items():
            figures[name][what] = statistics.median(taken)
            ratios = [one / raw for one, raw in zip(taken, times[RAW], strict=True)]
            figures[name][f"{what} ratio"] = statistics.median(ratios)
    return figures


async def measure_cold(host: str, devices: int, way: str) -> float:
    """Time the first read of this process, connecting included."""
    start = time.perf_counter()
    ways = await MAKERS[way](host, devices)
    await ways["read"]()
    return (time.perf_counter() - start) * 1e3


def measure_apart(*arguments: str) -> Any:
    """Measure in a process of its own."""
    done = subprocess.run([sys.executable, __file__, *arguments], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def measure(host: str, devices: int, rounds: int, fresh: int) -> Figures:
    """Measure all ways."""
    where = ["--host", host, "--devices", str(devices), "--rounds", str(rounds)]
    figures: Figures = measure_apart(*where)
    for way in READS:
        cold = [measure_apart(*where, "--way", way) for _ in range(fresh)]
        figures[way]["cold"] = statistics.median(cold)
    return figures


def table(figures: Figures, devices: int) -> str:
    """Render the medians, with their ratios to the raw call."""
    raw = figures[RAW]
    title = f"{COUNT} attributes of {devices} device{'s' if devices > 1 else ''}, ms (ratio)"
    lines = [f"| {title} | cold | read | write |", "|---|---|---|---|"]
    for way in READS:
        own = figures[way]
        cold = f"{own['cold']:.1f} ({own['cold'] / raw['cold']:.2f}x)"
        cells = [f"{own[what]:.1f} ({own[f'{what} ratio']:.2f}x)" if what in own else "" for what in ("read", "write")]
        lines.append(f"| {way} | {cold} | {cells[0]} | {cells[1]} |")
    return "\n".join(lines)


def run_here(options: argparse.Namespace) -> None:
    """Measure in this process what the parent asked for."""
    import anyio

    if options.way:
        import osprey.control  # noqa: F401 - the libraries are loaded before the clock starts, for every way
        import osprey_tango.connector  # noqa: F401

        sys.stdout.write(json.dumps(anyio.run(measure_cold, options.host, options.devices, options.way)))
    else:
        sys.stdout.write(json.dumps(anyio.run(measure_warm, options.host, options.devices, options.rounds)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--fresh", type=int, default=5)
    parser.add_argument("--host", help=argparse.SUPPRESS)
    parser.add_argument("--devices", type=int, default=1, help=argparse.SUPPRESS)
    parser.add_argument("--way", choices=READS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.host:
        run_here(options)
        return
    from tango_peer import TangoPeer

    with tempfile.TemporaryDirectory() as folder:
        system = TangoPeer(Path(folder), counts_puts=False)
        try:
            system.start()
            tables: list[str] = []
            for devices in (1, 10):
                server = system.serve(
                    "bench", {name: {"many": len(parts)} for name, parts in parts_of(devices).items()}
                )
                tables.append(table(measure(system.host, devices, options.rounds, options.fresh), devices))
                server.kill()
            sys.stdout.write("\n\n".join(tables) + "\n")
        finally:
            system.stop()


if __name__ == "__main__":
    main()
