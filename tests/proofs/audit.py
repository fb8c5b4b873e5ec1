"""The audit under tampering: every change of its table and of its anchor is found; how fast a check and a row are.

`make proof` runs it with 100,000 rows and 1,000 changes; a sample runs with the tests of the journal.
"""

from __future__ import annotations

import os
import random
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from attrs import field, frozen
from sqlalchemy import Connection
from tests.proofs.audit_tampers import ANCHOR_TAMPERS, TABLE_TAMPERS

from osprey.journal import AuditVerdict, Journal, Who
from osprey.journal.audit.anchor import Anchor, AnchorContent
from osprey.journal.audit.verification import verify_table
from osprey.storage import Database
from osprey.storage.connections import ConnectionSettings, make_engine

ACTORS = (Who("os:alice", "/dev/pts/1", "console"), Who("os:bob", "", "gateway"), Who("token:eve"))
EVENTS = ("request.created", "request.approved", "ledger.claimed", "ledger.effects", "ledger.finished", "refused")
ROWS_AT_ONCE = 500
CHECKS = 5


@frozen(kw_only=True)
class AuditFigures:
    """What a run showed."""

    rows: int
    tried: Counter[str] = field(factory=Counter[str])
    missed: tuple[str, ...] = ()
    """What was changed and not found, in words."""
    checks_s: tuple[float, ...] = ()
    appends_ms: tuple[float, ...] = field(default=(), repr=False)
    syncs_ms: tuple[float, ...] = field(default=(), repr=False)
    """Of one block that is written and synced, in turn with the rows: what the disk itself takes at that moment."""

    @property
    def is_broken(self) -> bool:
        return bool(self.missed)


async def prove_audit(folder: Path, *, rows: int, tampers: int, appends: int, seed: int) -> AuditFigures:
    """Build an audit in an empty folder, change it in every way, and measure."""
    database = Database.open(folder)
    journal = Journal.open(database)
    await build(database, journal, rows, seed)
    checks = [await _timed_check(journal) for _ in range(CHECKS)]
    bench = TamperBench(folder, random.Random(seed))
    tried, missed = bench.run(tampers)
    durations: list[float] = []
    syncs: list[float] = []
    for number in range(appends):
        durations.append(await _timed_append(journal, number))
        syncs.append(_timed_sync(folder))
    await journal.aclose()
    await database.aclose()
    return AuditFigures(
        rows=rows,
        tried=tried,
        missed=tuple(missed),
        checks_s=tuple(checks),
        appends_ms=tuple(durations),
        syncs_ms=tuple(syncs),
    )


async def build(database: Database, journal: Journal, rows: int, seed: int) -> None:
    """Append rows as they are appended in earnest, many in one transaction."""
    chance = random.Random(seed)

    def append(connection: Connection, count: int) -> None:
        for _ in range(count):
            detail = {"sha256": f"{chance.getrandbits(256):064x}", "reason": "ßµ→" * chance.randrange(6)}
            journal.audit.append(
                connection,
                event=chance.choice(EVENTS),
                actor=chance.choice(ACTORS),
                subject=f"req-{chance.getrandbits(24):06x}",
                now_ns=time.time_ns(),
                detail={**detail, "number": chance.random()},
            )

    left = rows - (await journal.audit.verify()).rows
    while left > 0:
        count = min(left, ROWS_AT_ONCE)
        await database.safety.run(lambda connection, count=count: append(connection, count))
        await database.safety.settle()
        left -= count


async def _timed_check(journal: Journal) -> float:
    start = time.perf_counter()
    verdict = await journal.audit.verify()
    assert verdict.is_intact, verdict.findings
    return time.perf_counter() - start


async def _timed_append(journal: Journal, number: int) -> float:
    start = time.perf_counter()
    await journal.audit.record(ACTORS[0], "proof.measured", "proof", {"number": number})
    return (time.perf_counter() - start) * 1e3


