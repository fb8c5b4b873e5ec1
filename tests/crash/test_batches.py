"""Guarded batches whose process is killed, stopped, or watched by another: a sample of `make proof`."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
from tests.crash.batch_victim import apply_and_die, apply_and_stop
from tests.crash.batches import BatchBench, read_puts, settle_all
from tests.crash.harness import counting_ioc

from osprey.control import guard_of
from osprey.journal import journal_of
from osprey.project import open_project

pytestmark = [pytest.mark.crash, pytest.mark.ioc, pytest.mark.anyio, pytest.mark.timeout(300)]

SAMPLE = 12


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[BatchBench]:
    with counting_ioc(tmp_path) as (port, puts):
        yield BatchBench(tmp_path, port, puts, seed=3)


async def test_kills_at_random_points_of_a_batch_double_nothing_and_show_every_doubt(bench: BatchBench) -> None:
    await bench.measure()
    async with open_project(bench.folder) as project:
        for _ in range(SAMPLE):
            verdict = await bench.trial(project)
            assert not verdict.faults, verdict
        assert await bench.faults_of_series(project) == []


async def test_the_writes_of_a_live_process_are_never_recovered(bench: BatchBench) -> None:
    async with open_project(bench.folder) as project:
        row = await bench.approve(project, record="SLOW", groups=1)
        victim, told = bench.start(apply_and_die, row, None, False)
        with anyio.fail_after(60):
            while not await journal_of(project).ledger.list():
                await anyio.sleep(0.01)
        assert await guard_of(project).recover() == ()
        (intent,) = await journal_of(project).ledger.list()
        assert (intent.request_id, intent.state) == (row.id, "open")
        status, _ = await anyio.to_thread.run_sync(told.recv)
        await anyio.to_thread.run_sync(victim.join)
        assert status == "done"
        assert [name for name, _ in read_puts(bench.puts_file)] == ["CRASH:SLOW"]


@pytest.mark.parametrize("is_taken_over", [False, True])
async def test_a_stopped_process_that_wakes_too_late_puts_nothing(bench: BatchBench, is_taken_over: bool) -> None:
    config = bench.folder / "config.yml"
    config.write_text(config.read_text().replace("posture: approval", "posture: approval\n      write_timeout_s: 0.3"))
    async with open_project(bench.folder) as project:
        row = await bench.approve(project)
        victim, told = bench.start(apply_and_stop, row)
        await _wait_until_stopped(int(victim.pid or 0))
        intents = await journal_of(project).ledger.intents_of(row.id)
        assert intents, "it stopped before its intents were durable"
        lapsed = time.monotonic() + 0.4
        assert await guard_of(project).recover() == (), "a stopped process holds its lock: it is not dead"
        if is_taken_over:
            # Somebody removed its lock file: now it is taken for dead.
            (bench.folder / ".osprey" / "owners" / f"{intents[0].owner}.lock").unlink()
            (report,) = await guard_of(project).recover()
            assert report.status == "in_doubt"
        while time.monotonic() < lapsed:
            await anyio.sleep(0.02)
        os.kill(int(victim.pid or 0), signal.SIGCONT)
        status, _ = await anyio.to_thread.run_sync(told.recv)
        await anyio.to_thread.run_sync(victim.join)
        assert read_puts(bench.puts_file) == []
        assert status == ("in_doubt" if is_taken_over else "failed")
        assert (await journal_of(project).requests.get(row.id)).state == status
        await settle_all(journal_of(project))


async def _wait_until_stopped(pid: int) -> None:
    with anyio.fail_after(60):
        while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
            await anyio.sleep(0.01)
