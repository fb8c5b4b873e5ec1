"""Risk in a sentence, computed from what a list of writes does, not from what was asked."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from osprey.control import JudgedItem, Judgement

_LARGE_SHARE = 0.25
"""A change of more than a quarter of the permitted range is called large."""


def risk_of(judgement: Judgement) -> str:
    """Say how many channels change, on what, and by how much of their permitted range at the most."""
    channels = {item.name for item in judgement.items}
    machine = "the simulation" if judgement.simulated else f"the machine behind '{judgement.target}'"
    words = [f"changes {len(channels)} channel{'s' if len(channels) != 1 else ''} of {machine}"]
    shares = [share for item in judgement.items if (share := _share_of_range(item)) is not None]
    if shares:
        word = "large: " if max(shares) > _LARGE_SHARE else ""
        words.append(f"{word}by at most {max(shares):.1%} of the permitted range")
    unbounded = sum(_share_of_range(item) is None for item in judgement.items)
    if unbounded:
        words.append(f"{unbounded} without a range to compare with")
    alarmed = sum(str(item.before_severity or "ok") != "ok" for item in judgement.items)
    if alarmed:
        words.append(f"{alarmed} in alarm now")
    return "; ".join(words)


def _share_of_range(item: JudgedItem) -> float | None:
    low, high = item.bounds.low, item.bounds.high
    if low is None or high is None or high <= low:
        return None
    if not isinstance(item.value, int | float) or not isinstance(item.before, int | float):
        return None
    share = abs(item.value - item.before) / (high - low)
    # A NaN among them would win every `max` and hide a large change behind "not a number".
    return share if math.isfinite(share) else None
