"""On a real IOC each way in which a write goes wrong ends in its own word, and no put is without its intent."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from attrs import define

from osprey.control import (
    Actor,
    ApplyReport,
    ApplyRequest,
    DType,
    JudgeRequest,
    Outcome,
    Put,
    WriteBatch,
    WriteItem,
    guard_of,
    targets_of,
)
from osprey.control.exact import unpacked
from osprey.control.payload import write_document
from osprey.journal import NewRequest, journal_of
from osprey.project import Project, open_project

sys.path.insert(0, str(Path(__file__).parents[2] / "plugins/osprey-epics/tests/peers"))

from soft_ioc import SoftIoc

pytestmark = [pytest.mark.ioc, pytest.mark.anyio]

ALICE = Actor(subject="os:alice")
CONFIG = """
control_system:
  default_target: ioc
  targets:
    ioc:
      connector: epics
      posture: approval
      writes_enabled: true
      read_timeout_s: 5
      write_timeout_s: {write_timeout_s}
      limits: {{unlisted: native_only, file: limits.yml}}
      settings: {{address: 127.0.0.1, port: {port}}}
"""
LIMITS = """
channels:
  "*:RO": {{min: -5, max: 5}}
  "*:FREE": {{min: -5, max: 5, readback: "{prefix}:AO0003", tolerance_absolute: 0.1, settle_s: 0.3}}
  "*:AO0001": {{readback: "{prefix}:FORMULA", settle_s: 0.3}}
  "*": {{settle_s: 0.3}}
"""


@define
class Machine:
    """A project with one IOC as its target."""

    ioc: SoftIoc
    project: Project

    @property
    async def connector(self) -> Any:
        return (await targets_of(self.project).get()).connector

    async def write(self, record: str, value: float) -> ApplyReport:
        batch = WriteBatch(target="ioc", groups=((WriteItem(channel=self.ioc.name(record), value=value),),))
        judgement = await guard_of(self.project).judge(JudgeRequest(batch=batch, actor=ALICE))
        assert judgement.is_allowed, judgement.items
        requests = journal_of(self.project).requests
        row = await requests.create(
            NewRequest(
                kind="channel_write",
                title="",
                thread="",
                document=write_document(judgement),
                risk="",
                requester="os:alice",
                expires_ns=4 * 10**18,
                policy=self.project.config.approval.version,
            )
        )
        await requests.approve(row.id, row.sha256, ALICE)
        return await guard_of(self.project).apply(ApplyRequest(request_id=row.id, sha256=row.sha256, actor=ALICE))

    async def unaccounted(self) -> Counter[tuple[str, float]]:
        """Give the puts in the IOC's own log that no intent of the ledger stands for."""
        puts = Counter((name, float(value)) for name, value in self.ioc.puts())
        intents = await journal_of(self.project).ledger.list(unresolved_only=False)
        return puts - Counter((intent.channel, float(unpacked(intent.value))) for intent in intents)


@pytest.fixture
def ioc(tmp_path: Path) -> Iterator[SoftIoc]:
    server = SoftIoc(tmp_path, slow_s=2.0)
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def machine(tmp_path: Path, ioc: SoftIoc, request: pytest.FixtureRequest) -> AsyncIterator[Machine]:
    timeout_s = getattr(request, "param", 5.0)
    (tmp_path / "config.yml").write_text(CONFIG.format(port=ioc.port, write_timeout_s=timeout_s))
    (tmp_path / "limits.yml").write_text(LIMITS.format(prefix=ioc.prefix))
    async with open_project(tmp_path) as project:
        yield Machine(ioc, project)


async def test_a_good_put_is_confirmed_and_stands_once_in_both_books(machine: Machine) -> None:
    report = await machine.write("CUR", 2.5)
    assert [item.outcome for item in report.items] == [Outcome.CONFIRMED]
    assert machine.ioc.puts() == [(machine.ioc.name("CUR"), "2.5")]
    assert not await machine.unaccounted()


async def test_a_put_that_the_record_rejects_has_failed(machine: Machine) -> None:
    report = await machine.write("RO", 2.5)
    assert (report.status, report.items[0].outcome) == ("failed", Outcome.FAILED)
    assert machine.ioc.puts() == []


