"""What is shown of data that lie in a file: how many, the first and last, least, mean and largest. Bounded always."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Final, cast

_MOST_BYTES: Final = 2048
_LONGEST_TEXT: Final = 120
_ENTRIES: Final = (12, 6, 3, 1, 0)
"""How many entries of a mapping or a list are tried, until the preview is small enough."""
_DEEPEST: Final = 4


def preview_of(value: Mapping[str, Any]) -> dict[str, Any]:
    """Reduce the fields of a context to what fits into a turn's state."""
    for entries in _ENTRIES:
        shown = cast("dict[str, Any]", _shown(value, entries, 0))
        if len(json.dumps(shown)) <= _MOST_BYTES:
            return shown
    return {"fields": len(value)}


def column_preview(values: list[Any]) -> dict[str, Any]:
    """Sum up a column of numbers, among which None stands for what was no number."""
    numbers = [value for value in values if value is not None]
    preview: dict[str, Any] = {"count": len(values), "first": values[0], "last": values[-1]}
    if len(numbers) < len(values):
        preview["missing"] = len(values) - len(numbers)
    if numbers:
        preview |= {"min": min(numbers), "mean": _mean(numbers), "max": max(numbers)}
    return preview


def _mean(numbers: list[float]) -> float | None:
    try:
        mean = math.fsum(numbers) / len(numbers)
    except OverflowError:  # the sum of the largest numbers is none
        return None
    return mean if math.isfinite(mean) else None


def _shown(value: Any, entries: int, depth: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= _LONGEST_TEXT else f"{value[:_LONGEST_TEXT]}..."
    if isinstance(value, Mapping):
        mapping = cast("Mapping[str, Any]", value)
        if depth >= _DEEPEST:
            return {"entries": len(mapping)}
        # The fields of the context itself are few, and each has its place.
        most = max(entries, 8) if depth == 0 else entries
        shown = {key[:_LONGEST_TEXT]: _shown(one, entries, depth + 1) for key, one in list(mapping.items())[:most]}
        return shown if len(mapping) <= most else {**shown, "...": f"{len(mapping) - most} more"}
    if isinstance(value, list):
        return _list(cast("list[Any]", value), entries, depth)
    return value


def _list(values: list[Any], entries: int, depth: int) -> Any:
    if len(values) > 4 and all(_is_number(value) for value in values):
        return column_preview(values)
    if depth >= _DEEPEST:
        return {"count": len(values)}
    shown = [_shown(value, entries, depth + 1) for value in values[:entries]]
    return shown if len(values) <= entries else {"count": len(values), "first": shown}


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
