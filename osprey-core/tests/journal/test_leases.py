"""One owner, and one task of it, holds a thread; a dead owner loses it, a stopped one does not."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from osprey.errors import ConflictError, RefusedError, StorageError
from osprey.journal import Journal
from osprey.storage import Database

pytestmark = pytest.mark.anyio


async def test_a_thread_is_held_by_one_and_free_afterwards(desk) -> None:
    other = Journal.open(desk.database, clock=desk.clock)
    async with desk.journal.leases.hold("a") as lease:
        assert (lease.thread, lease.owner) == ("a", desk.journal.owner.id)
        with pytest.raises(ConflictError, match=f"thread a .* another process \\(pid {os.getpid()} on "):
            async with other.leases.hold("a"):
                pass
        async with other.leases.hold("b"):
            pass
    async with other.leases.hold("a") as taken:
        assert taken.owner == other.owner.id
    await other.aclose()


async def test_two_tasks_of_one_process_exclude_each_other(desk) -> None:
    async with desk.journal.leases.hold("a"):
        with pytest.raises(ConflictError, match="another task of this process"):
            async with desk.journal.leases.hold("a"):
                pass
        # The refusal has not cost the holder its thread.
        with pytest.raises(ConflictError, match="another task of this process"):
            async with desk.journal.leases.hold("a"):
                pass
    async with desk.journal.leases.hold("a"):
        pass


async def test_of_many_tasks_that_start_together_one_works_at_a_time(desk) -> None:
    inside, served, refused = 0, 0, 0

    async def work() -> None:
        nonlocal inside, served, refused
        try:
            async with desk.journal.leases.hold("a"):
                inside += 1
                assert inside == 1
                await anyio.lowlevel.checkpoint()
                inside -= 1
                served += 1
        except ConflictError:
            refused += 1

    async with anyio.create_task_group() as tasks:
        for _ in range(30):
            tasks.start_soon(work)
    assert served >= 1
    assert served + refused == 30


async def test_what_happens_in_the_block_gives_the_thread_back(desk) -> None:
    with pytest.raises(ZeroDivisionError):
        async with desk.journal.leases.hold("a"):
            raise ZeroDivisionError
    with anyio.CancelScope() as scope:
        async with desk.journal.leases.hold("a"):
            scope.cancel()
            await anyio.sleep_forever()
    async with desk.journal.leases.hold("a"):
        pass


async def test_an_owner_that_ended_without_giving_back_loses_the_thread(desk) -> None:
    other = Journal.open(desk.database, clock=desk.clock)
    with pytest.raises(ConflictError, match="another one has it now"):
        async with other.leases.hold("a"):
            await other.aclose()
            async with desk.journal.leases.hold("a"):
                pass
    assert "lease.taken_over" in await desk.events()


async def test_who_was_taken_for_dead_can_neither_claim_nor_end_as_if_nothing_was(desk) -> None:
    """Somebody removed the lock file of a process that lives; only the fencing token tells then."""
    other = Journal.open(desk.database, clock=desk.clock)
    request = await desk.approved()
    with pytest.raises(ConflictError, match="taken for dead while it worked on thread a"):
        async with other.leases.hold("a"):
            (desk.state_dir / "owners" / f"{other.owner.id}.lock").unlink()
            async with desk.journal.leases.hold("a"):
                with pytest.raises(RefusedError) as refused:
                    await other.ledger.claim(request.id, request.sha256, desk.bob, [])
                assert refused.value.rule == "ledger.fenced"
    with pytest.raises(RefusedError) as refused:
        async with other.leases.hold("b"):
            pass
    assert refused.value.rule == "ledger.fenced"
    await desk.journal.ledger.claim(request.id, request.sha256, desk.bob, [])
    await other.aclose()


async def test_a_lease_that_could_not_be_given_back_blocks_nobody_for_long(desk, monkeypatch) -> None:
    run = desk.database.safety.run

    async def fail(_):
        msg = "the disk is full"
        raise StorageError(msg)

    with pytest.raises(StorageError, match="disk is full"):
        async with desk.journal.leases.hold("a"):
            monkeypatch.setattr(desk.database.safety, "run", fail)
    monkeypatch.setattr(desk.database.safety, "run", run)
    async with desk.journal.leases.hold("a"):
        pass


PRELUDE = """
import sys
from pathlib import Path
import anyio
from osprey.errors import ConflictError
from osprey.journal import Journal
from osprey.storage import Database

journal = Journal.open(Database.open(Path(sys.argv[1]), busy_timeout_s=60))
"""

HOLDER = """
async def main():
    async with journal.leases.hold("a"):
        print("held", flush=True)
        await anyio.to_thread.run_sync(sys.stdin.readline)
