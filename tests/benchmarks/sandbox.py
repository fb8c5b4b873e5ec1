"""A cold sandboxed run of a NumPy script, beside the same script as a plain process. Prints a table."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import anyio

from osprey.project import open_project
from osprey.services.python_executor import RunJob, RunMode, runner_of

ROUNDS = 9
SCRIPT = "import numpy as np\nresults = {'sum': float(np.arange(1000.0).sum())}\n"


async def main() -> None:
    """Run both in turn, after one run of each that is not counted."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        script = folder / "script.py"
        script.write_text(SCRIPT, encoding="utf-8")
        async with open_project(folder) as project:
            runner = runner_of(project)
            ours: list[float] = []
            plain: list[float] = []
            for number in range(ROUNDS + 1):
                started = time.perf_counter()
                outcome = await runner.run(RunJob(code=SCRIPT, mode=RunMode.DRY))
                ended = time.perf_counter()
                assert outcome.results == {"sum": 499500.0}, outcome
                subprocess.run([sys.executable, str(script)], check=True)
                if number:
                    ours.append((ended - started) * 1e3)
                    plain.append((time.perf_counter() - ended) * 1e3)
            tier = outcome.tier
    print("| what | wall, median of 9, ms | ratio |\n|---|---|---|")
    print(f"| `python script.py` | {statistics.median(plain):.0f} | 1.0 |")
    ratio = statistics.median(ours) / statistics.median(plain)
    print(f"| in the sandbox ({tier}), cold, results handed over | {statistics.median(ours):.0f} | {ratio:.2f} |")


if __name__ == "__main__":
    anyio.run(main)
