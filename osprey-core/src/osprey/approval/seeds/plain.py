"""Whatever an application passes in, as plain JSON: what is hashed and shown must be all that there is."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from datetime import date
from enum import Enum
from pathlib import PurePath
from typing import Any, cast

import attrs

from osprey.errors import UsageError


def plain_json(value: Any, where: str) -> Any:
    """Give a value as dictionaries, lists, texts, numbers and truth values only.

    Values with fields (attrs, dataclasses, pydantic models, plain objects) become dictionaries.

    :param where: what the value is, for the message.
    :raises UsageError: something in it has no such form.
    """
    match value:
        case None | bool() | int() | str() if not isinstance(value, Enum):
            return value
        case float() if math.isfinite(value):
            return value
        case Enum():
            return plain_json(value.value, where)
        case PurePath():
            return str(value)
        case date():
            return value.isoformat()
        case _:
            return _plain_parts(value, where)


def _plain_parts(value: Any, where: str) -> Any:
    if isinstance(value, list | tuple | set | frozenset) and not hasattr(cast("Any", value), "_asdict"):
        is_ordered = isinstance(value, list | tuple)
        items = cast("Iterable[Any]", value) if is_ordered else sorted(cast("Iterable[Any]", value), key=repr)
        return [plain_json(item, f"{where}[{place}]") for place, item in enumerate(items)]
    fields = _fields(value)
    if fields is None:
        msg = f"{where} is {value!r}, which cannot be written down exactly: give texts, finite numbers, lists, mappings"
        raise UsageError(msg)
    return {_key(name, where): plain_json(item, f"{where}.{name}") for name, item in fields.items()}


def _fields(value: Any) -> Mapping[Any, Any] | None:
    """Give the named parts of a value, one level deep; None if it has none."""
    if isinstance(value, Mapping):
        return cast("Mapping[Any, Any]", value)
    if attrs.has(cast("type[Any]", type(value))):
        return attrs.asdict(value, recurse=False)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    for method in ("model_dump", "_asdict"):
        if callable(getattr(value, method, None)):
            return cast("Mapping[Any, Any]", getattr(value, method)())
    parts: Mapping[str, Any] | None = None if callable(value) else getattr(value, "__dict__", None)
    return {name: part for name, part in parts.items() if not name.startswith("_")} if parts else None


def _key(name: Any, where: str) -> str:
    if isinstance(name, str):
        return name
    msg = f"{where} has the key {name!r}, which is no text"
    raise UsageError(msg)
