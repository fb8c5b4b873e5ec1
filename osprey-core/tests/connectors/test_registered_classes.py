"""Classes of the seeds' kind: registered they read; as a plugin's connector they write, through the guard."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from osprey.connectors.control_system import ChannelMetadata, ChannelValue, ChannelWriteResult, ControlSystemConnector
from osprey.connectors.factory import ConnectorFactory
from osprey.connectors.foreign import ForeignConnector
from osprey.control import ConnectContext, Connector, DType, ErrorKind, Fault, Put, Reading
from osprey.errors import RefusedError, UsageError

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request):
    return request.param


class Notebook(ControlSystemConnector):
    """A facility's own class; it keeps its channels in a dictionary."""

    def __init__(self):
        self.values = {"A": 1.5, "N": 3, "W": [1.0, 2.0], "T": "text"}
        self.config = None

    async def connect(self, config):
        self.config = config

    async def disconnect(self):
        self.config = None

    async def read_channel(self, channel_address, timeout=None):
        if channel_address not in self.values:
            raise KeyError(channel_address)
        return ChannelValue(self.values[channel_address], datetime.now(UTC), ChannelMetadata(units="A"))

    async def write_channel(self, channel_address, value, timeout=None, verification_level="callback", tolerance=None):
        if channel_address == "N":
            return ChannelWriteResult(channel_address, value, success=False, error_message="no")
        self.values[channel_address] = value
        return ChannelWriteResult(channel_address, value, success=True)

    async def read_multiple_channels(self, channel_addresses, timeout=None):
        return {name: await self.read_channel(name) for name in channel_addresses if name in self.values}

    async def subscribe(self, channel_address, callback):
        callback(await self.read_channel(channel_address))
        return "1"

    async def unsubscribe(self, subscription_id):
        pass

    async def get_metadata(self, channel_address):
        return ChannelMetadata(units="A", min_value=-5.0, max_value=5.0, precision=2, description="a note")

    async def validate_channel(self, channel_address):
        return channel_address in self.values


async def test_a_registered_class_reads(project):
    ConnectorFactory.register_control_system("notebook", Notebook)
    assert "notebook" in ConnectorFactory.list_control_systems()
    connector = await ConnectorFactory.create_control_system_connector(
        {"type": "notebook", "connector": {"notebook": {"page": 3}}}
    )
    assert connector._inner.config == {"page": 3}
    assert (await connector.read_channel("A")).value == 1.5
    found = await connector.read_multiple_channels(["A", "X"])
    assert (found["A"].value, found["X"].value) == (1.5, None)
    assert "gave no value" in found["X"].error
    assert await connector.validate_channel("A")
    assert (await connector.get_metadata("A")).precision == 2
    await connector.disconnect()


async def test_a_registered_class_never_writes(project):
    ConnectorFactory.register_control_system("notebook", Notebook)
    connector = await ConnectorFactory.create_control_system_connector({"type": "notebook"})
    with pytest.raises(RefusedError, match="no guard stands before it"):
        await connector.write_channel("A", 2.0)
    assert connector._inner.values["A"] == 1.5


async def test_a_registered_class_belongs_to_its_project_and_hides_no_plugin(project):
    with pytest.raises(UsageError, match="another name"):
        ConnectorFactory.register_control_system("mock", Notebook)
    with pytest.raises(UsageError, match="no method"):
        ConnectorFactory.register_control_system("nothing", object)
    assert "notebook" not in ConnectorFactory.list_control_systems()


@pytest.fixture
async def adapted(tmp_path):
    class Adapted(ForeignConnector):
        wrapped = Notebook

    connector = await Adapted.connect(ConnectContext(target="n", settings={"page": 1}, state_dir=tmp_path))
    yield connector
    await connector.aclose()


async def test_such_a_class_can_be_a_connector_of_a_plugin(adapted):
    assert isinstance(adapted, Connector)
    results = await adapted.read(["W", "X", "A", "N", "T"], timeout_s=5.0)
    assert [result.channel for result in results] == ["W", "X", "A", "N", "T"]
    wave, missing, number, integer, text = results
    assert isinstance(missing, Fault)
    assert "KeyError" in missing.message
    assert [one.dtype for one in (wave, number, integer, text)] == [DType.FLOAT, DType.FLOAT, DType.INT, DType.STR]
    assert (wave.shape, number.unit) == ((2,), "A")
    (info,) = await adapted.describe(["A"], timeout_s=5.0)
    assert (info.drive.low, info.drive.high, info.precision, info.dtype) == (-5.0, 5.0, 2, DType.FLOAT)
    assert [one.is_reachable for one in await adapted.probe(["A", "X"], timeout_s=5.0)] == [True, False]
    assert await adapted.endpoints(timeout_s=1.0)
    assert await adapted.search("", limit=5) == []


async def test_its_puts_are_sent_once_and_a_failure_may_have_landed(adapted):
    puts = [Put(channel="A", value=2.5, dtype=DType.FLOAT), Put(channel="N", value=4, dtype=DType.INT)]
    good, bad = await adapted.write(puts, timeout_s=5.0)
    assert good.error is None
    assert (bad.error, bad.was_sent, bad.message) == (ErrorKind.UNREACHABLE, True, "no")
    (late,) = await adapted.write(puts[:1], timeout_s=0.0)
    assert (late.error, late.was_sent) == (ErrorKind.TIMEOUT, False)


async def test_its_changes_are_seen_by_reading_again(adapted):
    async with adapted.subscribe(["A"], max_rate_hz=100.0) as updates:
        (first,) = await anext(updates)
        adapted._inner.values["A"] = 9.0
        (second,) = await anext(updates)
    assert isinstance(first, Reading)
    assert (first.value, second.value, updates.dropped) == (1.5, 9.0, 0)
    assert [one async for one in updates] == []
    for wrong in ({"max_rate_hz": 0.0}, {"buffer": -1}):
        with pytest.raises(UsageError):
            adapted.subscribe(["A"], **wrong)
