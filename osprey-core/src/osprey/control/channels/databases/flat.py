"""The predecessor's flat list, and its templates: a device family written once, with its instances."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, cast

from osprey.control.channels.databases.guesses import quantity_of, role_of, with_readbacks, without_doubles
from osprey.control.channels.entries import EntryError, check_name
from osprey.control.values import ChannelRecord
from osprey.errors import ConfigError

_MOST_INSTANCES: Final = 1_000_000
_KNOWN: Final = ("template", "base_name", "address", "channel")


def is_flat(document: Any) -> bool:
    """True for a list of entries with `channel` and `address`, or with templates; alone or under `channels`."""
    if isinstance(document, dict):
        document = cast("dict[Any, Any]", document).get("channels")
    if not isinstance(document, list):
        return False
    entries = [cast("dict[Any, Any]", entry) for entry in cast("list[Any]", document) if isinstance(entry, dict)]
    return any(key in entry for entry in entries for key in _KNOWN) and not any("name" in entry for entry in entries)


def read_flat(path: Path, document: Any) -> list[ChannelRecord]:
    """Give the channels of a flat list, templates written out.

    :raises ConfigError: an entry cannot be used; the message names it.
    """
    entries: list[Any] = cast("list[Any]", document if isinstance(document, list) else document["channels"])
    records: list[ChannelRecord] = []
    for number, entry in enumerate(entries, start=1):
        try:
            records += _expanded(entry)
        except (EntryError, KeyError, IndexError, ValueError, AttributeError) as exc:
            reason = f"the key {exc} is missing" if isinstance(exc, KeyError) else str(exc)
            msg = f"{path}: channel {number} of a flat or template database: {reason}"
            raise ConfigError(msg) from exc
    return with_readbacks(without_doubles(records))


def _expanded(entry: Any) -> Iterator[ChannelRecord]:
    if not isinstance(entry, dict):
        msg = f"an entry is a mapping, not {entry!r}"
        raise EntryError(msg)
    fields = cast("dict[str, Any]", entry)
    is_template = fields.get("template", "base_name" in fields)
    return _instances(fields) if is_template else iter([_single(fields)])


def _single(fields: Mapping[str, Any]) -> ChannelRecord:
    called = str(fields.get("channel", ""))
    name = check_name("address", fields.get("address", called))
    description = str(fields.get("description", ""))
    return ChannelRecord(
        name=name,
        description=description,
        role=role_of(called) if called and role_of(called) != "readback" else role_of(name),
        quantity=quantity_of((called, name, description)),
        unit=str(fields.get("units", fields.get("unit", ""))),
        aliases=(called,) if called and called != name else (),
    )


def _instances(fields: Mapping[str, Any]) -> Iterator[ChannelRecord]:
    base = str(fields["base_name"])
    first, last = (int(number) for number in fields["instances"])
    if last - first >= _MOST_INSTANCES:
        msg = f"{base}: more than {_MOST_INSTANCES} instances"
        raise EntryError(msg)
    axes: list[str] = fields.get("axes") or [""]
    usual = "{base}{instance:02d}{axis}{suffix}"
    pattern = str(fields.get("address_pattern", usual))
    for instance in range(first, last + 1):
        for axis in axes:
            for suffix in fields["sub_channels"]:
                parts = {"base": base, "base_name": base, "instance": instance, "axis": axis, "suffix": suffix}
                yield _instance(fields, parts, pattern.format(**parts), usual.format(**parts))


def _instance(fields: Mapping[str, Any], parts: Mapping[str, Any], address: str, called: str) -> ChannelRecord:
    texts: Mapping[str, Any] = fields.get("channel_descriptions") or {}
    axis, suffix = str(parts["axis"]), str(parts["suffix"])
    told = texts.get(f"{axis}{suffix}", texts.get(suffix, fields.get("description", "")))
    description = str(told).format(**parts)
    name = check_name("address_pattern", address)
    return ChannelRecord(
        name=name,
        description=description,
        device=f"{parts['base']}{parts['instance']:02d}",
        family=str(parts["base"]),
        quantity=quantity_of((suffix, axis, description)),
        role=role_of(f"{axis}{suffix}") if role_of(f"{axis}{suffix}") != "readback" else role_of(name),
        aliases=(called,) if called != name else (),
    )
