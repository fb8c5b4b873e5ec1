"""Writing to a real OPC UA server: exact types, one status each, nothing sent twice."""

from __future__ import annotations

import math
import signal
import struct
from collections.abc import Callable
from typing import Any

import anyio
import numpy as np
import pytest
from asyncua import ua
from asyncua.ua.ua_binary import struct_to_binary
from hypothesis import given
from hypothesis import strategies as st
from labview_opening import Opener
from opcua_server import OpcUaServer, free_port

from osprey.api import DType, ErrorKind, Put, PutResult, Value
from osprey_labview.opcua import status
from osprey_labview.opcua.facts import Facts
from osprey_labview.opcua.nodes import Node
from osprey_labview.opcua.values import RANGES, BadValueError, encode
from osprey_labview.opcua.writing import _Item, _item

pytestmark = pytest.mark.anyio
GOOD: list[tuple[str, Any, str]] = [
    ("SByte", -128, "SByte"),
    ("Byte", 255, "Byte"),
    ("Int16", -32768, "Int16"),
    ("UInt16", 65535, "UInt16"),
    ("Int32", 2**31 - 1, "Int32"),
    ("UInt32", 2**32 - 1, "UInt32"),
    ("Int64", -(2**63), "Int64"),
    ("UInt64", 2**64 - 1, "UInt64"),
    ("Float", 0.5, "Float"),
    ("Double", 0.1, "Double"),
    ("Double", 3, "Double"),
    ("Boolean", False, "Boolean"),
    ("String", "grüße µ", "String"),
    ("MODE", 2, "Int32"),
    ("SPARSE", 2, "UInt16"),
    ("WF", [4.0, 5.0, 6.0], "Double"),
    ("WF", np.array([1.0, 2.0, 3.0]), "Double"),
    ("IWF", (7, 8, 9), "Int16"),
    ("FLAGS", [False, False], "Boolean"),
    ("TEXTS", ["ä", ""], "String"),
]
BAD: list[tuple[str, Any]] = [
    ("Int16", 32768),
    ("Int16", 1.5),
    ("Int16", "1"),
    ("Byte", -1),
    ("Int32", math.nan),
    ("UInt64", -1),
    ("Float", 1e300),
    ("Double", "high"),
    ("Double", [1.0]),
    ("Double", 10**400),
    ("Double", 2**53 + 1),
    ("Boolean", 2),
    ("String", 5),
    ("String", "\ud800"),
    ("MODE", 3),
    ("SPARSE", 3),
    ("WF", 1.0),
    ("WF", [1.0] * 4),
    ("WF", ["a"]),
    ("IWF", [1, 2**15]),
]


def put(channel: str, value: Any, dtype: DType = DType.FLOAT) -> Put:
    return Put(channel=channel, value=value, dtype=dtype)


async def write(connector: Any, *puts: tuple[str, Value], timeout_s: float = 20) -> list[PutResult]:
    return await connector.write([put(channel, value) for channel, value in puts], timeout_s=timeout_s)


async def value_of(connector: Any, channel: str) -> Any:
    value = (await connector.read([channel], timeout_s=20))[0].value
    return value.tolist() if hasattr(value, "tolist") else value


@pytest.mark.parametrize(("node", "value", "kind"), GOOD)
async def test_a_value_arrives_exactly_of_its_nodes_type(
    connector: Any, plant: OpcUaServer, node: str, value: Any, kind: str
) -> None:
    (result,) = await write(connector, (plant.name(node), value))
    assert result == PutResult(channel=plant.name(node))
    expected = value.tolist() if hasattr(value, "tolist") else list(value) if isinstance(value, tuple) else value
    assert await value_of(connector, plant.name(node)) == expected
    assert plant.puts(node)[-1][1] == kind


