"""The documents of requests that carry no list of writes: a kind and its content, canonical, read back strictly."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, cast

from osprey.control.payload import canonical_json
from osprey.errors import RefusedError

SCHEMA_VERSION: Final = 1


def write_content(kind: str, content: Mapping[str, Any]) -> str:
    """Give the document of a request: what is hashed, approved, and read back by whoever carries it out."""
    return canonical_json({"schema": SCHEMA_VERSION, "kind": kind, "content": dict(content)})


def read_content(kind: str, document: str) -> dict[str, Any]:
    """Give the content back.

    :raises RefusedError: it is not canonical, of another version, or of another kind.
    """
    try:
        return _content(kind, document)
    except (ValueError, TypeError, RecursionError) as exc:
        msg = f"the document is not understood: {exc}; make a new request with this version of Osprey"
        raise RefusedError(msg, rule="payload.not_understood") from exc


def _content(kind: str, document: str) -> dict[str, Any]:
    parsed: Any = json.loads(document)
    if not isinstance(parsed, dict) or canonical_json(cast("dict[str, Any]", parsed)) != document:
        raise ValueError("it is not in canonical form")
    found = cast("dict[str, Any]", parsed)
    if set(found) != {"schema", "kind", "content"} or found["schema"] != SCHEMA_VERSION:
        raise ValueError(f"it is not of schema version {SCHEMA_VERSION}")
    if found["kind"] != kind or not isinstance(found["content"], dict):
        raise ValueError(f"it is of kind {found['kind']!r}, not {kind!r}")
    return cast("dict[str, Any]", found["content"])
