"""A facility's channel list as a file: YAML (or JSON, which is YAML) in, the same out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from io import StringIO
from pathlib import Path
from typing import Any, cast

import attrs
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from osprey.control.values import ChannelRecord
from osprey.errors import ConfigError

ROLES = ("setpoint", "readback", "status", "computed")


class _EntryError(ValueError):
    """One entry of the file cannot be used; its place is added by the loader."""


def load_channels(path: Path) -> list[ChannelRecord]:
    """Read a channel list: a list of entries, alone or under the key `channels`.

    An entry has the fields of `ChannelRecord`; only `name` is required.

    :raises ConfigError: the file is gone or broken, or an entry is; the message names file, entry and key.
    """
    records: list[ChannelRecord] = []
    entry_of_name: dict[str, int] = {}
    for number, entry in enumerate(_entries(path), start=1):
        where = f"{path}: channel {number}"
        try:
            record = _record(entry)
        except _EntryError as exc:
            named = cast("dict[str, Any]", entry).get("name") if isinstance(entry, dict) else None
            msg = f"{where}{f' ({named})' if named else ''}: {exc}"
            raise ConfigError(msg) from exc
        if record.name in entry_of_name:
            msg = f"{where} ({record.name}): the same name as channel {entry_of_name[record.name]}; remove one"
            raise ConfigError(msg)
        entry_of_name[record.name] = number
        records.append(record)
    return records


def dump_channels(records: Iterable[ChannelRecord]) -> str:
    """Write a channel list as YAML; what has its default value is left out."""
    stream = StringIO()
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 200
    yaml.dump({"channels": [_entry(record) for record in records]}, stream)  # pyright: ignore[reportUnknownMemberType]
    return stream.getvalue()


def _entries(path: Path) -> list[Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        msg = f"the channel list {path} cannot be read: {exc}"
        raise ConfigError(msg) from exc
    try:
        document: Any = YAML(typ="safe", pure=True).load(text)  # pyright: ignore[reportUnknownMemberType]
    except YAMLError as exc:
        msg = f"the channel list {path} is not valid YAML: {exc}"
        raise ConfigError(msg) from exc
    if isinstance(document, dict):
        document = _under_channels(path, cast("dict[Any, Any]", document))
    if document is None:
        return []
    if not isinstance(document, list):
        msg = f"{path}: a channel list is a list of entries, each with a 'name'"
        raise ConfigError(msg)
    return cast("list[Any]", document)


def _under_channels(path: Path, document: dict[Any, Any]) -> Any:
    others = [str(key) for key in document if key != "channels"]
    if others or "channels" not in document:
        msg = f"{path}: the only key is 'channels', not {', '.join(map(repr, others)) or 'an empty mapping'}"
        raise ConfigError(msg)
    return document["channels"]


def _record(entry: Any) -> ChannelRecord:
    if not isinstance(entry, dict):
        msg = f"an entry is a mapping with a 'name', not {entry!r}"
        raise _EntryError(msg)
    fields = cast("dict[Any, Any]", entry)
    for key in fields:
        if key not in _CHECKS:
            near = get_close_matches(str(key), _CHECKS, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(_CHECKS)}"
            msg = f"unknown key '{key}'; {hint}"
            raise _EntryError(msg)
    if "name" not in fields:
        msg = "the key 'name' is missing"
        raise _EntryError(msg)
    return ChannelRecord(**{key: _CHECKS[key](key, value) for key, value in fields.items()})


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str):
        msg = f"'{key}' is a text, not {value!r}; put it in quotes"
        raise _EntryError(msg)
    return value


def _name(key: str, value: Any) -> str:
    text = _text(key, value)
    if not text.strip() or any(char.isspace() or not char.isprintable() for char in text):
        msg = f"'{key}' is a channel's name without blanks, not {text!r}"
        raise _EntryError(msg)
    return text


def _optional_name(key: str, value: Any) -> str | None:
    return None if value is None else _name(key, value)


def _role(key: str, value: Any) -> str:
    if value not in ROLES:
        msg = f"'{key}' is one of {', '.join(ROLES)}, not {value!r}"
        raise _EntryError(msg)
    return cast("str", value)


def _whole(key: str, value: Any) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        msg = f"'{key}' is a whole number, not {value!r}"
        raise _EntryError(msg)
    return value


def _finite(key: str, value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        msg = f"'{key}' is a finite number, not {value!r}"
        raise _EntryError(msg)
    return float(value)


def _texts(key: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        msg = f"'{key}' is a list of texts, not {value!r}"
        raise _EntryError(msg)
    return tuple(_text(key, each) for each in cast("list[Any]", value))


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "name": _name,
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
}


def _entry(record: ChannelRecord) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": record.name}
    for field in attrs.fields(ChannelRecord):
        value: Any = getattr(record, field.name)
        if field.name != "name" and value != field.default:
            entry[field.name] = list(cast("tuple[str, ...]", value)) if isinstance(value, tuple) else value
    return entry
