"""What becomes of an approved write: sent once, read back, and told as it is."""

from __future__ import annotations

import anyio
import pytest
from attrs import evolve

from osprey.control import MockConnector, Outcome, PutResult, Reading
from osprey.control.mock.connector import MockFault
from osprey.errors import ConnectorError, StorageError

SP = "SR:01:HCM1:SP"
SP2 = "SR:01:HCM2:SP"
SP3 = "SR:01:HCM3:SP"
QUICK = 'channels: {"*": {settle_s: 0.02}}'

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request):
    return request.param


def outcomes(report):
    return [item.outcome for item in report.items]


async def test_an_approved_write_is_sent_once_and_confirmed(make_room):
    room = await make_room()
    report = await room.write({SP: 2.5})
    assert report.status == "done"
    assert outcomes(report) == [Outcome.CONFIRMED]
    assert report.items[0].readback == 2.5
    assert [(put.channel, put.value) for put in room.connector.puts] == [(SP, 2.5)]
    assert (await room.row(report)).state == "done"


async def test_an_approval_is_carried_out_once_only(make_room):
    room = await make_room()
    request = await room.approve({SP: 2.5})
    await room.guard.apply(request)
    again = await room.guard.apply(request)
    assert (again.status, again.rule) == ("refused", "approval.done")
    assert room.connector.count_puts(SP) == 1


async def test_two_at_the_same_time_apply_it_once(make_room):
    room = await make_room()
    request = await room.approve({SP: 2.5})
    reports = []

    async def apply():
        reports.append(await room.guard.apply(request))

    async with anyio.create_task_group() as group:
        for _ in range(4):
            group.start_soon(apply)
    statuses = [report.status for report in reports]
    assert statuses.count("done") == 1
    # A late one is refused the claim, or finds before it that the value has moved and claims nothing.
    assert set(statuses) <= {"done", "refused", "approved"}
    assert room.connector.count_puts(SP) == 1


async def test_a_rejected_put_has_failed(make_room):
    room = await make_room()
    request = await room.approve({SP: 2.5})
    room.connector.inject(SP, MockFault.REJECT)
    report = await room.guard.apply(request)
    assert report.status == "failed"
    assert outcomes(report) == [Outcome.FAILED]
    assert "said no" in report.items[0].reason
    assert await room.journal.ledger.doubts() == []


async def test_a_clipped_put_is_a_mismatch(make_room):
    room = await make_room(limits=QUICK)
    request = await room.approve({SP: 2.5})
    room.connector.inject(SP, MockFault.CLIP)
    report = await room.guard.apply(request)
    assert report.status == "partial"
    assert outcomes(report) == [Outcome.MISMATCH]
    assert "instead of 2.5" in report.reason


async def test_a_write_that_timed_out_is_unconfirmed(make_room):
    room = await make_room()
    request = await room.approve({SP: 2.5})
    room.connector.inject(SP, MockFault.NO_COMPLETION)
    report = await room.guard.apply(request)
    assert report.status == "in_doubt"
    assert outcomes(report) == [Outcome.UNCONFIRMED]
    assert report.items[0].readback == 2.5
    assert "the value is present now" in report.items[0].reason
    assert [intent.channel for intent in await room.journal.ledger.doubts()] == [SP]


async def test_a_slow_put_is_unconfirmed_and_never_sent_again_when_it_lands(make_room):
    class Sleepy(MockConnector):
        async def write(self, puts, *, timeout_s):
            self.inject(SP, MockFault.SLOW)
            try:
                return await super().write(puts, timeout_s=timeout_s)
            finally:
                self.heal(SP)

    room = await make_room(connector=Sleepy, settings="{slow_s: 100}")
    report = await room.write({SP: 2.5})
    assert outcomes(report) == [Outcome.UNCONFIRMED]
    room.connector.land()
    refused = await room.guard.apply(await room.approve({SP: 1.0}))
    assert (refused.status, refused.rule) == ("refused", "ledger.in_doubt")
    assert room.connector.count_puts(SP) == 1


