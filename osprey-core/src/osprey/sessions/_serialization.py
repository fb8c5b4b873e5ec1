"""Values of this room as JSON text and back; a key that a later version has added is left out."""

from __future__ import annotations

import json
from typing import Any, TypeVar

import cattrs

T = TypeVar("T")
_CONVERTER = cattrs.Converter()


def to_text(value: object) -> str:
    """Give a value as compact JSON; a number that is none, which a plan may hold until it is refused, has a word too.

    :raises TypeError: something in it is not JSON.
    """
    return json.dumps(_CONVERTER.unstructure(value), ensure_ascii=False, separators=(",", ":"))


def from_text(text: str, kind: type[T]) -> T:
    """Read a value back."""
    return _CONVERTER.structure(json.loads(text), kind)


def mapping_from(text: str) -> dict[str, Any]:
    """Read a JSON object."""
    return json.loads(text)
