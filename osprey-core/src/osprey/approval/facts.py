"""What the rules, and a person, have to know of a list of writes that the guard has judged."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from osprey.approval.rules import Facts, ItemFacts
from osprey.errors import RefusedError

if TYPE_CHECKING:
    from osprey.control import JudgedItem, Judgement


def facts_of_judgement(judgement: Judgement, kind: str) -> Facts:
    """Give a list of writes as the rules see it; who asks is added by whoever files it."""
    items = tuple(ItemFacts(channel=item.name, share=share_of_range(item)) for item in judgement.items)
    return Facts(kind=kind, target=judgement.target, items=items)


def share_of_range(item: JudgedItem) -> float | None:
    """Give how much of its permitted range a write changes, 0 to 1; None where there is nothing to compare with."""
    low, high = item.bounds.low, item.bounds.high
    if low is None or high is None or high <= low:
        return None
    if not isinstance(item.value, int | float) or not isinstance(item.before, int | float):
        return None
    share = abs(item.value - item.before) / (high - low)
    # A NaN among them would win every `max` and hide a large change behind "not a number".
    return share if math.isfinite(share) else None


def require_allowed(judgement: Judgement) -> None:
    """Go on only if the guard allowed everything.

    :raises RefusedError: with every refused item, its reason and its rule.
    """
    refused = [item for item in judgement.items if not item.is_allowed]
    if judgement.is_allowed or not refused:
        return
    reasons = "\n".join(f"  {_reason(item)} [{item.rule}]" for item in refused)
    message = f"refused, nothing was written: {len(refused)} of {len(judgement.items)} writes\n{reasons}"
    raise RefusedError(message, rule=refused[0].rule)


def _reason(item: JudgedItem) -> str:
    """Give the reason with the channel it is about; the guard's own sentences name it already."""
    return item.reason if item.channel in item.reason else f"{item.channel}: {item.reason}"


def alarms_of_judgement(judgement: Judgement) -> dict[str, str]:
    """Give the alarm severity of every channel that is written, as it was when the list was judged."""
    return {item.name: str(item.before_severity) for item in judgement.items if item.before_severity is not None}


def shown_of_judgement(judgement: Judgement) -> dict[str, Any]:
    """Give what is shown beside the hashed list: what things are called, and their limits."""
    return {
        "target": judgement.target,
        "posture": judgement.posture,
        "simulated": judgement.simulated,
        "items": [_shown_item(item) for item in judgement.items],
    }


def _shown_item(item: JudgedItem) -> dict[str, Any]:
    severity = str(item.before_severity) if item.before_severity else ""
    return {
        "asked": item.channel,
        "description": item.description,
        "low": item.bounds.low,
        "high": item.bounds.high,
        "precision": item.precision,
        "severity": "" if severity == "ok" else severity,
    }
