"""The survey: description and value in one exchange, and what it must never remember."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from connecting import Opener
from soft_ioc import SoftIoc

from osprey.control import Bounds, ChannelInfo, DType, ErrorKind, Fault, Put, Reading
from osprey_epics.batch import Surveyed
from osprey_epics.connector import EpicsConnector
from osprey_epics.dbr import Native
from osprey_epics.survey import meaning_of

pytestmark = [pytest.mark.anyio, pytest.mark.ioc]

RECORDS = ("CUR", "CUR.VAL", "ALIAS", "FREE", "LONG", "MODE", "BO", "STR", "WF", "RO", "LOCKED", "CALC", "CUR.HOPR")


async def survey(connector: EpicsConnector, name: str) -> tuple[ChannelInfo, Reading]:
    ((info, reading),) = await connector.survey([name], timeout_s=10)
    assert isinstance(info, ChannelInfo), info
    assert isinstance(reading, Reading), reading
    return info, reading


async def put(connector: EpicsConnector, name: str, value: float) -> None:
    (result,) = await connector.write([Put(channel=name, value=value, dtype=DType.FLOAT)], timeout_s=10)
    assert result.error is None, result


@pytest.mark.parametrize("record", RECORDS)
async def test_it_says_what_describing_and_reading_say_however_often_it_is_asked(
    connector: EpicsConnector, ioc: SoftIoc, record: str
) -> None:
    name = ioc.name(record)
    (described,) = await connector.describe([name], timeout_s=10)
    (read,) = await connector.read([name], timeout_s=10)
    assert isinstance(read, Reading)
    for _ in range(3):
        info, reading = await survey(connector, name)
        assert info == described
        told = (reading.channel, reading.dtype, reading.shape, reading.unit, reading.severity, reading.label)
        assert told == (read.channel, read.dtype, read.shape, read.unit, read.severity, read.label)
        assert (reading.value == read.value) if not read.shape else list(reading.value) == list(read.value)


async def test_drive_limits_that_changed_are_seen_at_once(connect: Opener, make_ioc: Callable[..., SoftIoc]) -> None:
    ioc = make_ioc()
    ioc.start()
    connector = await connect(ioc.port)
    name = ioc.name("CUR")
    await survey(connector, name)
    assert (await survey(connector, name))[0].drive == Bounds(-10, 10)
    await put(connector, f"{name}.DRVH", 2.5)
    info, reading = await survey(connector, name)
    assert (info.drive, reading.value) == (Bounds(-10, 2.5), 1.5)
    await put(connector, f"{name}.DRVH", -10)
    assert (await survey(connector, name))[0].drive == Bounds()


async def test_nothing_of_a_connection_outlives_it(connect: Opener, make_ioc: Callable[..., SoftIoc]) -> None:
    ioc = make_ioc()
    ioc.start()
    connector = await connect(ioc.port)
    name = ioc.name("CUR")
    await survey(connector, name)
    await put(connector, f"{name}.DRVH", 2.5)
    assert (await survey(connector, name))[0].drive == Bounds(-10, 2.5)
    ioc.stop()
    (gone,) = await connector.survey([name], timeout_s=1)
    assert all(isinstance(told, Fault) for told in gone)
    ioc.start()
    info, reading = await survey(connector, name)
    assert (info.drive, reading.value, info.name) == (Bounds(-10, 10), 1.5, name)


async def test_a_channel_that_is_missing_or_no_name_hides_no_other(connector: EpicsConnector, ioc: SoftIoc) -> None:
    names = [ioc.name("CUR"), ioc.name("NOT:THERE"), "two words", ioc.name("FREE"), ioc.name("CUR")]
    for _ in range(2):
        answers = await connector.survey(names, timeout_s=1)
        assert [info.channel for info, _ in answers] == names
        kinds = [info.kind if isinstance(info, Fault) else None for info, _ in answers]
        assert kinds == [None, ErrorKind.NOT_FOUND, ErrorKind.NOT_FOUND, None, None]


async def test_nothing_at_all_is_asked_for_no_channels(connector: EpicsConnector) -> None:
    assert await connector.survey([], timeout_s=1) == []


@pytest.mark.parametrize(("native", "size"), [(Native.DOUBLE, 88), (Native.FLOAT, 52), (Native.LONG, 48)])
def test_only_what_says_something_counts_as_a_change(native: Native, size: int) -> None:
    def told(at: int | None = None) -> bytes:
        raw = bytearray(size)
        if at is not None:
            raw[at] = 1
        return meaning_of(Surveyed(native, bytes(raw), epoch=1, is_writable=True, received_ns=0))

    value = {Native.DOUBLE: 8, Native.FLOAT: 4, Native.LONG: 4}[native]
    # Alarm status and severity come first, then precision and padding of floating-point numbers, the value last.
    silent = {0, 1, 2, 3, *(() if native is Native.LONG else (6, 7)), *range(size - value, size)}
    assert {at for at in range(size) if told(at) == told()} == silent
