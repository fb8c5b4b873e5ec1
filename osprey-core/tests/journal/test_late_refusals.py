"""A refusal that the audit cannot take stands, is told at once, and gets its row later, once."""

from __future__ import annotations

import os
import sqlite3
import types
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from osprey.errors import StorageError
from osprey.journal import AuditRow, Journal, NewRequest, Who
from osprey.journal.audit import alarm
from osprey.journal.audit.late_refusals import LateRefusals
from osprey.journal.refusals import Refusal
from osprey.storage import Database

pytestmark = pytest.mark.anyio

ALICE = Who("os:alice", "tty1", "console")


class Room:
    """A journal whose database can be locked by another process for as long as it takes."""

    def __init__(self, state_dir: Path) -> None:
        self.state_dir = state_dir
        self.open()
        self._other: sqlite3.Connection | None = None

    def open(self) -> None:
        self.database = Database.open(self.state_dir, busy_timeout_s=0.05)
        self.journal = Journal.open(self.database)

    def lock(self) -> None:
        self._other = sqlite3.connect(self.state_dir / "osprey.db", isolation_level=None)
        self._other.execute("BEGIN IMMEDIATE")

    def release(self) -> None:
        if self._other is not None:
            self._other.close()
            self._other = None

    async def refuse(self, reason: str = "too much", **about: str) -> None:
        await self.journal.audit.refusal(ALICE, "write", "limits.max", reason, {"target": "ring"}, **about)

    async def commit(self) -> None:
        """Commit something, and have everything that follows a commit done."""
        await self.journal.audit.record(ALICE, "test.happened")
        await self.database.safety.settle()

    async def refused(self) -> list[AuditRow]:
        return [row for row in await self.journal.audit.log() if row.event == "refused"]

    async def refuse_and_fail(self, statement: str = "PRAGMA query_only = ON") -> None:
        """Refuse inside a transaction that cannot be committed."""

        def work(connection: Connection) -> Refusal:
            refusal = Refusal("approval.expired", "its time was over")
            connection.exec_driver_sql(statement)
            return self.journal.audit.refuse(
                connection, refusal, actor=ALICE, what="claim", subject="req-1", now_ns=1_800_000_000_000_000_000
            )

        await self.database.safety.run(work)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path / "state")
    yield made
    made.release()
    made.database.close()


