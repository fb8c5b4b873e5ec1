"""What a reading is made of: type, shape, unit, label, severity and times."""

from __future__ import annotations

import time
from typing import Final

from osprey.control import Connector, DType, Reading, Severity
from osprey.control.comparison import to_plain
from osprey.testing.conformance.hand import reading_of, set_value
from osprey.testing.conformance.parts import needs, played
from osprey.testing.conformance.peer import ConnectorPeer

_SKEW_NS: Final = 300 * 10**9
"""Peer and test share a computer; what is further off is a wrong epoch, zone or unit."""


@needs()
async def test_a_number_is_a_float_with_its_unit(connector: Connector, peer: ConnectorPeer) -> None:
    reading = await reading_of(connector, peer.roles.number)
    assert (reading.dtype, reading.shape, reading.unit) == (DType.FLOAT, (), peer.roles.unit)
    assert type(to_plain(reading.value)) is float


@needs("integer")
async def test_an_integer_is_an_int(connector: Connector, peer: ConnectorPeer) -> None:
    reading = await reading_of(connector, played(peer, "integer"))
    assert (reading.dtype, reading.shape) == (DType.INT, ())
    assert type(to_plain(reading.value)) is int


@needs("flag")
async def test_a_flag_is_a_truth_value(connector: Connector, peer: ConnectorPeer) -> None:
    reading = await reading_of(connector, played(peer, "flag"))
    assert (reading.dtype, reading.shape) == (DType.BOOL, ())
    assert type(to_plain(reading.value)) is bool


@needs("text")
async def test_a_text_is_a_str(connector: Connector, peer: ConnectorPeer) -> None:
    reading = await reading_of(connector, played(peer, "text"))
    assert (reading.dtype, reading.shape) == (DType.STR, ())
    assert type(to_plain(reading.value)) is str


@needs("enumeration")
async def test_an_enumeration_is_a_number_with_its_label(connector: Connector, peer: ConnectorPeer) -> None:
    channel = played(peer, "enumeration")
    (info,) = await connector.describe([channel], timeout_s=peer.deadline_s)
    reading = await reading_of(connector, channel)
    number = to_plain(reading.value)
    assert (reading.dtype, reading.shape) == (DType.ENUM, ())
    assert type(number) is int
    assert reading.label == getattr(info, "labels", ())[number]


@needs("waveform")
async def test_a_waveform_has_the_shape_of_its_values(connector: Connector, peer: ConnectorPeer) -> None:
    reading = await reading_of(connector, played(peer, "waveform"))
    values = to_plain(reading.value)
    assert isinstance(values, list)
    assert reading.dtype is DType.FLOAT
    assert reading.shape == (len(values),)
    assert len(values) >= 2
    assert {type(value) for value in values} == {float}


@needs()
async def test_types_and_units_agree_with_the_description(connector: Connector, peer: ConnectorPeer) -> None:
    names = peer.roles.readable()
    readings = await connector.read(names, timeout_s=peer.deadline_s)
    infos = await connector.describe(names, timeout_s=peer.deadline_s)
    for reading, info in zip(readings, infos, strict=True):
        assert isinstance(reading, Reading), reading
        assert (reading.dtype, reading.unit) == (getattr(info, "dtype", None), getattr(info, "unit", None))


@needs()
async def test_times_are_nanoseconds_since_1970_in_utc(connector: Connector, peer: ConnectorPeer) -> None:
    await set_value(connector, peer.roles.number, peer.roles.number_range[1])
    reading = await reading_of(connector, peer.roles.number)
    assert type(reading.received_ns) is int
    assert abs(reading.received_ns - time.time_ns()) < _SKEW_NS
    if reading.source_ns is not None:
        assert type(reading.source_ns) is int
        assert abs(reading.source_ns - time.time_ns()) < _SKEW_NS


@needs()
async def test_a_healthy_channel_is_ok(connector: Connector, peer: ConnectorPeer) -> None:
    await set_value(connector, peer.roles.number, peer.roles.number_range[0])
    assert (await reading_of(connector, peer.roles.number)).severity is Severity.OK


@needs("alarmed")
async def test_an_alarm_is_shown_with_the_reading(connector: Connector, peer: ConnectorPeer) -> None:
    reading = await reading_of(connector, played(peer, "alarmed"))
    assert reading.severity is not Severity.OK
    assert reading.alarm or reading.quality
