"""Writing to a real IOC: what it says of each put, and that nothing is sent twice or too late."""

from __future__ import annotations

import time
from collections.abc import Callable

import anyio
import numpy as np
import pytest
from connecting import Opener
from soft_ioc import SoftIoc

from osprey.control import DType, ErrorKind, Put, PutResult, Reading, Value
from osprey_epics.answers import failure_of
from osprey_epics.batch import Ask, Batch, Request
from osprey_epics.channel import Channel
from osprey_epics.connector import EpicsConnector
from osprey_epics.libca import Eca
from osprey_epics.names import parse_name

pytestmark = [pytest.mark.anyio, pytest.mark.ioc]


def put(name: str, value: Value, dtype: DType = DType.FLOAT) -> Put:
    return Put(channel=name, value=value, dtype=dtype)


async def write_one(connector: EpicsConnector, name: str, value: Value, timeout_s: float = 5) -> PutResult:
    return (await connector.write([put(name, value)], timeout_s=timeout_s))[0]


async def value_of(connector: EpicsConnector, name: str) -> Value:
    reading = (await connector.read([name], timeout_s=5))[0]
    assert isinstance(reading, Reading), reading
    return reading.value


async def test_a_put_is_complete_when_the_record_says_so(connector: EpicsConnector, ioc: SoftIoc) -> None:
    result = await write_one(connector, ioc.name("CUR"), 2.5)
    assert result == PutResult(channel=ioc.name("CUR"))
    assert ioc.puts("CUR")[-1] == (ioc.name("CUR"), "2.5")
    assert await value_of(connector, ioc.name("CUR")) == 2.5


async def test_a_put_is_sent_exactly_once(connector: EpicsConnector, ioc: SoftIoc) -> None:
    before = len(ioc.puts("FREE"))
    for value in (1.0, 2.0, 3.0):
        assert (await write_one(connector, ioc.name("FREE"), value)).error is None
    assert [value for _, value in ioc.puts("FREE")[before:]] == ["1.0", "2.0", "3.0"]


async def test_a_record_that_refuses_a_put_rejects_it(connector: EpicsConnector, ioc: SoftIoc) -> None:
    result = await write_one(connector, ioc.name("RO"), 5.0)
    assert (result.error, result.was_sent) == (ErrorKind.REJECTED, True)
    assert "160" in result.raw
    assert ioc.puts("RO") == []


async def test_a_put_without_the_right_to_write_is_not_sent(connector: EpicsConnector, ioc: SoftIoc) -> None:
    result = await write_one(connector, ioc.name("LOCKED"), 0.5)
    assert (result.error, result.was_sent) == (ErrorKind.PERMISSION, False)


async def test_a_put_that_completes_late_timed_out_and_may_have_landed(connector: EpicsConnector, ioc: SoftIoc) -> None:
    before = len(ioc.puts("SLOW"))
    result = await write_one(connector, ioc.name("SLOW"), 3.0, timeout_s=0.3)
    assert (result.error, result.was_sent) == (ErrorKind.TIMEOUT, True)
    while await value_of(connector, ioc.name("SLOW:RB")) != 3.0:
        await anyio.sleep(0.05)
    assert len(ioc.puts("SLOW")) == before + 1
    assert connector.awaited_count == 0
    assert (await write_one(connector, ioc.name("SLOW"), 0.0)).error is None


async def test_a_channel_that_does_not_exist_is_not_found_and_nothing_was_sent(
    connector: EpicsConnector, ioc: SoftIoc
) -> None:
    result = await write_one(connector, ioc.name("NOPE"), 5.0, timeout_s=0.2)
    assert (result.error, result.was_sent) == (ErrorKind.NOT_FOUND, False)


@pytest.mark.parametrize(
    ("record", "value"),
    [("LONG", 1.5), ("LONG", 2**40), ("MODE", "ON"), ("CUR", "high"), ("CUR", [1.0, 2.0]), ("STR", "x" * 40)],
)
async def test_a_value_that_the_channel_cannot_hold_is_not_sent(
    connector: EpicsConnector, ioc: SoftIoc, record: str, value: Value
) -> None:
    before = ioc.puts(record)
    result = await write_one(connector, ioc.name(record), value)
    assert (result.error, result.was_sent) == (ErrorKind.BAD_VALUE, False)
    assert ioc.puts(record) == before