async def test_a_doubt_that_a_person_settled_frees_its_channel(make_room):
    room = await make_room()
    request = await room.approve({SP: 2.5})
    room.connector.inject(SP, MockFault.NO_COMPLETION)
    report = await room.guard.apply(request)
    room.connector.heal(SP)
    (doubt,) = await room.journal.ledger.doubts()
    await room.journal.ledger.settle(doubt.id, request.actor, "landed", "seen on the panel")
    assert report.status == "in_doubt"
    assert (await room.write({SP: 1.0})).status == "done"


async def test_a_connection_lost_after_the_put_is_unconfirmed(make_room):
    room = await make_room()
    request = await room.approve({SP: 2.5})
    room.connector.inject(SP, MockFault.DISCONNECT)
    report = await room.guard.apply(request)
    assert outcomes(report) == [Outcome.UNCONFIRMED]
    assert "cannot be read back" in report.items[0].reason


@pytest.mark.parametrize("fault", [MockFault.INVALID, MockFault.GONE])
async def test_a_read_back_that_cannot_be_trusted_does_not_confirm(make_room, fault):
    class Failing(MockConnector):
        async def write(self, puts, *, timeout_s):
            results = await super().write(puts, timeout_s=timeout_s)
            self.inject(SP, fault)
            return results

    room = await make_room(limits=QUICK, connector=Failing)
    report = await room.write({SP: 2.5})
    assert outcomes(report) == [Outcome.UNCONFIRMED]
    assert report.status == "in_doubt"


@pytest.mark.parametrize("fault", [MockFault.NAN, MockFault.STALE])
async def test_a_read_back_that_is_nan_or_stale_is_a_mismatch(make_room, fault):
    class Failing(MockConnector):
        async def write(self, puts, *, timeout_s):
            self.inject(SP, fault)
            return await super().write(puts, timeout_s=timeout_s)

    room = await make_room(limits=QUICK, connector=Failing)
    assert outcomes(await room.write({SP: 2.5})) == [Outcome.MISMATCH]


async def test_a_read_back_is_waited_for_until_it_settles(make_room):
    class Ramping(MockConnector):
        reads_to_go = 3

        async def write(self, puts, *, timeout_s):
            self.aim = puts[0].value
            return [PutResult(channel=put.channel) for put in puts]

        async def read(self, channels, *, timeout_s):
            if hasattr(self, "aim"):
                self.reads_to_go -= 1
                if self.reads_to_go == 0:
                    self.change(SP, self.aim)
            return await super().read(channels, timeout_s=timeout_s)

    room = await make_room(connector=Ramping)
    assert outcomes(await room.write({SP: 2.5})) == [Outcome.CONFIRMED]


@pytest.mark.parametrize("answer", ["raises", "too few", "others"])
async def test_a_connector_that_breaks_while_putting_leaves_a_doubt(make_room, answer):
    class Broken(MockConnector):
        async def write(self, puts, *, timeout_s):
            results = await super().write(puts, timeout_s=timeout_s)
            match answer:
                case "raises":
                    raise OSError("socket closed")
                case "too few":
                    return results[:-1]
                case _:
                    return [PutResult(channel="X") for _ in puts]

    room = await make_room(connector=Broken)
    report = await room.write({SP: 2.5, SP2: 1.5})
    assert outcomes(report) == [Outcome.UNCONFIRMED] * 2
    assert report.status == "in_doubt"
    assert len(room.connector.puts) == 2


async def test_a_connector_that_hangs_is_not_waited_for(make_room, monkeypatch):
    monkeypatch.setattr("osprey.control.guard.sending.GRACE_S", -4.95)  # of a put-by deadline of 5 s

    class Hanging(MockConnector):
        async def write(self, puts, *, timeout_s):
            await anyio.sleep_forever()

    room = await make_room(connector=Hanging)
    assert outcomes(await room.write({SP: 2.5})) == [Outcome.UNCONFIRMED]


async def test_a_put_that_surely_never_left_has_failed(make_room):
    class Unplugged(MockConnector):
        async def write(self, puts, *, timeout_s):
            self.inject("*", MockFault.GONE)
            return await super().write(puts, timeout_s=timeout_s)

    room = await make_room(connector=Unplugged)
    report = await room.write({SP: 2.5})
    assert (report.status, outcomes(report)) == ("failed", [Outcome.FAILED])
    assert "nothing was sent" in report.items[0].reason


