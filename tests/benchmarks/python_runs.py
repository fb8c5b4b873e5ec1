"""Runs of a NumPy script in the sandbox, warm and cold, beside the same script as a plain process. Prints a table."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio

from osprey.project import open_project
from osprey.services.python_executor import RunJob, RunMode, runner_of

ROUNDS = 25
AT_ONCE = 100
SCRIPT = "import numpy as np\nresults = {'sum': float(np.arange(1000.0).sum())}\n"
WARM = "{}\n"
COLD = "execution: {local: {keep_warm_s: 0}}\n"

_KERNEL = """
import sys, numpy
for line in sys.stdin:
    space = {}
    exec(line.rstrip().encode().decode("unicode_escape"), space)
    print(space["results"], flush=True)
"""
"""A warm kernel that isolates nothing and shares everything: the least that such a thing costs."""


async def main() -> None:
    """Run each in turn, after one run of each that is not counted; then a hundred at once."""
    with tempfile.TemporaryDirectory() as name:
        folders = {text: Path(name, kind) for kind, text in (("warm", WARM), ("cold", COLD))}
        for text, folder in folders.items():
            folder.mkdir()
            (folder / "config.yml").write_text(text, encoding="utf-8")
        script = Path(name, "script.py")
        script.write_text(SCRIPT, encoding="utf-8")
        async with open_project(folders[WARM]) as warm, open_project(folders[COLD]) as cold:
            with subprocess.Popen(
                [sys.executable, "-c", _KERNEL], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            ) as kernel:
                times = await measure(
                    {
                        "`python script.py`": lambda: plain(script),
                        "warm kernel, unisolated": lambda: in_kernel(kernel),
                        "in the sandbox, cold": lambda: one(cold),
                        "in the sandbox, warm": lambda: one(warm),
                    }
                )
                kernel.terminate()
            tier = (await runner_of(warm).tier()).name
            seconds = await many(warm)
    show(times, tier, seconds)


async def measure(ways: dict[str, Callable[[], Awaitable[None]]]) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(ROUNDS + 1):
        for name, way in ways.items():
            started = time.perf_counter()
            await way()
            if number:
                times[name].append((time.perf_counter() - started) * 1e3)
    return times


async def plain(script: Path) -> None:
    subprocess.run([sys.executable, str(script)], check=True)


async def in_kernel(kernel: subprocess.Popen[str]) -> None:
    assert kernel.stdin is not None
    assert kernel.stdout is not None
    kernel.stdin.write(SCRIPT.encode("unicode_escape").decode() + "\n")
    kernel.stdin.flush()
    assert "499500" in kernel.stdout.readline()


async def one(project: object) -> None:
    outcome = await runner_of(project).run(RunJob(code=SCRIPT, mode=RunMode.NONE))  # pyright: ignore[reportArgumentType]
    assert outcome.results == {"sum": 499500.0}, outcome


async def many(project: object) -> float:
    started = time.perf_counter()
    async with anyio.create_task_group() as tasks:
        for _ in range(AT_ONCE):
            tasks.start_soon(one, project)
    return time.perf_counter() - started


def show(times: dict[str, list[float]], tier: str, seconds: float) -> None:
    base = statistics.median(next(iter(times.values())))
    print(f"Tier: {tier}; results are handed over and checked.\n")
    print(f"| what | p50 of {ROUNDS}, ms | p90, ms | × python |\n|---|---|---|---|")
    for name, taken in times.items():
        middle = statistics.median(taken)
        print(f"| {name} | {middle:.1f} | {statistics.quantiles(taken, n=10)[-1]:.1f} | {middle / base:.2f} |")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"\n{AT_ONCE} runs at once: all done in {seconds:.1f} s; peak memory of the service {peak} MiB.")


if __name__ == "__main__":
    anyio.run(main)
