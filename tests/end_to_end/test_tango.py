"""Writes to a real Tango device server, through the guard, in a project as a facility would configure it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import pytest
from attrs import frozen

from osprey.control import Actor, ApplyReport, ApplyRequest, Judgement, JudgeRequest, Outcome, Value, WriteBatch
from osprey.control import WriteItem as Item
from osprey.control.guard.guard import guard_of
from osprey.control.payload import write_document
from osprey.journal import NewRequest, journal_of
from osprey.project import Project, open_project

sys.path.insert(0, str(Path(__file__).parents[2] / "plugins/osprey-tango/tests/peers"))

from tango_peer import TangoPeer

pytestmark = pytest.mark.anyio
ALICE = Actor(subject="os:alice", terminal="pts/1", host="console")
FAR_FUTURE_NS = 4_000_000_000_000_000_000
LIMITS = """
channels:
  E2E/Bench/1/Current: {min: -500, max: 500, max_step: 60}
  e2e/bench/1/LAGGING: {min: 0, max: 10}
  e2e/bench/1/mode: {allowed: [OFF, ON]}
  e2e/bench/1/silent: {min: 0, max: 1, expression: "ch('E2E/Bench/1/State') == 0"}
  e2e/bench/1/refusing: {min: 0, max: 1}
  e2e/bench/1/wave: {min: 0, max: 5}
  e2e/bench/1/scale: {min: 0, max: 5}
"""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TangoPeer]:
    system = TangoPeer(tmp_path_factory.mktemp("tango"))
    try:
        system.start()
        system.serve("e2e", {"e2e/bench/1": {}})
        yield system
    finally:
        system.stop()


@frozen
class ControlRoom:
    """A project, and one who agrees to everything that the guard allows."""

    project: Project

    async def judge(self, values: Mapping[str, Value]) -> Judgement:
        items = tuple(Item(channel=channel, value=value) for channel, value in values.items())
        batch = WriteBatch(target="sr", groups=(items,))
        return await guard_of(self.project).judge(JudgeRequest(batch=batch, actor=ALICE))

    async def write(self, values: Mapping[str, Value]) -> ApplyReport:
        judgement = await self.judge(values)
        assert judgement.is_allowed, [(item.rule, item.reason) for item in judgement.items]
        requests = journal_of(self.project).requests
        new = NewRequest(
            kind="channel_write", title="write", thread="t", risk="", requester=ALICE.subject,
            expires_ns=FAR_FUTURE_NS, document=write_document(judgement), policy=self.project.config.approval.version,
        )  # fmt: skip
        row = await requests.create(new)
        row = await requests.approve(row.id, row.sha256, ALICE)
        return await guard_of(self.project).apply(ApplyRequest(request_id=row.id, sha256=row.sha256, actor=ALICE))

    async def rule(self, channel: str, value: Value) -> str:
        judgement = await self.judge({channel: value})
        return "" if judgement.is_allowed else judgement.items[0].rule


@pytest.fixture
async def room(peer: TangoPeer, tmp_path: Path) -> AsyncIterator[ControlRoom]:
    (tmp_path / "limits.yml").write_text(LIMITS, encoding="utf-8")
    (tmp_path / "config.yml").write_text(
        f"""
control_system:
  default_target: sr
  targets:
    sr:
      connector: tango
      posture: approval
      writes_enabled: true
      limits: {{file: limits.yml}}
      settings: {{host: "{peer.host}"}}
""",
        encoding="utf-8",
    )
    async with open_project(tmp_path) as project:
        yield ControlRoom(project)


async def test_an_approved_write_lands_once_whatever_the_letter_case(room: ControlRoom, peer: TangoPeer) -> None:
    before = peer.puts_of("current")
    report = await room.write({"e2e/BENCH/1/current": 12.5})
    assert (report.status, report.items[0].outcome) == ("done", Outcome.CONFIRMED)
    assert report.items[0].name == "e2e/bench/1/current"
    assert peer.puts_of("current") == [*before, "12.5"]


async def test_the_attributes_own_limits_hold_where_the_limits_file_allows_more(
    room: ControlRoom, peer: TangoPeer
) -> None:
    before = peer.puts
    await room.write({"e2e/bench/1/current": 50.0})
    assert await room.rule("e2e/bench/1/current", 101.0) == "native.max"
    assert await room.rule("e2e/bench/1/current", -20.0) == "limits.max_step"
    assert await room.rule("e2e/bench/1/current", float("nan")) == "value.finite"
    assert len(peer.puts) == len(before) + 1


async def test_what_cannot_be_written_is_refused_before_anything_is_sent(room: ControlRoom, peer: TangoPeer) -> None:
    before = peer.puts
    assert await room.rule("e2e/bench/1/number", 1) == "allow.unlisted"
    assert await room.rule("e2e/bench/1/nope", 1.0) == "name.not_found"
    assert await room.rule("e2e/bench/1/mode", "FAULT") == "limits.allowed"
    assert await room.rule("e2e/bench/1/Reset", True) == "allow.unlisted"
    assert peer.puts == before


async def test_an_enumeration_is_written_by_its_label(room: ControlRoom, peer: TangoPeer) -> None:
    report = await room.write({"e2e/bench/1/Mode": "ON"})
    assert report.status == "done"
    assert peer.puts_of("mode")[-1] == "1"


async def test_an_expression_may_read_the_state_of_the_device(room: ControlRoom) -> None:
    assert (await room.write({"e2e/bench/1/silent": 0.5})).status == "done"


async def test_a_spectrum_is_written_element_by_element_within_its_limits(room: ControlRoom, peer: TangoPeer) -> None:
    assert (await room.write({"e2e/bench/1/wave": [1.0, 2.0]})).status == "done"
    assert peer.puts_of("wave")[-1] == "[1.0, 2.0]"
    assert await room.rule("e2e/bench/1/wave", [1.0, 6.0]) == "limits.max"


async def test_a_device_that_follows_slowly_is_confirmed_when_it_has_arrived(room: ControlRoom) -> None:
    report = await room.write({"e2e/bench/1/lagging": 4.0})
    assert (report.status, report.items[0].outcome, report.items[0].readback) == ("done", Outcome.CONFIRMED, 4.0)


async def test_a_write_that_the_device_rejects_has_failed(room: ControlRoom) -> None:
    report = await room.write({"e2e/bench/1/refusing": 1.0})
    assert report.items[0].outcome is Outcome.FAILED
    assert "interlock" in report.items[0].reason


async def test_a_listed_command_is_executed_once(room: ControlRoom, peer: TangoPeer) -> None:
    before = peer.puts_of("Scale")
    assert await room.rule("e2e/bench/1/Scale", 6.0) == "limits.max"
    report = await room.write({"e2e/bench/1/Scale": 3.0})
    assert report.items[0].name == "e2e/bench/1/scale"
    assert peer.puts_of("Scale") == [*before, "3.0"]
