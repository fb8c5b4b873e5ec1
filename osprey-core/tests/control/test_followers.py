"""Commands, moving devices and set values beside read ones: what confirms them, and what never does."""

from __future__ import annotations

import anyio
import pytest
from attrs import evolve

from osprey.control import Fault, MockConnector, Outcome, Reading
from osprey.journal import IntentState

SP = "SR:01:HCM1:SP"
SP2 = "SR:01:HCM2:SP"

pytestmark = pytest.mark.anyio


class Commanding(MockConnector):
    """Its first channel is a command: what is put into it can be read, but says nothing."""

    async def describe(self, channels, *, timeout_s):
        infos = await super().describe(channels, timeout_s=timeout_s)
        return [info if isinstance(info, Fault) else evolve(info, is_command=info.channel == SP) for info in infos]


class Following(MockConnector):
    """Its channels have a set value, and a read one that approaches it, moving, by one step a read after a put."""

    steps_left = 0
    is_stuck = False

    async def read(self, channels, *, timeout_s):
        results = await super().read(channels, timeout_s=timeout_s)
        followed = [self._follow(result) for result in results]
        if self.puts and not self.is_stuck:
            self.steps_left = max(0, self.steps_left - 1)
        return followed

    def _follow(self, result):
        if not isinstance(result, Reading):
            return result
        offset = 0.0 if not self.puts else 0.5 * self.steps_left
        is_moving = bool(self.puts) and self.steps_left > 0
        return evolve(result, value=result.value - offset, setpoint=result.value, is_moving=is_moving)


async def test_a_command_is_confirmed_by_its_completion_and_not_by_what_can_be_read(make_room):
    room = await make_room(connector=Commanding)
    report = await room.write({SP: 2.5})
    assert (report.status, report.items[0].outcome, report.items[0].before) == ("done", Outcome.CONFIRMED, None)
    assert "command" in report.items[0].reason


async def test_a_command_without_a_receipt_is_in_doubt_whatever_can_be_read(make_room, monkeypatch):
    class PowerCut(BaseException):
        pass

    class Dying(Commanding):
        async def write(self, puts, *, timeout_s):
            await super().write(puts, timeout_s=timeout_s)
            raise PowerCut

    async def no_more_time(*args):
        raise PowerCut

    first = await make_room(folder="shared", connector=Dying)
    request = await first.approve({SP: 2.5})
    monkeypatch.setattr(first.journal.ledger, "finish", no_more_time)
    with pytest.raises(PowerCut):
        await first.guard.apply(request)
    await first.project.aclose()
    following = await make_room(folder="shared", connector=Commanding)
    following.connector.change(SP, 2.5)  # what a set value would be confirmed by
    (report,) = await following.guard.recover()
    assert (report.status, report.items[0].outcome) == ("in_doubt", Outcome.UNCONFIRMED)
    assert "is a command" in report.items[0].reason
    (intent,) = await following.journal.ledger.intents_of(request.request_id)
    assert intent.state is IntentState.IN_DOUBT
    assert following.connector.puts == []


async def test_a_device_that_says_it_is_moving_is_waited_for(make_room):
    room = await make_room(connector=Following, limits=f'channels: {{"{SP}": {{settle_s: 5}}}}')
    room.connector.change(SP, 0.0)
    room.connector.steps_left = 4
    report = await room.write({SP: 2.5})
    assert (report.status, report.items[0].outcome, report.items[0].readback) == ("done", Outcome.CONFIRMED, 2.5)


async def test_a_value_within_tolerance_that_is_still_moving_is_not_confirmed(make_room):
    limits = f'channels: {{"{SP}": {{settle_s: 0.05, tolerance_absolute: 10}}}}'
    room = await make_room(connector=Following, limits=limits)
    room.connector.change(SP, 0.0)
    room.connector.steps_left, room.connector.is_stuck = 1, True
    report = await room.write({SP: 2.5})
    assert (report.status, report.items[0].outcome) == ("in_doubt", Outcome.UNCONFIRMED)
    assert "still moving" in report.items[0].reason


async def test_a_device_that_stopped_short_of_its_set_value_is_a_mismatch(make_room):
    class Stuck(Following):
        def _follow(self, result):
            followed = super()._follow(result)
            return evolve(followed, is_moving=False) if isinstance(followed, Reading) else followed

    room = await make_room(connector=Stuck, limits=f'channels: {{"{SP}": {{settle_s: 0.05}}}}')
    room.connector.change(SP, 0.0)
    room.connector.steps_left, room.connector.is_stuck = 2, True
    report = await room.write({SP: 2.5})
    assert (report.status, report.items[0].outcome, report.items[0].readback) == ("partial", Outcome.MISMATCH, 1.5)


async def test_a_step_is_taken_from_what_the_channel_is_set_to(make_room):
    class Lagging(Following):
        def _follow(self, result):
            return evolve(result, value=result.value - 0.4, setpoint=result.value)

    room = await make_room(connector=Lagging, limits=f'channels: {{"{SP}": {{max_step: 1}}}}')
    room.connector.change(SP, 0.0)  # it reads -0.4
    assert (await room.judge({SP: 0.5})).is_allowed
    refused = await room.judge({SP: -1.2})
    assert refused.items[0].rule == "limits.max_step"


async def test_a_moving_flag_crosses_the_wire(make_room):
    from osprey.control.wire import from_wire, to_wire

    room = await make_room(connector=Following)
    room.connector.puts.append(None)
    room.connector.steps_left = 1
    (reading,) = await room.connector.read([SP], timeout_s=1)
    assert reading.is_moving
    assert from_wire(Reading, to_wire(reading)) == reading


async def test_every_row_of_the_ledger_says_who_had_it_sent(make_room):
    room = await make_room()
    report = await room.write({SP: 1.5}, {SP2: 0.5})
    rows = await room.journal.ledger.intents_of(report.request_id)
    assert [row.actor for row in rows] == ["os:alice", "os:alice"]
    with pytest.raises(Exception, match="never changed"):
        await room.project.database.safety.run(
            lambda connection: connection.exec_driver_sql("UPDATE intents SET actor = 'os:bob'")
        )
    with anyio.fail_after(5):
        assert all(row.actor for row in await room.journal.audit.log())