async def test_a_put_that_the_record_clips_is_a_mismatch(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody narrows the drive limits between the guard's last look and its put."""
    connector = await machine.connector
    write, name = connector.write, machine.ioc.name("CUR")

    async def write_after_the_other(puts: Any, *, timeout_s: float) -> Any:
        narrow = Put(channel=f"{name}.DRVH", value=2.0, dtype=DType.FLOAT)
        assert [result.error for result in await write([narrow], timeout_s=timeout_s)] == [None]
        return await write(puts, timeout_s=timeout_s)

    monkeypatch.setattr(connector, "write", write_after_the_other)
    report = await machine.write("CUR", 5.0)
    assert (report.status, report.items[0].outcome) == ("partial", Outcome.MISMATCH)
    assert report.items[0].readback == 2.0


@pytest.mark.parametrize("machine", [0.5], indirect=True)
async def test_a_put_that_is_not_completed_in_time_is_unconfirmed_and_never_sent_again(machine: Machine) -> None:
    report = await machine.write("SLOW", 2.5)
    assert (report.status, report.items[0].outcome) == ("in_doubt", Outcome.UNCONFIRMED)
    assert (await guard_of(machine.project).recover()) == ()
    assert machine.ioc.puts() == [(machine.ioc.name("SLOW"), "2.5")]
    assert not await machine.unaccounted()


@pytest.mark.parametrize(
    ("record", "readback", "status", "outcome"),
    [("FREE", "AO0003", "partial", Outcome.MISMATCH), ("AO0001", "FORMULA", "in_doubt", Outcome.UNCONFIRMED)],
)
async def test_a_read_back_that_stands_still_or_was_never_processed_does_not_confirm(
    machine: Machine, record: str, readback: str, status: str, outcome: Outcome
) -> None:
    """A monitor on it is open all the while and shows its last value; only a fresh and valid value counts."""
    connector = await machine.connector
    async with connector.subscribe([machine.ioc.name(readback)]) as updates:
        await anext(aiter(updates))
        report = await machine.write(record, 2.5)
    assert (report.status, report.items[0].outcome) == (status, outcome)
    assert machine.ioc.puts(record) == [(machine.ioc.name(record), "2.5")]
    assert not await machine.unaccounted()


@pytest.mark.parametrize("machine", [20.0], indirect=True)
async def test_a_connection_that_is_lost_during_the_put_leaves_a_doubt(machine: Machine) -> None:
    reports: list[ApplyReport] = []

    async def write() -> None:
        reports.append(await machine.write("SLOW", 2.5))

    async with anyio.create_task_group() as group:
        group.start_soon(write)
        with anyio.fail_after(30):
            while not machine.ioc.puts("SLOW"):
                await anyio.sleep(0.01)
        machine.ioc.stop()
    (report,) = reports
    assert (report.status, report.items[0].outcome) == ("in_doubt", Outcome.UNCONFIRMED)
    assert machine.ioc.puts() == [(machine.ioc.name("SLOW"), "2.5")]
    assert not await machine.unaccounted()
    (doubt,) = await journal_of(machine.project).ledger.doubts()
    assert doubt.channel == machine.ioc.name("SLOW")


async def test_what_the_guard_refuses_never_reaches_the_ioc(machine: Machine) -> None:
    name = machine.ioc.name
    for channel, value in [
        (name("CUR"), 11.0),
        (name("CUR"), float("nan")),
        (f"{name('CUR')}.DRVH", 99.0),
        (f"{name('CUR')}.PROC", 1),
        (f'{name("CUR")}.{{"ts":{{}}}}', 1.0),
        (name("LOCKED"), 0.5),
        (name("CUR").lower(), 1.0),
        (name("ALIAS"), 11.0),
        (f"{name('ALIAS')}.VAL", 11.0),
        (name("WF"), [1.0] * 101),
        (name("WF"), [float("nan")]),
        (name("MODE"), "AJAR"),
        (name("LONG"), 1.5),
    ]:
        batch = WriteBatch(target="ioc", groups=((WriteItem(channel=channel, value=value),),))
        judgement = await guard_of(machine.project).judge(JudgeRequest(batch=batch, actor=ALICE))
        assert not judgement.is_allowed, (channel, value)
    assert machine.ioc.puts() == []
    assert await journal_of(machine.project).ledger.list(unresolved_only=False) == []
