"""The wire formats of the Archiver Appliance, written: getData.json as Java prints it, getData.raw as PB lines."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from attrs import frozen

TYPES = {
    "DBR_SCALAR_STRING": 0,
    "DBR_SCALAR_SHORT": 1,
    "DBR_SCALAR_FLOAT": 2,
    "DBR_SCALAR_ENUM": 3,
    "DBR_SCALAR_BYTE": 4,
    "DBR_SCALAR_INT": 5,
    "DBR_SCALAR_DOUBLE": 6,
    "DBR_WAVEFORM_DOUBLE": 13,
}


@frozen
class Event:
    """One sample."""

    secs: int
    nanos: int
    value: Any
    severity: int = 0
    status: int = 0
    fields: tuple[tuple[str, str], ...] = ()

    @property
    def time_ns(self) -> int:
        return self.secs * 10**9 + self.nanos


def as_json(name: str, unit: str, events: Iterable[Event]) -> Iterator[bytes]:
    """Write one channel as ``getData.json`` does, piece by piece."""
    egu = f', "EGU": {json.dumps(unit)} , "PREC": "3" ' if unit else ""
    yield f'[ \n{{ "meta": {{ "name": "{name}" {egu}}},\n"data": [ \n'.encode()
    comma = ""
    for event in events:
        pairs = ", ".join(f'"{key}": "{text}"' for key, text in event.fields)
        fields = f', "fields": {{ {pairs}}}' if pairs else ""
        yield (
            f'{comma}{{ "secs": {event.secs}, "val": {_java(event.value)}, "nanos": {event.nanos}, '
            f'"severity":{event.severity}, "status":{event.status}{fields} }}'
        ).encode()
        comma = ",\n"
    yield b"] }\n ]\n"


def _java(value: Any) -> str:
    """Write a value as Java's ``toString`` does: what is no number is a bare word."""
    if isinstance(value, list):
        return f"[{','.join(map(_java, value))}]"
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    return repr(value)


def as_raw(name: str, unit: str, kind: str, elements: int, events: Iterable[Event]) -> Iterator[bytes]:
    """Write one channel as ``getData.raw`` does: for each year a header, its samples, an empty line."""
    for year, group in groupby(events, key=lambda event: datetime.fromtimestamp(event.secs, tz=UTC).year):
        begin = int(datetime(year, 1, 1, tzinfo=UTC).timestamp())
        yield _line(_header(name, unit, kind, elements, year))
        for event in group:
            yield _line(_sample(kind, event, event.secs - begin))
        yield b"\n"


def _header(name: str, unit: str, kind: str, elements: int, year: int) -> bytes:
    header = _integer(1, TYPES[kind]) + _bytes(2, name.encode()) + _integer(3, year) + _integer(4, elements)
    for key, text in (("EGU", unit), ("PREC", "3")) if unit else ():
        header += _bytes(15, _bytes(1, key.encode()) + _bytes(2, text.encode()))
    return header


def _sample(kind: str, event: Event, seconds: int) -> bytes:
    sample = _integer(1, seconds) + _integer(2, event.nanos) + _value(kind, event.value)
    sample += _integer(4, event.severity) if event.severity else b""
    sample += _integer(5, event.status) if event.status else b""
    for key, text in event.fields:
        sample += _bytes(7, _bytes(1, key.encode()) + _bytes(2, text.encode()))
    return sample


def _value(kind: str, value: Any) -> bytes:
    match kind:
        case "DBR_SCALAR_STRING":
            return _bytes(3, value.encode())
        case "DBR_SCALAR_SHORT" | "DBR_SCALAR_ENUM":
            return _integer(3, (value << 1) ^ (value >> 63))  # sint32: zigzag
        case "DBR_SCALAR_FLOAT":
            return _key(3, 5) + struct.pack("<f", value)
        case "DBR_SCALAR_BYTE":
            return _bytes(3, struct.pack("b", value))
        case "DBR_SCALAR_INT":
            return _key(3, 5) + struct.pack("<i", value)
        case "DBR_WAVEFORM_DOUBLE":
            return _bytes(3, struct.pack(f"<{len(value)}d", *value))
        case _:
            return _key(3, 1) + struct.pack("<d", value)


def _key(number: int, wire_type: int) -> bytes:
    return _varint(number << 3 | wire_type)


def _integer(number: int, value: int) -> bytes:
    return _key(number, 0) + _varint(value)


def _bytes(number: int, value: bytes) -> bytes:
    return _key(number, 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    parts: list[int] = []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def _line(message: bytes) -> bytes:
    escaped = message.replace(b"\x1b", b"\x1b\x01").replace(b"\n", b"\x1b\x02").replace(b"\r", b"\x1b\x03")
    return escaped + b"\n"


def joined(parts: Iterator[bytes], size: int = 65536) -> Iterator[bytes]:
    """Join small pieces to chunks, as a servlet's buffer does."""
    pending: list[bytes] = []
    length = 0
    for part in parts:
        pending.append(part)
        length += len(part)
        if length >= size:
            yield b"".join(pending)
            pending, length = [], 0
    if pending:
        yield b"".join(pending)
