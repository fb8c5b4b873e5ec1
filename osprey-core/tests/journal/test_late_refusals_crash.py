"""kill -9 while a refusal is kept, and while it is appended: none that was acknowledged is lost, none comes twice."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from osprey.journal import Journal
from osprey.storage import Database

pytestmark = [pytest.mark.anyio, pytest.mark.crash]


@pytest.fixture
def anyio_backend() -> str:
    """Once is enough here: the processes count, not the loop that waits for them."""
    return "asyncio"


PRELUDE = """
import os, signal, sqlite3, sys
from pathlib import Path
import anyio
from osprey.journal import Journal, Who
from osprey.journal.audit.late_refusals import LateRefusals
from osprey.journal.audit.spool import OpenSpool
from osprey.storage import Database

WHO = Who("os:child")
folder = Path(sys.argv[1])
database = Database.open(folder, busy_timeout_s=0.02)
journal = Journal.open(database)

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def then_die(function):
    def wrapped(*about, **more):
        function(*about, **more)
        die()
    return wrapped

async def refuse(reason):
    other = sqlite3.connect(folder / "osprey.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    await journal.audit.refusal(WHO, "write", "limits.max", reason)
    other.close()
    print(reason, flush=True)

async def commit():
    await journal.audit.record(WHO, "test.happened")
    await database.safety.settle()
"""

ONCE = """
async def main():
    await refuse("once")
    await commit()

{window}
anyio.run(main)
"""

AGAIN_AND_AGAIN = """
async def main():
    for number in range(10_000):
        await refuse(f"{sys.argv[2]}-{number}")
        if number % 2:
            await commit()

anyio.run(main)
"""


def start(code: str, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PRELUDE + code, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


async def reasons(state_dir: Path) -> list[str]:
    """Open the journal as the next process would; give the reasons of all refusals."""
    database = Database.open(state_dir)
    journal = Journal.open(database)
    rows = await journal.audit.log()
    verdict = await journal.audit.verify()
    await journal.aclose()
    await database.aclose()
    assert verdict.is_intact, verdict.findings
    return [row.detail["reason"] for row in rows if row.event == "refused"]


@pytest.mark.parametrize(
    ("window", "rows"),
    [
        ("OpenSpool.keep = die", []),
        ("OpenSpool.keep = then_die(OpenSpool.keep)", ["once"]),
        ("os.fsync = die", ["once"]),
        ("OpenSpool.read = die", ["once"]),
        ("LateRefusals._append_all = die", ["once"]),
        ("LateRefusals._append_all = then_die(LateRefusals._append_all)", ["once"]),
        ("OpenSpool.clear = die", ["once"]),
        ("OpenSpool.clear = then_die(OpenSpool.clear)", ["once"]),
    ],
)
async def test_a_kill_at_a_named_window_loses_nothing_that_was_kept_and_doubles_nothing(
    tmp_path: Path, window: str, rows: list[str]
) -> None:
    with start(ONCE.format(window=window), str(tmp_path)) as process:
        process.wait(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert await reasons(tmp_path) == rows
    assert await reasons(tmp_path) == rows


async def test_kills_at_random_moments_lose_no_acknowledged_refusal_and_double_none(tmp_path: Path) -> None:
    chance = random.Random(20261130)
    acknowledged: list[str] = []
    for trial in range(8):
        with start(AGAIN_AND_AGAIN, str(tmp_path), str(trial)) as process:
            assert process.stdout is not None
            acknowledged.append(process.stdout.readline().strip())
            time.sleep(chance.uniform(0.0, 0.3))
            process.kill()
            acknowledged += process.stdout.read().split()
    counted = Counter(await reasons(tmp_path))
    assert len(acknowledged) >= 8
    assert [reason for reason in acknowledged if counted[reason] != 1] == []
    assert max(counted.values()) == 1
    # At most the one that each process was busy with when it died stands there without having been acknowledged.
    assert len(counted) - len(acknowledged) <= 8
