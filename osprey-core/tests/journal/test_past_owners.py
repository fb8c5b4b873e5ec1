"""The rows of processes that are gone: removed after a month, unless something names them."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from sqlalchemy import Connection

from osprey.errors import ConflictError, RefusedError
from osprey.journal import Journal, RequestState
from osprey.journal.past_owners import KEPT_NS

pytestmark = pytest.mark.anyio
MONTH_S = KEPT_NS / 1e9


async def work(journal: Journal, thread: str = "a") -> str:
    """Work on a thread for a moment, which makes a journal an owner."""
    async with journal.leases.hold(thread):
        return journal.owner.id


async def gone(desk, thread: str = "a") -> str:
    """Give an owner that has worked and is gone."""
    journal = Journal.open(desk.database, clock=desk.clock)
    owner = await work(journal, thread)
    await journal.aclose()
    return owner


async def later(desk, *, days: float = 31) -> None:
    """Let the time pass, and a process come that looks for orphans."""
    desk.clock.move(days * 24 * 3600)
    await work(desk.journal)
    await desk.journal.ledger.orphans()


def owners(desk) -> list[str]:
    return desk.database.read_sync(
        lambda c: list(c.exec_driver_sql("SELECT id FROM owners ORDER BY started_ns, token").scalars())
    )


async def test_a_row_that_nothing_names_goes_after_a_month_and_leaves_no_lock(desk) -> None:
    past = [await gone(desk) for _ in range(3)]
    await later(desk, days=29)
    assert owners(desk) == [*past, desk.journal.owner.id]
    await later(desk, days=2)
    assert owners(desk) == [desk.journal.owner.id]
    assert [path.stem for path in (desk.state_dir / "owners").glob("*.lock")] == [desk.journal.owner.id]


async def test_the_month_begins_when_its_process_ended(desk) -> None:
    old = Journal.open(desk.database, clock=desk.clock)
    await work(old)
    desk.clock.move(MONTH_S)
    await old.aclose()
    await later(desk, days=29)
    assert old.owner.id in owners(desk)


async def test_a_living_owner_keeps_its_row_however_long_it_lives(desk) -> None:
    old = Journal.open(desk.database, clock=desk.clock)
    await work(old)
    await later(desk, days=400)
    assert old.owner.id in owners(desk)
    await work(old, "b")
    await old.aclose()


async def test_what_the_ledger_names_stays_for_ever(desk, make) -> None:
    row = await desk.claimed("A")
    await desk.journal.ledger.finish(row.id, make.receipts(0, "confirmed"), RequestState.DONE, {})
    await desk.journal.aclose()
    spent = Journal.open(desk.database, clock=desk.clock)
    request = await desk.approved()
    await spent.ledger.claim(request.id, request.sha256, desk.bob, [])
    await spent.ledger.finish(request.id, [], RequestState.DONE, {})
    await spent.aclose()
    fresh = Journal.open(desk.database, clock=desk.clock)
    await work(fresh)
    desk.clock.move(400 * 24 * 3600)
    await fresh.ledger.orphans()
    assert owners(desk) == [desk.journal.owner.id, spent.owner.id, fresh.owner.id]
    await fresh.aclose()


async def test_whoever_took_over_from_one_that_stays_stays_too(desk) -> None:
    await desk.claimed("A")
    await desk.journal.aclose()
    heir = Journal.open(desk.database, clock=desk.clock)
    await work(heir)
    (intent,) = await heir.ledger.orphans()
    await heir.ledger.record_recovery(intent, True, "0x1.8p+0", "")
    await heir.ledger.conclude_recovery(intent.request_id)
    await heir.aclose()
    fresh = Journal.open(desk.database, clock=desk.clock)
    await work(fresh)
    desk.clock.move(400 * 24 * 3600)
    await fresh.ledger.orphans()
    assert sorted(owners(desk)) == sorted([desk.journal.owner.id, heir.owner.id, fresh.owner.id])
    await fresh.aclose()


async def test_a_lease_that_was_not_given_back_keeps_its_owner_until_somebody_takes_it(desk) -> None:
    other = Journal.open(desk.database, clock=desk.clock)
    with pytest.raises(ConflictError, match="another one has it now"):
        async with other.leases.hold("left"):
            await other.aclose()
            await later(desk)
            assert other.owner.id in owners(desk)
            await work(desk.journal, "left")
    await later(desk)
    assert other.owner.id not in owners(desk)


async def test_the_newest_token_stays_so_that_no_token_is_given_twice(desk) -> None:
    past = [await gone(desk) for _ in range(3)]
    desk.clock.move(31 * 24 * 3600)
    await desk.journal.ledger.orphans()  # it has not worked yet, and has no row
    assert owners(desk) == past[-1:]
    await work(desk.journal)
    assert desk.journal.owner.token == 4


async def test_one_that_was_wrongly_taken_for_dead_finds_its_row_gone_and_can_do_nothing_more(desk) -> None:
    other = Journal.open(desk.database, clock=desk.clock)
    await work(other)
    (desk.state_dir / "owners" / f"{other.owner.id}.lock").unlink()
    await later(desk)
    assert owners(desk) == [desk.journal.owner.id]
    request = await desk.approved()
    with pytest.raises(RefusedError, check=lambda error: error.rule == "ledger.fenced"):
        await other.ledger.claim(request.id, request.sha256, desk.bob, [])
    assert owners(desk) == [desk.journal.owner.id]
    await other.aclose()


async def test_an_owner_whose_first_transaction_failed_registers_with_the_next(desk) -> None:
    def fail(connection: Connection) -> None:
        assert desk.journal.owner.require(connection, desk.clock()) is None
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await desk.database.safety.run(fail)
    assert owners(desk) == []
    await work(desk.journal)
    assert owners(desk) == [desk.journal.owner.id]


async def test_the_audit_reads_the_same_and_proves_itself_without_the_rows(desk) -> None:
    other = Journal.open(desk.database, clock=desk.clock)
    with pytest.raises(ConflictError):
        async with other.leases.hold("a"):
            await other.aclose()
            await work(desk.journal, "a")
    before = await desk.journal.audit.log()
    await later(desk)
    assert other.owner.id not in owners(desk)
    assert (await desk.journal.audit.log())[: len(before)] == before
    assert (await desk.journal.audit.verify()).is_intact


async def forbidden(desk, owner: str) -> None:
    with pytest.raises(ConflictError, match="is never deleted"):
        await desk.database.safety.run(lambda c: c.exec_driver_sql("DELETE FROM owners WHERE id = ?", (owner,)))


async def test_the_database_itself_keeps_what_is_named(desk) -> None:
    claimed, leased = (Journal.open(desk.database, clock=desk.clock) for _ in range(2))
    row = await desk.approved()
    await claimed.ledger.claim(row.id, row.sha256, desk.bob, [])
    await forbidden(desk, await gone(desk))  # which has the newest token
    async with leased.leases.hold("b"):
        await desk.claimed("A")
        for journal in (desk.journal, claimed, leased):
            await forbidden(desk, journal.owner.id)
    await claimed.aclose()
    await leased.aclose()


CUT = """
import sys, time
from pathlib import Path
import anyio
from osprey.journal import Journal, past_owners
from osprey.storage import Database

database = Database.open(Path(sys.argv[1]))
journal = Journal.open(database, clock=lambda: int(sys.argv[2]))

def cut(connection):
    print(past_owners.remove_past_owners(connection, journal.owner, int(sys.argv[2])), flush=True)
    time.sleep(600)

database.safety.run_sync(cut)
"""


@pytest.mark.crash
async def test_a_process_killed_while_it_removes_rows_has_removed_none_and_the_next_removes_them(desk) -> None:
    past = [await gone(desk) for _ in range(3)]
    desk.clock.move(31 * 24 * 3600)
    await work(desk.journal)
    child = subprocess.Popen(
        [sys.executable, "-c", CUT, str(desk.state_dir), str(desk.clock())], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline().strip() == "3"
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert owners(desk) == [*past, desk.journal.owner.id]
    await desk.journal.ledger.orphans()
    assert owners(desk) == [desk.journal.owner.id]
