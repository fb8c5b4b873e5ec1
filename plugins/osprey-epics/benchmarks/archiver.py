"""Compare the Archiver Appliance's client with orjson and NumPy alone, against a stub server on the loopback.

    python plugins/osprey-epics/benchmarks/archiver.py [--rounds 9]

Prints a Markdown table: 100,000 samples of one channel from the question to arrays, the median of rounds that take
turns. The stub keeps its answers ready, so little of its own time is in the figures. "Alone" is httpx, orjson, and
three NumPy columns, with nothing checked; the standard library's `json` stands beside it, as in older clients.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import httpx
import numpy as np
import orjson

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "peers"))

COUNT = 100_000
Way = Callable[[], Awaitable[int]]


def columns(parts: Any) -> int:
    """Make three columns of a parsed answer, the shortest way."""
    data = parts[0]["data"]
    seconds = np.array([sample["secs"] for sample in data], dtype=np.int64)
    times_ns = seconds * 1_000_000_000 + np.array([sample["nanos"] for sample in data], dtype=np.int64)
    values = np.array([sample["val"] for sample in data], dtype=np.float64)
    severities = np.array([sample["severity"] for sample in data], dtype=np.int8)
    return min(len(times_ns), len(values), len(severities))


async def measure(url: str, rounds: int) -> dict[str, float]:
    """Give the medians of all ways, in ms."""
    from appliance_store import BEGIN

    from osprey.api import ArchiveSpan, ConnectContext
    from osprey_epics.archiver_appliance.archiver import ApplianceArchiver
    from osprey_epics.archiver_appliance.questions import bounds
    from osprey_epics.archiver_appliance.settings import ApplianceSettings, Format

    span = ArchiveSpan(start_ns=BEGIN * 10**9, end_ns=(BEGIN + COUNT // 10) * 10**9, max_points=COUNT)
    context = {
        form: ConnectContext(target="bench", settings=ApplianceSettings(url=url, format=form), state_dir=Path())
        for form in Format
    }
    archivers = {form: await ApplianceArchiver.connect(context[form]) for form in Format}
    client = httpx.AsyncClient(trust_env=False)

    def osprey(form: Format) -> Way:
        async def fetch() -> int:
            (series,) = await archivers[form].fetch(["SR:BIG"], span, timeout_s=60)
            return len(series.values)

        return fetch

    def alone(parse: Callable[[bytes], Any]) -> Way:
        async def fetch() -> int:
            query = {"pv": "SR:BIG", **bounds(span)}
            answer = await client.get(f"{url}/retrieval/data/getData.json", params=query)
            return columns(parse(answer.content))

        return fetch

    ways = {
        "orjson and NumPy alone": alone(orjson.loads),
        "this archiver, JSON": osprey(Format.JSON),
        "this archiver, raw format": osprey(Format.RAW),
        "the standard library's json": alone(json.loads),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            start = time.perf_counter()
            count = await way()
            if count != COUNT:
                msg = f"{name} gave {count} samples: there is nothing to compare"
                raise RuntimeError(msg)
            if number:  # the first one fills the server's and the client's caches
                times[name].append((time.perf_counter() - start) * 1e3)
    for archiver in archivers.values():
        await archiver.aclose()
    await client.aclose()
    return {name: statistics.median(found) for name, found in times.items()}


def table(figures: dict[str, float]) -> str:
    """Render the medians, with each way's ratio to the first."""
    base = next(iter(figures.values()))
    lines = [f"| {COUNT} samples | ms | ratio |", "|---|---|---|"]
    lines += [f"| {name} | {value:.0f} | {value / base:.2f} |" for name, value in figures.items()]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    from appliance import Appliance

    server = Appliance(big=COUNT)
    server.start()
    try:
        sys.stdout.write(table(anyio.run(measure, server.url, options.rounds)) + "\n")
    finally:
        server.stop()


if __name__ == "__main__":
    main()
