"""Readings of a real device server."""

from __future__ import annotations

import math
import time
from types import SimpleNamespace

import numpy as np
import pytest
import tango
from attrs import asdict, fields
from opening import Opener
from tango_peer import TangoPeer

from osprey.api import DType, ErrorKind, Fault, Reading, Severity
from osprey_tango.connector import TangoConnector
from osprey_tango.readings import Facts, reading_of

pytestmark = pytest.mark.anyio
DEVICE = "osprey/bench/1"


async def read(connector: TangoConnector, *parts: str, device: str = DEVICE) -> list[Reading | Fault]:
    return await connector.read([f"{device}/{part}" for part in parts], timeout_s=10)


async def good(connector: TangoConnector, part: str, device: str = DEVICE) -> Reading:
    [result] = await read(connector, part, device=device)
    assert isinstance(result, Reading), result
    return result


async def test_a_reading_carries_all_that_the_device_says(connector: TangoConnector) -> None:
    before_ns = time.time_ns()
    reading = await good(connector, "fixed")
    assert (reading.channel, reading.value, reading.dtype, reading.shape) == (f"{DEVICE}/fixed", 2.5, DType.FLOAT, ())
    assert (reading.unit, reading.severity, reading.alarm, reading.quality) == ("mm", Severity.OK, "", "ATTR_VALID")
    assert reading.source_ns is not None
    assert before_ns - 10**9 < reading.source_ns <= reading.received_ns <= time.time_ns()
    assert (reading.setpoint, reading.is_moving, reading.label) == (None, False, None)


@pytest.mark.parametrize(
    ("part", "dtype", "value"),
    [
        ("number", DType.INT, int),
        ("small", DType.INT, int),
        ("flag", DType.BOOL, bool),
        ("title", DType.STR, str),
        ("current", DType.FLOAT, float),
        ("mode", DType.ENUM, int),
    ],
)
async def test_one_value_has_pythons_own_type(
    connector: TangoConnector, part: str, dtype: DType, value: type[object]
) -> None:
    reading = await good(connector, part, "osprey/bench/3")
    assert (reading.dtype, reading.shape) == (dtype, ())
    assert type(reading.value) is value
    assert reading.setpoint is not None


async def test_a_state_is_an_enumeration_with_its_label(connector: TangoConnector) -> None:
    reading = await good(connector, "State")
    assert (reading.value, type(reading.value), reading.label, reading.dtype) == (0, int, "ON", DType.ENUM)
    assert (await good(connector, "status")).value == "all is well"


async def test_an_enumeration_is_its_number_with_the_label_beside_it(connector: TangoConnector) -> None:
    reading = await good(connector, "mode", "osprey/bench/3")
    assert (reading.value, reading.label) == (0, "OFF")


async def test_a_spectrum_is_a_row_and_an_image_a_flat_row_with_its_shape(connector: TangoConnector) -> None:
    wave = await good(connector, "wave", "osprey/bench/3")
    assert (list(wave.value), wave.shape, wave.unit) == ([1.0, 2.0, 3.0], (3,), "V")
    picture = await good(connector, "picture", "osprey/bench/3")
    assert (list(picture.value), picture.shape, picture.dtype) == (list(range(12)), (3, 4), DType.INT)
    texts = await good(connector, "texts")
    assert (texts.value, texts.shape, texts.dtype, texts.setpoint) == (["one", "two"], (2,), DType.STR, None)
    states = await good(connector, "states")
    assert ([int(one) for one in states.value], states.dtype) == (
        [int(tango.DevState.ON), int(tango.DevState.FAULT)],
        DType.ENUM,
    )
    empty = await good(connector, "empty")
    assert (len(empty.value), empty.shape) == (0, (0,))


@pytest.mark.parametrize(
    ("part", "severity", "alarm"), [("warned", Severity.MINOR, "WARNING"), ("alarmed", Severity.MAJOR, "ALARM")]
)
async def test_quality_is_severity(connector: TangoConnector, part: str, severity: Severity, alarm: str) -> None:
    reading = await good(connector, part)
    assert (reading.severity, reading.alarm, reading.value) == (severity, alarm, 3.0)


async def test_a_value_that_the_device_calls_invalid_is_none(connector: TangoConnector) -> None:
    [result] = await read(connector, "invalid")
    assert isinstance(result, Fault)
    assert (result.kind, result.raw) == (ErrorKind.INVALID_DATA, "ATTR_INVALID")


async def test_nan_is_handed_over_as_it_is(connector: TangoConnector) -> None:
    assert math.isnan((await good(connector, "nan")).value)