async def test_the_next_group_waits_for_the_whole_group_before(make_room):
    room = await make_room(limits=QUICK)
    request = await room.approve({SP: 1.0, SP2: 1.0}, {SP3: 1.0}, {SP: 2.0})
    room.connector.inject(SP2, MockFault.CLIP)
    report = await room.guard.apply(request)
    assert outcomes(report) == [
        Outcome.CONFIRMED,
        Outcome.MISMATCH,
        Outcome.UNREQUESTED,
        Outcome.UNREQUESTED,
    ]
    assert report.status == "partial"
    assert report.reason.startswith("1 of 4 confirmed")
    assert [put.channel for put in room.connector.puts] == [SP, SP2]


async def test_observed_channels_are_read_after_each_confirmed_group(make_room):
    room = await make_room()
    readback = "SR:01:HCM1:RB"
    report = await room.write({SP: 1.0}, {SP: 2.0}, observe=(readback,))
    values = [row[0].value for row in report.observations]
    assert values == [pytest.approx(1.0, abs=0.01), pytest.approx(2.0, abs=0.01)]


async def test_a_halt_between_two_groups_stops_the_rest(make_room):
    class Halting(MockConnector):
        async def write(self, puts, *, timeout_s):
            await self.room.journal.halt.set(self.actor, "beam lost")
            return await super().write(puts, timeout_s=timeout_s)

    room = await make_room(connector=Halting)
    request = await room.approve({SP: 1.0}, {SP2: 1.0}, {SP3: 1.0})
    room.connector.room, room.connector.actor = room, request.actor
    report = await room.guard.apply(request)
    assert outcomes(report) == [Outcome.CONFIRMED, Outcome.REFUSED, Outcome.UNREQUESTED]
    assert (report.status, report.rule) == ("partial", "ledger.halted")
    assert len(room.connector.puts) == 1
    assert await room.journal.ledger.list() == []


async def test_nothing_is_claimed_while_writes_are_halted(make_room):
    room = await make_room()
    earlier = await room.approve({SP: 2.0})
    await room.journal.halt.set(earlier.actor, "beam lost")
    request = await room.approve({SP: 1.0})
    assert (await room.row(earlier)).state == "withdrawn"
    report = await room.guard.apply(request)
    assert (report.status, report.rule) == ("refused", "ledger.halted")
    assert (await room.row(request)).state == "approved"


async def test_a_channel_that_moved_leaves_the_request_approved(make_room):
    room = await make_room()
    request = await room.approve({SP: 2.5})
    before = (await room.judge({SP: 2.5})).items[0].before
    room.connector.change(SP, 0.5)
    report = await room.guard.apply(request)
    assert (report.status, report.rule) == ("approved", "approval.stale")
    assert f"{SP} was {before}, is 0.5" in report.reason
    assert (await room.row(request)).state == "approved"
    room.connector.change(SP, before)
    assert (await room.guard.apply(request)).status == "done"


async def test_a_move_within_the_tolerance_is_not_stale(make_room):
    room = await make_room(limits='channels: {"*": {tolerance_absolute: 0.1}}')
    request = await room.approve({SP: 2.5})
    room.connector.change(SP, (await room.judge({SP: 2.5})).items[0].before + 0.05)
    assert (await room.guard.apply(request)).status == "done"


async def test_a_channel_that_is_gone_leaves_the_request_approved(make_room):
    room = await make_room()
    request = await room.approve({SP: 2.5, SP2: 1.0})
    for fault in (MockFault.GONE, MockFault.MISSING):
        room.connector.inject(SP2, fault)
        report = await room.guard.apply(request)
        assert (report.status, report.rule) == ("approved", "target.unreachable")
        assert SP2 in report.reason
    assert room.connector.puts == []
    room.connector.heal(SP2)
    assert (await room.guard.apply(request)).status == "done"


async def test_a_target_that_is_gone_leaves_the_request_approved(make_room):
    class Dead(MockConnector):
        is_dead = False

        async def describe(self, channels, *, timeout_s):
            if self.is_dead:
                raise ConnectorError("the IOC is gone")
            return await super().describe(channels, timeout_s=timeout_s)

    room = await make_room(connector=Dead)
    request = await room.approve({SP: 2.5})
    room.connector.is_dead = True
    report = await room.guard.apply(request)
    assert (report.status, report.rule) == ("approved", "target.unreachable")