async def test_each_kind_of_channel_takes_its_own_type(connect: Opener, ioc: SoftIoc) -> None:
    connector = await connect(ioc.port, text_channels=["*:TEXT"])
    values: dict[str, tuple[Value, DType]] = {
        "LONG": (42, DType.INT),
        "MODE": (2, DType.ENUM),
        "BO": (True, DType.BOOL),
        "STR": ("grüße", DType.STR),
        "TEXT": ("a text longer than any string of Channel Access can be", DType.STR),
    }
    puts = [put(ioc.name(record), value, dtype) for record, (value, dtype) in values.items()]
    results = await connector.write(puts, timeout_s=5)
    assert [result.error for result in results] == [None] * len(puts)
    readings = await connector.read([one.channel for one in puts], timeout_s=5)
    assert [getattr(reading, "value", None) for reading in readings] == [v for v, _ in values.values()]


@pytest.mark.parametrize("record", ["WF", "IWF"])
async def test_arrays_are_written_whole(connector: EpicsConnector, ioc: SoftIoc, record: str) -> None:
    for array in ([3, 2, 1], np.array([5.0, 6.0]), (7,)):
        result = (await connector.write([put(ioc.name(record), array)], timeout_s=5))[0]  # type: ignore[arg-type]
        assert result.error is None
        read_back = await value_of(connector, ioc.name(record))
        assert list(read_back) == list(array)  # type: ignore[arg-type]


async def test_a_batch_reports_each_put_by_itself(connector: EpicsConnector, ioc: SoftIoc) -> None:
    puts = [put(ioc.name(record), 1.0) for record in ("FREE", "RO", "LOCKED", "NOPE", "LONG")]
    results = await connector.write(puts, timeout_s=0.5)
    assert [result.channel for result in results] == [one.channel for one in puts]
    assert [result.error for result in results] == [
        None,
        ErrorKind.REJECTED,
        ErrorKind.PERMISSION,
        ErrorKind.NOT_FOUND,
        None,
    ]


async def test_a_thousand_puts_complete(connector: EpicsConnector, ioc: SoftIoc) -> None:
    names = [ioc.name(f"AO{index:04d}") for index in range(1000)]
    results = await connector.write([put(name, 7.0) for name in names], timeout_s=60)
    assert [result.error for result in results] == [None] * 1000
    readings = await connector.read(names, timeout_s=20)
    assert {getattr(reading, "value", None) for reading in readings} == {7.0}


async def test_a_put_whose_deadline_has_passed_is_not_sent_when_its_channel_connects_late(
    connect: Opener, make_ioc: Callable[..., SoftIoc]
) -> None:
    server = make_ioc()
    server.start()
    server.stop()
    connector = await connect(server.port)
    name = server.name("CUR")
    result = await write_one(connector, name, 5.0, timeout_s=0.2)
    assert (result.error, result.was_sent) == (ErrorKind.NOT_FOUND, False)
    async with anyio.create_task_group() as group:
        # This read keeps the channel, for which the put had waited, until the IOC is there.
        group.start_soon(value_of_eventually, connector, name)
        result = await write_one(connector, name, 5.0, timeout_s=0.2)
        assert (result.error, result.was_sent) == (ErrorKind.NOT_FOUND, False)
        await anyio.to_thread.run_sync(server.start)
    assert await value_of(connector, name) == 1.5
    assert server.puts() == []


async def value_of_eventually(connector: EpicsConnector, name: str) -> None:
    assert isinstance((await connector.read([name], timeout_s=30))[0], Reading)


async def test_a_put_that_waits_for_a_channel_is_sent_once_it_connects_in_time(
    connect: Opener, make_ioc: Callable[..., SoftIoc]
) -> None:
    server = make_ioc()
    server.start()
    server.stop()
    connector = await connect(server.port)
    results: list[PutResult] = []

    async def write() -> None:
        results.append(await write_one(connector, server.name("CUR"), 5.0, timeout_s=30))

    async with anyio.create_task_group() as group:
        group.start_soon(write)
        await anyio.to_thread.run_sync(server.start)
    assert results == [PutResult(channel=server.name("CUR"))]
    assert server.puts() == [(server.name("CUR"), "5.0")]


