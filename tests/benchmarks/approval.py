"""From a decision to the claim of whoever waits for it, and how soon a restarted process shows what waits.

The peer of the first is the same on a bare SQLite file: a row is set, somebody who looks every 10 ms sees it, and sets
it once more, each with full sync.
"""

from __future__ import annotations

import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import anyio

from osprey.journal import Journal, NewRequest, RequestRow, RequestState, Who, journal_of
from osprey.project import open_project
from osprey.storage import Database

OSPREY: Final = Path(sys.executable).with_name("osprey")
ROUNDS: Final = 200
LOOK_EVERY_S: Final = 0.01
STORED: Final = 1_000
PENDING: Final = 50
STARTS: Final = 7
WHO: Final = Who("os:bench")


class Waiter:
    """A process that waits for one thing after the other to be decided, and claims it."""

    def __init__(self, how: str, place: Path) -> None:
        command = [sys.executable, __file__, how, str(place)]
        self._process = subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._hear()

    def _hear(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def say(self, text: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{text}\n")
        self._process.stdin.flush()

    def claimed_ns(self) -> int:
        """Give when it had claimed, by the clock that all processes share."""
        return int(self._hear())

    def close(self) -> None:
        self._process.communicate()


async def wait_for_decisions(folder: Path) -> None:
    """Be the waiter: look until a request is approved, and claim it."""
    database = Database.open(folder)
    journal = Journal.open(database)
    print("ready", flush=True)
    for text in sys.stdin:
        request, sha256 = text.split()
        while (await journal.requests.get(request)).state is not RequestState.APPROVED:
            await anyio.sleep(LOOK_EVERY_S)
        await journal.ledger.claim(request, sha256, WHO, [])
        print(time.monotonic_ns(), flush=True)
    await journal.aclose()
    database.close()


def wait_for_rows(path: Path) -> None:
    """Be the waiter of the peer."""
    bare = _bare(path)
    print("ready", flush=True)
    for text in sys.stdin:
        number = int(text)
        while bare.execute("SELECT state FROM told WHERE id = ?", (number,)).fetchone() != ("approved",):
            time.sleep(LOOK_EVERY_S)
        bare.execute("UPDATE told SET state = 'claimed' WHERE id = ?", (number,))
        print(time.monotonic_ns(), flush=True)
    bare.close()


def _bare(path: Path) -> sqlite3.Connection:
    bare = sqlite3.connect(path, isolation_level=None)
    bare.execute("PRAGMA journal_mode = WAL")
    bare.execute("PRAGMA synchronous = FULL")
    bare.execute("CREATE TABLE IF NOT EXISTS told (id INTEGER PRIMARY KEY, state TEXT)")
    return bare


async def file(journal: Journal, number: int, **more: Any) -> RequestRow:
    about = {"kind": "channel_write", "title": f"request {number}", "thread": "t", "risk": "", "requester": "os:a"}
    document = f'{{"number":{number}}}'
    expires_ns = time.time_ns() + 3600 * 10**9
    return await journal.requests.create(NewRequest(document=document, expires_ns=expires_ns, **about, **more))


async def to_the_claim_of_another(folder: Path) -> list[float]:
    """Give the milliseconds from the beginning of each decision until another process had claimed."""
    database = Database.open(folder)
    journal, waiter, took = Journal.open(database), Waiter("--wait", folder), list[float]()
    for number in range(ROUNDS):
        row = await file(journal, number)
        waiter.say(f"{row.id} {row.sha256}")
        await anyio.sleep(LOOK_EVERY_S * (2 + number % 10 / 10))  # it waits already, and not always at one moment
        begun_ns = time.monotonic_ns()
        await journal.requests.approve(row.id, row.sha256, WHO)
        took.append((waiter.claimed_ns() - begun_ns) / 1e6)
    waiter.close()
    await journal.aclose()
    database.close()
    return took


def to_the_row_of_another(path: Path) -> list[float]:
    """The same on a bare file."""
    bare, waiter, took = _bare(path), Waiter("--wait-bare", path), list[float]()
    for number in range(ROUNDS):
        bare.execute("INSERT INTO told VALUES (?, 'pending')", (number,))
        waiter.say(str(number))
        time.sleep(LOOK_EVERY_S * (2 + number % 10 / 10))
        begun_ns = time.monotonic_ns()
        bare.execute("UPDATE told SET state = 'approved' WHERE id = ?", (number,))
        took.append((waiter.claimed_ns() - begun_ns) / 1e6)
    waiter.close()
    bare.close()
    return took


async def to_the_claim_of_its_own(folder: Path) -> list[float]:
    """Give the milliseconds from the beginning of each decision until the same process had claimed."""
    database = Database.open(folder)
    journal, took = Journal.open(database), list[float]()
    for number in range(ROUNDS):
        row = await file(journal, number)
        begun = time.perf_counter()
        await journal.requests.approve(row.id, row.sha256, WHO)
        await journal.ledger.claim(row.id, row.sha256, WHO, [])
        took.append((time.perf_counter() - begun) * 1e3)
    await journal.aclose()
    database.close()
    return took


def two_bare_commits(path: Path) -> list[float]:
    bare, took = _bare(path), list[float]()
    for number in range(ROUNDS):
        bare.execute("INSERT INTO told VALUES (?, 'pending')", (number,))
        begun = time.perf_counter()
        for state in ("approved", "claimed"):
            bare.execute("UPDATE told SET state = ? WHERE id = ?", (state, number))
        took.append((time.perf_counter() - begun) * 1e3)
    bare.close()
    return took


async def fill_inbox(folder: Path) -> None:
    """Store requests, of which some still wait."""
    async with open_project(folder) as project:
        journal = journal_of(project)
        for number in range(STORED):
            row = await file(journal, number, policy=project.config.approval.version)
            if number < STORED - PENDING:
                await journal.requests.reject(row.id, WHO, "no")


def starts(command: list[str]) -> list[float]:
    took: list[float] = []
    for _ in range(STARTS):
        begun = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        took.append((time.perf_counter() - begun) * 1e3)
    assert "approvals" not in command or len(done.stdout.splitlines()) >= PENDING, done.stdout
    return took


def main() -> None:
    """Measure all three, each beside its peer."""
    rows: list[tuple[str, list[float]]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows.append(("from a bare row to another's", to_the_row_of_another(folder / "bare1.db")))
        rows.append(("from a decision to another's claim", anyio.run(to_the_claim_of_another, folder / "another")))
        rows.append(("two bare commits", two_bare_commits(folder / "bare2.db")))
        rows.append(
            ("from a decision to the claim of this process", anyio.run(to_the_claim_of_its_own, folder / "own"))
        )
        (folder / "inbox").mkdir()
        anyio.run(fill_inbox, folder / "inbox")
        rows.append(("`python -c pass`", starts([sys.executable, "-c", "pass"])))
        listing = [str(OSPREY), "--project", str(folder / "inbox"), "approvals", "list"]
        rows.append((f"`osprey approvals list`, {PENDING} of {STORED:,} requests wait", starts(listing)))
    print("| what | median, ms | 95 of 100 within, ms |\n|---|---|---|")
    for what, took in rows:
        print(f"| {what} | {statistics.median(took):.1f} | {statistics.quantiles(took, n=20)[-1]:.1f} |")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--wait", place]:
            anyio.run(wait_for_decisions, Path(place))
        case ["--wait-bare", place]:
            wait_for_rows(Path(place))
        case _:
            main()