def test_neither_a_status_nor_a_time_is_set_because_many_servers_reject_that() -> None:
    node = Node(ua.NodeId("x", 2), "x", ua.ReadValueId())
    item = _item(0, put("x", 1.0), node, Facts(dtype=DType.FLOAT, built_in=11))
    assert isinstance(item, _Item)
    assert struct_to_binary(item.value.Value) == b"\x01\x0b" + struct.pack("<d", 1.0)


@pytest.mark.parametrize(("node", "value"), BAD)
async def test_what_a_node_cannot_hold_is_not_sent(connector: Any, plant: OpcUaServer, node: str, value: Any) -> None:
    before = plant.puts(node)
    (result,) = await write(connector, (plant.name(node), value))
    assert (result.error, result.was_sent) == (ErrorKind.BAD_VALUE, False)
    assert plant.puts(node) == before


@pytest.mark.parametrize("node", ["MATRIX", "BLOB", "WHEN"])
async def test_types_that_are_only_read_are_not_sent(connector: Any, plant: OpcUaServer, node: str) -> None:
    (result,) = await write(connector, (plant.name(node), 1.0))
    assert (result.error, result.was_sent) == (ErrorKind.UNSUPPORTED, False)


@given(st.sampled_from(sorted(RANGES)), st.integers(-(2**70), 2**70))
def test_an_integer_is_exact_or_refused(kind: int, number: int) -> None:
    low, high = RANGES[kind]
    try:
        variant = encode(put("x", number, DType.INT), kind, None, ())
    except BadValueError:
        assert not low <= number <= high
    else:
        assert (variant.Value, variant.VariantType.value) == (number, kind)


@pytest.mark.parametrize(
    ("node", "kind"),
    [("READONLY", ErrorKind.PERMISSION), ("REJECTS", ErrorKind.REJECTED), ("NOPE", ErrorKind.NOT_FOUND)],
)
async def test_each_no_has_its_word_and_hides_no_yes(
    connector: Any, plant: OpcUaServer, node: str, kind: ErrorKind
) -> None:
    bad, good = await write(connector, (plant.name(node), 1.0), (plant.name("LIMITED"), 2.5))
    assert bad.error is kind
    assert bad.was_sent is (kind is not ErrorKind.NOT_FOUND)
    assert good.error is None


async def test_a_device_that_failed_on_the_way_leaves_a_doubt(connector: Any, plant: OpcUaServer) -> None:
    (result,) = await write(connector, (plant.name("DOUBTS"), 1.0))
    assert (result.error, result.raw, result.was_sent) == (ErrorKind.INVALID_DATA, "BadDeviceFailure", True)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (0x00000000, None),
        (0x00300000, None),  # GoodClamped: taken; the read-back tells
        (0x403C0000, ErrorKind.INVALID_DATA),
        (0x80000000, ErrorKind.INVALID_DATA),
        (0x8FFF0000, ErrorKind.INVALID_DATA),
        (0x803C0000, ErrorKind.OUT_OF_LIMITS),
        (0x80740000, ErrorKind.BAD_VALUE),
        (0x803B0000, ErrorKind.PERMISSION),
        (0x800A0000, ErrorKind.TIMEOUT),
        (0x80730000, ErrorKind.REJECTED),
        (0x80730480, ErrorKind.REJECTED),
    ],
)
def test_a_status_that_is_not_known_is_no_rejection(code: int, kind: ErrorKind | None) -> None:
    failure = status.put_failure_of(code)
    assert (failure.kind if failure else None) is kind


async def test_a_put_that_is_late_may_have_landed_and_is_not_sent_again(connector: Any, plant: OpcUaServer) -> None:
    slow = plant.name("SLOW")
    before = len(plant.puts("SLOW"))
    await connector.read([slow], timeout_s=20)
    (result,) = await write(connector, (slow, 3.0), timeout_s=0.3)
    assert (result.error, result.was_sent) == (ErrorKind.TIMEOUT, True)
    while await value_of(connector, slow) != 3.0:
        await anyio.sleep(0.05)
    (result,) = await write(connector, (slow, 0.0))
    assert result.error is None
    assert len(plant.puts("SLOW")) == before + 2


