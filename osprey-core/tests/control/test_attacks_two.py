"""Further attempts on the way from an approval to a put: each was possible once."""

from __future__ import annotations

from types import SimpleNamespace

import anyio
import pytest
from attrs import evolve

from osprey.connectors.control_system.base import ChannelWriteResult, WriteVerification
from osprey.connectors.target_connector import TargetConnector
from osprey.connectors.values import write_result
from osprey.control import (
    Bounds,
    ErrorKind,
    Fault,
    ItemReport,
    MockConnector,
    Outcome,
    PutResult,
)
from osprey.control.snapshots import capture, way_back
from osprey.control.snapshots.snapshot import dump, load
from osprey.control.targets import targets_of
from osprey.errors import StorageError
from osprey.journal.ledger.ledger import Ledger

SP = "SR:01:HCM1:SP"
SP2 = "SR:01:HCM2:SP"
WAVE = "X:Waveform:SP"

pytestmark = pytest.mark.anyio


class Unbounded(MockConnector):
    """States no drive limits."""

    async def describe(self, channels, *, timeout_s):
        return [evolve(info, drive=Bounds()) for info in await super().describe(channels, timeout_s=timeout_s)]


async def test_an_element_of_an_array_is_judged_by_its_own_size(make_room):
    """A million beside it must not make a wrong thousandth right."""

    class Garbling(Unbounded):
        async def write(self, puts, *, timeout_s):
            return await super().write([evolve(put, value=[1e6, 0.9]) for put in puts], timeout_s=timeout_s)

    room = await make_room(limits='channels: {"*": {settle_s: 0}}', connector=Garbling)
    room.connector.change(WAVE, [1e6, 0.0])
    report = await room.write({WAVE: [1e6, 0.001]})
    assert [item.outcome for item in report.items] == [Outcome.MISMATCH]


async def test_an_array_that_moved_in_its_small_elements_is_not_what_was_shown(make_room):
    room = await make_room(limits='channels: {"*": {}}', connector=Unbounded)
    room.connector.change(WAVE, [1e6, 0.0])
    request = await room.approve({WAVE: [1e6, 0.001]})
    room.connector.change(WAVE, [1e6, 0.9])
    report = await room.guard.apply(request)
    assert (report.status, report.rule) == ("approved", "approval.stale")


@pytest.mark.parametrize("is_landed", [True, False])
async def test_a_rejection_is_not_believed_where_the_new_value_is_there(make_room, is_landed):
    """A Tango server may set the hardware and raise then; only a read-back tells that from a refusal."""

    class Stumbling(MockConnector):
        async def write(self, puts, *, timeout_s):
            results = await super().write(puts, timeout_s=timeout_s) if is_landed else []
            assert len(results) in (0, len(puts))
            return [PutResult(channel=put.channel, error=ErrorKind.REJECTED, message="KeyError: 'x'") for put in puts]

    room = await make_room(connector=Stumbling)
    room.connector.change(SP, 0.0)
    report = await room.write({SP: 2.5})
    expected = (Outcome.UNCONFIRMED, "in_doubt") if is_landed else (Outcome.FAILED, "failed")
    assert (report.items[0].outcome, report.status) == expected


async def test_a_second_caller_that_cannot_claim_does_not_end_the_claim_of_the_first(make_room, monkeypatch):
    """Both act in one process, so both are the same owner of the ledger."""
    is_put, may_go_on = anyio.Event(), anyio.Event()
    claim, callers = Ledger.claim, []

    class Waiting(MockConnector):
        async def write(self, puts, *, timeout_s):
            is_put.set()
            await may_go_on.wait()
            return await super().write(puts, timeout_s=timeout_s)

    async def claim_or_fail(*args, **named):
        callers.append(args)
        if len(callers) == 1:
            await is_put.wait()
            raise StorageError("the database is locked by another process")
        return await claim(*args, **named)

    async def apply_late():
        try:
            await room.guard.apply(request)
        except StorageError:
            pass
        finally:
            may_go_on.set()

    room = await make_room(connector=Waiting)
    request = await room.approve({SP: 2.5})
    monkeypatch.setattr(Ledger, "claim", claim_or_fail)
    async with anyio.create_task_group() as group:
        group.start_soon(apply_late)
        while not callers:
            await anyio.sleep(0)
        report = await room.guard.apply(request)
    [intent] = await room.journal.ledger.intents_of(request.request_id)
    assert (report.status, (await room.row(request)).state, intent.outcome) == ("done", "done", "confirmed")
    assert room.connector.count_puts(SP) == 1


