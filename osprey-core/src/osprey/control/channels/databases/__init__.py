"""The predecessor's channel databases, each known by its shape: flat, template, hierarchical, middle layer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from osprey.control.channels.databases.flat import is_flat, read_flat
from osprey.control.channels.databases.hierarchical import is_hierarchical, read_hierarchical
from osprey.control.channels.databases.middle_layer import is_middle_layer, read_middle_layer
from osprey.control.values import ChannelRecord

Reader = Callable[[Path, Any], list[ChannelRecord]]


def database_reader(document: Any) -> Reader | None:
    """Give what reads this document; None if it is no database of the predecessor."""
    if is_flat(document):
        return read_flat
    if not isinstance(document, dict):
        return None
    mapping = cast("dict[Any, Any]", document)
    if is_hierarchical(mapping):
        return read_hierarchical
    return read_middle_layer if is_middle_layer(mapping) else None
