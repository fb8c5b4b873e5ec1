"""Values of this room to JSON and back."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

import cattrs

T = TypeVar("T")

_converter = cattrs.Converter()
_converter.register_unstructure_hook(Path, str)
_converter.register_unstructure_hook(StrEnum, lambda value: value.value)
_converter.register_structure_hook(Path, lambda value, _: Path(str(value)))


def to_json(value: object) -> Any:
    """Turn a value of `models` into plain JSON values."""
    return _converter.unstructure(value)


def from_json(kind: type[T], data: Any) -> T:
    """Read a value of `models` back."""
    return _converter.structure(data, kind)
