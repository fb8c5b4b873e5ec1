"""The extension points by name. What their hooks yield is in `kinds`, which costs more to import."""

from __future__ import annotations

from typing import Final

HOOK_PREFIX: Final = "osprey_"
WRITE_POLICIES: Final = "write_policies"

UNCONSUMED: Final = frozenset({"deployers", "providers"})
"""Points that are declared from the start and that no part of this release asks yet."""


def noun(point: str) -> str:
    """Name one entry of `point` in a sentence: `write_policies` -> `write policy`."""
    words = point.replace("_", " ")
    return words[:-3] + "y" if words.endswith("ies") else words.removesuffix("s")