async def test_cancelling_between_groups_ends_the_request_with_what_was_done(make_room):
    room = await make_room()
    request = await room.approve({SP: 1.0}, {SP2: 1.0}, settle_s=30.0)

    async with anyio.create_task_group() as group:
        group.start_soon(room.guard.apply, request)
        while not room.connector.puts:
            await anyio.sleep(0.01)
        while (await room.row(request)).state == "approved":
            await anyio.sleep(0.01)
        await anyio.sleep(0.1)
        group.cancel_scope.cancel()
    row = await room.row(request)
    assert row.state == "partial"
    assert len(room.connector.puts) == 1
    assert await room.journal.ledger.list() == []


async def test_a_put_that_is_out_is_not_cancelled(make_room):
    class Gated(MockConnector):
        async def write(self, puts, *, timeout_s):
            self.is_out.set()
            await self.gate.wait()
            return await super().write(puts, timeout_s=timeout_s)

    room = await make_room(connector=Gated, write_timeout_s=5.0)
    room.connector.is_out, room.connector.gate = anyio.Event(), anyio.Event()
    request = await room.approve({SP: 1.0})
    async with anyio.create_task_group() as group:
        group.start_soon(room.guard.apply, request)
        await room.connector.is_out.wait()
        group.cancel_scope.cancel()
        room.connector.gate.set()
    row = await room.row(request)
    assert row.state == "done"
    assert row.report["items"][0]["outcome"] == "confirmed"


async def test_nothing_is_put_after_the_put_by_deadline(make_room, monkeypatch):
    room = await make_room(write_timeout_s=0.2)
    request = await room.approve({SP: 1.0})
    claim = type(room.journal.ledger).claim

    async def slow_claim(self, *args, **kwargs):
        row = await claim(self, *args, **kwargs)
        await anyio.sleep(0.3)  # as if the process had been stopped here; the deadline is 0.2 s
        return row

    monkeypatch.setattr(type(room.journal.ledger), "claim", slow_claim)
    report = await room.guard.apply(request)
    assert (report.status, outcomes(report)) == ("failed", [Outcome.FAILED])
    assert room.connector.puts == []


async def test_a_text_an_enumeration_and_an_array_are_written_and_confirmed(make_room):
    limits = 'channels: {"*": {note: anything}}'
    room = await make_room(limits=limits)
    values = [0.5] * 32
    report = await room.write({"X:Shutter": "OPEN", "X:Title": "hello", "X:WF": values, "X:Count": 7})
    assert report.status == "done", report.reason
    assert [put.value for put in room.connector.puts] == [1, "hello", values, 7]


async def test_the_verification_of_a_channel_decides_what_confirms(make_room):
    limits = """
    channels:
      "*:SP": {settle_s: 0.02}
      SR:01:HCM1:SP: {verification: none}
      SR:01:HCM2:SP: {verification: callback}
      SR:01:HCM3:SP: {verification: readback}
    """
    room = await make_room(limits=limits)
    request = await room.approve({SP: 2.5, SP2: 2.5, SP3: 2.5})
    room.connector.inject("*", MockFault.CLIP)
    report = await room.guard.apply(request)
    assert outcomes(report) == [Outcome.CONFIRMED, Outcome.CONFIRMED, Outcome.MISMATCH]
    assert report.items[0].readback is None
    assert report.items[1].readback is not None
    assert "verification: callback" in report.items[1].reason


async def test_a_separate_read_back_channel_confirms(make_room):
    limits = f'channels: {{"{SP}": {{readback: "SR:01:HCM1:RB", tolerance_absolute: 0.05, settle_s: 0.02}}}}'
    room = await make_room(limits=limits)
    report = await room.write({SP: 2.5})
    assert report.status == "done"
    assert report.items[0].readback != 2.5
    request = await room.approve({SP: 3.0})
    room.connector.inject("SR:01:HCM1:RB", MockFault.STALE)
    assert outcomes(await room.guard.apply(request)) == [Outcome.MISMATCH]


