"""`write_channel` files a request; a person decides, the guard writes, and nobody else."""

from __future__ import annotations

import math

import pytest

from osprey.approval import current_actor
from osprey.connectors.control_system.base import ChannelWriteResult, WriteVerification
from osprey.connectors.factory import ConnectorFactory
from osprey.connectors.values import write_result
from osprey.control import ItemReport, Outcome
from osprey.control.mock.connector import MockFault
from osprey.errors import UsageError
from osprey.journal import RequestState, journal_of

pytestmark = pytest.mark.anyio
SP = "SR:01:HCM1:SP"


@pytest.fixture
def anyio_backend():
    """The checkpoints of the agent know asyncio only."""
    return "asyncio"


@pytest.fixture
async def connector(project):
    opened = await ConnectorFactory.create_control_system_connector()
    yield opened
    await opened.disconnect()


async def approve(project, result):
    journal = journal_of(project)
    row = await journal.requests.get(result.request_id)
    assert row.state is RequestState.PENDING
    await journal.requests.approve(row.id, row.sha256, current_actor())


@pytest.mark.parametrize("posture", ["simulation", "approval"])
async def test_a_write_waits_for_a_person_and_is_sent_once_after_the_approval(connector, project, mock):
    result = await connector.write_channel(SP, 2.5)
    assert (result.success, result.is_waiting, result.outcome) == (False, True, None)
    assert "waiting for approval" in result.error_message
    assert f"osprey resume {result.thread}" in result.error_message
    assert mock.puts == []
    still = await connector.finish_write(result)
    assert still.is_waiting
    assert mock.puts == []
    await approve(project, result)
    done = await connector.finish_write(still)
    assert (done.success, done.outcome) == (True, Outcome.CONFIRMED)
    assert (done.verification.verified, done.verification.readback_value) == (True, 2.5)
    assert [put.value for put in mock.puts] == [2.5]
    assert await connector.finish_write(done) == done
    assert len(mock.puts) == 1


@pytest.mark.parametrize("posture", ["read_only"])
async def test_on_a_read_only_target_a_write_is_refused(connector, mock):
    result = await connector.write_channel(SP, 2.5)
    assert (result.success, result.outcome, result.request_id) == (False, Outcome.REFUSED, None)
    assert "posture" in result.error_message or "read-only" in result.error_message
    assert mock.puts == []


@pytest.mark.parametrize("value", [11.0, math.nan, math.inf, "abc", [1.0, 2.0], True])
async def test_what_the_guard_refuses_is_said_and_not_filed(connector, project, mock, value):
    result = await connector.write_channel(SP, value)
    assert (result.success, result.outcome) == (False, Outcome.REFUSED)
    assert result.error_message
    assert await journal_of(project).requests.list() == []
    assert mock.puts == []


async def test_a_rejected_write_never_happens(connector, project, mock):
    result = await connector.write_channel(SP, 2.5)
    row = await journal_of(project).requests.get(result.request_id)
    await journal_of(project).requests.reject(row.id, current_actor(), "not now")
    done = await connector.finish_write(result)
    assert not done.success
    assert not done.is_waiting or done.outcome is not None
    assert mock.puts == []


async def test_a_clipped_write_is_no_success(connector, project, mock):
    result = await connector.write_channel(SP, 2.5)
    await approve(project, result)
    mock.inject(SP, MockFault.CLIP)
    done = await connector.finish_write(result)
    assert (done.success, done.outcome, done.verification.verified) == (False, Outcome.MISMATCH, False)


async def test_a_narrower_tolerance_than_that_of_the_limits_is_kept(connector, project, mock):
    result = await connector.write_channel(SP, 2.5, verification_level="readback", tolerance=0.0)
    await approve(project, result)
    done = await connector.finish_write(result)
    assert (done.success, done.verification.verified, done.verification.tolerance_used) == (True, True, 0.0)


@pytest.mark.parametrize("wish", [{"verification_level": "sometimes"}, {"tolerance": -1.0}, {"tolerance": math.nan}])
async def test_wishes_without_a_meaning_are_refused(connector, wish):
    with pytest.raises(UsageError):
        await connector.write_channel(SP, 2.5, **wish)


async def test_a_control_system_that_the_project_does_not_declare_is_never_written(project):
    config = {"type": "mock", "connector": {"mock": {}}}
    async with await ConnectorFactory.create_control_system_connector(config) as made:
        result = await made.write_channel(SP, 1.0)
        assert result.outcome is Outcome.REFUSED
        assert made._target.connector.puts == []


async def test_the_older_spelling_of_a_write_waits_too(connector, mock):
    with pytest.warns(DeprecationWarning, match="write_pv"):
        write = connector.write_pv
    assert (await write(SP, 2.5)).is_waiting
    assert mock.puts == []


@pytest.mark.parametrize(
    ("level", "tolerance", "readback", "is_verified"),
    [
        ("readback", None, 2.505, True),
        ("readback", 0.01, 2.505, True),
        ("readback", 0.001, 2.505, False),
        ("callback", 0.001, 2.505, False),
        ("readback", None, None, False),
        ("callback", None, None, True),
    ],
)
def test_a_confirmed_write_is_verified_as_strictly_as_wished(level, tolerance, readback, is_verified):
    asked = ChannelWriteResult(
        SP, 2.5, success=False, verification=WriteVerification(level, verified=False, tolerance_used=tolerance)
    )
    item = ItemReport(name=SP, group=0, index=0, value=2.5, before=0.0, outcome=Outcome.CONFIRMED, readback=readback)
    done = write_result(asked, item)
    assert (done.success, done.verification.verified) == (True, is_verified)
    assert bool(done.verification.notes) is not is_verified
