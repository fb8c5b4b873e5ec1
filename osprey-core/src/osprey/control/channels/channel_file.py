"""A facility's channel list as a file: YAML, JSON, a table, or one of the predecessor's databases.

A long list is best JSON or a table (CSV): two hundred thousand channels are read in seconds, as YAML in minutes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from typing import Any, cast

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from osprey.control.channels.csv_table import entries_of_table
from osprey.control.channels.databases import database_reader
from osprey.control.channels.entries import ROLES, EntryError, entry_of, record_of
from osprey.control.values import ChannelRecord
from osprey.errors import ConfigError

__all__ = ["ROLES", "dump_channels", "load_channels", "parse_channels", "read_list"]


def load_channels(path: Path) -> list[ChannelRecord]:
    """Read a channel list: entries with the fields of `ChannelRecord`, or a database of the predecessor.

    Entries stand in a list, alone or under the key `channels`, or in the rows of a ``.csv`` file; only `name` is
    required. The predecessor's databases (flat, template, hierarchical, middle layer) are known by their shape.

    :raises ConfigError: the file is gone or broken, or an entry is; the message names file, entry and key.
    """
    return parse_channels(path, read_list(path))


def read_list(path: Path) -> bytes:
    """Read the file's bytes.

    :raises ConfigError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as exc:
        msg = f"the channel list {path} cannot be read: {exc}"
        raise ConfigError(msg) from exc


def parse_channels(path: Path, content: bytes) -> list[ChannelRecord]:
    """Make channels of what stands in a file; see `load_channels`."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as exc:
        msg = f"the channel list {path} cannot be read: {exc}"
        raise ConfigError(msg) from exc
    if path.suffix.lower() == ".csv":
        return _records(path, entries_of_table(path, text))
    document = _document(path, text)
    reader = database_reader(document)
    return reader(path, document) if reader else _records(path, _entries(path, document))


def dump_channels(records: Iterable[ChannelRecord]) -> str:
    """Write a channel list as YAML; what has its default value is left out."""
    stream = StringIO()
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 200
    yaml.dump({"channels": [entry_of(record) for record in records]}, stream)  # pyright: ignore[reportUnknownMemberType]
    return stream.getvalue()


def _records(path: Path, entries: list[Any]) -> list[ChannelRecord]:
    records: list[ChannelRecord] = []
    entry_of_name: dict[str, int] = {}
    for number, entry in enumerate(entries, start=1):
        try:
            record = record_of(entry)
        except EntryError as exc:
            named = cast("dict[str, Any]", entry).get("name") if isinstance(entry, dict) else None
            msg = f"{path}: channel {number}{f' ({named})' if named else ''}: {exc}"
            raise ConfigError(msg) from exc
        earlier = entry_of_name.setdefault(record.name, number)
        if earlier != number:
            msg = f"{path}: channel {number} ({record.name}): the same name as channel {earlier}; remove one"
            raise ConfigError(msg)
        records.append(record)
    return records


def _document(path: Path, text: str) -> Any:
    is_json = path.suffix.lower() == ".json"
    if is_json or text.lstrip()[:1] in ("[", "{"):
        try:
            return json.loads(text, object_pairs_hook=_unique)
        except (ValueError, RecursionError) as exc:
            if is_json:
                msg = f"the channel list {path} is not valid JSON: {exc}"
                raise ConfigError(msg) from exc
    try:
        return YAML(typ="safe", pure=True).load(text)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    except (YAMLError, RecursionError) as exc:
        msg = f"the channel list {path} is not valid YAML: {exc}"
        raise ConfigError(msg) from exc


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for place, (key, _) in enumerate(pairs) if key in dict(pairs[:place]))
        msg = f"the key {twice!r} stands twice in one entry"
        raise ValueError(msg)
    return found


def _entries(path: Path, document: Any) -> list[Any]:
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
