"""Writes to a real device server, which counts them."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import anyio
import numpy as np
import pytest
import tango
from hypothesis import given
from hypothesis import strategies as st
from opening import Opener
from tango_peer import Server, TangoPeer

from osprey.api import DType, ErrorKind, Put, PutResult, Reading
from osprey_tango.connector import TangoConnector
from osprey_tango.encoding import element, encode, encode_argument
from osprey_tango.putting import MOST_ONE_BY_ONE, failed_names

pytestmark = pytest.mark.anyio
DEVICE = "osprey/bench/1"
MANY = "osprey/many/1"
_T = tango.CmdArgType


def put(part: str, value: Any, device: str = DEVICE, shape: tuple[int, ...] = ()) -> Put:
    return Put(channel=f"{device}/{part}", value=value, dtype=DType.FLOAT, shape=shape)


async def write(connector: TangoConnector, *puts: Put) -> list[PutResult]:
    results = await connector.write(puts, timeout_s=10)
    assert [result.channel for result in results] == [one.channel for one in puts]
    return results


async def value_of(connector: TangoConnector, part: str, device: str = DEVICE) -> Any:
    [reading] = await connector.read([f"{device}/{part}"], timeout_s=10)
    assert isinstance(reading, Reading), reading
    return reading


@pytest.mark.parametrize(
    ("part", "value"),
    [("current", 5.25), ("number", 7), ("small", -3), ("flag", True), ("title", "µ-beam"), ("mode", 2)],
)
async def test_a_value_lands_once_and_is_read_back_with_its_setpoint(
    connector: TangoConnector, peer: TangoPeer, part: str, value: Any
) -> None:
    before = len(peer.puts_of(part))
    [result] = await write(connector, put(part, value))
    assert (result.error, result.was_sent) == (None, True)
    reading = await value_of(connector, part)
    assert (reading.value, reading.setpoint) == (value, value)
    assert len(peer.puts_of(part)) == before + 1


async def test_spectra_and_images_land_element_by_element(connector: TangoConnector) -> None:
    puts = [
        put("wave", [1.5, 2.5], shape=(2,)),
        put("counts", np.array([7, 8, 9]), shape=(3,)),
        put("picture", [9, 8, 7, 6], shape=(2, 2)),
    ]
    assert [result.error for result in await write(connector, *puts)] == [None] * 3
    assert list((await value_of(connector, "wave")).value) == [1.5, 2.5]
    assert list((await value_of(connector, "counts")).value) == [7, 8, 9]
    picture = await value_of(connector, "picture")
    assert (list(picture.value), picture.shape) == ([9, 8, 7, 6], (2, 2))


async def test_a_flat_image_without_a_shape_fills_whole_rows(connector: TangoConnector) -> None:
    [result] = await write(connector, put("picture", list(range(8)), shape=(8,)))
    assert result.error is None
    assert (await value_of(connector, "picture")).shape == (2, 4)


@pytest.mark.parametrize(
    ("part", "value", "shape", "kind", "was_sent"),
    [
        ("current", 101.0, (), ErrorKind.OUT_OF_LIMITS, True),
        ("current", float("nan"), (), ErrorKind.OUT_OF_LIMITS, True),
        ("current", float("inf"), (), ErrorKind.OUT_OF_LIMITS, True),
        ("mode", 9, (), ErrorKind.OUT_OF_LIMITS, True),
        ("mode", "NOPE", (), ErrorKind.BAD_VALUE, False),
        ("refusing", 1.0, (), ErrorKind.REJECTED, True),
        ("fixed", 1.0, (), ErrorKind.PERMISSION, False),
        ("State", 1, (), ErrorKind.PERMISSION, False),
        ("nope", 1.0, (), ErrorKind.NOT_FOUND, False),
        ("small", 40_000, (), ErrorKind.BAD_VALUE, False),
        ("small", 1.5, (), ErrorKind.BAD_VALUE, False),
        ("number", "7", (), ErrorKind.BAD_VALUE, False),
        ("current", "7", (), ErrorKind.BAD_VALUE, False),
        ("current", True, (), ErrorKind.BAD_VALUE, False),
        ("current", [1.0], (1,), ErrorKind.BAD_VALUE, False),
        ("flag", 2, (), ErrorKind.BAD_VALUE, False),
        ("title", "日本", (), ErrorKind.BAD_VALUE, False),
        ("title", "cut\0off", (), ErrorKind.BAD_VALUE, False),
        ("wave", [0.0] * 9, (9,), ErrorKind.BAD_VALUE, False),
        ("wave", 1.0, (), ErrorKind.BAD_VALUE, False),
        ("picture", [1, 2, 3], (3,), ErrorKind.BAD_VALUE, False),
        ("coded", 1.0, (), ErrorKind.PERMISSION, False),
    ],
)
async def test_a_put_that_cannot_be_is_told_in_its_word(
    connector: TangoConnector, part: str, value: Any, shape: tuple[int, ...], kind: ErrorKind, was_sent: bool
) -> None:
    results = await write(connector, put(part, value, shape=shape), put("flag", False))
    assert (results[0].error, results[0].was_sent) == (kind, was_sent), results[0]
    assert results[1].error is None


async def test_names_that_lead_nowhere_are_not_found_and_nothing_is_sent(connector: TangoConnector) -> None:
    puts = [
        Put(channel=name, value=1.0, dtype=DType.FLOAT) for name in ("no", "a/b/c/d", "tango://127.0.0.1:1/a/b/c/d")
    ]
    results = await write(connector, *puts)
    kinds = [(result.error, result.was_sent) for result in results]
    assert kinds == [(ErrorKind.NOT_FOUND, False), (ErrorKind.NOT_FOUND, False), (ErrorKind.UNREACHABLE, False)]


@pytest.mark.parametrize("count", [MOST_ONE_BY_ONE, 40])
async def test_of_many_writes_each_has_its_own_outcome_and_each_is_sent_once(
    connector: TangoConnector, peer: TangoPeer, count: int
) -> None:
    values = [float(number) for number in range(count)]
    values[2], values[4] = 20_000.0, 666.0
    already = len(peer.puts)
    results = await write(connector, *(put(f"a{n:04d}", value, MANY) for n, value in enumerate(values)))
    expected: list[ErrorKind | None] = [None] * count
    expected[2], expected[4] = ErrorKind.OUT_OF_LIMITS, ErrorKind.REJECTED
    assert [result.error for result in results] == expected
    assert all(result.was_sent for result in results)
    landed = peer.puts[already:]
    assert sorted(landed) == sorted(f"a{n:04d} {value}" for n, value in enumerate(values) if n != 2)


async def test_a_channel_that_stands_twice_is_sent_twice_in_its_order(
    connector: TangoConnector, peer: TangoPeer
) -> None:
    already = len(peer.puts)
    results = await write(connector, *(put("a0007", float(n), MANY) for n in range(20)))
    assert [result.error for result in results] == [None] * 20
    assert peer.puts[already:] == [f"a0007 {float(n)}" for n in range(20)]


async def test_a_put_that_takes_too_long_is_in_doubt_and_what_came_after_it_was_not_sent(
    connect: Opener, make_server: Callable[..., Server], peer: TangoPeer
) -> None:
    make_server("late", "osprey/late/1")
    connector = await connect()
    puts = [put("slow", 4.0, "osprey/late/1"), put("silent", 4.0, "osprey/late/1")]
    results = await connector.write(puts, timeout_s=0.4)
    assert [(result.error, result.was_sent) for result in results] == [
        (ErrorKind.TIMEOUT, True),
        (ErrorKind.TIMEOUT, False),
    ]
    while connector.busy_count:
        await anyio.sleep(0.05)
    assert (await value_of(connector, "slow", "osprey/late/1")).value == 4.0  # it has landed after all
    assert "4.0" not in peer.puts_of("silent")


async def test_a_server_that_dies_of_a_write_leaves_it_in_doubt_and_never_gets_it_again(
    connect: Opener, make_server: Callable[..., Server], peer: TangoPeer
) -> None:
    device = "osprey/fatal/1"
    server = make_server("fatal", device)
    connector = await connect()
    assert (await value_of(connector, "fatal", device)).value == 0.0
    before = peer.puts_of("fatal")
    results: list[PutResult] = []

    async def send() -> None:
        results.extend(await connector.write([put("fatal", 3.0, device)], timeout_s=30))

    async with anyio.create_task_group() as group:
        group.start_soon(send)
        assert await anyio.to_thread.run_sync(server.wait) == 3
        await anyio.to_thread.run_sync(server.start)  # at once, so that a library that tries again finds a server
    assert (results[0].error, results[0].was_sent) == (ErrorKind.UNREACHABLE, True)
    assert peer.puts_of("fatal") == [*before, "3.0"]
    results = await connector.write([put("silent", 1.0, device)], timeout_s=10)
    assert (results[0].error, results[0].was_sent) == (None, True)


async def test_a_server_that_was_started_anew_takes_the_next_write_at_once(
    connect: Opener, make_server: Callable[..., Server], peer: TangoPeer
) -> None:
    device = "osprey/anew/1"
    server = make_server("anew", device)
    connector = await connect()
    before = peer.puts_of("silent")
    await write(connector, put("silent", 71.0, device))
    await anyio.to_thread.run_sync(server.kill)
    [gone] = await write(connector, put("silent", 72.0, device))
    assert (gone.error, gone.was_sent) == (ErrorKind.UNREACHABLE, False)
    await anyio.to_thread.run_sync(server.start)
    [back] = await write(connector, put("silent", 73.0, device))
    assert back.error is None, back
    assert peer.puts_of("silent") == [*before, "71.0", "73.0"]


async def test_an_undeclared_command_is_a_write_and_is_executed_once_with_its_argument(
    connector: TangoConnector, peer: TangoPeer
) -> None:
    device = "osprey/bench/2"
    before = {name: peer.puts_of(name) for name in ("Reset", "Scale", "Take", "Fail")}
    puts = [
        put("Reset", True, device),
        put("Scale", 4.5, device),
        put("Take", [1.0, 2.0], device, (2,)),
        put("Fail", True, device),
        put("Reset", False, device),
        put("Scale", "much", device),
    ]
    results = await write(connector, *puts)
    told = [(result.error, result.was_sent) for result in results]
    assert told == [
        (None, True), (None, True), (None, True), (ErrorKind.REJECTED, True), (ErrorKind.BAD_VALUE, False),
        (ErrorKind.BAD_VALUE, False),
    ]  # fmt: skip
    after = {name: peer.puts_of(name)[len(done) :] for name, done in before.items()}
    assert after == {"Reset": [""], "Scale": ["4.5"], "Take": ["[1.0, 2.0]"], "Fail": [""]}


async def test_a_command_that_is_declared_as_one_that_reads_is_never_written(connect: Opener, peer: TangoPeer) -> None:
    connector = await connect(commands={"reads": "osprey/bench/*/temperature"})
    before = len(peer.puts_of("Temperature"))
    [result] = await write(connector, put("Temperature", True))
    assert (result.error, result.was_sent) == (ErrorKind.PERMISSION, False)
    assert len(peer.puts_of("Temperature")) == before


async def test_a_write_only_attribute_takes_its_value(connector: TangoConnector) -> None:
    assert (await write(connector, put("order", 12.0)))[0].error is None
    assert (await value_of(connector, "order")).value == 12.0


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Failed to execute DeviceProxy::write_attributes on device a/b/c, object(s) x, Y", {"x", "y"}),
        ("Failed to execute DeviceProxy::write_attributes on device a/b/c, object(s) other", None),
        ("something else", None),
    ],
)
def test_only_names_that_were_written_are_believed_to_have_failed(text: str, found: set[str] | None) -> None:
    error = tango.DevError()
    error.reason, error.desc = "API_AttributeFailed", text
    assert failed_names(tango.DevFailed(error), {"x", "y", "z"}) == found
    assert failed_names(ValueError("x"), {"x"}) is None


@given(st.floats() | st.integers() | st.booleans() | st.text(max_size=3) | st.lists(st.integers(), max_size=2))
def test_what_is_encoded_is_the_same_value_or_refused(value: Any) -> None:
    for kind in (_T.DevDouble, _T.DevFloat, _T.DevShort, _T.DevULong64, _T.DevUChar, _T.DevBoolean, _T.DevString):
        try:
            encoded = element(value, kind)
        except ValueError:
            continue
        assert encoded == value or (encoded != encoded and value != value)


def info(kind: Any, data_format: Any, x: int = 4, y: int = 3) -> Any:
    return SimpleNamespace(data_type=kind, data_format=data_format, enum_labels=("A", "B"), max_dim_x=x, max_dim_y=y)


def test_labels_become_numbers() -> None:
    assert encode("B", (), info(_T.DevEnum, tango.AttrDataFormat.SCALAR)) == 1
    assert encode(["B", 0], (2,), info(_T.DevEnum, tango.AttrDataFormat.SPECTRUM)) == [1, 0]


def test_rows_of_text_have_the_shape_of_the_put() -> None:
    encoded = encode(["a", "b", "c", "d"], (2, 2), info(_T.DevString, tango.AttrDataFormat.IMAGE))
    assert encoded == [["a", "b"], ["c", "d"]]


def test_an_argument_is_encoded_like_a_value() -> None:
    assert encode_argument(True, _T.DevVoid) is None
    assert encode_argument([1, 2], _T.DevVarShortArray) == [1, 2]
    assert encode_argument(8, _T.DevState) == tango.DevState.FAULT
    for value, kind in ((1, _T.DevVoid), (99, _T.DevState), ([70_000], _T.DevVarShortArray), (1.0, _T.DevEncoded)):
        with pytest.raises(ValueError, match=r"command|state|fit|type"):
            encode_argument(value, kind)
