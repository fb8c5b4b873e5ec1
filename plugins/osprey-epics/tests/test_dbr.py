"""Decoding and encoding the data of Channel Access, without a server."""

from __future__ import annotations

import datetime
import math
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osprey.control import Bounds, DType, Severity
from osprey_epics.dbr import (
    Control,
    Native,
    alarm_text,
    control_size,
    decode_control,
    decode_sample,
    decode_text,
    encode_value,
    sample_size,
    severity_of,
    time_of_stamp,
)

NUMBERS = {
    Native.SHORT: st.integers(-(2**15), 2**15 - 1),
    Native.CHAR: st.integers(0, 255),
    Native.ENUM: st.integers(0, 2**16 - 1),
    Native.LONG: st.integers(-(2**31), 2**31 - 1),
    Native.FLOAT: st.floats(width=32, allow_nan=False),
    Native.DOUBLE: st.floats(allow_nan=False),
}
PADDING = {Native.SHORT: 2, Native.ENUM: 2, Native.CHAR: 3, Native.DOUBLE: 4}


def time_structure(native: Native, data: bytes, secs: int = 1, nsec: int = 2) -> bytes:
    header = struct.pack("=hhII", 3, 2, secs, nsec) + bytes(PADDING.get(native, 0))
    return header + data


@given(st.data(), st.sampled_from(sorted(NUMBERS)))
def test_a_number_that_was_encoded_is_decoded_again(data: st.DataObject, native: Native) -> None:
    number = data.draw(NUMBERS[native])
    count, raw = encode_value(native, 1, number)
    structure = time_structure(native, raw)
    assert len(structure) == sample_size(native, count)
    sample = decode_sample(native, count, structure, is_scalar=True, received_ns=7)
    assert sample.value == number
    assert (sample.shape, sample.status, sample.severity, sample.received_ns) == ((), 3, 2, 7)


@given(st.data(), st.sampled_from(sorted(NUMBERS)))
def test_an_array_that_was_encoded_is_decoded_again(data: st.DataObject, native: Native) -> None:
    numbers = data.draw(st.lists(NUMBERS[native], min_size=1, max_size=9))
    count, raw = encode_value(native, 9, numbers)
    sample = decode_sample(native, count, time_structure(native, raw), is_scalar=False, received_ns=7)
    assert sample.shape == (len(numbers),)
    assert sample.value.tolist() == numbers


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_a_text_is_sent_whole_or_not_at_all(text: str) -> None:
    if len(text.encode()) > 39:
        with pytest.raises(ValueError, match="does not fit"):
            encode_value(Native.STRING, 1, text)
        return
    count, raw = encode_value(Native.STRING, 1, text)
    sample = decode_sample(Native.STRING, count, time_structure(Native.STRING, raw), is_scalar=True, received_ns=1)
    assert (sample.value, sample.dtype) == (text, DType.STR)


@pytest.mark.parametrize(
    ("native", "value"),
    [
        (Native.LONG, 1.5),
        (Native.LONG, 2**31),
        (Native.LONG, math.nan),
        (Native.LONG, math.inf),
        (Native.SHORT, 40000),
        (Native.CHAR, -1),
        (Native.CHAR, 256),
        (Native.ENUM, -1),
        (Native.ENUM, "ON"),
        (Native.FLOAT, 1e300),
        (Native.DOUBLE, 10**400),
        (Native.DOUBLE, "1.5"),
        (Native.DOUBLE, None),
        (Native.STRING, 1),
        (Native.STRING, [1]),
        (Native.STRING, "with\0null"),
        (Native.DOUBLE, []),
        (Native.DOUBLE, ["a"]),
        (Native.DOUBLE, [[1.0], [2.0]]),
        (Native.DOUBLE, [1.0] * 5),
        (Native.FLOAT, [1e300]),
        (Native.LONG, [1, 2.5]),
        (Native.LONG, [math.nan]),
        (Native.SHORT, [1, 70000]),
    ],
)
def test_a_value_that_the_channel_cannot_hold_is_never_rounded_or_cut(native: Native, value: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        encode_value(native, 4, value)  # type: ignore[arg-type]


def test_whole_floats_and_truth_values_go_where_whole_numbers_are() -> None:
    assert encode_value(Native.LONG, 1, 3.0) == (1, struct.pack("=i", 3))
    assert encode_value(Native.ENUM, 1, True) == (1, struct.pack("=H", 1))
    assert encode_value(Native.SHORT, 3, np.array([1.0, 2.0])) == (2, struct.pack("=2h", 1, 2))


def test_a_long_text_is_written_with_its_end() -> None:
    assert encode_value(Native.CHAR, 4, "abc", is_text=True) == (4, b"abc\0")
    with pytest.raises(ValueError, match="does not fit"):
        encode_value(Native.CHAR, 4, "abcd", is_text=True)
    with pytest.raises(ValueError, match="is none"):
        encode_value(Native.CHAR, 4, 5, is_text=True)


@given(st.integers(1, 2**32 - 1), st.integers(0, 999_999_999))
def test_a_time_stamp_is_exact_to_the_nanosecond(secs: int, nsec: int) -> None:
    epoch = datetime.datetime(1990, 1, 1, tzinfo=datetime.UTC)
    assert time_of_stamp(secs, nsec) == (int(epoch.timestamp()) + secs) * 10**9 + nsec


def test_a_time_stamp_that_was_never_set_is_none() -> None:
    assert time_of_stamp(0, 5) is None


def test_control_data_become_unit_precision_and_limits() -> None:
    raw = struct.pack("=4xh2x8s9d", 3, b"mA", 12, -12, 9, 8, -8, math.nan, 10, -10, 0.0)
    assert len(raw) == control_size(Native.DOUBLE)
    assert decode_control(Native.DOUBLE, raw) == Control(
        unit="mA",
        precision=3,
        display=Bounds(-12, 12),
        warning=Bounds(-8, 8),
        alarm=Bounds(None, 9),
        limits=Bounds(-10, 10),
    )


def test_equal_limits_mean_none_were_set() -> None:
    raw = struct.pack("=4x8s9i", b"", *([0] * 9))
    assert len(raw) == control_size(Native.LONG)
    assert decode_control(Native.LONG, raw) == Control()


def test_an_enumeration_has_its_labels() -> None:
    raw = struct.pack("=4xh416sH", 2, b"OFF".ljust(26, b"\0") + b"ON".ljust(26, b"\0"), 0)
    assert len(raw) == control_size(Native.ENUM)
    assert decode_control(Native.ENUM, raw) == Control(labels=("OFF", "ON"))


def test_a_text_ends_at_its_null_and_may_be_latin_1() -> None:
    assert decode_text(b"abc\0rest") == "abc"
    assert decode_text("µm".encode()) == "µm"
    assert decode_text(b"\xb5m\0") == "µm"


def test_alarms_and_severities_have_words_also_when_unknown() -> None:
    assert (alarm_text(0), alarm_text(3), alarm_text(99)) == ("", "HIHI", "STAT 99")
    assert (severity_of(0), severity_of(2), severity_of(9)) == (Severity.OK, Severity.MAJOR, Severity.INVALID)
