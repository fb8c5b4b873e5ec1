"""What `results` was expected to have, and what it lacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast


def missing_results(expected: Mapping[str, Any], results: Any) -> list[str]:
    """Give the expected keys that `results` does not have."""
    there: Mapping[str, Any] = cast("Mapping[str, Any]", results) if isinstance(results, Mapping) else {}
    return [key for key in expected if key not in there]


def tell_missing(expected: Mapping[str, Any], missing: Sequence[str]) -> str:
    """Say what is missing, and what it should have been."""
    named = ", ".join(f"{key!r} ({expected[key]})" for key in missing)
    return f"`results` lacks {named}: set every key that was asked for"