anyio.run(main)
"""

RACER = """
async def main():
    print("ready", flush=True)
    for thread in iter(sys.stdin.readline, ""):
        try:
            async with journal.leases.hold(thread.strip()):
                print("won", flush=True)
                sys.stdin.readline()
        except ConflictError:
            print("lost", flush=True)
            sys.stdin.readline()
        print("out", flush=True)
anyio.run(main)
"""


def start(code: str, state_dir: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PRELUDE + code, str(state_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def tell(process: subprocess.Popen[str], text: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{text}\n")
    process.stdin.flush()


@pytest.mark.crash
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_stopped_process_keeps_its_thread_and_a_killed_one_loses_it(desk) -> None:
    holder = start(HOLDER, desk.state_dir)
    assert line(holder) == "held"
    os.kill(holder.pid, signal.SIGSTOP)
    with pytest.raises(ConflictError, match=f"pid {holder.pid}"):
        async with desk.journal.leases.hold("a"):
            pass
    os.kill(holder.pid, signal.SIGKILL)
    holder.communicate(timeout=30)
    async with desk.journal.leases.hold("a") as lease:
        assert lease.owner == desk.journal.owner.id
    assert (await desk.journal.audit.verify()).is_intact


@pytest.mark.crash
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("is_recovered_first", [True, False])
async def test_what_a_killed_holder_has_left_open_is_recovered_by_one_and_its_thread_taken_by_another(
    desk, is_recovered_first: bool
) -> None:
    """Neither hides the dead owner from the other: recovery keeps its lock, and taking the thread fences it."""
    second = Journal.open(desk.database, clock=desk.clock)
    holder = start(
        """
from osprey.journal import Intent, NewRequest, Who
async def main():
    row = await journal.requests.create(NewRequest(kind="channel_write", title="t", thread="a", document="{}",
        risk="low", requester="os:child", expires_ns=2**62))
    await journal.requests.approve(row.id, row.sha256, Who("os:child"))
    async with journal.leases.hold("a"):
        intent = Intent(target="ring", channel="A", group=0, index=0, value="0x1p+0")
        await journal.ledger.claim(row.id, row.sha256, Who("os:child"), [intent])
        print("held", flush=True)
        await anyio.sleep_forever()
anyio.run(main)
""",
        desk.state_dir,
    )
    assert line(holder) == "held"
    os.kill(holder.pid, signal.SIGKILL)
    holder.communicate(timeout=30)
    if is_recovered_first:
        assert [intent.channel for intent in await second.ledger.orphans()] == ["A"]
    async with desk.journal.leases.hold("a"):
        assert [intent.channel for intent in await second.ledger.orphans()] == ["A"]
    assert {"owner.taken_over", "lease.taken_over"} <= set(await desk.events())
    await second.aclose()


@pytest.mark.crash
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_of_eight_processes_that_want_one_thread_exactly_one_gets_it(desk) -> None:
    racers = [start(RACER, desk.state_dir) for _ in range(8)]
    assert [line(racer) for racer in racers] == ["ready"] * 8
    for number in range(25):
        for racer in racers:
            tell(racer, f"t{number % 3}")
        assert sorted(line(racer) for racer in racers) == ["lost"] * 7 + ["won"]
        for racer in racers:
            tell(racer, "go on")
        assert [line(racer) for racer in racers] == ["out"] * 8
    for racer in racers:
        racer.communicate(timeout=30)
    left = sqlite3.connect(desk.state_dir / "osprey.db").execute("SELECT count(*) FROM leases").fetchone()
    assert left == (0,)


@pytest.mark.crash
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_of_eight_processes_that_take_over_from_a_killed_one_exactly_one_gets_it(desk) -> None:
    holder = start(HOLDER, desk.state_dir)
    assert line(holder) == "held"
    racers = [start(RACER, desk.state_dir) for _ in range(8)]
    assert [line(racer) for racer in racers] == ["ready"] * 8
    os.kill(holder.pid, signal.SIGKILL)
    holder.communicate(timeout=30)
    for racer in racers:
        tell(racer, "a")
    assert sorted(line(racer) for racer in racers) == ["lost"] * 7 + ["won"]
    for racer in racers:
        racer.communicate(timeout=30)


async def test_a_database_that_cannot_be_written_gives_no_thread(desk) -> None:
    desk.database.close()
    with pytest.raises(StorageError):
        async with desk.journal.leases.hold("a"):
            pass
    reopened = Database.open(desk.state_dir)
    async with Journal.open(reopened, clock=desk.clock).leases.hold("a"):
        pass
    reopened.close()