async def test_a_put_whose_ioc_dies_midway_is_unreachable_and_may_have_landed(
    connect: Opener, make_ioc: Callable[..., SoftIoc]
) -> None:
    server = make_ioc(slow_s=60)
    server.start()
    connector = await connect(server.port)
    await value_of(connector, server.name("SLOW"))
    results: list[PutResult] = []

    async def write() -> None:
        results.append(await write_one(connector, server.name("SLOW"), 5.0, timeout_s=30))

    async with anyio.create_task_group() as group:
        group.start_soon(write)
        while not server.puts("SLOW"):
            await anyio.sleep(0.01)
        server.stop()
    assert (results[0].error, results[0].was_sent) == (ErrorKind.UNREACHABLE, True)
    assert connector.awaited_count == 0


async def test_a_lost_channel_takes_no_put_and_gets_none_after_the_restart(
    connect: Opener, make_ioc: Callable[..., SoftIoc]
) -> None:
    server = make_ioc()
    server.start()
    connector = await connect(server.port)
    await value_of(connector, server.name("CUR"))
    server.stop()
    result = await write_one(connector, server.name("CUR"), 5.0, timeout_s=0.5)
    assert (result.error, result.was_sent) == (ErrorKind.UNREACHABLE, False)
    await anyio.to_thread.run_sync(server.start)
    reading = None
    while not isinstance(reading, Reading):
        reading = (await connector.read([server.name("CUR")], timeout_s=5))[0]
    assert reading.value == 1.5
    assert server.puts() == []


async def test_nothing_is_marked_as_sent_after_the_deadline_even_if_the_loop_was_busy() -> None:
    request = Request("X", Ask.PUT, value=1.0)
    batch = Batch([request], time.monotonic() - 0.001)
    assert not batch.mark_sent(request)
    assert not request.is_sent


def test_a_status_that_is_not_known_is_no_rejection() -> None:
    """A rejection says that the value was surely not taken; a number that nobody knows says nothing."""
    unknown = 33 << 3 | 2
    assert failure_of(unknown, Channel("X")).kind is ErrorKind.INVALID_DATA
    assert failure_of(Eca.BADCHID << 3 | 2, Channel("X")).kind is ErrorKind.REJECTED
    assert failure_of(Eca.PUTFAIL << 3 | 2, Channel("X")).kind is ErrorKind.INVALID_DATA


async def test_a_put_that_failed_after_the_record_took_it_is_in_doubt(connector: EpicsConnector, ioc: SoftIoc) -> None:
    """The record stores an expression that it cannot compile, processes itself into an alarm, and says PUTFAIL."""
    name = ioc.name("FORMULA.CALC")
    result = await write_one(connector, name, "A*(")
    assert "ECA_PUTFAIL" in result.raw
    assert await value_of(connector, name) == "A*("
    assert (result.error, result.was_sent) == (ErrorKind.INVALID_DATA, True)


async def test_a_failed_put_to_a_record_that_cannot_be_asked_why_is_in_doubt(
    connector: EpicsConnector, ioc: SoftIoc, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("osprey_epics.putting.parse_name", lambda name: parse_name("NO:SUCH:RECORD"))
    result = await write_one(connector, ioc.name("RO"), 5.0, timeout_s=0.5)
    assert (result.error, result.was_sent) == (ErrorKind.INVALID_DATA, True)
    assert connector.awaited_count == 0


@pytest.mark.parametrize("number", [3, 999])
async def test_a_state_that_does_not_exist_is_not_sent(connect: Opener, ioc: SoftIoc, number: int) -> None:
    connector = await connect(ioc.port)  # which has not seen the labels yet
    before = ioc.puts("MODE")
    for _ in range(2):
        result = await write_one(connector, ioc.name("MODE"), number)
        assert (result.error, result.was_sent) == (ErrorKind.BAD_VALUE, False)
        assert "OFF, ON, FAULT" in result.message
    assert ioc.puts("MODE") == before
    assert connector.awaited_count == 0


async def test_a_missing_enumeration_does_not_hold_back_a_good_one(connect: Opener, ioc: SoftIoc) -> None:
    connector = await connect(ioc.port)
    puts = [put(ioc.name(record), 1, DType.ENUM) for record in ("NOPE", "MODE", "BO")]
    results = await connector.write(puts, timeout_s=1)
    assert [result.error for result in results] == [ErrorKind.NOT_FOUND, None, None]