async def test_a_bad_channel_hides_no_good_one_and_says_why(connector: TangoConnector) -> None:
    channels = [
        f"{DEVICE}/fixed", f"{DEVICE}/broken", f"{DEVICE}/nope", "no/such/device/x", "nonsense", f"{DEVICE}/coded", "",
        f"{DEVICE}/Reset", f"{DEVICE}/current", "tango://127.0.0.1:1/a/b/c/d", "a/b/c/d#dbase=no", "a/b/ü/d",
    ]  # fmt: skip
    results = await connector.read(channels, timeout_s=20)
    assert [result.channel for result in results] == channels
    kinds = [result.kind if isinstance(result, Fault) else None for result in results]
    assert kinds == [
        None, ErrorKind.REJECTED, ErrorKind.NOT_FOUND, ErrorKind.NOT_FOUND, ErrorKind.NOT_FOUND, ErrorKind.UNSUPPORTED,
        ErrorKind.NOT_FOUND, ErrorKind.UNSUPPORTED, None, ErrorKind.UNREACHABLE, ErrorKind.NOT_FOUND,
        ErrorKind.NOT_FOUND,
    ]  # fmt: skip
    assert "hardware on fire" in results[1].message
    assert "PyDs_PythonError" in results[1].raw


async def test_names_have_no_letter_case_and_come_back_as_asked(connector: TangoConnector) -> None:
    asked = ["OSPREY/Bench/1/FIXED", f"{DEVICE}/fixed", f"{DEVICE}/fixed"]
    results = await connector.read(asked, timeout_s=10)
    assert [(result.channel, result.value) for result in results] == [(name, 2.5) for name in asked]


async def test_an_alias_and_a_resource_name_lead_to_the_device(connector: TangoConnector, peer: TangoPeer) -> None:
    channels = ["second/fixed", f"tango://{peer.host}/osprey/bench/2/fixed"]
    assert [result.value for result in await connector.read(channels, timeout_s=10)] == [2.5, 2.5]


async def test_nothing_asked_is_nothing_answered(connector: TangoConnector) -> None:
    assert await connector.read([], timeout_s=1) == []
    assert await connector.describe([], timeout_s=1) == []
    assert await connector.write([], timeout_s=1) == []
    assert await connector.probe([], timeout_s=1) == []


async def test_ten_thousand_channels_come_in_order(connector: TangoConnector) -> None:
    channels = [f"osprey/many/1/a{number % 50:04d}" for number in range(10_000)]
    results = await connector.read(channels, timeout_s=30)
    assert [result.channel for result in results] == channels
    assert all(isinstance(result, Reading) and result.unit == "A" for result in results)


async def test_a_command_is_executed_by_reading_only_if_it_is_declared_as_one_that_reads(
    connect: Opener, peer: TangoPeer
) -> None:
    device = "osprey/bench/3"
    patterns = ["osprey/bench/*/Temperature", f"{device}/profile", f"{device}/which", f"{device}/scale"]
    connector = await connect(commands={"reads": patterns, "writes": [f"{device}/reset"]})
    before, scaled = len(peer.puts_of("Temperature")), peer.puts_of("Scale")
    results = await read(connector, "Temperature", "Profile", "Which", "Scale", "Reset", "Fail", "fixed", device=device)
    assert (results[0].value, results[0].dtype) == (21.5, DType.FLOAT)
    assert (list(results[1].value), results[1].shape) == ([1.0, 2.0], (2,))
    assert (results[2].label, results[2].dtype) == ("MOVING", DType.ENUM)
    assert [result.kind for result in results[3:6]] == [ErrorKind.UNSUPPORTED] * 3
    assert results[6].value == 2.5
    assert len(peer.puts_of("Temperature")) == before + 1
    assert peer.puts_of("Scale") == scaled


def test_a_reading_that_is_made_fast_lacks_nothing() -> None:
    answer = SimpleNamespace(
        has_failed=False,
        value=1.0,
        w_value=1.0,
        type=tango.CmdArgType.DevDouble,
        quality=tango.AttrQuality.ATTR_VALID,
        time=tango.TimeVal(0, 0, 7),
    )
    reading = reading_of("a/b/c/d", answer, Facts(unit="A"), 5)
    assert set(asdict(reading)) == {field.name for field in fields(Reading)}
    assert reading == Reading(
        channel="a/b/c/d", value=1.0, dtype=DType.FLOAT, unit="A", setpoint=1.0, received_ns=5, quality="ATTR_VALID",
        source_ns=7,
    )  # fmt: skip


async def test_arrays_are_handed_over_without_a_copy_for_each_element(connector: TangoConnector) -> None:
    assert isinstance((await good(connector, "wave")).value, np.ndarray)
