"""What the mock connector takes a channel for, guessed from the words in its name.

Everything follows from the seed and the name by a keyed hash, so the same name has the same value in every
process and every run.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from attrs import evolve, field, frozen

from osprey.control.comparison import to_plain
from osprey.control.values import Bounds, ChannelInfo, DType, Put, Value

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_FIELD: Final = re.compile(r"(?P<record>.+)\.(?P<field>[A-Z][A-Z0-9]{0,3})")
_SETPOINT_OF: Final = {"RB": "SP", "RBV": "SP", "READBACK": "SETPOINT", "MON": "SET", "GET": "SET"}
_READBACK_END: Final = re.compile(r"(?P<stem>.*[:_.\-/])(?P<end>[A-Za-z]+)")
_MEASURED_WORDS: Final = frozenset({"bpm", "orbit", "dcct", "beam", "pressure", "vacuum", "lifetime", "tune"})
_WAVEFORM_LENGTH: Final = 32


@frozen(kw_only=True)
class Kind:
    """What channels with certain words in their names are like."""

    words: tuple[str, ...]
    unit: str = ""
    centre: float = 50.0
    spread: float = 10.0
    drive: Bounds = field(default=Bounds(0.0, 100.0))
    dtype: DType = DType.FLOAT
    labels: tuple[str, ...] = ()
    shape: tuple[int, ...] = ()


_KINDS: Final = (
    Kind(words=("waveform", "wf", "spectrum", "profile"), shape=(_WAVEFORM_LENGTH,), centre=0.0, spread=1.0),
    Kind(words=("shutter", "valve"), dtype=DType.ENUM, labels=("CLOSED", "OPEN")),
    Kind(words=("status", "state", "enable", "onoff"), dtype=DType.ENUM, labels=("OFF", "ON")),
    Kind(words=("operator", "text", "title"), dtype=DType.STR),
    Kind(words=("count", "counts", "number"), dtype=DType.INT, centre=100.0, drive=Bounds(0, 1000)),
    Kind(words=("bpm", "orbit"), unit="mm", centre=0.0, spread=0.2, drive=Bounds(-10.0, 10.0)),
    Kind(
        words=("hcm", "vcm", "corrector", "steerer"),
        unit="A",
        centre=0.0,
        spread=1.0,
        drive=Bounds(-10.0, 10.0),
    ),
    Kind(
        words=("qf", "qd", "quad", "quadrupole"),
        unit="A",
        centre=100.0,
        spread=20.0,
        drive=Bounds(0.0, 250.0),
    ),
    Kind(words=("dcct", "beam"), unit="mA", centre=400.0, spread=1.0, drive=Bounds(0.0, 500.0)),
    Kind(words=("pressure", "vacuum"), unit="mbar", centre=1e-9, spread=2e-10, drive=Bounds(0.0, 1e-3)),
    Kind(words=("temp", "temperature"), unit="degC", centre=25.0, spread=3.0, drive=Bounds(0.0, 60.0)),
    Kind(words=("freq", "frequency"), unit="Hz", centre=499.654e6, spread=100.0, drive=Bounds(499e6, 500e6)),
    Kind(words=("tune",), centre=0.25, spread=0.01, drive=Bounds(0.0, 1.0)),
    Kind(words=("lifetime",), unit="h", centre=8.0, spread=0.5, drive=Bounds(0.0, 100.0)),
    Kind(words=("voltage", "volt"), unit="V", centre=230.0, spread=2.0, drive=Bounds(0.0, 1000.0)),
    Kind(words=("current",), unit="A", centre=10.0, spread=1.0, drive=Bounds(0.0, 100.0)),
)
_OTHER: Final = Kind(words=())


def words_of(name: str) -> frozenset[str]:
    """Give the words of a name: ``SR:01:HCM3:CurrentSP`` has sr, hcm, current and sp."""
    return frozenset(word.lower() for word in _WORD.findall(name))


def kind_of(name: str) -> Kind:
    """Give what a channel of this name is like."""
    words = words_of(name)
    return next((kind for kind in _KINDS if words.intersection(kind.words)), _OTHER)


def setpoint_of(name: str) -> str | None:
    """Give the set channel that a read-back belongs to, by the ending of its name."""
    match = _READBACK_END.fullmatch(name)
    if match is None:
        return None
    setpoint = _SETPOINT_OF.get(match["end"].upper())
    if setpoint is None:
        return None
    return match["stem"] + (setpoint if match["end"].isupper() else setpoint.capitalize())


def describe(name: str) -> ChannelInfo:
    """Describe a channel; ``.VAL`` and ``.DRVH`` are fields of a record, ``.{...}`` is a modifier."""
    record, _, modifier = name.partition(".{")
    match = _FIELD.fullmatch(record)
    field = match["field"] if match else "VAL"
    record = match["record"] if match else record
    kind = kind_of(record)
    info = ChannelInfo(
        channel=name,
        name=record,
        field=field,
        is_value_field=field == "VAL",
        has_modifier=bool(modifier),
        dtype=kind.dtype,
        shape=kind.shape,
        unit=kind.unit,
        precision=3 if kind.dtype is DType.FLOAT else None,
        description=f"simulated {' '.join(sorted(words_of(record)))}",
        labels=kind.labels,
        writable=setpoint_of(record) is None and not words_of(record) & _MEASURED_WORDS,
    )
    is_bounded = kind.dtype in (DType.FLOAT, DType.INT) and info.writable
    return evolve(info, drive=kind.drive) if is_bounded else info


def first_value(seed: int, name: str) -> Value:
    """Give the value that a channel starts with."""
    kind = kind_of(name)
    match kind.dtype:
        case DType.ENUM:
            return int(share_of(seed, name) * len(kind.labels))
        case DType.STR:
            return f"simulated {name}"
        case DType.INT:
            return round(_number(kind, seed, name))
        case _ if kind.shape:
            return [_number(kind, seed, f"{name}[{place}]") for place in range(kind.shape[0])]
        case _:
            return _number(kind, seed, name)


def bad_value(info: ChannelInfo, put: Put) -> str:
    """Say why a channel cannot take a put's value at all; empty if it can."""
    value = to_plain(put.value)
    elements = value if isinstance(value, list) else [value]
    if isinstance(value, list) != bool(info.shape) or (info.shape and not 0 < len(elements) <= info.shape[0]):
        return f"{put.channel!r} takes {_shape_words(info)}, not {_shape_of(value)}"
    wanted = str if info.dtype is DType.STR else int if info.dtype in (DType.INT, DType.ENUM) else (int, float)
    strange = next((one for one in elements if isinstance(one, bool) or not isinstance(one, wanted)), None)
    if strange is not None:
        return f"{put.channel!r} takes {info.dtype} values, not {strange!r}"
    if info.labels and value not in range(len(info.labels)):
        states = ", ".join(f"{number} ({label})" for number, label in enumerate(info.labels))
        return f"{put.channel!r} takes {states}, not {value!r}"
    return ""


def _shape_words(info: ChannelInfo) -> str:
    return f"1 to {info.shape[0]} elements" if info.shape else "one value"


def _shape_of(value: Value) -> str:
    return f"{len(value)} elements" if isinstance(value, list) else "one value"


def share_of(seed: int, *parts: object) -> float:
    """Give a repeatable number from 0 up to 1; Python's own `hash` is salted in every process."""
    text = "\0".join(map(str, (seed, *parts)))
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def _number(kind: Kind, seed: int, name: str) -> float:
    return kind.centre + kind.spread * (2.0 * share_of(seed, name) - 1.0)
