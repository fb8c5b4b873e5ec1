"""Requests, judgements and reports as JSON and back, without loss: how the guard can be its own process.

Every class of `osprey.control.requests` makes the round trip. NaN and infinity, which JSON has no words for,
stand as ``{"float": "nan"}``; arrays of any kind become lists. Unknown keys are refused.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final, TypeVar, cast

import attrs
from cattrs import Converter

from osprey.control.comparison import to_plain
from osprey.control.values import Fault, Reading, ReadResult, Value

T = TypeVar("T")

_AS_IT_IS: Final = frozenset({str, int, bool, type(None)})
_SPECIAL_KEY: Final = "float"
_SPECIAL: Final = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def to_wire(value: Any) -> Any:
    """Give a value of the control room, or one channel's value, as JSON knows it."""
    cls = cast("type[Any]", type(value))
    if cls in _AS_IT_IS or (cls is float and math.isfinite(value)):
        return value
    if isinstance(value, str):
        return str(value)
    parts = _parts_of(cls)
    if parts is not None:
        told: dict[str, Any] = dict(zip(parts.names, parts.get(value), strict=True))
        for name, one in told.items():
            if type(one) not in _AS_IT_IS and not (type(one) is float and math.isfinite(one)):
                told[name] = to_wire(one)
        return told
    if isinstance(value, (list, tuple)):
        return [to_wire(element) for element in cast("list[Any]", value)]
    return _plain_to_wire(to_plain(value))


@attrs.frozen
class _Parts:
    """The attributes of a class of ours, and what gives the values of all of them at once."""

    names: tuple[str, ...]
    get: Callable[[Any], tuple[Any, ...]]


@functools.cache
def _parts_of(cls: type[Any]) -> _Parts | None:
    """Give the attributes of a class of ours; None for any other. Looking them up costs more than the conversion."""
    if not attrs.has(cls):
        return None
    names = tuple(attribute.name for attribute in attrs.fields(cls))
    get = operator.attrgetter(*names)
    return _Parts(names, get if len(names) > 1 else lambda value: (get(value),))


def from_wire(cls: type[T], data: Any) -> T:
    """Give the value back.

    :raises ValueError: the data does not describe one; the causes are in its notes and sub-exceptions.
    """
    try:
        return _converter.structure(data, cls)
    except Exception as exc:
        msg = f"this is no {cls.__name__}: {exc}"
        raise ValueError(msg) from exc


def from_wire_value(data: Any) -> Value:
    """Give one channel's value back."""
    if isinstance(data, list):
        return [_scalar(element) for element in cast("list[Any]", data)]
    return _scalar(data)


def _plain_to_wire(value: Value) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return {_SPECIAL_KEY: repr(value)}
    if isinstance(value, (bool, int, float, str)):
        return value
    return [_plain_to_wire(element) for element in value]


def _scalar(data: Any) -> Any:
    if isinstance(data, dict) and set(cast("dict[Any, Any]", data)) == {_SPECIAL_KEY}:
        return _SPECIAL[data[_SPECIAL_KEY]]
    if not isinstance(data, (bool, int, float, str)):
        msg = f"{data!r} is not a value"
        raise TypeError(msg)
    return data


def _strict(kind: type) -> Any:
    """Accept exactly this type: `cattrs` would read the text ``false`` as true."""

    def structure(data: Any, cls: type) -> Any:
        if type(data) is not kind:
            msg = f"expected {kind.__name__}, found {data!r}"
            raise TypeError(msg)
        return cls(data) if issubclass(cls, StrEnum) else data  # a StrEnum comes here as the text it is

    return structure


def _structure_float(data: Any, _: type) -> float:
    value = _scalar(data)
    if isinstance(value, (bool, str)):
        msg = f"expected a number, found {data!r}"
        raise TypeError(msg)
    return value


def _structure_result(data: Mapping[str, Any], _: Any) -> Reading | Fault:
    return _converter.structure(data, Fault if "kind" in data else Reading)


def _make_converter() -> Converter:
    converter = Converter(detailed_validation=False, forbid_extra_keys=True)
    for kind in (bool, int, str):
        converter.register_structure_hook(kind, _strict(kind))
    converter.register_structure_hook(float, _structure_float)
    converter.register_structure_hook_func(_is_value, lambda data, _: from_wire_value(data))
    converter.register_structure_hook_func(_is_optional_value, _structure_optional_value)
    converter.register_structure_hook_func(lambda kind: kind == ReadResult, _structure_result)
    return converter


def _is_value(kind: Any) -> bool:
    return kind == Value


def _is_optional_value(kind: Any) -> bool:
    return kind == Value | None


def _structure_optional_value(data: Any, _: Any) -> Value | None:
    return None if data is None else from_wire_value(data)


_converter: Final = _make_converter()
