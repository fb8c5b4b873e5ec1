"""Run the long safety and crash runs in full and write what they showed: `make proof`.

`make test` runs a fixed sample of the same trials. Nothing here asserts on time.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import anyio
from tests.crash.harness import CrashBench, Tally, counting_ioc
from tests.crash.victim import WINDOWS

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/reference/proofs.md"
SEED = 20261121
PER_WINDOW = 20
RANDOM = 200
EXAMPLES = 20_000


def main() -> None:
    """Run everything, write the page, and fail if anything was broken."""
    commit = _commit()  # of the code that is tried, not of what may come while it runs
    crash = anyio.run(_crash)
    examples = _guard_examples()
    PAGE.write_text(_page(crash, examples, commit), encoding="utf-8")
    print(PAGE.read_text(encoding="utf-8"))
    if crash.broken() or examples:
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


def _guard_examples() -> int:
    """Run the guard's property tests with the full number of examples; give pytest's exit code."""
    environment = {**os.environ, "OSPREY_PROOF_EXAMPLES": str(EXAMPLES)}
    command = [sys.executable, "-m", "pytest", "-q", "--timeout=3000", "-k", "proof", "osprey-core/tests/control"]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def _page(crash: Tally, examples: int, commit: str) -> str:
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

## The guard's bounds

{EXAMPLES} examples for each property of values, names and limits against a connector that records what it is sent:
{"no put outside the bounds, none without an intent." if examples == 0 else "FAILED, see the output of the run."}
"""


def _commit() -> str:
    done = subprocess.run(
        ["git", "rev-parse", "--short=12", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "unknown"


if __name__ == "__main__":
    main()