def _timed_sync(folder: Path) -> float:
    """Append a block to a file as SQLite does to its log, and sync it."""
    descriptor = os.open(folder / "block", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        start = time.perf_counter()
        os.write(descriptor, bytes(4096))
        os.fsync(descriptor)
        return (time.perf_counter() - start) * 1e3
    finally:
        os.close(descriptor)


class TamperBench:
    """Changes an audit as somebody could who can write its files and does not have its key; each change is undone."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.folder = folder
        self.key = (folder / "audit.key").read_bytes()
        self.anchor = Anchor(folder, self.key)
        self.content = self.anchor.read()
        self.chance = chance
        self._engine = make_engine(ConnectionSettings(path=folder / "osprey.db", busy_timeout_s=10.0))

    def run(self, tampers: int) -> tuple[Counter[str], list[str]]:
        """Try every kind in turn; give how often each was tried, and what was not found."""
        tried: Counter[str] = Counter()
        missed: list[str] = []
        kinds = [*TABLE_TAMPERS, *ANCHOR_TAMPERS]
        with self._engine.connect() as connection:
            with self._undone(connection):
                untouched = verify_table(connection, self.key, self.content)
            assert untouched.is_intact, untouched.findings
            for number in range(tampers):
                kind = kinds[number % len(kinds)]
                verdict, told = self.tamper(connection, kind)
                tried[kind] += 1
                if verdict.is_intact:
                    missed.append(f"{kind}: {told}")
        return tried, missed

    def tamper(self, connection: Connection, kind: str) -> tuple[AuditVerdict, str]:
        """Make one change, check, and undo it; give the verdict and what was changed."""
        if kind in ANCHOR_TAMPERS:
            lines = self.anchor.path.read_text(encoding="utf-8").splitlines()
            told = ANCHOR_TAMPERS[kind](self.chance, lines)
            with self._undone(connection):
                return verify_table(connection, self.key, self._read_anchor(lines)), told
        with self._undone(connection):
            told = TABLE_TAMPERS[kind](self.chance, connection)
            return verify_table(connection, self.key, self.content), told

    @contextmanager
    def _undone(self, connection: Connection) -> Iterator[None]:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            for (name,) in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").all():
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
            yield
        finally:
            connection.rollback()

    def _read_anchor(self, lines: list[str]) -> AnchorContent:
        place = self.folder / "tampered"
        place.mkdir(exist_ok=True)
        changed = Anchor(place, self.key)
        changed.path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return changed.read()


def section(figures: AuditFigures) -> str:
    """Give the section of the page of proofs."""
    rows = "\n".join(f"| {kind} | {count} |" for kind, count in figures.tried.items())
    found = figures.tried.total() - len(figures.missed)
    fate = "all found" if not figures.missed else f"NOT FOUND: {'; '.join(figures.missed[:5])}"
    checked, count = statistics.median(figures.checks_s), len(figures.appends_ms)
    return f"""## The audit under tampering

An audit of {figures.rows} rows, sealed and anchored as they are in earnest, is changed at random by somebody who can
write the database and the anchor and does not have the key; after each change it is checked and the change is undone.
{found} of {figures.tried.total()} changes were found: {fate}.
Table and anchor cut back together to the same earlier row is not among them: only an append-only anchor or a copy
elsewhere shows that.

| what was changed | tried |
|---|---|
{rows}

| measured | |
|---|---|
| a check of {figures.rows} rows, median of {len(figures.checks_s)} | {checked:.2f} s |
| a row appended after these, durable when it returns, median of {count} | {_within(0.5, figures.appends_ms):.2f} ms |
| the same, 99 of 100 | {_within(0.99, figures.appends_ms):.2f} ms |
| a block written and synced in turn with the rows, median | {_within(0.5, figures.syncs_ms):.2f} ms |
| the same, 99 of 100 | {_within(0.99, figures.syncs_ms):.2f} ms |
"""


def _within(share: float, durations: Sequence[float]) -> float:
    """Give the time within which this share of them was done."""
    return sorted(durations)[int(share * (len(durations) - 1))]
