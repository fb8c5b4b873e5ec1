"""Risk in a sentence, computed from what a list of writes does, not from what was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osprey.approval.facts import share_of_range

if TYPE_CHECKING:
    from osprey.control import Judgement

_LARGE_SHARE = 0.25
"""A change of more than a quarter of the permitted range is called large."""


def risk_of(judgement: Judgement) -> str:
    """Say how many channels change, on what, and by how much of their permitted range at the most."""
    channels = {item.name for item in judgement.items}
    machine = "the simulation" if judgement.simulated else f"the machine behind '{judgement.target}'"
    words = [f"changes {len(channels)} channel{'s' if len(channels) != 1 else ''} of {machine}"]
    shares = [share for item in judgement.items if (share := share_of_range(item)) is not None]
    if shares:
        word = "large: " if max(shares) > _LARGE_SHARE else ""
        words.append(f"{word}by at most {max(shares):.1%} of the permitted range")
    unbounded = sum(share_of_range(item) is None for item in judgement.items)
    if unbounded:
        words.append(f"{unbounded} without a range to compare with")
    alarmed = sum(str(item.before_severity or "ok") != "ok" for item in judgement.items)
    if alarmed:
        words.append(f"{alarmed} in alarm now")
    return "; ".join(words)
