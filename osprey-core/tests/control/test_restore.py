"""The way back from a list that stopped half-way."""

from __future__ import annotations

import pytest

from osprey.agent.session import open_agent
from osprey.approval import current_actor
from osprey.cli.ledger_restore import plan_of, way_back_of
from osprey.control import ApplyReport, MockConnector, Outcome, WriteItem, targets_of
from osprey.control.mock.connector import MockFault
from osprey.control.wire import from_wire, to_wire
from osprey.control.wording import format_report
from osprey.errors import UsageError
from osprey.journal import journal_of
from osprey.project import open_project

SP = "SR:01:HCM1:SP"
SP2 = "SR:01:HCM2:SP"
SP3 = "SR:01:HCM3:SP"

pytestmark = pytest.mark.anyio


async def stopped_half_way(room, fault=MockFault.CLIP):
    for channel in (SP, SP2, SP3):
        room.connector.change(channel, 0.25)
    request = await room.approve({SP: 1.0, SP2: 0.5}, {SP: 2.0}, {SP3: 3.0}, {SP2: 1.5})
    room.connector.inject(SP3, fault)
    return await room.guard.apply(request)


async def test_a_list_that_stopped_offers_the_old_values_last_write_first(make_room):
    room = await make_room(limits='channels: {"*": {settle_s: 0.05}}')
    report = await stopped_half_way(room)
    assert (report.status, [item.outcome for item in report.items][-2:]) == (
        "partial",
        [Outcome.MISMATCH, Outcome.UNREQUESTED],
    )
    assert report.restore is not None
    assert report.restore.groups == (
        (WriteItem(channel=SP3, value=0.25, unit="A"),),
        (WriteItem(channel=SP, value=1.0, unit="A"),),
        (WriteItem(channel=SP2, value=0.25, unit="A"), WriteItem(channel=SP, value=0.25, unit="A")),
    )
    assert f"osprey ledger restore {report.request_id}" in format_report(report)
    assert from_wire(ApplyReport, to_wire(report)) == report
    assert way_back_of(await room.row(report)) == report.restore


async def test_the_way_back_passes_the_guard_as_any_other_request(make_room):
    room = await make_room(limits='channels: {"*": {settle_s: 0.05}}')
    report = await stopped_half_way(room)
    room.connector.inject(SP3, None)
    back = await room.write(*report.restore.groups)
    assert (back.status, back.restore) == ("done", None)
    assert [put.value for put in room.connector.puts[-2:]] == [0.25, 0.25]


@pytest.mark.parametrize("outcome", ["done", "failed"])
async def test_what_was_done_or_changed_nothing_has_no_way_back(make_room, outcome):
    room = await make_room()
    request = await room.approve({SP: 1.0})
    if outcome == "failed":
        room.connector.inject(SP, MockFault.REJECT)
    report = await room.guard.apply(request)
    assert (report.status, report.restore) == (outcome, None)
    with pytest.raises(UsageError, match="nothing half-way"):
        way_back_of(await room.row(report))


async def test_what_is_in_doubt_has_no_way_back_until_it_is_settled(make_room):
    room = await make_room(write_timeout_s=0.2, settings="{slow_s: 0.5}")
    report = await stopped_half_way(room, MockFault.SLOW)
    assert report.status == "in_doubt"
    assert [[item.channel for item in group] for group in report.restore.groups] == [[SP], [SP2, SP]]


async def test_osprey_ledger_restore_files_a_request_and_carries_it_out_after_approval(tmp_path):
    (tmp_path / "config.yml").write_text(
        "control_system: {targets: {machine: {connector: mock, posture: simulation, writes_enabled: true,\n"
        "  limits: {file: limits.yml}}}}"
    )
    (tmp_path / "limits.yml").write_text('channels: {"*": {settle_s: 0.05}}')
    async with open_project(tmp_path) as project, open_agent(project) as agent:
        connector = (await targets_of(project).get()).connector
        assert isinstance(connector, MockConnector)
        connector.change(SP, 0.25)
        connector.change(SP2, 0.25)
        requests = journal_of(project).requests
        asked = await agent.ask(f"set {SP} to 1.0 A, then {SP2} to 2.0 A")
        row = await requests.get(asked.approval)
        await requests.approve(row.id, row.sha256[:8], current_actor())
        connector.inject(SP2, MockFault.REJECT)
        await agent.resume(asked.thread)
        row = await requests.get(row.id)
        assert (row.state, connector.count_puts(SP)) == ("partial", 1)
        batch = way_back_of(row)
        filed = await agent.carry_out(plan_of(row, batch), question="osprey ledger restore", target=batch.target)
        assert filed.approval, filed
        assert connector.count_puts(SP) == 1
        way_back = await requests.get(filed.approval)
        assert f"what request {row.id} changed" in way_back.title
        await requests.approve(way_back.id, way_back.sha256[:8], current_actor())
        done = await agent.resume(filed.thread)
        assert done.status == "done", done
        assert [put.value for put in connector.puts if put.channel == SP] == [1.0, 0.25]
