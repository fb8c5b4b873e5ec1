"""Compare writes through the guard with the bare connector, against a real soft IOC on the loopback.

    python plugins/osprey-epics/benchmarks/guarded.py [--rounds 7] [--fresh 5]

Prints a Markdown table. *Raw* is the connector alone: put with completion status, then a fresh read-back. *Guarded*
is `Guard.apply` of a request that was approved before: judged again on fresh values, limits, ledger, audit, put,
read-back. *Commits* are two durable commits (WAL, full sync) of another SQLite file in the same folder. Each is the
median of rounds that take turns in one process, and then of as many fresh processes.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "peers"))

if TYPE_CHECKING:
    from osprey.control import ApplyRequest, Connector
    from osprey.project import Project

SIZES = (1, 1000)
TIMEOUT_S = 30.0

Figures = dict[str, float]

CONFIG = """
control_system:
  default_target: bench
  targets:
    bench:
      connector: epics
      posture: approval
      writes_enabled: true
      read_timeout_s: 30
      write_timeout_s: 30
      limits: {{file: limits.yml}}
      settings: {{address: 127.0.0.1, port: {port}}}
"""
LIMITS = """
defaults: {tolerance_absolute: 0.001}
channels:
  "*QUICK*": {min: -50, max: 50, max_step: 100}
"""


async def milliseconds(action: Callable[[], Awaitable[object]]) -> float:
    """Time one awaited call."""
    start = time.perf_counter()
    await action()
    return (time.perf_counter() - start) * 1e3


def two_commits(database: sqlite3.Connection) -> float:
    """Time two durable commits of one row each."""
    start = time.perf_counter()
    for _ in range(2):
        database.execute("BEGIN IMMEDIATE")
        database.execute("INSERT INTO rows VALUES (hex(randomblob(500)))")
        database.execute("COMMIT")
    return (time.perf_counter() - start) * 1e3


def open_beside(folder: Path) -> sqlite3.Connection:
    """Open a database of its own with the settings of the journal's."""
    database = sqlite3.connect(folder / "beside.db", isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE IF NOT EXISTS rows (text TEXT)")
    return database


async def write_raw(connector: Connector, names: list[str], value: float) -> None:
    """Put with completion status, and read back fresh."""
    from osprey.control import DType, Put, Reading

    done = await connector.write([Put(channel=n, value=value, dtype=DType.FLOAT) for n in names], timeout_s=TIMEOUT_S)
    read = await connector.read(names, timeout_s=TIMEOUT_S)
    is_good = all(one.error is None for one in done) and all(isinstance(r, Reading) and r.value == value for r in read)
    if not is_good:
        msg = "the bare connector failed: there is nothing to compare"
        raise RuntimeError(msg)


async def approve(project: Project, names: list[str], value: float, key: str) -> ApplyRequest:
    """Have a request judged, filed and approved."""
    from osprey.approval import current_actor, file_write_request
    from osprey.control import ApplyRequest, JudgeRequest, WriteBatch, WriteItem, guard_of
    from osprey.journal import journal_of

    actor = current_actor()
    batch = WriteBatch(target="bench", groups=(tuple(WriteItem(channel=name, value=value) for name in names),))
    judgement = await guard_of(project).judge(JudgeRequest(batch=batch, actor=actor))
    filed = {"kind": "channel_write", "title": key, "thread": "bench", "key": key}
    row = await file_write_request(project, judgement, actor=actor, **filed)
    await journal_of(project).requests.approve(row.id, row.sha256, actor)
    return ApplyRequest(request_id=row.id, sha256=row.sha256, actor=actor)


async def measure(folder: Path, prefix: str, rounds: int) -> Figures:
    """Measure both sizes in this process."""
    from osprey.control import guard_of, targets_of
    from osprey.project import open_project

    times: dict[str, list[float]] = {}
    database = open_beside(folder)
    async with open_project(folder) as project:
        target = await targets_of(project).get()
        for size in SIZES:
            names = [f"{prefix}:QUICK{index:04d}" for index in range(size)]
            for number in range(rounds + 1):
                request = await approve(project, names, 1.0 + number, f"{os.getpid()}/{size}/{number}")

                async def guarded(request: ApplyRequest = request) -> None:
                    report = await guard_of(project).apply(request)
                    if report.status != "done":
                        raise RuntimeError(report.reason)

                took = {
                    f"guarded {size}": await milliseconds(guarded),
                    f"raw {size}": await milliseconds(partial(write_raw, target.connector, names, -3.0)),
                    f"commits {size}": two_commits(database),
                }
                if number:  # the first round connects
                    for key, value in took.items():
                        times.setdefault(key, []).append(value)
    return {key: statistics.median(values) for key, values in times.items()}


def measure_apart(folder: Path, prefix: str, rounds: int, fresh: int) -> Figures:
    """Measure in fresh processes, and give the medians over them."""
    command = [sys.executable, __file__, "--folder", str(folder), "--prefix", prefix, "--rounds", str(rounds)]
    runs: list[Figures] = [
        json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout) for _ in range(fresh)
    ]
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def table(figures: Figures) -> str:
    """Render the medians."""
    lines = [
        "| writes in one group, ms | raw, with read-back | two commits | guarded | guarded / raw | beyond both |",
        "|---|---|---|---|---|---|",
    ]
    for size in SIZES:
        raw, commits, guarded = (figures[f"{what} {size}"] for what in ("raw", "commits", "guarded"))
        beyond = guarded - raw - commits
        lines.append(f"| {size} | {raw:.2f} | {commits:.2f} | {guarded:.2f} | {guarded / raw:.2f} | {beyond:.2f} |")
    return "\n".join(lines)


def main() -> None:
    """Run the comparison, or one process of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--fresh", type=int, default=5)
    parser.add_argument("--prefix", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.folder:
        import anyio

        sys.stdout.write(json.dumps(anyio.run(measure, options.folder, options.prefix, options.rounds)))
        return
    from ioc import loopback_variables
    from soft_ioc import SoftIoc

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ioc = SoftIoc(folder, many=0, quick=max(SIZES))
        ioc.start()
        try:
            os.environ.update(loopback_variables(ioc.port))
            (folder / "config.yml").write_text(CONFIG.format(port=ioc.port), encoding="utf-8")
            (folder / "limits.yml").write_text(LIMITS, encoding="utf-8")
            sys.stdout.write(table(measure_apart(folder, ioc.prefix, options.rounds, options.fresh)) + "\n")
        finally:
            ioc.stop()


if __name__ == "__main__":
    main()
