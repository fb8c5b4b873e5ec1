"""After a crash: what was open is read back and recorded; nothing is ever sent again."""

from __future__ import annotations

import anyio
import pytest
from attrs import evolve

from osprey.control import ApplyReport, MockConnector, Outcome
from osprey.control.mock.connector import MockFault
from osprey.control.targets import Targets
from osprey.control.wire import from_wire

SP = "SR:01:HCM1:SP"
SP2 = "SR:01:HCM2:SP"
SP3 = "SR:01:HCM3:SP"

pytestmark = pytest.mark.anyio


class PowerCut(BaseException):
    """The process ends here, with whatever it had written to the disk by then."""


class Dying(MockConnector):
    puts_before_death = 0

    async def write(self, puts, *, timeout_s):
        results = await super().write(puts, timeout_s=timeout_s)
        if len(self.puts) > self.puts_before_death:
            raise PowerCut
        return results


async def no_more_time(*args):
    raise PowerCut


@pytest.fixture
def crash(make_room, monkeypatch):
    async def run(*groups, puts_before_death=0, **parts):
        """Have one process die in the middle of these groups, and give the next one."""
        first = await make_room(folder="shared", connector=Dying, **parts)
        first.connector.puts_before_death = puts_before_death
        for channel in (SP, SP2, SP3):
            first.connector.change(channel, 0.0)
        request = await first.approve(*groups)
        monkeypatch.setattr(first.journal.ledger, "finish", no_more_time)
        with pytest.raises(PowerCut):
            await first.guard.apply(request)
        await first.project.aclose()
        following = await make_room(folder="shared", **parts)
        for channel in (SP, SP2, SP3):
            following.connector.change(channel, 0.0)
        return following, request

    return run


async def test_a_value_that_is_present_after_the_crash_is_recorded_as_such(crash):
    room, request = await crash({SP: 2.5})
    room.connector.change(SP, 2.5)
    (report,) = await room.guard.recover()
    assert (report.request_id, report.status) == (request.request_id, "done")
    assert report.items[0].outcome is Outcome.CONFIRMED
    assert "present after the crash" in report.items[0].reason
    assert (await room.row(request)).state == "done"
    assert room.connector.puts == []


async def test_a_value_that_is_not_there_is_in_doubt_and_never_sent_again(crash):
    room, request = await crash({SP: 2.5})
    (report,) = await room.guard.recover()
    assert (report.status, report.items[0].outcome) == ("in_doubt", Outcome.UNCONFIRMED)
    assert "it may still land" in report.items[0].reason
    assert [doubt.channel for doubt in await room.journal.ledger.doubts()] == [SP]
    again = await room.guard.apply(request)
    assert (again.status, again.rule) == ("refused", "approval.in_doubt")
    assert room.connector.puts == []


@pytest.mark.parametrize("fault", [MockFault.GONE, MockFault.MISSING, MockFault.INVALID, MockFault.NAN])
async def test_what_cannot_be_read_after_the_crash_is_in_doubt(crash, fault):
    room, _ = await crash({SP: 2.5})
    room.connector.change(SP, 2.5)
    room.connector.inject(SP, fault)
    (report,) = await room.guard.recover()
    assert (report.status, report.items[0].outcome) == ("in_doubt", Outcome.UNCONFIRMED)


async def test_a_target_that_is_gone_after_the_crash_leaves_doubts(crash, monkeypatch):
    from osprey.control.targets import Targets
    from osprey.errors import ConnectorError

    async def gone(self, name=None):
        raise ConnectorError("the gateway does not answer")

    room, _ = await crash({SP: 2.5, SP2: 1.0})
    monkeypatch.setattr(Targets, "get", gone)
    (report,) = await room.guard.recover()
    assert report.status == "in_doubt"
    assert all("the gateway does not answer" in item.reason for item in report.items)


async def test_groups_that_were_never_opened_are_reported_as_not_requested(crash):
    room, request = await crash({SP: 1.0}, {SP2: 1.0}, {SP3: 1.0}, puts_before_death=1)
    room.connector.change(SP, 1.0)
    room.connector.change(SP2, 1.0)
    (report,) = await room.guard.recover()
    assert [item.outcome for item in report.items] == [
        Outcome.CONFIRMED,
        Outcome.CONFIRMED,
        Outcome.UNREQUESTED,
    ]
    assert (report.status, (await room.row(request)).state) == ("partial", "partial")
    assert room.connector.puts == []


