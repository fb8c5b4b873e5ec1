"""`control_system.guard: socket`: a guard in a process of its own, killed, doubled, absent."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from osprey.control import Actor, ApplyRequest, JudgeRequest, WriteBatch, WriteItem, guard_of
from osprey.control.guard.remote import RemoteGuard
from osprey.control.payload import write_document
from osprey.errors import RefusedError
from osprey.journal import NewRequest, journal_of
from osprey.project import Project, open_project

pytestmark = pytest.mark.anyio

SP = "SR:01:HCM1:SP"
FAR_FUTURE_NS = 4_000_000_000_000_000_000
CONFIG = """
control_system:
  guard: {guard}
  default_target: machine
  targets:
    machine:
      connector: mock
      posture: simulation
      writes_enabled: true
      limits: {{unlisted: native_only}}
      settings: {settings}
"""


class Bench:
    """A project whose guard is another process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.servers: list[subprocess.Popen[str]] = []

    def configure(self, guard: str = "socket", settings: str = "{}") -> Project:
        (self.folder / "config.yml").write_text(CONFIG.format(guard=guard, settings=settings))
        return open_project(self.folder)

    def serve(self) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "osprey", "--project", str(self.folder), "guard", "serve"]
        server = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        self.servers.append(server)
        return server

    def serving(self) -> subprocess.Popen[str]:
        server = self.serve()
        assert server.stderr is not None
        told: list[str] = []
        for line in iter(server.stderr.readline, ""):
            told.append(line)
            if line.startswith("The guard serves"):
                self.told = told
                return server
        raise AssertionError("".join(told))

    def stop(self) -> None:
        for server in self.servers:
            server.kill()
            server.wait()
            if server.stderr is not None:
                server.stderr.close()


@pytest.fixture
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    bench = Bench(tmp_path_factory.mktemp("g"))
    yield bench
    bench.stop()


def batch(value: float) -> JudgeRequest:
    item = WriteItem(channel=SP, value=value)
    return JudgeRequest(batch=WriteBatch(target="machine", groups=((item,),)), actor=Actor(subject="os:somebody"))


async def approved(project: Project, value: float) -> ApplyRequest:
    judgement = await guard_of(project).judge(batch(value))
    assert judgement.is_allowed, judgement.items
    requests = journal_of(project).requests
    new = {"kind": "channel_write", "title": "t", "thread": "t", "risk": "", "requester": "os:somebody"}
    new["policy"] = project.config.approval.version
    row = await requests.create(NewRequest(document=write_document(judgement), expires_ns=FAR_FUTURE_NS, **new))
    actor = Actor(subject="os:somebody")
    await requests.approve(row.id, row.sha256, actor)
    return ApplyRequest(request_id=row.id, sha256=row.sha256, actor=actor)


async def test_every_caller_is_served_by_the_one_guard(bench: Bench) -> None:
    async with bench.configure() as project:
        server = await anyio.to_thread.run_sync(bench.serving)
        assert isinstance(guard_of(project), RemoteGuard)
        request = await approved(project, 2.5)
        report = await guard_of(project).apply(request)
        assert report.status == "done", report
        (intent,) = await journal_of(project).ledger.intents_of(request.request_id)
        row = await journal_of(project).requests.get(request.request_id)
        owner = await _owner_pid(project, str(row.owner))
        assert (intent.outcome, owner) == ("confirmed", server.pid)
        server.send_signal(signal.SIGTERM)
        assert await anyio.to_thread.run_sync(server.wait) == 0
        assert not (project.state_dir / "guard.sock").exists()


async def test_without_a_server_nothing_is_written_and_nothing_falls_back(bench: Bench) -> None:
    async with bench.configure(guard="inprocess") as project:
        request = await approved(project, 2.5)
    async with bench.configure() as project:
        with pytest.raises(RefusedError, match="osprey guard serve") as refused:
            await guard_of(project).judge(batch(1.0))
        assert refused.value.rule == "guard.not_running"
        report = await guard_of(project).apply(request)
        assert (report.status, report.rule) == ("approved", "guard.not_running")
        assert (await journal_of(project).requests.get(request.request_id)).state == "approved"
        assert await guard_of(project).recover() == ()


