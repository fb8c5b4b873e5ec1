"""What an attacker, a broken part or an unlucky moment tries on the way from an approval to a put."""

from __future__ import annotations

import asyncio
import os
import threading

import pytest
from attrs import evolve

from osprey.control import MockConnector, Outcome, PutResult
from osprey.control.mock.connector import MockFault
from osprey.journal.ledger import claims

SP = "SR:01:HCM1:SP"
SP2 = "SR:01:HCM2:SP"

pytestmark = pytest.mark.anyio


async def test_a_task_torn_away_at_the_claim_leaves_nothing_claimed(make_room, monkeypatch):
    """A first Ctrl-C cancels the task itself, through every shield, while the claim is being committed."""
    room = await make_room()
    request = await room.approve({SP: 2.5})
    loop, claim, is_torn = asyncio.get_running_loop(), claims.claim, threading.Event()

    def tear_and_claim(*args):
        loop.call_soon_threadsafe(lambda: (task.cancel(), is_torn.set()))
        is_torn.wait()
        return claim(*args)

    monkeypatch.setattr(claims, "claim", tear_and_claim)
    task = asyncio.create_task(room.guard.apply(request))
    with pytest.raises(asyncio.CancelledError):
        await task
    row = await room.row(request)
    assert row.state == "failed"
    assert "before anything was sent" in row.report["reason"]
    assert await room.journal.ledger.list() == []
    assert room.connector.puts == []


async def test_a_claim_that_cannot_be_stored_leaves_the_approval(make_room, monkeypatch):
    room = await make_room()
    request = await room.approve({SP: 2.5})

    def full(*args):
        raise OSError("no space left on device")

    monkeypatch.setattr(claims, "open_intents", full)
    with pytest.raises(OSError, match="no space"):
        await room.guard.apply(request)
    monkeypatch.undo()
    assert (await room.row(request)).state == "approved"
    assert (await room.guard.apply(request)).status == "done"


@pytest.mark.parametrize("interlock_first", [True, False])
async def test_an_interlock_holds_in_whatever_order_a_group_is_put(make_room, interlock_first):
    """Items of a group are put together: that one of them opens the interlock of another is chance."""
    limits = f"channels: {{'*': {{}}, '{SP}': {{expression: 'ch(\"{SP2}\") > 5'}}}}"
    room = await make_room(limits=limits)
    for before, after in ((0.0, 6.0), (6.0, 0.0)):
        room.connector.change(SP2, before)
        group = {SP2: after, SP: 1.0} if interlock_first else {SP: 1.0, SP2: after}
        judgement = await room.judge(group)
        rules = {item.name: item.rule for item in judgement.items}
        assert rules == {SP: "limits.expression", SP2: "ok"}
    room.connector.change(SP2, 0.0)
    assert (await room.judge({SP2: 6.0}, {SP: 1.0})).is_allowed
    assert not (await room.judge({SP2: 6.0}, {SP: 1.0, SP2: 0.0})).is_allowed


async def test_a_state_that_got_another_name_is_not_what_was_approved(make_room):
    class Relabelled(MockConnector):
        labels = None

        async def describe(self, channels, *, timeout_s):
            infos = await super().describe(channels, timeout_s=timeout_s)
            return [evolve(info, labels=self.labels) if self.labels else info for info in infos]

    room = await make_room(limits='channels: {"*": {}}', connector=Relabelled)
    room.connector.change("X:Shutter", 0)
    request = await room.approve({"X:Shutter": "OPEN"})
    room.connector.labels = ("OPEN", "CLOSED")
    report = await room.guard.apply(request)
    assert (report.status, report.rule) == ("refused", "approval.changed")
    assert room.connector.puts == []


async def test_limits_that_were_changed_without_a_trace_in_size_and_time_are_read_again(make_room, tmp_path):
    room = await make_room(folder="facility", limits='channels: {"*": {max: 5}}')
    path = tmp_path / "facility" / "limits.yml"
    assert (await room.judge({SP: 4.0})).is_allowed
    status = path.stat()
    path.write_text('channels: {"*": {max: 3}}')
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert [item.rule for item in (await room.judge({SP: 4.0})).items] == ["limits.max"]


async def test_a_put_that_was_not_sent_is_never_confirmed(make_room):
    class Contradicting(MockConnector):
        async def write(self, puts, *, timeout_s):
            return [PutResult(channel=put.channel, was_sent=False) for put in puts]

    room = await make_room(limits='channels: {"*": {verification: none}}', connector=Contradicting)
    report = await room.write({SP: 2.5})
    assert [item.outcome for item in report.items] == [Outcome.FAILED]


async def test_nonsense_that_is_observed_does_not_keep_a_request_from_its_end(make_room):
    class Strange(MockConnector):
        async def read(self, channels, *, timeout_s):
            found = await super().read(channels, timeout_s=timeout_s)
            return [evolve(r, value=object()) if self.puts and r.channel == "X:Beam" else r for r in found]

    room = await make_room(connector=Strange)
    report = await room.write({SP: 2.5}, observe=("X:Beam",))
    assert (report.status, (await room.row(report)).state) == ("done", "done")
    assert "not a value" in report.observations[0][0].message


async def test_an_application_that_has_to_wait_stands_in_the_audit(make_room):
    room = await make_room()
    request = await room.approve({SP: 2.5})
    room.connector.inject(SP, MockFault.GONE)
    assert (await room.guard.apply(request)).status == "approved"
    row = (await room.journal.audit.log())[-1]
    assert (row.subject, row.detail["rule"], row.detail["status"]) == (
        request.request_id,
        "target.unreachable",
        "approved",
    )


async def test_a_group_that_the_guard_refuses_between_two_puts_stands_in_the_audit(make_room):
    class Drifting(MockConnector):
        async def write(self, puts, *, timeout_s):
            results = await super().write(puts, timeout_s=timeout_s)
            self.change(SP2, 5.0)
            return results

    room = await make_room(limits="channels: {'*': {max_step: 1}}", connector=Drifting)
    room.connector.change(SP, 0.0)
    room.connector.change(SP2, 0.0)
    report = await room.write({SP: 0.5}, {SP2: 0.5})
    assert (report.status, report.rule) == ("partial", "limits.max_step")
    assert "limits.max_step" in await room.refusals()


async def test_values_that_are_old_by_the_time_of_the_claim_are_not_acted_on(make_room, monkeypatch):
    """A process that was stopped while it judged would act on a machine that is gone."""
    room = await make_room()
    request = await room.approve({SP: 2.5})
    monkeypatch.setattr("osprey.control.guard.standing.OLDEST_VALUES_S", -1e9)
    report = await room.guard.apply(request)
    assert (report.status, report.rule) == ("approved", "approval.stale")
    assert room.connector.puts == []
    monkeypatch.undo()
    assert (await room.guard.apply(request)).status == "done"
