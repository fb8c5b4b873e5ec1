"""Real processes: races for one claim, owners that stop, die, and come back."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from osprey.journal import Journal, RequestState, Who
from osprey.storage import Database

pytestmark = [pytest.mark.anyio, pytest.mark.crash]


@pytest.fixture
def anyio_backend() -> str:
    """Once is enough here: the processes count, not the loop that waits for them."""
    return "asyncio"


PRELUDE = """
import sys, json, time
from pathlib import Path
import anyio
from osprey.errors import RefusedError
from osprey.journal import Intent, Journal, NewRequest, Receipt, RequestState, Who
from osprey.storage import Database

WHO = Who("os:child")
database = Database.open(Path(sys.argv[1]), busy_timeout_s=60)
journal = Journal.open(database)

def group(number, channel):
    return [Intent(target="ring", channel=channel, group=number, index=0, value="0x1.8p+0")]

def confirmed(number):
    return [Receipt(group=number, index=0, outcome="confirmed", readback="0x1.8p+0")]

async def approved(document="{}"):
    row = await journal.requests.create(NewRequest(
        kind="channel_write", title="t", thread="t", document=document, risk="low", requester="os:child",
        expires_ns=time.time_ns() + 10**12))
    return await journal.requests.approve(row.id, row.sha256, WHO)
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


RACER = """
async def main():
    print("ready", flush=True)
    for text in sys.stdin:
        request_id, sha256, channel = json.loads(text)
        try:
            await journal.ledger.claim(request_id, sha256, WHO, group(0, channel))
            print("won", flush=True)
        except RefusedError as error:
            print(error.rule, flush=True)
anyio.run(main)
"""


async def test_of_eight_processes_that_claim_one_request_exactly_one_wins(desk) -> None:
    desk.clock.now_ns = time.time_ns()
    racers = [start(RACER, desk.state_dir) for _ in range(8)]
    assert [line(racer) for racer in racers] == ["ready"] * 8
    for number in range(50):
        desk.clock.now_ns = time.time_ns()  # the racers' rows are newer than the last look at the clock
        row = await desk.approved()
        order = json.dumps([row.id, row.sha256, f"C{number}"]) + "\n"
        for racer in racers:
            assert racer.stdin is not None
            racer.stdin.write(order)
            racer.stdin.flush()
        answers = sorted(line(racer) for racer in racers)
        assert answers == ["approval.claimed"] * 7 + ["won"]
    for racer in racers:
        racer.communicate(timeout=30)
    intents = await desk.journal.ledger.list(unresolved_only=False)
    assert sorted(intent.channel for intent in intents) == sorted(f"C{number}" for number in range(50))
    assert (await desk.journal.audit.verify()).is_intact


async def test_of_four_processes_that_write_one_channel_one_holds_it(desk) -> None:
    desk.clock.now_ns = time.time_ns()
    racers = [start(RACER, desk.state_dir) for _ in range(4)]
    assert [line(racer) for racer in racers] == ["ready"] * 4
    rows = [await desk.approved() for _ in racers]
    for racer, row in zip(racers, rows, strict=True):
        assert racer.stdin is not None
        racer.stdin.write(json.dumps([row.id, row.sha256, "A"]) + "\n")
        racer.stdin.flush()
    assert sorted(line(racer) for racer in racers) == ["ledger.channel_busy"] * 3 + ["won"]
    for racer in racers:
        racer.communicate(timeout=30)


HOLDER = """
async def main():
    row = await approved('{"writes": {"groups": [[], []]}}')
    await journal.ledger.claim(row.id, row.sha256, WHO, group(0, "A"))
    await database.safety.settle()  # or the test might stop it while it holds the anchor's lock
    print(row.id, flush=True)
    for text in sys.stdin:
        try:
            await journal.ledger.advance(row.id, confirmed(0), group(1, "A"))
            print("advanced", flush=True)
        except RefusedError as error:
            print(error.rule, flush=True)
anyio.run(main)
"""


async def test_only_a_dead_process_leaves_orphans(desk) -> None:
    desk.clock.now_ns = time.time_ns()
    holder = start(HOLDER, desk.state_dir)
    request_id = line(holder)
    assert await desk.journal.ledger.orphans() == []
    os.kill(holder.pid, signal.SIGSTOP)
    assert await desk.journal.ledger.orphans() == []
    os.kill(holder.pid, signal.SIGKILL)
    holder.communicate(timeout=30)
    (orphan,) = await desk.journal.ledger.orphans()
    assert (orphan.request_id, orphan.channel) == (request_id, "A")
    await desk.journal.ledger.record_recovery(orphan, True, "0x1.8p+0", "")
    ended = await desk.journal.ledger.conclude_recovery(request_id)
    assert ended.state is RequestState.PARTIAL


