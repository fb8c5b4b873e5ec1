"""Writes to a real OPC UA server, through the guard, in a project as a facility would configure it."""

from __future__ import annotations

import math
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from attrs import frozen

from osprey.control import Actor, ApplyReport, ApplyRequest, Judgement, JudgeRequest, Outcome, Value, WriteBatch
from osprey.control import WriteItem as Item
from osprey.control.guard.guard import guard_of
from osprey.control.payload import write_document
from osprey.journal import NewRequest, journal_of
from osprey.project import Project, open_project

sys.path.insert(0, str(Path(__file__).parents[2] / "plugins/osprey-labview/tests/peers"))

from opcua_server import URI, OpcUaServer

pytestmark = pytest.mark.anyio
ALICE = Actor(subject="os:alice", terminal="pts/1", host="console")
FAR_FUTURE_NS = 4_000_000_000_000_000_000
LIMITS = f"""
channels:
  "nsu={URI};s=Q1.Current": {{min: -500, max: 500}}
  "nsu={URI};s=LIMITED": {{min: -500, max: 5}}
  "nsu={URI};s=MODE": {{allowed: [Off, On]}}
  "nsu={URI};s=REJECTS": {{min: 0, max: 1}}
  "nsu={URI};s=Float": {{min: 0, max: 10, tolerance_absolute: 0.001}}
  "nsu={URI};s=NANRANGE": {{min: 0, max: 1}}
  "nsu={URI};s=Q1": {{min: 0, max: 1}}
"""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpcUaServer]:
    plant = OpcUaServer(tmp_path_factory.mktemp("opcua"))
    plant.start()
    yield plant
    plant.stop()


@frozen
class ControlRoom:
    """A project, and one who agrees to everything that the guard allows."""

    project: Project

    async def judge(self, channel: str, value: Value) -> Judgement:
        batch = WriteBatch(target="lab", groups=((Item(channel=channel, value=value),),))
        return await guard_of(self.project).judge(JudgeRequest(batch=batch, actor=ALICE))

    async def rule(self, channel: str, value: Value) -> str:
        judgement = await self.judge(channel, value)
        return "" if judgement.is_allowed else judgement.items[0].rule

    async def write(self, channel: str, value: Value) -> ApplyReport:
        judgement = await self.judge(channel, value)
        assert judgement.is_allowed, [(item.rule, item.reason) for item in judgement.items]
        requests = journal_of(self.project).requests
        new = NewRequest(
            kind="channel_write", title="write", thread="t", risk="", requester=ALICE.subject,
            expires_ns=FAR_FUTURE_NS, document=write_document(judgement), policy=self.project.config.approval.version,
        )  # fmt: skip
        row = await requests.create(new)
        row = await requests.approve(row.id, row.sha256, ALICE)
        return await guard_of(self.project).apply(ApplyRequest(request_id=row.id, sha256=row.sha256, actor=ALICE))


@pytest.fixture
async def room(server: OpcUaServer, tmp_path: Path) -> AsyncIterator[ControlRoom]:
    (tmp_path / "limits.yml").write_text(LIMITS, encoding="utf-8")
    (tmp_path / "config.yml").write_text(
        f"""
control_system:
  default_target: lab
  targets:
    lab:
      connector: labview
      posture: approval
      writes_enabled: true
      limits: {{file: limits.yml}}
      settings: {{url: "{server.url}"}}
""",
        encoding="utf-8",
    )
    async with open_project(tmp_path) as project:
        yield ControlRoom(project)


@pytest.mark.parametrize("spelling", ["nsu={uri};s=Q1.Current", "ns=2;s=Q1.Current", "Objects/2:Magnets/2:Q1.Current"])
async def test_an_approved_write_lands_once_however_the_node_is_called(
    room: ControlRoom, server: OpcUaServer, spelling: str
) -> None:
    before = server.puts("Q1.Current")
    report = await room.write(spelling.format(uri=URI), 12.5)
    assert (report.status, report.items[0].outcome) == ("done", Outcome.CONFIRMED)
    assert report.items[0].name == f"nsu={URI};s=Q1.Current"
    assert server.puts("Q1.Current") == [*before, ("12.5", "Double")]


async def test_the_servers_range_holds_where_the_limits_file_allows_more(
    room: ControlRoom, server: OpcUaServer
) -> None:
    before = server.puts("Q1.Current"), server.puts("LIMITED")
    assert await room.rule("ns=2;s=Q1.Current", 101.0) == "native.max"
    assert await room.rule("ns=2;s=Q1.Current", -101.0) == "native.min"
    assert await room.rule("ns=2;s=LIMITED", 7.0) == "limits.max"
    assert await room.rule("ns=2;s=LIMITED", -11.0) == "native.min"
    assert (server.puts("Q1.Current"), server.puts("LIMITED")) == before


@pytest.mark.parametrize("value", [math.nan, math.inf])
async def test_a_number_that_is_not_finite_is_refused(room: ControlRoom, value: float) -> None:
    assert await room.rule("ns=2;s=Q1.Current", value) == "value.finite"


async def test_a_channel_that_no_limit_lists_is_refused(room: ControlRoom) -> None:
    assert (await room.rule("ns=2;s=Double", 1.0)).startswith("allow")


async def test_a_range_that_cannot_be_understood_refuses(room: ControlRoom) -> None:
    assert await room.rule("ns=2;s=NANRANGE", 0.5)


async def test_an_entry_for_a_node_does_not_open_another_that_is_named_like_its_field(room: ControlRoom) -> None:
    assert await room.rule("ns=2;s=Q1.VAL", 0.5) == "allow.unlisted"


async def test_a_state_is_written_by_its_label(room: ControlRoom, server: OpcUaServer) -> None:
    report = await room.write("ns=2;s=MODE", "On")
    assert report.items[0].outcome is Outcome.CONFIRMED
    assert server.puts("MODE")[-1] == ("2", "Int32")
    assert await room.rule("ns=2;s=MODE", "Standby")


async def test_a_number_of_32_bits_is_confirmed_within_its_tolerance(room: ControlRoom) -> None:
    assert (await room.write("ns=2;s=Float", 0.1)).items[0].outcome is Outcome.CONFIRMED


async def test_a_put_that_the_server_rejects_has_failed(room: ControlRoom) -> None:
    report = await room.write("ns=2;s=REJECTS", 0.5)
    assert report.items[0].outcome is Outcome.FAILED
    assert "BadInvalidState" in report.items[0].reason
