"""Reading a real IOC."""

from __future__ import annotations

import time

import numpy as np
import pytest
from connecting import Opener
from soft_ioc import SoftIoc

from osprey.control import Connector, DType, ErrorKind, Fault, Reading, Severity
from osprey_epics.connector import EpicsConnector

pytestmark = [pytest.mark.anyio, pytest.mark.ioc]


async def read_one(connector: EpicsConnector, name: str) -> Reading:
    result = (await connector.read([name], timeout_s=5))[0]
    assert isinstance(result, Reading), result
    return result


async def test_the_class_is_a_connector(connector: EpicsConnector) -> None:
    assert isinstance(connector, Connector)


async def test_a_reading_carries_value_unit_alarm_and_exact_times(connector: EpicsConnector, ioc: SoftIoc) -> None:
    before_ns = time.time_ns()
    reading = await read_one(connector, ioc.name("CALC"))
    assert (reading.dtype, reading.shape, reading.unit) == (DType.FLOAT, (), "A")
    assert (reading.severity, reading.alarm, reading.quality) == (Severity.OK, "", "STAT 0 SEVR 0")
    assert reading.source_ns is not None
    assert 0 < reading.source_ns < before_ns < reading.received_ns


async def test_an_alarm_is_told_by_severity_and_text(connector: EpicsConnector, ioc: SoftIoc) -> None:
    reading = await read_one(connector, ioc.name("BAD"))
    assert (reading.value, reading.severity, reading.alarm) == (99.0, Severity.INVALID, "HWLIMIT")


async def test_a_record_that_was_never_processed_has_no_time(connector: EpicsConnector, ioc: SoftIoc) -> None:
    reading = await read_one(connector, ioc.name("LATER"))
    assert reading.source_ns is None


async def test_an_enumeration_is_its_number_with_its_label(connector: EpicsConnector, ioc: SoftIoc) -> None:
    reading = await read_one(connector, ioc.name("CUR.SCAN"))
    assert (reading.value, reading.dtype, reading.label) == (0, DType.ENUM, "Passive")
    reading = await read_one(connector, ioc.name("ENUM"))
    assert (reading.value, reading.dtype, reading.label) == (2, DType.ENUM, "FAULT")


async def test_texts_and_whole_numbers_keep_their_type(connector: EpicsConnector, ioc: SoftIoc) -> None:
    text = await read_one(connector, ioc.name("CALC.DESC"))
    assert (text.value, text.dtype, text.shape) == ("twice the current", DType.STR, ())
    number = await read_one(connector, ioc.name("CALC.PHAS"))
    assert (number.value, number.dtype) == (0, DType.INT)


async def test_a_waveform_is_an_array_of_its_present_length(connector: EpicsConnector, ioc: SoftIoc) -> None:
    reading = await read_one(connector, ioc.name("BIG"))
    assert isinstance(reading.value, np.ndarray)
    assert (reading.dtype, reading.shape) == (DType.FLOAT, (10000,))
    assert reading.value.tolist() == list(range(10000))
    short = await read_one(connector, ioc.name("PART"))
    assert (short.dtype, short.shape) == (DType.INT, (5,))  # of at most 8


async def test_characters_stay_numbers_unless_the_channel_is_said_to_be_text(
    connector: EpicsConnector, connect: Opener, ioc: SoftIoc
) -> None:
    raw = await read_one(connector, ioc.name("LSTR"))
    assert raw.dtype is DType.INT
    assert bytes(raw.value).startswith(b"a long text")  # type: ignore[arg-type]
    configured = await connect(ioc.port, text_channels=["*:LSTR"])
    text = await read_one(configured, ioc.name("LSTR"))
    assert (text.value, text.dtype, text.shape) == ("a long text " * 10, DType.STR, ())


async def test_the_long_string_modifier_gives_a_text(connector: EpicsConnector, ioc: SoftIoc) -> None:
    reading = await read_one(connector, ioc.name("CALC.DESC$"))
    assert (reading.value, reading.dtype, reading.shape) == ("twice the current", DType.STR, ())