async def test_a_cancelled_put_leaves_the_connector_usable(connector: Any, plant: OpcUaServer) -> None:
    slow = plant.name("SLOW")
    await connector.read([slow], timeout_s=20)
    with anyio.move_on_after(0.1) as scope:
        await write(connector, (slow, 1.0), timeout_s=3600)
    assert scope.cancelled_caught
    assert (await write(connector, (slow, 2.0)))[0].error is None


async def test_nothing_is_sent_after_the_deadline(connector: Any, plant: OpcUaServer) -> None:
    await connector.read([plant.name("Double")], timeout_s=20)
    before = plant.puts("Double")
    (result,) = await write(connector, (plant.name("Double"), 9.0), timeout_s=0.0)
    assert (result.error, result.was_sent) == (ErrorKind.TIMEOUT, False)
    assert plant.puts("Double") == before


async def test_a_put_to_no_server_is_not_sent(connect: Opener) -> None:
    connector = await connect(f"opc.tcp://127.0.0.1:{free_port()}/")
    (result,) = await write(connector, ("ns=2;s=X", 1.0), timeout_s=2)
    assert (result.error, result.was_sent) == (ErrorKind.UNREACHABLE, False)


async def test_a_put_whose_server_dies_midway_may_have_landed(
    make_plant: Callable[..., OpcUaServer], connect: Opener
) -> None:
    server = make_plant(slow_s=60)
    connector = await connect(server.url)
    await connector.read([server.name("SLOW")], timeout_s=20)
    results: list[PutResult] = []

    async def put_slowly() -> None:
        results.extend(await write(connector, (server.name("SLOW"), 5.0), timeout_s=60))

    async with anyio.create_task_group() as group:
        group.start_soon(put_slowly)
        while not server.puts("SLOW"):
            await anyio.sleep(0.01)
        server.stop()
    assert (results[0].error, results[0].was_sent) == (ErrorKind.UNREACHABLE, True)


async def test_a_put_to_a_server_that_hangs_is_late_and_may_land(
    make_plant: Callable[..., OpcUaServer], connect: Opener
) -> None:
    server = make_plant()
    connector = await connect(server.url)
    await connector.read([server.name("Double")], timeout_s=20)
    server.send(signal.SIGSTOP)
    (result,) = await write(connector, (server.name("Double"), 6.0), timeout_s=0.3)
    assert (result.error, result.was_sent) == (ErrorKind.TIMEOUT, True)
    server.send(signal.SIGCONT)
    while not server.puts("Double"):
        await anyio.sleep(0.01)
    assert len(server.puts("Double")) == 1


async def test_a_batch_beyond_the_servers_limit_goes_in_parts(
    make_plant: Callable[..., OpcUaServer], connect: Opener
) -> None:
    server = make_plant(many=20, limits={"write": 7})
    connector = await connect(server.url)
    names = [server.name(f"AO{place:04d}") for place in range(20)]
    results = await write(connector, *((name, -1.0) for name in names))
    assert results == [PutResult(channel=name) for name in names]
    assert [len(server.puts(f"AO{place:04d}")) for place in range(20)] == [1] * 20


async def test_a_limit_that_the_server_did_not_tell_rejects_and_is_not_tried_again(
    make_plant: Callable[..., OpcUaServer], connect: Opener
) -> None:
    server = make_plant(many=20, secret_limits={"write": 7})
    connector = await connect(server.url)
    names = [server.name(f"AO{place:04d}") for place in range(20)]
    results = await write(connector, *((name, -1.0) for name in names))
    assert {result.error for result in results} == {ErrorKind.REJECTED}
    assert {result.raw for result in results} == {"BadTooManyOperations"}
    assert server.puts("AO0000") == []
