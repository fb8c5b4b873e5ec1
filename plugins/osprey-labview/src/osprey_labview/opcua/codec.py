"""Decoding what a server answers to a ReadRequest.

asyncua makes five objects of each value and keeps no more than microseconds of its time. Here a thousand values take
a quarter of that time, and a time stamp keeps its 100 ns. The layout is that of OPC 10000-6, 5.2.2.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from struct import Struct, error
from typing import Any, Final, NamedTuple

import numpy as np
from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua import ua_binary

_EPOCH_TICKS: Final = 116_444_736_000_000_000
"""1970-01-01 in units of 100 ns since 1601-01-01."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

_FORMATS: Final = {1: "?", 2: "b", 3: "B", 4: "h", 5: "H", 6: "i", 7: "I", 8: "q", 9: "Q", 10: "f", 11: "d"}
_SCALARS: Final = {kind: Struct(f"<{letter}") for kind, letter in _FORMATS.items()}
_ARRAYS: Final = {kind: np.dtype(f"<{letter}" if kind > 1 else "?") for kind, letter in _FORMATS.items()}
_STRING: Final = 12
_ARRAY_FLAG: Final = 0x80
_DIMENSIONS_FLAG: Final = 0x40
_I32: Final = Struct("<i")
_U32: Final = Struct("<I")
_I64: Final = Struct("<q")


class MalformedAnswerError(Exception):
    """Bytes that are no answer to what was asked."""


class Sample(NamedTuple):
    """One value as it came."""

    status: int
    kind: int
    """The number of the built-in type; 0 for no value at all."""
    value: Any
    is_array: bool
    """A matrix is an array here, row by row."""
    source_ns: int | None


def decode_read_response(data: Buffer) -> list[Sample]:
    """Give the samples of a ReadResponse.

    :raises MalformedAnswerError: the bytes are none.
    :raises ua.UaStatusCodeError: the server refused the whole request.
    """
    try:
        ua_binary.nodeid_from_binary(data)
        header = ua_binary.struct_from_binary(ua.ResponseHeader, data)
        header.ServiceResult.check()
        return _decode_samples(bytes(data))
    except ua.UaStatusCodeError:
        raise
    except (error, IndexError, ValueError, TypeError, KeyError, OverflowError, ua.UaError) as exc:
        msg = f"the server's answer cannot be understood: {exc}"
        raise MalformedAnswerError(msg) from exc


def _decode_samples(raw: bytes) -> list[Sample]:
    (count,) = _I32.unpack_from(raw, 0)
    samples: list[Sample] = []
    place = 4
    for _ in range(count):
        sample, place = _decode_sample(raw, place)
        samples.append(sample)
    return samples


def _decode_sample(raw: bytes, place: int) -> tuple[Sample, int]:
    mask = raw[place]
    place += 1
    kind, value, is_array, status, source_ns = 0, None, False, 0, None
    if mask & 0x01:
        kind = raw[place]
        scalar = _SCALARS.get(kind)
        if scalar is not None:
            (value,) = scalar.unpack_from(raw, place + 1)
            place += 1 + scalar.size
        else:
            kind, value, is_array, place = _decode_variant(raw, place)
    if mask & 0x02:
        (status,) = _U32.unpack_from(raw, place)
        place += 4
    if mask & 0x04:
        (ticks,) = _I64.unpack_from(raw, place)
        source_ns = (ticks - _EPOCH_TICKS) * 100 if ticks > 0 else None
        place += 8
    if mask & 0x10:
        if source_ns is not None:
            source_ns += int.from_bytes(raw[place : place + 2], "little") // 100  # in units of 10 ps
        place += 2
    # The server's own time stamp, with its picoseconds, is not of interest.
    place += (8 if mask & 0x08 else 0) + (2 if mask & 0x20 else 0)
    return Sample(status, kind, value, is_array, source_ns), place


def _decode_variant(raw: bytes, place: int) -> tuple[int, Any, bool, int]:
    encoding = raw[place]
    kind = encoding & 0x3F
    if kind in _ARRAYS and encoding & _ARRAY_FLAG:
        return _decode_array(raw, place, kind, has_dimensions=bool(encoding & _DIMENSIONS_FLAG))
    if encoding == _STRING:
        (length,) = _I32.unpack_from(raw, place + 1)
        start = place + 5
        if length < 0:
            return kind, None, False, start
        if start + length > len(raw):
            msg = "a text reaches beyond the end"
            raise ValueError(msg)
        return kind, raw[start : start + length].decode("utf-8", "replace"), False, start + length
    buffer = Buffer(raw, place)
    variant = ua_binary.variant_from_binary(buffer)
    return kind, variant.Value, bool(variant.is_array), buffer.cur_pos


def _decode_array(raw: bytes, place: int, kind: int, *, has_dimensions: bool) -> tuple[int, Any, bool, int]:
    (length,) = _I32.unpack_from(raw, place + 1)
    start = place + 5
    dtype = _ARRAYS[kind]
    count = max(length, 0)
    value = None if length < 0 else np.frombuffer(raw, dtype, count, start).copy()
    place = start + count * dtype.itemsize
    if has_dimensions:
        (ranks,) = _I32.unpack_from(raw, place)
        place += 4 + 4 * max(ranks, 0)
    return kind, value, True, place


def sample_of(data: ua.DataValue) -> Sample:
    """Give the sample of a value that asyncua has decoded (a subscription's)."""
    variant = data.Value or ua.Variant()
    status = data.StatusCode.value if data.StatusCode is not None else 0
    source = data.SourceTimestamp
    source_ns = None if source is None else (source - _EPOCH) // _MICROSECOND * 1000
    if source_ns is not None and source_ns <= -_EPOCH_TICKS * 100:
        source_ns = None
    kind = variant.VariantType.value
    value = variant.Value
    if variant.is_array and value is not None:
        flat = ua.flatten(value)
        value = np.array(flat, _ARRAYS[kind]) if kind in _ARRAYS else flat
    return Sample(status, kind, value, bool(variant.is_array), source_ns)
