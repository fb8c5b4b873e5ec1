"""The seeds' reading calls, on any connector."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import anyio
import pytest

from osprey.connectors.control_system.base import (
    ChannelReadError,
    ChannelTimeoutError,
    ChannelValue,
    ControlSystemConnector,
    PVMetadata,
    PVValue,
)
from osprey.connectors.factory import ConnectorFactory
from osprey.errors import ConfigError, ConnectorError, PluginError, UsageError
from osprey.project import open_project

pytestmark = pytest.mark.anyio
SP = "SR:01:HCM1:SP"


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request):
    return request.param


@pytest.fixture
async def connector(project):
    opened = await ConnectorFactory.create_control_system_connector()
    yield opened
    await opened.disconnect()


async def test_a_value_comes_with_its_time_and_unit(connector):
    assert isinstance(connector, ControlSystemConnector)
    value = await connector.read_channel(SP)
    assert isinstance(value.value, float)
    assert value.metadata.units == "A"
    assert value.metadata.alarm_status == "ok"
    assert abs(value.timestamp - datetime.now(UTC)) < timedelta(minutes=5)
    assert value.error is None


async def test_a_channel_without_a_value_raises_and_says_why(connector):
    with pytest.raises(ChannelReadError, match=r"NO:SUCH.*not_found") as caught:
        await connector.read_channel("NO:SUCH")
    assert isinstance(caught.value, ConnectionError)
    with pytest.raises(ChannelTimeoutError) as late:
        await connector.read_channel("SLOW:1", timeout=0.1)
    assert isinstance(late.value, TimeoutError)


async def test_many_are_read_at_once_and_missing_ones_are_there_with_their_reason(connector):
    names = [SP, "NO:SUCH", "GONE:1", "SR:WF", "OP:Title"]
    found = await connector.read_multiple_channels(names)
    assert list(found) == names
    assert [found[name].value is None for name in names] == [False, True, True, False, False]
    assert found["NO:SUCH"].error.startswith("not_found")
    assert found["GONE:1"].error.startswith("unreachable")
    assert isinstance(found["SR:WF"].value, list)
    assert await connector.read_multiple_channels([]) == {}


async def test_metadata_is_asked_of_the_control_system(connector):
    metadata = await connector.get_metadata(SP)
    assert (metadata.units, metadata.min_value, metadata.max_value, metadata.precision) == ("A", -10.0, 10.0, 3)
    assert metadata.timestamp.tzinfo is UTC
    with pytest.raises(ChannelReadError):
        await connector.get_metadata("NO:SUCH")


async def test_a_channel_is_validated_by_asking_for_it(connector):
    assert await connector.validate_channel(SP) is True
    assert await connector.validate_channel("NO:SUCH") is False


async def test_the_older_spellings_work_and_warn(connector):
    assert (PVValue.__name__, PVMetadata.__name__) == ("ChannelValue", "ChannelMetadata")
    for older in ("read_pv", "read_multiple_pvs", "validate_pv"):
        with pytest.warns(DeprecationWarning, match=older):
            call = getattr(connector, older)
        assert await call([SP] if "multiple" in older else SP)
    with pytest.raises(AttributeError, match="read_everything"):
        connector.read_everything  # noqa: B018


async def test_a_subscription_calls_back_at_once_and_with_each_change(connector, mock):
    seen: list[ChannelValue] = []
    is_seen = anyio.Event()

    def keep(value):
        seen.append(value)
        if value.value == 3.5:
            is_seen.set()

    subscription = await connector.subscribe(SP, keep)
    mock.change(SP, 3.5)
    with anyio.fail_after(20):
        await is_seen.wait()
        await connector.unsubscribe(subscription)
    count = len(seen)
    mock.change(SP, 4.5)
    await connector.read_channel(SP)
    assert len(seen) == count
    with pytest.raises(UsageError, match="no subscription"):
        await connector.unsubscribe(subscription)


async def test_a_callback_may_be_a_coroutine_function_and_its_failure_is_told_at_the_end(connector, mock):
    async def fail(value):
        raise ZeroDivisionError(value.value)

    subscription = await connector.subscribe(SP, fail)
    with anyio.fail_after(20):
        await connector._subscriptions[subscription]._has_ended.wait()
        with pytest.raises(ConnectorError, match="ZeroDivisionError"):
            await connector.unsubscribe(subscription)
    assert (await connector.read_channel(SP)).error is None


async def test_a_disconnect_ends_the_subscriptions(connector):
    has_value = anyio.Event()
    await connector.subscribe(SP, lambda value: has_value.set())
    with anyio.fail_after(20):
        await has_value.wait()
        await connector.disconnect()
        await connector.disconnect()
    with pytest.raises(ConnectorError, match="not connected"):
        await connector.read_channel(SP)


async def test_another_target_is_chosen_by_its_name(project):
    make = ConnectorFactory.create_control_system_connector
    async with await make({"target": "other"}) as other, await make() as bench:
        assert (await other.read_channel(SP)).value != (await bench.read_channel(SP)).value
    with pytest.raises(ConfigError, match="'others' is not configured"):
        await ConnectorFactory.create_control_system_connector({"target": "others"})


async def test_a_control_system_that_the_project_does_not_declare_can_be_read(project):
    config = {"type": "mock", "connector": {"mock": {"seed": 5, "noise_level": 0.0}}}
    make = ConnectorFactory.create_control_system_connector
    async with await make(config) as made, await make({"target": "other"}) as other:
        assert (await made.read_channel(SP)).value == (await other.read_channel(SP)).value


@pytest.mark.parametrize(
    ("config", "error"),
    [
        ({"typ": "mock"}, UsageError),
        ({"type": "moc"}, PluginError),
        ({"type": "mock", "connector": {"mock": {"seeds": 1}}}, ConfigError),
    ],
)
async def test_a_configuration_that_means_nothing_is_refused(project, config, error):
    with pytest.raises(error):
        await ConnectorFactory.create_control_system_connector(config)


async def test_without_a_project_nothing_real_is_meant(tmp_path):
    async with open_project(tmp_path) as project:
        target = project.config.control_system.targets[project.config.control_system.default_target]
    assert (target.name, target.connector) == ("ring", "sim")


async def test_the_connectors_that_can_be_used_are_listed(project):
    assert "mock" in ConnectorFactory.list_control_systems()
    assert isinstance(ConnectorFactory.list_archivers(), list)
