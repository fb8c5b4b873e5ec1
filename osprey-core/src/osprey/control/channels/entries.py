"""One entry of a channel list: every key checked, nothing guessed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any, Final, cast

import attrs

from osprey.control.values import ChannelRecord, DType

_DEFAULTS: Final = tuple((field.name, field.default) for field in attrs.fields(ChannelRecord) if field.name != "name")
ROLES: Final = ("setpoint", "readback", "status", "computed")


class EntryError(ValueError):
    """One entry of the file cannot be used; its place is added by the loader."""


def record_of(entry: Any) -> ChannelRecord:
    """Make a channel of an entry.

    :raises EntryError: a key is unknown, or its value is not what it should be.
    """
    if not isinstance(entry, dict):
        msg = f"an entry is a mapping with a 'name', not {entry!r}"
        raise EntryError(msg)
    fields = cast("dict[Any, Any]", entry)
    for key in fields:
        if key not in CHECKS:
            raise EntryError(unknown_key(str(key)))
    if "name" not in fields:
        msg = "the key 'name' is missing"
        raise EntryError(msg)
    return ChannelRecord(**{key: CHECKS[key](key, value) for key, value in fields.items()})


def unknown_key(key: str) -> str:
    """Say that a key is none, and which one may be meant."""
    near = get_close_matches(key, CHECKS, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(CHECKS)}"
    return f"unknown key '{key}'; {hint}"


def entry_of(record: ChannelRecord) -> dict[str, Any]:
    """Give a channel as an entry; what has its default value is left out."""
    entry: dict[str, Any] = {"name": record.name}
    for key, default in _DEFAULTS:
        value: Any = getattr(record, key)
        if value != default:
            entry[key] = _plain(value)
    return entry


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(cast("tuple[str, ...]", value))
    return value.value if isinstance(value, DType) else value


def check_name(key: str, value: Any) -> str:
    """Give a channel's name.

    :raises EntryError: it is no text, or has blanks or control characters.
    """
    text = _text(key, value)
    if text.split() != [text] or not text.isprintable():
        msg = f"'{key}' is a channel's name without blanks, not {text!r}"
        raise EntryError(msg)
    return text


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str):
        msg = f"'{key}' is a text, not {value!r}; put it in quotes"
        raise EntryError(msg)
    return value


def _optional_name(key: str, value: Any) -> str | None:
    return None if value is None else check_name(key, value)


def _role(key: str, value: Any) -> str:
    if value not in ROLES:
        msg = f"'{key}' is one of {', '.join(ROLES)}, not {value!r}"
        raise EntryError(msg)
    return cast("str", value)


def _dtype(key: str, value: Any) -> DType | None:
    if value is None or value in tuple(DType):
        return None if value is None else DType(value)
    msg = f"'{key}' is one of {', '.join(DType)}, not {value!r}"
    raise EntryError(msg)


def _whole(key: str, value: Any) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        msg = f"'{key}' is a whole number, not {value!r}"
        raise EntryError(msg)
    return value


def _length(key: str, value: Any) -> int | None:
    length = _whole(key, value)
    if length is not None and length < 1:
        msg = f"'{key}' is 1 or more elements, not {value!r}"
        raise EntryError(msg)
    return length


def _finite(key: str, value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
        msg = f"'{key}' is a finite number, not {value!r}"
        raise EntryError(msg)
    return float(value)


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number with hundreds of digits
        return False


def _texts(key: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        msg = f"'{key}' is a list of texts, not {value!r}"
        raise EntryError(msg)
    return tuple(_text(key, each) for each in cast("list[Any]", value))


CHECKS: Final[Mapping[str, Callable[[str, Any], Any]]] = {
    "name": check_name,
    "description": _text,
    "device": _text,
    "family": _text,
    "family_words": _texts,
    "sector": _whole,
    "position_m": _finite,
    "quantity": _text,
    "role": _role,
    "unit": _text,
    "readback": _optional_name,
    "aliases": _texts,
    "way": _texts,
    "dtype": _dtype,
    "labels": _texts,
    "length": _length,
}