@pytest.fixture
def system_log(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    said: list[str] = []
    fake = types.SimpleNamespace(LOG_ERR=3, LOG_AUTH=32, syslog=lambda _, text: said.append(text))
    monkeypatch.setattr(alarm, "syslog", fake)
    return said


async def test_a_refusal_while_the_database_is_locked_is_told_kept_and_appended_with_the_next_commit(
    room: Room, system_log: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    room.lock()
    await room.refuse(subject="req-1")
    told = capsys.readouterr().err
    assert "refused: write of req-1 by os:alice (limits.max): too much" in told
    assert "is locked by another process" in told
    assert "it is kept in" in told
    assert system_log == [told.rstrip("\n")]
    assert "1 refusals wait in the spool" in room.journal.audit.late.note_on_spool()
    room.release()
    assert await room.refused() == []
    await room.commit()
    (row,) = await room.refused()
    assert (row.actor, row.terminal, row.host, row.subject) == ("os:alice", "tty1", "console", "req-1")
    spooled = row.detail["spooled"]
    assert {key: row.detail[key] for key in ("what", "rule", "reason", "target")} == {
        "what": "write", "rule": "limits.max", "reason": "too much", "target": "ring",
    }  # fmt: skip
    assert spooled["ns"] < row.ns
    assert "is locked by another process" in spooled["cause"]
    await room.commit()
    assert len(await room.refused()) == 1
    verdict = await room.journal.audit.verify()
    assert (verdict.is_intact, verdict.note, verdict.anchored) == (True, "", verdict.rows)


async def test_what_waits_is_appended_at_the_next_opening(room: Room) -> None:
    room.lock()
    await room.refuse("first")
    await room.refuse("second")
    await room.database.aclose()
    room.release()
    room.open()
    assert [row.detail["reason"] for row in await room.refused()] == ["first", "second"]
    assert (await room.journal.audit.verify()).is_intact


async def test_a_journal_opens_while_what_waits_cannot_be_appended_yet(room: Room) -> None:
    room.lock()
    await room.refuse()
    room.release()
    stuck = "CREATE TRIGGER stuck BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no'); END"
    room.database.general.run_sync(lambda c: c.exec_driver_sql(stuck))
    await room.database.aclose()
    room.open()
    assert room.journal.audit.late.has_any()
    room.database.general.run_sync(lambda c: c.exec_driver_sql("DROP TRIGGER stuck"))
    await room.commit()
    assert len(await room.refused()) == 1


async def test_a_refusal_inside_a_transaction_that_cannot_be_committed_is_kept(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(StorageError, match="cannot be written"):
        await room.refuse_and_fail()
    assert "refused: claim of req-1 by os:alice (approval.expired): its time was over" in capsys.readouterr().err
    await room.commit()
    (row,) = await room.refused()
    assert (row.subject, row.detail["rule"], row.detail["spooled"]["ns"]) == (
        "req-1", "approval.expired", 1_800_000_000_000_000_000,
    )  # fmt: skip
    assert "cannot be written" in row.detail["spooled"]["cause"]


async def test_a_refusal_that_was_committed_is_not_kept_again_when_the_next_transaction_fails(room: Room) -> None:
    await room.refuse_and_fail("SELECT 1")
    with pytest.raises(StorageError):
        await room.database.safety.run(lambda c: c.exec_driver_sql("SELECT broken"))
    await room.commit()
    assert len(await room.refused()) == 1


async def test_work_that_fails_after_it_refused_leaves_the_refusal(room: Room) -> None:
    def work(connection: Connection) -> None:
        refusal = Refusal("approval.hash", "another hash")
        room.journal.audit.refuse(connection, refusal, actor=ALICE, what="claim", subject="req-1", now_ns=1)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await room.database.safety.run(work)
    await room.commit()
    assert [row.detail["rule"] for row in await room.refused()] == ["approval.hash"]


async def test_a_decision_a_filing_and_a_claim_that_the_journal_cannot_store_are_refused_and_told(room: Room) -> None:
    new = NewRequest(
        kind="memory_write", title="t", thread="t", document="{}", risk="low", requester="os:alice",
        expires_ns=4_000_000_000_000_000_000,
    )  # fmt: skip
    row = await room.journal.requests.create(new)
    room.lock()
    with pytest.raises(StorageError, match="locked"):
        await room.journal.requests.create(new)
    with pytest.raises(StorageError, match="locked"):
        await room.journal.requests.approve(row.id, row.sha256, ALICE)
    with pytest.raises(StorageError, match="locked"):
        await room.journal.ledger.spend(row.id, row.sha256, ALICE, lambda *_: {})
    room.release()
    await room.commit()
    told = [(one.detail["what"], one.detail["rule"], one.subject) for one in await room.refused()]
    assert told == [
        ("file", "ledger.unavailable", ""),
        ("approve", "ledger.unavailable", row.id),
        ("claim", "ledger.unavailable", row.id),
    ]
    assert (await room.journal.requests.get(row.id)).state == "pending"


async def test_without_a_spool_the_refusal_is_told_and_raised(room: Room, capsys: pytest.CaptureFixture[str]) -> None:
    spool = room.state_dir / "audit.spool"
    spool.unlink()
    room.lock()
    with pytest.raises(StorageError, match="locked"):
        await room.refuse()
    assert "it could not be kept" in capsys.readouterr().err
    room.release()
    assert "there is no spool" in (await room.journal.audit.verify()).note
    await room.commit()
    assert await room.refused() == []


async def test_what_did_not_fit_is_one_row_with_its_number(room: Room, capsys: pytest.CaptureFixture[str]) -> None:
    room.lock()
    late = LateRefusals(room.journal.audit.late._spool, lambda: 1, room.journal.audit.append)
    for number in range(300):
        late.keep(room.journal.audit._late_refusal(ALICE, f"req-{number}", number, {"rule": "limits.max"}, "full"))
    assert "is full, so it is only counted there" in capsys.readouterr().err
    room.release()
    await room.commit()
    *whole, last = await room.refused()
    assert (last.actor, last.detail["rule"]) == ("osprey:spool", "audit.spool_full")
    assert last.detail["count"] == 300 - len(whole)
    assert last.detail["reason"].startswith(f"{300 - len(whole)} more refusals did not fit")
    assert last.detail["spooled"]["ns"] == len(whole)


async def test_what_somebody_wrote_into_the_spool_without_the_key_is_told_and_appended_as_nothing_else(
    room: Room,
) -> None:
    with (room.state_dir / "audit.spool").open("r+b") as file:
        file.seek(512)
        for number in range(50):
            file.write(b'{"actor":"os:mallory","detail":{"rule":"limits.max"}} %064d\n' % number)
    await room.commit()
    await room.commit()
    rows = [row for row in await room.journal.audit.log() if row.event != "test.happened"]
    assert [(row.event, row.actor) for row in rows] == [("audit.spool_damaged", "osprey:spool")]
    assert "without the audit's key" in rows[0].detail["reason"]
    assert rows[0].detail["lines"] == 50


async def test_a_spool_that_is_no_file_any_more_holds_up_no_write(room: Room) -> None:
    spool = room.state_dir / "audit.spool"
    spool.unlink()
    os.mkfifo(spool)
    await room.commit()
    assert "could not be read" in (await room.journal.audit.verify()).note
    room.lock()
    with pytest.raises(StorageError, match="locked"):
        await room.refuse()


async def test_a_spool_that_is_put_back_appends_nothing_twice(room: Room) -> None:
    room.lock()
    await room.refuse()
    spool = room.state_dir / "audit.spool"
    before = spool.read_bytes()
    room.release()
    await room.commit()
    spool.write_bytes(before)
    await room.commit()
    assert len(await room.refused()) == 1
    assert not room.journal.audit.late.has_any()


async def test_refusals_are_counted_where_they_are(room: Room) -> None:
    count = room.journal.audit.count_refusals
    await room.refuse(subject="person:bob")
    await room.journal.audit.refusal(ALICE, "write", "limits.min", "too little", subject="person:bob")
    await room.refuse(subject="person:eve")
    assert await count("limits.max", "person:bob", 0) == 1
    (first, *_) = await room.refused()
    assert await count("limits.max", "person:bob", first.ns + 1) == 0
    room.lock()
    await room.refuse(subject="person:bob")
    # One that nobody could write down still counts: a full disk is no way to guess a secret more often.
    assert await count("limits.max", "person:bob", 0) == 2
    assert await count("limits.max", "person:bob", first.ns + 1) == 1
    room.release()
    await room.commit()
    assert await count("limits.max", "person:bob", 0) == 2


async def test_refusals_that_did_not_fit_count_for_everybody(room: Room, capsys: pytest.CaptureFixture[str]) -> None:
    room.lock()
    for number in range(400):
        room.journal.audit.late.keep(room.journal.audit._late_refusal(ALICE, "s", number, {"rule": "r"}, "full"))
    assert capsys.readouterr().err.count("only counted there") > 0
    waiting = room.journal.audit.late.count("r", "s", 0)
    assert waiting == 400
    assert 0 < await room.journal.audit.count_refusals("approval.secret", "person:bob", 0) < 400
    assert await room.journal.audit.count_refusals("approval.secret", "person:bob", 1000) == 0


@pytest.mark.parametrize("closed", [True, False])
async def test_a_process_without_stderr_or_system_log_refuses_all_the_same(
    room: Room, monkeypatch: pytest.MonkeyPatch, closed: bool
) -> None:
    monkeypatch.setattr(alarm, "syslog", None)
    stream = (room.state_dir / "err").open("w")
    stream.close()
    monkeypatch.setattr("sys.stderr", stream if closed else None)
    room.lock()
    await room.refuse()
    room.release()
    await room.commit()
    assert len(await room.refused()) == 1


async def test_what_a_device_says_begins_no_line_of_the_log(
    room: Room, system_log: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    room.lock()
    await room.refuse("fine\nosprey: all is well\x1b[2J" + "x" * 3000)
    assert capsys.readouterr().err.count("\n") == 1
    assert "\x1b" not in system_log[0]
    assert len(system_log[0]) < 1000