async def test_a_thousand_channels_come_in_the_order_asked(connector: EpicsConnector, ioc: SoftIoc) -> None:
    names = [ioc.name(f"AO{index:04d}.HOPR") for index in range(1000)]
    for _ in range(2):  # first with connecting, then without
        results = await connector.read(names, timeout_s=20)
        assert [result.channel for result in results] == names
        assert [result.value for result in results if isinstance(result, Reading)] == list(range(1, 1001))


async def test_a_channel_may_be_asked_twice_in_a_batch(connector: EpicsConnector, ioc: SoftIoc) -> None:
    results = await connector.read([ioc.name("BAD")] * 3, timeout_s=5)
    assert [getattr(result, "value", None) for result in results] == [99.0] * 3


async def test_missing_channels_starve_no_good_one(connector: EpicsConnector, ioc: SoftIoc) -> None:
    names = [ioc.name(f"{kind}{index:04d}") for index in range(50) for kind in ("NOPE", "AO")]
    results = await connector.read(names, timeout_s=1)
    assert all(isinstance(result, Reading) for result in results[1::2])
    missing = [result for result in results[0::2] if isinstance(result, Fault)]
    assert len(missing) == 50
    assert {fault.kind for fault in missing} == {ErrorKind.NOT_FOUND}
    assert "no answer from any IOC in time: not found or unreachable" in missing[0].message


async def test_a_name_nobody_answers_for_is_not_searched_for_ever(connector: EpicsConnector, ioc: SoftIoc) -> None:
    await connector.read([ioc.name("BAD")], timeout_s=5)
    kept = connector.channel_count
    await connector.read([ioc.name(f"NOPE{index}") for index in range(20)], timeout_s=0.1)
    await connector.read([ioc.name("BAD")], timeout_s=5)  # in order behind the clearing
    assert (connector.channel_count, connector.awaited_count) == (kept, 0)


@pytest.mark.parametrize("name", ["", "A B", "X\0Y", "x" * 5000])
async def test_an_impossible_name_is_a_fault_among_good_readings(
    connector: EpicsConnector, ioc: SoftIoc, name: str
) -> None:
    bad, good = await connector.read([name, ioc.name("BAD")], timeout_s=1)
    assert isinstance(bad, Fault)
    assert isinstance(good, Reading)


async def test_an_empty_batch_is_empty(connector: EpicsConnector) -> None:
    assert await connector.read([], timeout_s=1) == []
    assert await connector.search("", limit=5) == []


async def test_arrays_larger_than_allowed_are_refused(connect: Opener, ioc: SoftIoc) -> None:
    small = await connect(ioc.port, max_array_bytes=20000)
    big, good = await small.read([ioc.name("BIG"), ioc.name("WF")], timeout_s=2)
    assert isinstance(big, Fault)
    assert isinstance(good, Reading)


async def test_a_unit_is_asked_once_a_connection_and_refreshed_by_a_description(connect: Opener, ioc: SoftIoc) -> None:
    first, other = await connect(ioc.port), await connect(ioc.port)
    name = ioc.name("UNIT")
    assert (await read_one(first, name)).unit == "A"
    await other.write([text_put(ioc.name("UNIT.EGU"), "kA")], timeout_s=5)
    assert (await read_one(first, name)).unit == "A"
    await first.describe([name], timeout_s=5)
    assert (await read_one(first, name)).unit == "kA"
    await other.write([text_put(ioc.name("UNIT.EGU"), "A")], timeout_s=5)


async def test_a_probe_tells_what_answers_and_how_soon(connector: EpicsConnector, ioc: SoftIoc) -> None:
    good, missing = await connector.probe([ioc.name("BIG"), ioc.name("NOPE")], timeout_s=1)
    assert good.is_reachable
    assert good.latency_ms is not None
    assert not missing.is_reachable
    assert missing.fault is not None
    assert missing.fault.kind is ErrorKind.NOT_FOUND


def text_put(name: str, text: str):
    from osprey.control import Put

    return Put(channel=name, value=text, dtype=DType.STR)
