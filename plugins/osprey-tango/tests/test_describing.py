"""What a real device says of its attributes and commands; probing; discovery; endpoints."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import pytest
from opening import Opener
from tango_peer import Server, TangoPeer

from osprey.api import Bounds, ChannelInfo, DType, ErrorKind, Fault
from osprey_tango.connector import TangoConnector
from osprey_tango.description import precision_of
from osprey_tango.discovery import Pattern

pytestmark = pytest.mark.anyio
DEVICE = "osprey/bench/1"


async def describe(connector: TangoConnector, *channels: str) -> list[ChannelInfo]:
    infos = await connector.describe(channels, timeout_s=10)
    for info in infos:
        assert isinstance(info, ChannelInfo), info
    assert [info.channel for info in infos] == list(channels)
    return infos


async def test_a_description_carries_the_configuration_of_the_attribute(connector: TangoConnector) -> None:
    [info] = await describe(connector, f"{DEVICE}/Current")
    assert info == ChannelInfo(
        channel=f"{DEVICE}/Current",
        name=f"{DEVICE}/current",
        dtype=DType.FLOAT,
        unit="mA",
        precision=3,
        description="Current of the supply",
        drive=Bounds(-100.0, 100.0),
        display=Bounds(-100.0, 100.0),
        warning=Bounds(-80.0, 80.0),
        alarm=Bounds(-90.0, 90.0),
        writable=True,
    )


@pytest.mark.parametrize(
    ("part", "dtype", "shape", "writable"),
    [
        ("number", DType.INT, (), True),
        ("flag", DType.BOOL, (), True),
        ("title", DType.STR, (), True),
        ("mode", DType.ENUM, (), True),
        ("wave", DType.FLOAT, (8,), True),
        ("texts", DType.STR, (4,), False),
        ("picture", DType.INT, (3, 4), True),
        ("fixed", DType.FLOAT, (), False),
        ("order", DType.FLOAT, (), True),
        ("status", DType.STR, (), False),
    ],
)
async def test_type_greatest_shape_and_access(
    connector: TangoConnector, part: str, dtype: DType, shape: tuple[int, ...], writable: bool
) -> None:
    [info] = await describe(connector, f"{DEVICE}/{part}")
    assert (info.dtype, info.shape, info.writable, info.is_command) == (dtype, shape, writable, False)
    assert (info.is_value_field, info.has_modifier) == (True, False)


async def test_labels_of_an_enumeration_and_of_a_state(connector: TangoConnector) -> None:
    mode, state = await describe(connector, f"{DEVICE}/mode", f"{DEVICE}/state")
    assert mode.labels == ("OFF", "ON", "FAULT")
    assert (state.dtype, state.labels[0], state.labels[8], len(state.labels)) == (DType.ENUM, "ON", "FAULT", 14)
    assert not state.writable


async def test_the_canonical_name_is_one_whatever_was_asked(connector: TangoConnector, peer: TangoPeer) -> None:
    port = peer.host.rpartition(":")[2]
    asked = [
        "osprey/bench/2/current", "OSPREY/Bench/2/CURRENT", "second/Current",
        f"tango://{peer.host}/osprey/bench/2/current", f"tango://LOCALHOST:{port}/osprey/bench/2/current",
        f"tango://{peer.host}/second/current#dbase=yes", "tango://osprey/bench/2/current",
    ]  # fmt: skip
    assert {info.name for info in await describe(connector, *asked)} == {"osprey/bench/2/current"}


async def test_a_server_without_a_database_is_reached_by_its_resource_name(connect: Opener, peer: TangoPeer) -> None:
    with peer.alone("alone/bench/1") as port:
        name = f"tango://127.0.0.1:{port}/Alone/Bench/1/fixed#dbase=no"
        [unlisted] = await describe(await connect(), name)
        assert unlisted.name is None
        connector = await connect(other_hosts=[f"LOCALHOST:{port}"])
        [info] = await describe(connector, name)
        assert info.name == f"tango://localhost:{port}/alone/bench/1/fixed#dbase=no"
        [reading] = await connector.read([info.name], timeout_s=10)
        assert (reading.channel, getattr(reading, "value", None)) == (info.name, 2.5)


async def test_what_is_not_there_is_not_found_and_hides_nothing(connector: TangoConnector) -> None:
    names = [f"{DEVICE}/nope", "x", "a/b/c/d", f"{DEVICE}/fixed", f"{DEVICE}/coded", "tango://127.0.0.1:1/a/b/c/d"]
    results = await connector.describe(names, timeout_s=10)
    assert [result.channel for result in results] == names
    kinds = [result.kind if isinstance(result, Fault) else None for result in results]
    assert kinds == [
        ErrorKind.NOT_FOUND, ErrorKind.NOT_FOUND, ErrorKind.NOT_FOUND, None, ErrorKind.UNSUPPORTED,
        ErrorKind.UNREACHABLE,
    ]  # fmt: skip


async def test_an_undeclared_command_is_one_that_writes(connector: TangoConnector, peer: TangoPeer) -> None:
    before = peer.puts
    reset, scale, take = await describe(connector, f"{DEVICE}/Reset", f"{DEVICE}/Scale", f"{DEVICE}/Take")
    assert (reset.is_command, reset.writable, reset.dtype, reset.name) == (True, True, DType.BOOL, f"{DEVICE}/reset")
    assert (scale.is_command, scale.writable, scale.dtype, scale.shape) == (True, True, DType.FLOAT, ())
    assert (take.is_command, take.dtype, take.shape) == (True, DType.FLOAT, (0,))
    assert peer.puts == before


async def test_a_command_that_is_declared_as_one_that_reads_is_described_by_its_answer(connect: Opener) -> None:
    connector = await connect(commands={"reads": ["*/Temperature", "*/Scale"]})
    temperature, scale = await connector.describe([f"{DEVICE}/Temperature", f"{DEVICE}/Scale"], timeout_s=10)
    assert isinstance(temperature, ChannelInfo)
    assert (temperature.is_command, temperature.writable, temperature.dtype) == (True, False, DType.FLOAT)
    assert isinstance(scale, Fault)
    assert scale.kind is ErrorKind.UNSUPPORTED


async def test_a_description_is_asked_anew_each_time(
    connect: Opener, make_server: Callable[..., Server], peer: TangoPeer, anyio_backend: str
) -> None:
    device = f"osprey/{anyio_backend}/1"  # the database keeps what is changed
    make_server(f"turning-{anyio_backend}", device)
    connector = await connect()
    channel = f"{device}/current"
    [before] = await describe(connector, channel)
    proxy = await anyio.to_thread.run_sync(peer.proxy, device)
    config = proxy.get_attribute_config("current")
    config.unit, config.max_value = "kA", "50"
    proxy.set_attribute_config(config)
    [after] = await describe(connector, channel)
    assert (before.unit, before.drive.high, after.unit, after.drive.high) == ("mA", 100.0, "kA", 50.0)
    [reading] = await connector.read([channel], timeout_s=10)
    assert getattr(reading, "unit", None) == "kA"


@pytest.mark.parametrize(
    ("text", "digits"),
    [("%6.3f", 3), ("%.0e", 0), ("%d", None), ("%s", None), ("fixed;setprecision(2)", 2), ("", None)],
)
def test_precision_is_that_of_the_format(text: str, digits: int | None) -> None:
    assert precision_of(text) == digits


async def test_probing_tells_what_is_there(connector: TangoConnector) -> None:
    names = [f"{DEVICE}/current", f"{DEVICE}/Reset", f"{DEVICE}/nope", "a/b/c/d", "nonsense"]
    statuses = await connector.probe(names, timeout_s=10)
    assert [(status.channel, status.is_reachable) for status in statuses] == list(
        zip(names, [True, True, False, False, False], strict=True)
    )
    assert statuses[0].latency_ms is not None
    assert {status.fault.kind for status in statuses[2:] if status.fault} == {ErrorKind.NOT_FOUND}


async def test_the_database_lists_the_attributes_of_the_devices_that_run(connector: TangoConnector) -> None:
    records = await connector.search("osprey/bench/*/Current", limit=100)
    assert [record.name for record in records] == [f"osprey/bench/{number}/current" for number in (1, 2, 3)]
    assert (records[0].device, records[0].unit, records[0].role) == (DEVICE, "mA", "setpoint")
    assert records[0].description == "Current of the supply"
    roles = {record.quantity: record.role for record in await connector.search("osprey/bench/1/*", limit=100)}
    assert (roles["fixed"], roles["state"], roles["wave"]) == ("readback", "status", "setpoint")


async def test_a_search_may_name_a_part_has_a_limit_and_finds_nothing_of_tangos_own(connector: TangoConnector) -> None:
    assert len(await connector.search("bench", limit=5)) == 5
    assert await connector.search("bench", limit=0) == []
    assert await connector.search("no-such-thing", limit=5) == []
    everything = await connector.search("", limit=100_000)
    assert {record.name for record in everything} >= {f"{DEVICE}/current", "osprey/many/1/a0000"}
    assert not [record for record in everything if record.name.startswith(("dserver/", "sys/database/"))]


def test_a_pattern_chooses_devices_only_where_no_wildcard_spans_a_slash() -> None:
    exact, loose = Pattern("sr/*/1/current"), Pattern("sr*current")
    assert (exact.may_have("sr/ps/1"), exact.may_have("sr/ps/2"), loose.may_have("sr/ps/2")) == (True, False, True)
    assert (exact.matches("sr/ps/1/current"), loose.matches("sr/ps/2/current")) == (True, True)


async def test_the_endpoint_is_the_database(connector: TangoConnector, connect: Opener, peer: TangoPeer) -> None:
    [there] = await connector.endpoints(timeout_s=10)
    assert (there.purpose, there.address, there.is_reachable, there.note) == ("database", peer.host, True, "")
    assert there.latency_ms is not None
    [gone] = await (await connect(host="127.0.0.1:1")).endpoints(timeout_s=10)
    assert (gone.is_reachable, gone.latency_ms) == (False, None)
    assert gone.note
