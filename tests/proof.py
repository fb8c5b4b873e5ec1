"""Run the long safety and crash runs in full and write what they showed: `make proof`.

`make test` runs a fixed sample of the same trials. Nothing here asserts on time.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import anyio
from attrs import frozen
from tests.crash.batches import CHANNELS, GROUPS, BatchBench, BatchTally
from tests.crash.harness import CrashBench, Tally, counting_ioc
from tests.crash.victim import WINDOWS

from osprey.project import open_project

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/reference/proofs.md"
SEED = 20261121
PER_WINDOW = 20
RANDOM = 200
BATCHES = 500
EXAMPLES = 100_000
PROCESSES = 2
MEMORY = Path("/dev/shm")


def main() -> None:
    """Run everything, write the page, and fail if anything was broken."""
    commit = _commit()  # of the code that is tried, not of what may come while it runs
    crash = anyio.run(_crash)
    batches, series = anyio.run(_batches)
    shown = _guard_examples()
    PAGE.write_text(_page(crash, _batch_section(batches, series), shown, commit), encoding="utf-8")
    print(PAGE.read_text(encoding="utf-8"))
    if crash.broken() or batches.broken() or series or shown.is_broken:
        sys.exit(1)


async def _crash() -> Tally:
    tally = Tally()
    folder = Path(tempfile.mkdtemp(prefix="osprey-proof-"))
    with counting_ioc(folder) as (port, puts):
        bench = CrashBench(folder, port, puts, SEED)
        for window in WINDOWS:
            record = "SLOW" if window == "during_put" else "AO0001"
            for _ in range(PER_WINDOW):
                tally.verdicts.append(await bench.trial(window=window, record=record))
            print(f"crash window {window}: {PER_WINDOW} trials, {len(tally.broken())} broken", flush=True)
        for number in range(RANDOM):
            tally.verdicts.append(await bench.trial(record="AO0001" if number % 4 else "SLOW"))
        print(f"random kills: {RANDOM} trials, {len(tally.broken())} broken", flush=True)
    return tally


@frozen(kw_only=True)
class Shown:
    """What the property tests of the guard showed."""

    batches: int
    puts: int
    is_broken: bool


async def _batches() -> tuple[BatchTally, list[str]]:
    """Kill a process at a random point of a batch, again and again; give the verdicts and the faults of the series."""
    tally = BatchTally()
    folder = Path(tempfile.mkdtemp(prefix="osprey-proof-"))
    with counting_ioc(folder) as (port, puts):
        bench = BatchBench(folder, port, puts, SEED)
        await bench.measure()
        async with open_project(folder) as project:
            for _ in range(BATCHES):
                tally.verdicts.append(await bench.trial(project))
            series = await bench.faults_of_series(project)
    for verdict in tally.broken():
        print(verdict, flush=True)
    print(f"batches: {BATCHES} trials, {len(tally.broken())} broken; {len(series)} faults of the series", flush=True)
    return tally, series


def _guard_examples() -> Shown:
    """Run the guard's property tests with the full number of examples, in two processes with seeds of their own."""
    share = EXAMPLES // PROCESSES
    environment = {**os.environ, "OSPREY_PROOF_EXAMPLES": str(share)}
    if MEMORY.is_dir():
        environment["TMPDIR"] = str(MEMORY)  # the journal syncs each write; where it does so is not what is proved
    command = [sys.executable, "-m", "pytest", "-q", "-s", "--timeout=36000", "osprey-core/tests/control/test_proof.py"]
    runs = [
        subprocess.Popen(
            [*command, f"--hypothesis-seed={SEED + number}"],
            cwd=ROOT,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
        )
        for number in range(PROCESSES)
    ]
    said = [run.communicate()[0] for run in runs]
    print("\n".join(said), flush=True)
    counts = [re.search(r"^(\d+) batches, \d+ allowed, (\d+) puts, no escape", text, re.MULTILINE) for text in said]
    return Shown(
        batches=sum(int(count[1]) for count in counts if count),
        puts=sum(int(count[2]) for count in counts if count),
        is_broken=not all(counts) or any(run.returncode for run in runs),
    )


def _batch_section(batches: BatchTally, series: list[str]) -> str:
    """Give the section on guarded batches."""
    whole = "; ".join(series[:5]) or "nothing was put twice, and nothing without an intent"
    return f"""## kill -9 at random points of a guarded batch

{GROUPS} groups of {CHANNELS} channels, every value used once in the whole series. After each kill another process recovers; then the IOC's log, the
ledger and what is shown are compared. At the end the whole log is compared with the whole ledger: {whole}.

| trials | killed | with a part of it put | ended as done | in doubt, shown | most groups in doubt at once | broken |
|---|---|---|---|---|---|---|
| {" | ".join(map(str, batches.row()))} |
"""


def _page(crash: Tally, batches: str, shown: Shown, commit: str) -> str:
    rows = "\n".join("| " + " | ".join(str(cell) for cell in row) + " |" for row in crash.rows())
    total = len(crash.verdicts)
    killed = sum(verdict.was_killed for verdict in crash.verdicts)
    return f"""# Proofs

Written by `make proof` on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC at commit `{commit}`, with Python {platform.python_version()} on {platform.system()}
{platform.release()} ({os.cpu_count()} processors), seed {SEED}.

## kill -9 while an approved write is carried out

A process resumes an approved request and is killed at a named window, or at a random moment. The peer is a real soft IOC that counts its puts; the slow record
completes its put after the killed process is gone. After the restart, the IOC's count, the journal and what a person is shown are compared.

| window | trials | killed | doubled | lost | in doubt, shown | doubt not shown |
|---|---|---|---|---|---|---|
{rows}

{total} trials, {killed} kills, {len(crash.broken())} broken. *Doubled*: the IOC was sent the value more than once. *Lost*: an approval gone, or called done though the IOC
never had it. A kill after the process had finished is counted as a trial that was not killed.

{batches}
## The guard's bounds

{shown.batches} batches under as many limits files, of values, names (fields, modifiers, aliases, look-alikes) and limits of every kind, against a connector that records what
it is sent; {shown.puts} writes were allowed and sent. What may be sent is worked out a second time without the guard's code:
{"FAILED, see the output of the run." if shown.is_broken else "nothing outside the limits was sent."}
"""


def _commit() -> str:
    done = subprocess.run(
        ["git", "rev-parse", "--short=12", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "unknown"


if __name__ == "__main__":
    main()
