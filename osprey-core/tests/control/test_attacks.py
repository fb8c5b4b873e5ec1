"""What an attacker or an unlucky moment tries on the way from an approval to a put."""

from __future__ import annotations

import asyncio
import math
import os

import anyio
import pytest
from attrs import evolve

from osprey.control import ChannelInfo, DType, MockConnector, Outcome, PutResult, Reading
from osprey.control.mock import MockFault
from osprey.control.targets import Targets
from osprey.errors import StorageError

SP = "SR:01:HCM1:SP"
SP2 = "SR:01:HCM2:SP"

pytestmark = pytest.mark.anyio


def outcomes(report):
    return [item.outcome for item in report.items]


# Torn away at the claim


async def test_a_task_torn_away_at_the_claim_leaves_nothing_claimed(make_room, monkeypatch, anyio_backend_name):
    """A first Ctrl-C cancels the task itself, through every shield, while the claim is being committed."""
    if anyio_backend_name != "asyncio":
        pytest.skip("trio has no cancellation beside its scopes")
    room = await make_room()
    request = await room.approve({SP: 2.5})
    claim = room.journal.ledger.claim

    async def claim_and_tear(*args, **kwargs):
        asyncio.current_task().cancel()
        return await claim(*args, **kwargs)

    monkeypatch.setattr(room.journal.ledger, "claim", claim_and_tear)
    task = asyncio.create_task(room.guard.apply(request))
    with pytest.raises(asyncio.CancelledError):
        await task
    row = await room.row(request)
    print(row.state, await room.journal.ledger.list())
    assert room.connector.puts == []
    assert row.state in ("approved", "failed")
    assert await room.journal.ledger.list() == []


# Same group

async def test_same_group(make_room):
    limits = f"channels: {{'*': {{}}, '{SP}': {{expression: 'ch(\"{SP2}\") > 5'}}}}"
    room = await make_room(limits=limits)
    room.connector.change(SP2, 0.0)
    room.connector.change(SP, 0.0)
    judgement = await room.judge({SP2: 6.0, SP: 1.0})
    assert not judgement.is_allowed


async def test_labels(make_room):
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
    assert report.status == "refused"
    assert room.connector.puts == []


async def test_limits_same_stamp(make_room, tmp_path):
    room = await make_room(folder="p", limits='channels: {"*": {max: 5}}')
    path = tmp_path / "p" / "limits.yml"
    assert (await room.judge({SP: 4.0})).is_allowed
    status = path.stat()
    path.write_text('channels: {"*": {max: 3}}')
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert not (await room.judge({SP: 4.0})).is_allowed


async def test_unsent_confirmed(make_room):
    class Contradicting(MockConnector):
        async def write(self, puts, *, timeout_s):
            return [PutResult(channel=put.channel, was_sent=False) for put in puts]

    room = await make_room(limits='channels: {"*": {verification: none}}', connector=Contradicting)
    report = await room.write({SP: 2.5})
    assert outcomes(report) == [Outcome.FAILED]


async def test_weird_observation(make_room):
    class Strange(MockConnector):
        is_strange = False

        async def read(self, channels, *, timeout_s):
            found = await super().read(channels, timeout_s=timeout_s)
            return [evolve(r, value=object()) if self.is_strange and r.channel == "X:Beam" else r for r in found]

        async def write(self, puts, *, timeout_s):
            self.is_strange = True
            return await super().write(puts, timeout_s=timeout_s)

    room = await make_room(connector=Strange)
    report = await room.write({SP: 2.5}, observe=("X:Beam",))
    assert report.status == "done"
    assert (await room.row(report)).state == "done"


async def test_claim_storage_error(make_room, monkeypatch):
    room = await make_room()
    request = await room.approve({SP: 2.5})

    async def full(*args, **kwargs):
        raise StorageError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(room.journal.ledger, "claim", full)
        report = await room.guard.apply(request)
    assert report.status == "approved"
    assert (await room.guard.apply(request)).status == "done"


async def test_unreachable_audited(make_room):
    room = await make_room()
    request = await room.approve({SP: 2.5})
    room.connector.inject(SP, MockFault.GONE)
    report = await room.guard.apply(request)
    assert report.status == "approved"
    assert "target.unreachable" in await room.refusals()


async def test_group_refusal_audited(make_room):
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