async def test_the_settle_time_of_the_limits_is_how_long_a_read_back_is_waited_for(make_room, monkeypatch):
    room = await make_room(limits=f'channels: {{"{SP}": {{settle_s: 0.123}}}}')
    waited = []

    async def fake_sleep(seconds):
        if seconds:  # the connector only gives way
            waited.append(seconds)
        await real_sleep(0)
        clock[0] += seconds

    real_sleep, clock = anyio.sleep, [0.0]
    monkeypatch.setattr("osprey.control.guard.readback.anyio.sleep", fake_sleep)
    monkeypatch.setattr("osprey.control.guard.readback.anyio.current_time", lambda: clock[0])
    request = await room.approve({SP: 2.5})
    room.connector.inject(SP, MockFault.CLIP)
    await room.guard.apply(request)
    assert sum(waited) >= 0.123
    assert sum(waited[:-1]) < 0.123


async def test_an_unexpected_error_after_the_claim_is_a_recorded_doubt(make_room, monkeypatch):
    room = await make_room()
    request = await room.approve({SP: 2.5})

    async def broken(*args):
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr("osprey.control.guard.putting.read_back", broken)
    report = await room.guard.apply(request)
    assert (report.status, report.rule) == ("in_doubt", "guard.error")
    assert "ZeroDivisionError" in report.items[0].reason
    assert room.connector.count_puts(SP) == 1
    assert len(await room.journal.ledger.doubts()) == 1


async def test_every_put_has_its_open_intent_in_the_ledger_when_it_is_sent(make_room):
    class Auditing(MockConnector):
        async def write(self, puts, *, timeout_s):
            unresolved = await self.room.journal.ledger.list()
            assert [intent.channel for intent in unresolved] == [put.channel for put in puts]
            assert {intent.state for intent in unresolved} == {"open"}
            return await super().write(puts, timeout_s=timeout_s)

    room = await make_room(connector=Auditing)
    room.connector.room = room
    assert (await room.write({SP: 1.0, SP2: 1.0}, {SP3: 1.0}, {SP: 2.0})).status == "done"
    assert len(room.connector.puts) == 4


async def test_nothing_is_sent_unless_the_ledger_holds_the_intent(make_room, monkeypatch):
    room = await make_room()
    request = await room.approve({SP: 1.0})

    async def disk_full(*args, **kwargs):
        raise StorageError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(type(room.journal.ledger), "claim", disk_full)
        report = await room.guard.apply(request)
    assert (report.status, report.rule) == ("approved", "ledger.unavailable")
    assert room.connector.puts == []
    assert (await room.guard.apply(request)).status == "done", "the approval was not given away"


async def test_nothing_more_is_sent_if_the_next_groups_intents_cannot_be_stored(make_room, monkeypatch):
    room = await make_room()
    request = await room.approve({SP: 1.0}, {SP2: 1.0})

    async def disk_full(*args, **kwargs):
        raise StorageError("the disk is full")

    monkeypatch.setattr(type(room.journal.ledger), "advance", disk_full)
    with pytest.raises(StorageError):
        await room.guard.apply(request)
    row = await room.row(request)
    assert (row.state, row.report["items"][0]["outcome"]) == ("partial", "confirmed")
    assert len(room.connector.puts) == 1
    assert await room.journal.ledger.list() == []


@pytest.mark.parametrize("group", [0, 1])
async def test_an_interrupt_while_putting_is_a_recorded_doubt_and_goes_on_up(make_room, group):
    class Interrupted(MockConnector):
        async def write(self, puts, *, timeout_s):
            results = await super().write(puts, timeout_s=timeout_s)
            if len(self.puts) > group:
                raise KeyboardInterrupt
            return results

    room = await make_room(connector=Interrupted)
    request = await room.approve({SP: 1.0}, {SP2: 1.0}, {SP3: 1.0})
    with pytest.raises(KeyboardInterrupt):
        await room.guard.apply(request)
    row = await room.row(request)
    assert row.state == "in_doubt"
    assert row.report["items"][group]["outcome"] == "unconfirmed"
    assert [doubt.group for doubt in await room.journal.ledger.doubts()] == [group]


async def test_a_report_is_stored_with_the_request(make_room):
    from osprey.control import ApplyReport
    from osprey.control.wire import from_wire

    room = await make_room()
    report = await room.write({SP: 2.5}, observe=(SP2,))
    stored = from_wire(ApplyReport, (await room.row(report)).report)
    assert stored == report
    assert isinstance(stored.observations[0][0], Reading)
    assert evolve(stored, reason="") != report
