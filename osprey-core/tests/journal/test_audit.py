"""The audit: what a check finds, what it cannot find, and what a crash leaves."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from osprey.errors import StorageError
from osprey.journal import FindingKind, Journal, Who
from osprey.journal.audit.seal import FIRST_SEAL, seal_row
from osprey.storage import Database

pytestmark = pytest.mark.anyio

COPY = (
    "INSERT INTO audit SELECT {}, ns, high_ns, actor, terminal, host, event, subject, detail, mac "
    "FROM audit WHERE seq = 2"
)
ALICE = Who("os:alice", "tty1", "console")


async def fill(journal: Journal, rows: int) -> None:
    """Write rows, and have them anchored before anybody tampers."""
    for number in range(rows):
        await journal.audit.record(ALICE, "test.happened", f"thing-{number}", {"number": number})
    assert (await journal.audit.verify()).anchored >= rows


async def kinds(journal: Journal) -> set[FindingKind]:
    return {finding.kind for finding in (await journal.audit.verify()).findings}


async def test_an_untouched_audit_is_intact_and_anchored(desk) -> None:
    await fill(desk.journal, 20)
    verdict = await desk.journal.audit.verify()
    assert (verdict.is_intact, verdict.rows, verdict.anchored, verdict.note) == (True, 20, 20, "")


async def test_a_refusal_of_another_room_is_recorded(desk) -> None:
    await desk.journal.audit.refusal(ALICE, "write", "limits.max", "too much", {"target": "ring"})
    (row,) = await desk.journal.audit.log()
    assert (row.event, row.actor, row.terminal, row.host) == ("refused", "os:alice", "tty1", "console")
    assert row.detail == {
        "what": "write",
        "rule": "limits.max",
        "reason": "too much",
        "target": "ring",
    }


async def test_the_log_gives_the_newest_rows_oldest_first(desk) -> None:
    await fill(desk.journal, 5)
    assert [row.seq for row in await desk.journal.audit.log(limit=2)] == [4, 5]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE audit SET actor = 'os:mallory' WHERE seq = 3", FindingKind.EDITED),
        ("UPDATE audit SET ns = ns + 1 WHERE seq = 5", FindingKind.EDITED),
        ("UPDATE audit SET ns = CAST(ns AS TEXT) || 'x' WHERE seq = 5", FindingKind.EDITED),
        ("UPDATE audit SET subject = x'ff00' WHERE seq = 2", FindingKind.EDITED),
        ("UPDATE audit SET mac = lower(hex(zeroblob(32))) WHERE seq = 1", FindingKind.EDITED),
        ("UPDATE audit SET high_ns = 0 WHERE seq = 8", FindingKind.EDITED),
        ("DELETE FROM audit WHERE seq = 4", FindingKind.MISSING),
        ("DELETE FROM audit WHERE seq = 1", FindingKind.MISSING),
        ("DELETE FROM audit WHERE seq >= 7", FindingKind.TRUNCATED),
        ("DELETE FROM audit", FindingKind.TRUNCATED),
        (COPY.format(9), FindingKind.EDITED),
    ],
)
async def test_tampering_with_the_table_is_found(desk, statement: str, expected: FindingKind) -> None:
    await fill(desk.journal, 8)
    desk.tamper(statement)
    assert expected in await kinds(desk.journal)


async def test_two_rows_exchanged_are_found(desk) -> None:
    await fill(desk.journal, 8)
    desk.tamper(
        "UPDATE audit SET seq = 100 WHERE seq = 3",
        "UPDATE audit SET seq = 3 WHERE seq = 4",
        "UPDATE audit SET seq = 4 WHERE seq = 100",
    )
    assert FindingKind.EDITED in await kinds(desk.journal)


async def test_a_row_moved_down_to_close_a_gap_is_found(desk) -> None:
    await fill(desk.journal, 8)
    desk.tamper("DELETE FROM audit WHERE seq = 3", "UPDATE audit SET seq = seq - 1 WHERE seq > 3")
    found = await kinds(desk.journal)
    assert {FindingKind.EDITED, FindingKind.TRUNCATED} <= found


async def test_a_table_sealed_again_with_another_key_is_found(desk) -> None:
    await fill(desk.journal, 4)
    rows = desk.database.read_sync(
        lambda c: [tuple(row) for row in c.exec_driver_sql("SELECT * FROM audit ORDER BY seq")]
    )
    previous, key, statements = FIRST_SEAL, secrets.token_bytes(32), []
    for *values, _ in rows:
        previous = seal_row(key, previous, tuple(values))
        statements.append(f"UPDATE audit SET mac = '{previous}' WHERE seq = {values[0]}")  # noqa: S608
    desk.tamper(*statements)
    assert {FindingKind.EDITED, FindingKind.ANCHOR_MISMATCH} <= await kinds(desk.journal)


async def test_a_truncation_stays_visible_after_new_rows(desk) -> None:
    await fill(desk.journal, 8)
    desk.tamper("DELETE FROM audit WHERE seq > 5")
    await fill(desk.journal, 6)
    found = await kinds(desk.journal)
    assert FindingKind.ANCHOR_MISMATCH in found


async def test_a_lost_anchor_is_found_and_what_began_it_again_is_remembered(desk) -> None:
    await fill(desk.journal, 4)
    await desk.database.safety.settle()
    anchor = desk.state_dir / "audit.anchor"
    anchor.unlink()
    assert FindingKind.ANCHOR_DAMAGED in await kinds(desk.journal)
    # Without it nothing more is done, until a new start begins it again and says so.
    await desk.journal.audit.record(ALICE, "test.happened")
    with pytest.raises(StorageError, match=r"audit\.anchor has vanished"):
        await desk.journal.audit.record(ALICE, "test.refused")
    desk.database.close()
    database = Database.open(desk.state_dir)
    again = Journal.open(database, clock=desk.clock)
    await again.audit.record(ALICE, "test.happened")
    assert await kinds(again) == {FindingKind.ANCHOR_RESTARTED}
    database.close()


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: ["begun 0 " + "0" * 64, *lines[1:]],
        lambda lines: [lines[0], "hello", *lines[1:]],
        lambda lines: lines[1:],
    ],
)
async def test_tampering_with_the_anchor_is_found(desk, change) -> None:
    await fill(desk.journal, 4)
    await desk.database.safety.settle()
    anchor = desk.state_dir / "audit.anchor"
    lines = anchor.read_text().splitlines()
    anchor.write_text("\n".join(change(lines)) + "\n")
    assert FindingKind.ANCHOR_DAMAGED in await kinds(desk.journal)


async def test_an_anchor_that_says_two_things_is_found(desk) -> None:
    await fill(desk.journal, 4)
    await desk.database.safety.settle()
    with (desk.state_dir / "audit.anchor").open("a") as stream:
        stream.write(f"2 {'ab' * 32}\n")
    assert FindingKind.ANCHOR_MISMATCH in await kinds(desk.journal)


async def test_a_crash_between_commit_and_anchor_is_tolerated_and_mended(desk) -> None:
    await fill(desk.journal, 6)
    await desk.database.safety.settle()
    anchor = desk.state_dir / "audit.anchor"
    whole = anchor.read_bytes()
    cut = whole.splitlines(keepends=True)
    # The last line never came, the one before was cut short by the crash.
    anchor.write_bytes(b"".join(cut[:-2]) + cut[-2][:20])
    desk.database.close()
    database = Database.open(desk.state_dir)
    again = Journal.open(database, clock=desk.clock)
    verdict = await again.audit.verify()
    assert (verdict.is_intact, verdict.rows, verdict.anchored) == (True, 6, 6)
    assert "a crash cut short" in verdict.note
    database.close()


async def test_rows_that_are_not_anchored_yet_are_said_to_be_so(desk) -> None:
    await fill(desk.journal, 6)
    await desk.database.safety.settle()
    anchor = desk.state_dir / "audit.anchor"
    lines = anchor.read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith((b"5 ", b"6 "))]
    anchor.write_bytes(b"".join(kept))
    verdict = await desk.journal.audit.verify()
    assert verdict.is_intact
    assert verdict.note.startswith(f"{6 - verdict.anchored} rows are not anchored yet")


async def test_the_key_is_private_and_made_once(desk) -> None:
    key = desk.state_dir / "audit.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    before = key.read_bytes()
    assert len(before) == 32
    Journal.open(desk.database)
    assert key.read_bytes() == before
    assert not [path for path in desk.state_dir.iterdir() if path.name.startswith("audit.key.")]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (Path.unlink, r"audit\.key is missing although the audit has rows"),
        (lambda path: path.write_bytes(b"short"), "has 5 bytes, not 32"),
        (lambda path: path.chmod(0o640), r"open to other users \(mode 640\): run `chmod 600"),
    ],
)
async def test_a_key_that_cannot_be_trusted_stops_the_journal(desk, change, message: str) -> None:
    await fill(desk.journal, 1)
    change(desk.state_dir / "audit.key")
    with pytest.raises(StorageError, match=message):
        Journal.open(desk.database)


async def test_the_seal_is_the_documented_one(desk) -> None:
    await fill(desk.journal, 2)
    key = (desk.state_dir / "audit.key").read_bytes()
    rows = desk.database.read_sync(
        lambda c: [tuple(row) for row in c.exec_driver_sql("SELECT * FROM audit ORDER BY seq")]
    )
    previous = "0" * 64
    for row in rows:
        text = json.dumps([previous, *row[:-1]], separators=(",", ":"))
        previous = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        assert row[-1] == previous


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = actor",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE seq = 1",
        COPY.format(99),
    ],
)
async def test_the_table_is_append_only(desk, statement: str) -> None:
    await fill(desk.journal, 2)
    with pytest.raises(StorageError, match="the audit is"):
        await desk.database.safety.run(lambda c: c.exec_driver_sql(statement))


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
numbers = st.integers(-(2**62), 2**62)
rows = st.tuples(numbers, numbers, numbers, texts, texts, texts, texts, texts, texts)


@given(first=rows, second=rows)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_different_rows_have_different_seals(first: tuple[object, ...], second: tuple[object, ...]) -> None:
    key = b"k" * 32
    same = seal_row(key, FIRST_SEAL, first) == seal_row(key, FIRST_SEAL, second)
    assert same == (first == second)


async def test_a_full_disk_at_the_anchor_refuses_what_follows(desk, monkeypatch) -> None:
    await fill(desk.journal, 1)
    await desk.database.safety.settle()
    is_full = True
    write = os.write

    def full(descriptor: int, data: bytes) -> int:
        if is_full:
            raise OSError(28, "No space left on device")
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", full)
    await desk.journal.audit.record(ALICE, "test.happened")
    with pytest.raises(StorageError, match="No space left on device"):
        await desk.journal.audit.record(ALICE, "test.refused")
    is_full = False
    await desk.journal.audit.record(ALICE, "test.happened")
    verdict = await desk.journal.audit.verify()
    assert (verdict.rows, verdict.anchored, verdict.is_intact) == (3, 3, True)
