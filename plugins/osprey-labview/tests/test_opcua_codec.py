"""The decoder of readings: the same values as asyncua's own, exact times, and no trust in what comes."""

from __future__ import annotations

import math
import struct
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import struct_to_binary
from hypothesis import given
from hypothesis import strategies as st

from osprey_labview.opcua.codec import MalformedAnswerError, Sample, decode_read_response, sample_of

TICK_1970 = 116_444_736_000_000_000
NUMBERS = {
    "Boolean": st.booleans(),
    "SByte": st.integers(-(2**7), 2**7 - 1),
    "Byte": st.integers(0, 2**8 - 1),
    "Int16": st.integers(-(2**15), 2**15 - 1),
    "UInt16": st.integers(0, 2**16 - 1),
    "Int32": st.integers(-(2**31), 2**31 - 1),
    "UInt32": st.integers(0, 2**32 - 1),
    "Int64": st.integers(-(2**63), 2**63 - 1),
    "UInt64": st.integers(0, 2**64 - 1),
    "Float": st.floats(width=32),
    "Double": st.floats(),
    "String": st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
}
VARIANTS = st.sampled_from(sorted(NUMBERS)).flatmap(
    lambda name: st.one_of(
        NUMBERS[name].map(lambda value: ua.Variant(value, ua.VariantType[name])),
        st.lists(NUMBERS[name], max_size=5).map(lambda v: ua.Variant(v, ua.VariantType[name], is_array=True)),
    )
)
CODES = st.sampled_from([0, 0x40900000, 0x808C0000, 0x80340000])
TIMES = st.none() | st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1)).map(lambda t: t.replace(tzinfo=UTC))


def answer(values: list[ua.DataValue]) -> Buffer:
    return Buffer(struct_to_binary(ua.ReadResponse(Results=values)))


def raw_answer(body: bytes, count: int = 1) -> Buffer:
    head = struct_to_binary(ua.ReadResponse(Results=[]))[:-8]
    return Buffer(head + struct.pack("<i", count) + body + b"\xff\xff\xff\xff")


def same(ours: Any, theirs: Any) -> bool:
    if isinstance(theirs, (list, tuple)):
        ours = ours.tolist() if isinstance(ours, np.ndarray) else ours
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(theirs, float) and math.isnan(theirs):
        return math.isnan(ours)
    return ours == theirs and type(ours) is type(theirs)


@given(st.lists(st.builds(ua.DataValue, VARIANTS, CODES.map(ua.StatusCode), TIMES, TIMES), max_size=6))
def test_values_status_and_times_are_those_that_were_sent(values: list[ua.DataValue]) -> None:
    samples = decode_read_response(answer(values))
    assert len(samples) == len(values)
    for sample, value in zip(samples, values, strict=True):
        assert same(sample.value, value.Value.Value)
        assert (sample.status, sample.kind) == (value.StatusCode.value, value.Value.VariantType.value)
        assert sample.is_array is bool(value.Value.is_array)
        time = value.SourceTimestamp
        expected = None if time is None else (time - datetime(1970, 1, 1, tzinfo=UTC)) // ua.uatypes.timedelta(0, 0, 1)
        assert (sample.source_ns and sample.source_ns // 1000) == expected


@given(st.builds(ua.DataValue, VARIANTS, CODES.map(ua.StatusCode), TIMES))
def test_a_reading_and_an_update_of_one_value_are_the_same(value: ua.DataValue) -> None:
    (read,) = decode_read_response(answer([value]))
    update = sample_of(value)
    assert same(read.value if not isinstance(read.value, np.ndarray) else read.value.tolist(), _plain(update.value))
    assert read[:2] + read[3:] == update[:2] + update[3:]


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value


@pytest.mark.parametrize(
    ("mask", "tail", "source_ns"),
    [
        (0x04, struct.pack("<q", TICK_1970 + 17_000_000_123_456_789), 1_700_000_012_345_678_900),
        (0x04, struct.pack("<q", 0), None),
        (0x14, struct.pack("<qH", TICK_1970 + 10_000_000, 9999), 1_000_000_099),
        (0x08, struct.pack("<q", TICK_1970), None),
        (0x3C, struct.pack("<qHqH", TICK_1970 + 1, 0, 5, 6), 100),
    ],
)
def test_a_time_keeps_its_hundred_nanoseconds(mask: int, tail: bytes, source_ns: int | None) -> None:
    body = bytes([mask | 1, 11]) + struct.pack("<d", 1.5) + tail
    assert decode_read_response(raw_answer(body)) == [Sample(0, 11, 1.5, False, source_ns)]


def test_other_types_come_through_asyncua() -> None:
    values = [ua.LocalizedText("x"), ua.Range(1.0, 2.0), ua.NodeId("a", 2), b"\x00\x01"]
    samples = decode_read_response(answer([ua.DataValue(ua.Variant(value)) for value in values]))
    assert [sample.value for sample in samples] == values


def test_a_matrix_is_given_row_by_row() -> None:
    variant = ua.Variant([[1.0, 2.0], [3.0, 4.0]], ua.VariantType.Double)
    (sample, after) = decode_read_response(answer([ua.DataValue(variant), ua.DataValue(ua.Variant(7))]))
    assert list(sample.value) == [1.0, 2.0, 3.0, 4.0]
    assert after.value == 7


def test_a_value_that_is_null_is_none() -> None:
    (sample,) = decode_read_response(raw_answer(b"\x00"))
    assert sample == Sample(0, 0, None, False, None)


@given(st.binary(max_size=60))
def test_any_bytes_are_an_answer_or_refused(body: bytes) -> None:
    for data in (Buffer(body), raw_answer(body), raw_answer(body, 2**31 - 1)):
        try:
            decode_read_response(data)
        except (MalformedAnswerError, ua.UaStatusCodeError) as exc:
            assert str(exc)


@pytest.mark.parametrize("length", [2**31 - 1, 1000])
@pytest.mark.parametrize("encoding", [0x8B, 0x0C, 0x8C, 0x81])
def test_a_length_beyond_the_end_is_refused(encoding: int, length: int) -> None:
    with pytest.raises(MalformedAnswerError):
        decode_read_response(raw_answer(bytes([1, encoding]) + struct.pack("<i", length) + b"12345678"))