async def test_a_guard_that_dies_within_an_apply_leaves_a_doubt_that_the_next_one_shows(bench: Bench) -> None:
    async with bench.configure(settings=f"{{faults: {{'{SP}': slow}}, slow_s: 3.0}}") as project:
        server = await anyio.to_thread.run_sync(bench.serving)
        request = await approved(project, 2.5)
        reports: list[Any] = []
        async with anyio.create_task_group() as group:

            async def apply() -> None:
                reports.append(await guard_of(project).apply(request))

            group.start_soon(apply)
            with anyio.fail_after(60):
                while not await journal_of(project).ledger.list():
                    await anyio.sleep(0.01)
            server.kill()
        assert (reports[0].status, reports[0].rule) == ("in_doubt", "guard.lost")
        await anyio.to_thread.run_sync(bench.serving)
        row = await journal_of(project).requests.get(request.request_id)
        assert row.state == "in_doubt"
        assert request.request_id in "".join(bench.told)
        assert [doubt.channel for doubt in await journal_of(project).ledger.doubts()] == [SP]
        again = await guard_of(project).apply(request)
        assert (again.status, again.rule) == ("refused", "approval.in_doubt")


async def test_people_are_told_of_what_a_dead_process_has_left(bench: Bench) -> None:
    """The entry names a notifier that is not there: that it was asked for stands in the audit."""
    async with bench.configure(guard="inprocess") as project:
        request = await approved(project, 2.5)
        await journal_of(project).ledger.claim(request.request_id, request.sha256, request.actor, [])
    async with bench.configure() as project:
        with (bench.folder / "config.yml").open("a", encoding="utf-8") as file:
            file.write("approval: {notify: {crew: {via: pigeon}}}\n")
        await anyio.to_thread.run_sync(bench.serving)
        failed: list[Any] = []
        with anyio.fail_after(60):
            while not failed:
                await anyio.sleep(0.01)
                failed = [row for row in await journal_of(project).audit.log() if row.event == "notice.failed"]
        assert [(row.subject, row.detail["event"]) for row in failed] == [(request.request_id, "ended")]


async def test_a_second_server_of_the_project_refuses_to_start(bench: Bench) -> None:
    async with bench.configure() as project:
        await anyio.to_thread.run_sync(bench.serving)
        second = bench.serve()
        _, told = await anyio.to_thread.run_sync(second.communicate)
        assert (second.returncode, "another guard already serves" in told) == (2, True), told
        assert (await guard_of(project).judge(batch(1.0))).is_allowed


async def test_a_socket_that_a_killed_server_left_is_taken_over(bench: Bench) -> None:
    async with bench.configure() as project:
        server = await anyio.to_thread.run_sync(bench.serving)
        server.kill()
        await anyio.to_thread.run_sync(server.wait)
        with pytest.raises(RefusedError, match="osprey guard serve"):
            await guard_of(project).judge(batch(1.0))
        await anyio.to_thread.run_sync(bench.serving)
        assert (await guard_of(project).judge(batch(1.0))).is_allowed


async def test_an_apply_is_finished_although_the_process_that_asked_was_killed(bench: Bench) -> None:
    async with bench.configure(settings=f"{{faults: {{'{SP}': slow}}, slow_s: 0.5}}") as project:
        await anyio.to_thread.run_sync(bench.serving)
        request = await approved(project, 2.5)
        told = json.dumps({"request_id": request.request_id, "sha256": request.sha256})
        asker = subprocess.Popen([sys.executable, "-c", ASKER, str(bench.folder), told])
        with anyio.fail_after(60):
            while not await journal_of(project).ledger.list():
                await anyio.sleep(0.01)
            os.kill(asker.pid, signal.SIGKILL)
            await anyio.to_thread.run_sync(asker.wait)
            while (await journal_of(project).requests.get(request.request_id)).state == "claimed":
                await anyio.sleep(0.02)
        assert (await journal_of(project).requests.get(request.request_id)).state == "done"


ASKER = """
import json, sys
from pathlib import Path
import anyio
from osprey.control import Actor, ApplyRequest, guard_of
from osprey.project import open_project

async def main():
    async with open_project(Path(sys.argv[1])) as project:
        await guard_of(project).apply(ApplyRequest(actor=Actor(subject="os:x"), **json.loads(sys.argv[2])))

anyio.run(main)
"""


async def test_a_guard_of_its_own_is_not_served_unless_it_is_asked_for(bench: Bench) -> None:
    bench.configure(guard="inprocess")
    server = bench.serve()
    _, told = await anyio.to_thread.run_sync(server.communicate)
    assert (server.returncode, "control_system.guard: socket" in told) == (2, True), told


async def _owner_pid(project: Project, owner: str) -> int:
    def read(connection: Any) -> int:
        return int(connection.exec_driver_sql("SELECT pid FROM owners WHERE id = ?", (owner,)).scalar_one())

    return await project.database.read(read)