async def test_a_stopped_process_goes_on_where_it_was(desk) -> None:
    desk.clock.now_ns = time.time_ns()
    holder = start(HOLDER, desk.state_dir)
    line(holder)
    os.kill(holder.pid, signal.SIGSTOP)
    assert await desk.journal.ledger.orphans() == []
    os.kill(holder.pid, signal.SIGCONT)
    assert holder.stdin is not None
    holder.stdin.write("go\n")
    holder.stdin.flush()
    assert line(holder) == "advanced"
    holder.communicate(timeout=30)


async def test_a_zombie_that_was_taken_over_is_fenced(desk) -> None:
    desk.clock.now_ns = time.time_ns()
    holder = start(HOLDER, desk.state_dir)
    line(holder)
    os.kill(holder.pid, signal.SIGSTOP)
    for path in (desk.state_dir / "owners").glob("*.lock"):
        path.unlink()
    assert len(await desk.journal.ledger.orphans()) == 1
    os.kill(holder.pid, signal.SIGCONT)
    assert holder.stdin is not None
    holder.stdin.write("go\n")
    holder.stdin.flush()
    assert line(holder) == "ledger.fenced"
    holder.communicate(timeout=30)


SYNCER = """
import os, signal
from osprey.journal.audit import anchor
async def main():
    await journal.audit.record(WHO, "test.before")
    await database.safety.settle()
    sync = os.fsync
    def stop_and_sync(descriptor):
        os.kill(os.getpid(), signal.SIGSTOP)
        sync(descriptor)
    anchor.os.fsync = stop_and_sync
    print("now", flush=True)
    await journal.audit.record(WHO, "test.stopped")
    await database.safety.settle()
    print("synced", flush=True)
anyio.run(main)
"""


async def test_a_process_that_is_stopped_while_the_disk_works_keeps_no_other_from_the_anchor(desk) -> None:
    syncer = start(SYNCER, desk.state_dir)
    assert line(syncer) == "now"
    os.waitid(os.P_PID, syncer.pid, os.WSTOPPED)
    await desk.journal.audit.record(Who("os:alice"), "test.happened")
    verdict = await desk.journal.audit.verify()
    assert (verdict.is_intact, verdict.rows, verdict.anchored) == (True, 3, 3)
    os.kill(syncer.pid, signal.SIGCONT)
    assert line(syncer) == "synced"
    syncer.communicate(timeout=30)


WORKER = """
log = open(sys.argv[1] + "/puts.log", "a")

def put(request_id, number):
    log.write(f"{request_id} {number}\\n")
    log.flush()

async def main():
    print("begun", flush=True)
    while True:
        row = await approved('{"writes": {"groups": [[], [], []]}}')
        await journal.ledger.claim(row.id, row.sha256, WHO, group(0, "A"))
        put(row.id, 0)
        for number in (1, 2):
            await journal.ledger.advance(row.id, confirmed(number - 1), group(number, "A"))
            put(row.id, number)
        await journal.ledger.finish(row.id, confirmed(2), RequestState.DONE, {})
anyio.run(main)
"""


async def test_a_kill_at_any_moment_doubles_nothing_and_hides_nothing(tmp_path: Path) -> None:
    state_dir = tmp_path / "state"
    chance = random.Random(20_261_121)
    for _ in range(12):
        worker = start(WORKER, state_dir)
        assert line(worker) == "begun"
        time.sleep(chance.uniform(0, 0.05))
        os.kill(worker.pid, signal.SIGKILL)
        worker.communicate(timeout=30)
        puts = [tuple(text.split()) for text in (state_dir / "puts.log").read_text().splitlines()]
        assert len(puts) == len(set(puts))
        database = Database.open(state_dir)
        journal = Journal.open(database)
        opened = {(intent.request_id, str(intent.group)) for intent in await journal.ledger.list(unresolved_only=False)}
        assert set(puts) <= opened, "a put without its intent"
        for orphan in await journal.ledger.orphans():
            was_put = (orphan.request_id, str(orphan.group)) in puts
            await journal.ledger.record_recovery(orphan, was_put, None, "by the log of puts")
        for row in await journal.ledger.orphan_requests():
            await journal.ledger.conclude_recovery(row.id)
        assert await journal.requests.list([RequestState.CLAIMED]) == []
        for doubt in await journal.ledger.doubts():
            await journal.ledger.settle(doubt.id, Who("os:alice"), "did_not_land", "not in the log of puts")
        verdict = await journal.audit.verify()
        assert verdict.is_intact, verdict
        await journal.aclose()
        database.close()


async def test_processes_that_open_a_new_project_at_once_share_one_key(tmp_path: Path) -> None:
    code = """
async def main():
    for _ in range(10):
        await journal.audit.record(WHO, "test.happened")
    await journal.aclose()
    await database.aclose()
anyio.run(main)
"""
    children = [start(code, tmp_path / "state") for _ in range(5)]
    for process in children:
        process.communicate(timeout=100)
    assert [process.returncode for process in children] == [0] * 5
    database = Database.open(tmp_path / "state")
    verdict = await Journal.open(database).audit.verify()
    assert (verdict.is_intact, verdict.rows, verdict.anchored) == (True, 50, 50)
    database.close()