async def test_an_interlock_whose_channel_cannot_be_told_apart_now_refuses(make_room):
    """An expression names a channel by an alias; while the alias is not resolved, its group's writes are not seen."""

    class Aliasing(MockConnector):
        is_silent = False

        async def describe(self, channels, *, timeout_s):
            infos = await super().describe([self._own(c) for c in channels], timeout_s=timeout_s)
            late = Fault(channel="ALIAS", kind=ErrorKind.TIMEOUT, message="no answer in time")
            return [
                late if c == "ALIAS" and self.is_silent else evolve(i, channel=c)
                for c, i in zip(channels, infos, strict=True)
            ]

        async def read(self, channels, *, timeout_s):
            found = await super().read([self._own(c) for c in channels], timeout_s=timeout_s)
            return [evolve(r, channel=c) for c, r in zip(channels, found, strict=True)]

        def _own(self, channel):
            return SP2 if channel == "ALIAS" else channel

    limits = f"channels: {{'*': {{}}, '{SP}': {{expression: 'ch(\"ALIAS\") > 5'}}}}"
    room = await make_room(limits=limits, connector=Aliasing)
    room.connector.change(SP2, 6.0)
    for is_silent in (False, True):
        room.connector.is_silent = is_silent
        judgement = await room.judge({SP2: 0.0, SP: 1.0})
        assert {item.name: item.is_allowed for item in judgement.items}[SP] is False, f"silent: {is_silent}"


async def test_drive_limits_that_were_narrowed_between_two_groups_hold(make_room):
    """A scan takes hours; what the operators narrow meanwhile is not what was judged at its begin."""

    class Narrowing(MockConnector):
        high = 10.0

        async def describe(self, channels, *, timeout_s):
            infos = await super().describe(channels, timeout_s=timeout_s)
            return [evolve(info, drive=Bounds(-10.0, self.high)) for info in infos]

        async def write(self, puts, *, timeout_s):
            self.high = 1.0
            return await super().write(puts, timeout_s=timeout_s)

    room = await make_room(connector=Narrowing)
    report = await room.write({SP: 0.5}, {SP2: 6.0})
    assert [item.outcome for item in report.items] == [Outcome.CONFIRMED, Outcome.REFUSED]
    assert room.connector.count_puts(SP2) == 0


async def test_access_that_was_taken_away_between_two_groups_is_gone(make_room):
    class Closing(MockConnector):
        is_open = True

        async def describe(self, channels, *, timeout_s):
            infos = await super().describe(channels, timeout_s=timeout_s)
            return [evolve(info, writable=self.is_open) for info in infos]

        async def write(self, puts, *, timeout_s):
            self.is_open = False
            return await super().write(puts, timeout_s=timeout_s)

    room = await make_room(connector=Closing)
    report = await room.write({SP: 0.5}, {SP2: 0.6})
    assert [item.outcome for item in report.items] == [Outcome.CONFIRMED, Outcome.REFUSED]
    assert room.connector.count_puts(SP2) == 0


async def test_a_snapshot_brings_back_what_was_set_not_what_was_measured(make_room):
    """Where a system keeps the set value beside the read one (Tango), a write changes the set one."""

    class Measuring(MockConnector):
        async def read(self, channels, *, timeout_s):
            found = await super().read(channels, timeout_s=timeout_s)
            return [evolve(r, value=r.value - 0.03, setpoint=r.value) if r.channel == SP else r for r in found]

    room = await make_room(limits='channels: {"*": {}}', connector=Measuring)
    target = await targets_of(room.project).get()
    room.connector.change(SP, 5.0)
    saved = await capture(target, [SP, SP2], name="good", saved_by="os:alice")
    room.connector.change(SP, 1.0)
    way = await way_back(target, load(dump(saved), "good.json"))
    assert [[(item.channel, item.value) for item in group] for group in way.groups] == [[(SP, 5.0)]]


async def test_a_doubt_is_never_told_to_a_program_as_a_refusal(make_room):
    """The guard died in the middle: the request is claimed, has no report, and may have landed."""
    room = await make_room()
    request = await room.approve({SP: 2.5})
    connector = TargetConnector(room.project, "machine", owns_project=False)
    waiting = ChannelWriteResult(SP, 2.5, success=False, request_id=request.request_id, thread="t")
    is_put, may_end = anyio.Event(), anyio.Event()

    async def hang(puts, *, timeout_s):
        is_put.set()
        await may_end.wait()
        return []

    room.connector.write = hang
    turn = SimpleNamespace(approval=None, is_decided=True, thread="t", answer="it may or may not have landed")
    async with anyio.create_task_group() as group:
        group.start_soon(room.guard.apply, request)
        await is_put.wait()
        result = await connector._concluded(waiting, turn)
        may_end.set()
    assert (result.success, result.outcome) == (False, Outcome.UNCONFIRMED)


@pytest.mark.parametrize(("level", "is_verified"), [("readback", False), ("callback", True)])
def test_a_read_back_that_the_limits_do_not_judge_verifies_nothing_that_differs(level, is_verified):
    item = ItemReport(
        name=SP,
        group=0,
        index=0,
        value=5.0,
        before=0.0,
        outcome=Outcome.CONFIRMED,
        readback=1.0,
        reason=f"completed; not judged by a read-back (verification: callback); {SP} reads 1.0 instead of 5.0",
    )
    wished = WriteVerification(level, verified=False)
    result = write_result(ChannelWriteResult(SP, 5.0, success=False, verification=wished), item)
    assert result.verification.verified is is_verified