async def test_at_most_one_group_is_ever_in_doubt(crash):
    room, _ = await crash({SP: 1.0}, {SP2: 1.0, SP3: 1.0}, {SP: 2.0}, puts_before_death=2)
    await room.guard.recover()
    assert {(doubt.group, doubt.channel) for doubt in await room.journal.ledger.doubts()} == {
        (1, SP2),
        (1, SP3),
    }


async def test_recovering_twice_changes_nothing(crash):
    room, request = await crash({SP: 2.5})
    assert len(await room.guard.recover()) == 1
    assert await room.guard.recover() == ()
    assert (await room.row(request)).state == "in_doubt"


async def test_the_report_of_a_recovery_is_stored_as_any_other(crash):
    room, request = await crash({SP: 2.5})
    room.connector.change(SP, 2.5)
    (report,) = await room.guard.recover()
    assert from_wire(ApplyReport, (await room.row(request)).report) == report


async def test_a_living_process_is_never_recovered(make_room):
    import anyio

    class Gated(MockConnector):
        async def write(self, puts, *, timeout_s):
            self.is_out.set()
            await self.gate.wait()
            return await super().write(puts, timeout_s=timeout_s)

    one = await make_room(folder="shared", connector=Gated)
    other = await make_room(folder="shared")
    one.connector.is_out, one.connector.gate = anyio.Event(), anyio.Event()
    request = await one.approve({SP: 1.0})
    async with anyio.create_task_group() as group:
        group.start_soon(one.guard.apply, request)
        await one.connector.is_out.wait()
        assert await other.guard.recover() == ()
        busy = await other.guard.apply(await other.approve({SP: 2.0}))
        assert (busy.status, busy.rule) == ("refused", "ledger.channel_busy")
        one.connector.gate.set()
    assert (await one.row(request)).state == "done"
    assert other.connector.puts == []


async def test_a_process_that_was_taken_for_dead_reports_a_doubt_and_sends_nothing_more(make_room):
    class TakenOver(MockConnector):
        async def write(self, puts, *, timeout_s):
            results = await super().write(puts, timeout_s=timeout_s)
            # As if the lock file had been removed: another process takes this one's work over.
            for lock in (self.room.project.state_dir / "owners").glob("*.lock"):
                lock.unlink()
            self.recovered = await self.other.guard.recover()
            return results

    one = await make_room(folder="shared", connector=TakenOver)
    other = await make_room(folder="shared")
    one.connector.room, one.connector.other = one, other
    other.connector.change(SP, 0.0)
    report = await one.write({SP: 1.0}, {SP2: 1.0})
    assert len(one.connector.recovered) == 1
    assert (report.status, report.rule) == ("in_doubt", "ledger.fenced")
    assert one.connector.count_puts(SP2) == 0


@pytest.mark.parametrize("value", [None, object(), 10**400, "x", [1.0], [[1.0]], {}], ids=lambda v: str(v)[:8])
async def test_nonsense_that_is_read_after_the_crash_is_a_doubt_and_stops_nobody(crash, monkeypatch, value):
    room, _ = await crash({SP: 2.5})
    read = room.connector.read

    async def strange(channels, *, timeout_s):
        return [evolve(result, value=value) for result in await read(channels, timeout_s=timeout_s)]

    monkeypatch.setattr(room.connector, "read", strange)
    (report,) = await room.guard.recover()
    assert report.status == "in_doubt"
    assert await room.guard.recover() == ()


async def test_a_connector_that_breaks_at_its_start_leaves_doubts(crash, monkeypatch):
    async def breaks(self, name=None):
        raise OSError("no such device")

    room, _ = await crash({SP: 2.5})
    monkeypatch.setattr(Targets, "get", breaks)
    (report,) = await room.guard.recover()
    assert report.status == "in_doubt"
    assert "no such device" in report.items[0].reason


async def test_two_tasks_that_recover_at_once_record_it_once(crash):
    room, request = await crash({SP: 2.5})
    reports = []

    async def recover():
        reports.extend(await room.guard.recover())

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(recover)
    assert [report.request_id for report in reports] == [request.request_id]


@pytest.mark.parametrize("value", [0.0, 0.004])
async def test_a_read_back_that_shows_no_difference_to_before_proves_nothing(crash, value):
    """What was there before the write is there if nothing was ever sent."""
    room, _ = await crash({SP: value}, limits="channels: {'*': {tolerance_absolute: 0.01}}")
    (report,) = await room.guard.recover()
    assert (report.status, report.items[0].outcome) == ("in_doubt", Outcome.UNCONFIRMED)
    assert "read the same before" in report.items[0].reason
