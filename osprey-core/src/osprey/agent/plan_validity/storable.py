"""What a turn's state can hold: JSON has numbers, texts and depths that no store takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

_DEEPEST: Final = 32
"""Lists and objects within each other; what no parameter comes near, and every reader of the state can follow."""
_WHOLE: Final = 2**63
"""Whole numbers are kept in 64 bits."""


def why_not_storable(value: Any) -> str:
    """Say what in a JSON-able value keeps it from being kept; empty: nothing does."""
    left: list[tuple[Any, int]] = [(value, 0)]
    while left:
        one, depth = left.pop()
        if depth > _DEEPEST:
            return f"more than {_DEEPEST} lists and objects stand within each other"
        if isinstance(one, int) and not -_WHOLE <= one < _WHOLE:
            return "a whole number has more than 64 bits"
        if isinstance(one, str) and not _is_text(one):
            return "a text is no valid Unicode"
        if isinstance(one, Mapping):
            entries = cast("Mapping[Any, Any]", one)
            left += [(part, depth + 1) for pair in entries.items() for part in pair]
        elif isinstance(one, list | tuple):
            left += [(part, depth + 1) for part in cast("list[Any]", one)]
    return ""


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return True
