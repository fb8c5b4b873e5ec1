"""Reading from a real OPC UA server: types, status, limits of the server, a server that dies."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from typing import Any

import anyio
import pytest
from labview_opening import Opener
from opcua_plant import NUMBERS
from opcua_server import URI, OpcUaServer, free_port

from osprey.api import Bounds, ChannelInfo, DType, ErrorKind, Fault, Reading, Severity
from osprey_labview.settings import OpcUaSettings

pytestmark = pytest.mark.anyio
DTYPES = {"Boolean": DType.BOOL, "Float": DType.FLOAT, "Double": DType.FLOAT, "String": DType.STR}


async def read_one(connector: Any, channel: str, timeout_s: float = 20) -> Any:
    return (await connector.read([channel], timeout_s=timeout_s))[0]


async def info_of(connector: Any, channel: str) -> Any:
    return (await connector.describe([channel], timeout_s=20))[0]


@pytest.mark.parametrize("kind", NUMBERS)
async def test_each_type_reads_as_its_own(connector: Any, plant: OpcUaServer, kind: str) -> None:
    reading = await read_one(connector, plant.name(kind))
    assert (reading.value, reading.dtype, reading.shape) == (NUMBERS[kind], DTYPES.get(kind, DType.INT), ())
    assert type(reading.value) is type(NUMBERS[kind])


@pytest.mark.parametrize(
    ("name", "value", "dtype"),
    [
        ("WF", [1.0, 2.0, 3.0], DType.FLOAT),
        ("IWF", [1, 2, 3], DType.INT),
        ("TEXTS", ["a", "b"], DType.STR),
        ("FLAGS", [True, False], DType.BOOL),
        ("MATRIX", [1.0, 2.0, 3.0, 4.0], DType.FLOAT),
        ("BLOB", [1, 255], DType.INT),
    ],
)
async def test_arrays_read_flat(connector: Any, plant: OpcUaServer, name: str, value: object, dtype: DType) -> None:
    reading = await read_one(connector, plant.name(name))
    assert (list(reading.value), reading.dtype, reading.shape) == (value, dtype, (len(reading.value),))
    info = await info_of(connector, plant.name(name))
    assert (info.dtype, info.shape, info.writable) == (dtype, reading.shape, name not in ("MATRIX", "BLOB"))


async def test_states_have_their_labels(connector: Any, plant: OpcUaServer) -> None:
    names = [plant.name("MODE"), plant.name("SPARSE")]
    mode, sparse = await connector.read(names, timeout_s=20)
    assert (mode.value, mode.label, mode.dtype) == (1, "Standby", DType.ENUM)
    assert (sparse.value, sparse.label, sparse.dtype) == (5, "High", DType.ENUM)
    infos = await connector.describe(names, timeout_s=20)
    assert [info.labels for info in infos] == [("Off", "Standby", "On"), ("", "", "Low", "", "", "High")]


async def test_uncertain_is_minor_and_bad_is_no_reading(connector: Any, plant: OpcUaServer) -> None:
    uncertain, bad = await connector.read([plant.name("UNCERTAIN"), plant.name("BAD")], timeout_s=20)
    assert (uncertain.severity, uncertain.alarm) == (Severity.MINOR, "UncertainLastUsableValue")
    assert isinstance(bad, Fault)
    assert (bad.kind, bad.raw) == (ErrorKind.INVALID_DATA, "BadSensorFailure")


async def test_what_has_no_form_is_unsupported(connector: Any, plant: OpcUaServer) -> None:
    structure, folder = await connector.read([plant.name("STRUCT"), plant.name("Magnets")], timeout_s=20)
    assert [structure.kind, folder.kind] == [ErrorKind.UNSUPPORTED] * 2
    assert (await read_one(connector, plant.name("WHEN"))).value == "2026-01-02T00:00:00+00:00"


async def test_a_description_has_all_that_the_server_says(connector: Any, plant: OpcUaServer) -> None:
    info = await info_of(connector, "ns=2;s=Q1.Current")
    assert info == ChannelInfo(
        channel="ns=2;s=Q1.Current",
        name=f"nsu={URI};s=Q1.Current",
        field="Value",
        dtype=DType.FLOAT,
        unit="A",
        description="Current of quadrupole 1",
        drive=Bounds(-100.0, 100.0),
        display=Bounds(-100.0, 100.0),
        writable=True,
    )
    assert not (await info_of(connector, plant.name("READONLY"))).writable


async def test_limits_that_cannot_be_understood_are_not_no_limits(connector: Any, plant: OpcUaServer) -> None:
    fault = await info_of(connector, plant.name("NANRANGE"))
    assert isinstance(fault, Fault)
    assert "EURange" in fault.message
    assert isinstance(await read_one(connector, plant.name("NANRANGE")), Reading)
    assert (await info_of(connector, plant.name("ZERORANGE"))).drive == Bounds()


async def test_a_node_named_like_a_field_is_a_node_of_its_own(connector: Any, plant: OpcUaServer) -> None:
    assert (await read_one(connector, plant.name("Q1.VAL"))).value == 0.0
    assert str((await info_of(connector, plant.name("Q1.VAL"))).name).endswith("Q1.VAL")


async def test_a_name_in_any_alphabet_is_read(connector: Any, plant: OpcUaServer) -> None:
    assert (await read_one(connector, plant.name("größe µ/ω"))).value == 7.0
    assert (await read_one(connector, "Objects/2:Magnets/2:größe µ&/ω")).value == 7.0


async def test_the_canonical_name_outlives_another_order_of_namespaces(
    make_plant: Callable[..., OpcUaServer], connect: Opener
) -> None:
    server = make_plant()
    connector = await connect(server.url)
    name = (await info_of(connector, "ns=2;s=Q1.Current")).name
    server.stop()
    server.options["namespaces_before"] = 3
    await anyio.to_thread.run_sync(server.start)
    while not isinstance(await read_one(connector, name), Reading):
        pass
    assert (await info_of(connector, "ns=5;s=Q1.Current")).name == name
    assert (await read_one(connector, "ns=2;s=Q1.Current")).kind is ErrorKind.NOT_FOUND


@pytest.mark.parametrize("option", ["limits", "secret_limits"])
async def test_the_servers_limits_are_kept_even_if_it_does_not_tell_them(
    make_plant: Callable[..., OpcUaServer], connect: Opener, option: str
) -> None:
    server = make_plant(many=40, **{option: {"read": 7, "browse": 5, "monitor": 3}})
    connector = await connect(server.url)
    names = [server.name(f"AO{place:04d}") for place in range(40)]
    readings = await connector.read(names, timeout_s=20)
    assert [reading.value for reading in readings] == [float(place) for place in range(40)]
    assert len(await connector.search("AO00", limit=100)) == 40
    async with connector.subscribe(names) as updates:
        seen: set[str] = set()
        with anyio.fail_after(30):
            while seen < set(names):
                seen |= {one.channel for one in await anext(updates)}


async def test_the_configured_cap_is_kept(make_plant: Callable[..., OpcUaServer], connect: Opener) -> None:
    server = make_plant(many=20, secret_limits={"read": 5})
    connector = await connect(server.url, opcua=OpcUaSettings(max_nodes_per_request=5))
    session = await connector._loop.call(lambda: connector._link.session(float("inf")))
    assert set(map(int, (session.limits.read, session.limits.write, session.limits.monitor))) == {5}
    readings = await connector.read([server.name(f"AO{place:04d}") for place in range(20)], timeout_s=20)
    assert all(isinstance(reading, Reading) for reading in readings)


async def test_an_answer_larger_than_agreed_is_not_sent(plant: OpcUaServer, connect: Opener) -> None:
    connector = await connect(plant.url, opcua=OpcUaSettings(max_answer_bytes=65_536))
    assert isinstance(await read_one(connector, plant.name("Q1.Current")), Reading)
    assert isinstance(await read_one(connector, plant.name("BIG")), Fault)


async def test_ten_thousand_names_are_read(connector: Any, plant: OpcUaServer) -> None:
    names = [plant.name(f"AO{place % 20:04d}") for place in range(9_000)] + [plant.name("NOPE")] * 1_000
    results = await connector.read(names, timeout_s=60)
    assert [isinstance(result, Reading) for result in results] == [True] * 9_000 + [False] * 1_000


async def test_a_server_that_is_not_there_is_unreachable(connect: Opener) -> None:
    connector = await connect(f"opc.tcp://127.0.0.1:{free_port()}/")
    fault = await read_one(connector, "ns=2;s=X", timeout_s=2)
    assert fault.kind is ErrorKind.UNREACHABLE
    assert fault.retryable


async def test_a_server_that_takes_no_part_is_unreachable_within_the_deadline(connect: Opener) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # it accepts, and says nothing
        port = silent.getsockname()[1]
        connector = await connect(f"opc.tcp://127.0.0.1:{port}/", connect_timeout_s=60.0)
        with anyio.fail_after(30):
            fault = await read_one(connector, "ns=2;s=X", timeout_s=0.3)
        assert fault.kind is ErrorKind.UNREACHABLE


async def test_one_attempt_to_connect_is_limited(connect: Opener) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        connector = await connect(f"opc.tcp://127.0.0.1:{port}/", connect_timeout_s=0.2)
        with anyio.fail_after(30):
            fault = await read_one(connector, "ns=2;s=X", timeout_s=3600)
        assert fault.kind is ErrorKind.UNREACHABLE


async def test_a_server_that_dies_while_it_is_asked_is_unreachable_and_comes_back(
    make_plant: Callable[..., OpcUaServer], connect: Opener
) -> None:
    server = make_plant()
    connector = await connect(server.url)
    assert isinstance(await read_one(connector, server.name("Q1.Current")), Reading)
    with anyio.fail_after(60):
        # DIES ends the server's process as soon as it is read.
        fault = await read_one(connector, server.name("DIES"), timeout_s=3600)
    assert fault.kind is ErrorKind.UNREACHABLE
    server.stop()
    await anyio.to_thread.run_sync(server.start)
    with anyio.fail_after(60):
        while not isinstance(await read_one(connector, server.name("Q1.Current")), Reading):
            pass


async def test_a_server_that_hangs_is_given_up_by_the_watchdog(
    make_plant: Callable[..., OpcUaServer], connect: Opener
) -> None:
    server = make_plant()
    connector = await connect(server.url, opcua=OpcUaSettings(watchdog_s=0.2))
    async with connector.subscribe([server.name("Q1.Current")], max_rate_hz=50) as updates:
        await anext(updates)
        server.send(signal.SIGSTOP)
        with anyio.fail_after(60):
            while not any(isinstance(one, Fault) for one in await anext(updates)):
                pass
        server.send(signal.SIGCONT)
        with anyio.fail_after(60):
            while not any(isinstance(one, Reading) for one in await anext(updates)):
                pass


async def test_the_server_forgets_a_silent_client_after_the_configured_time(
    plant: OpcUaServer, connect: Opener
) -> None:
    connector = await connect(plant.url, opcua=OpcUaSettings(session_timeout_s=17.0))
    session = await connector._loop.call(lambda: connector._link.session(float("inf")))
    assert session._client.session_timeout == 17_000


async def test_a_search_that_takes_too_long_is_an_error_and_no_short_list(plant: OpcUaServer, connect: Opener) -> None:
    from osprey.api import ConnectorError

    connector = await connect(plant.url, opcua=OpcUaSettings(search_s=1e-9))
    with pytest.raises(ConnectorError):
        await connector.search("", limit=10)


async def test_a_search_gives_what_can_be_read(connector: Any, plant: OpcUaServer) -> None:
    records = [one for one in await connector.search("", limit=1000) if "DIES" not in one.name]
    names = [record.name for record in records]
    assert plant.name("STRUCT") not in names
    assert plant.name("Q1.Current.EURange") not in names
    results = await connector.read(names, timeout_s=20)
    assert [r for r in results if isinstance(r, Fault) and r.raw != "BadSensorFailure"] == []
    (current,) = [record for record in records if record.name == plant.name("Q1.Current")]
    assert (current.description, current.device) == ("Current of quadrupole 1", "Magnets")
    assert current.aliases == ("Objects/2:Magnets/2:Q1.Current",)
