"""Remembered decisions: what one covers is read from its scope, and a request has to lie within it item by item."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from osprey.approval.rules import Facts
from osprey.control import Actor
from osprey.control.payload import read_document
from osprey.errors import RefusedError
from osprey.journal import NewRemembered, RememberedRow, RequestRow, Voter, journal_of

if TYPE_CHECKING:
    from osprey.approval.people import Identity
    from osprey.project import Project


@frozen(kw_only=True)
class Wish:
    """What a person wants to be remembered, when they approve."""

    uses: int
    lasts_s: float
    ranges: Mapping[str, tuple[float, float]] = field(factory=dict[str, "tuple[float, float]"])
    """By channel, the values that are covered; without an entry exactly those that are approved now."""


def remembered_of(row: RequestRow, identity: Identity, wish: Wish) -> NewRemembered:
    """Give the remembered decision that a wish makes, within what the rules allow.

    :raises RefusedError: ``approval.not_remembered``: the rules do not allow it, or not so much.
    """
    needs = row.needs
    if not needs.remember_uses:
        msg = f"no policy lets a decision on request {row.id} be remembered (approval.policies.<name>.remember_uses)"
        raise RefusedError(msg, rule="approval.not_remembered")
    if not (1 <= wish.uses <= needs.remember_uses and 0 < wish.lasts_s <= needs.remember_for_s):
        msg = f"1 to {needs.remember_uses} uses in {needs.remember_for_s:g} s may be remembered of request {row.id}"
        raise RefusedError(msg, rule="approval.not_remembered")
    voter = identity.voter
    return NewRemembered(
        person=voter.person,
        roles=voter.roles,
        is_authenticated=voter.is_authenticated,
        target=str(row.presentation.get("target", "")),
        scope=_scope(row, wish),
        max_uses=wish.uses,
        ends_ns=time.time_ns() + int(wish.lasts_s * 1e9),
    )


def _scope(row: RequestRow, wish: Wish) -> dict[str, Any]:
    """Give the channels and their ranges; what carries no writes covers exactly its own document."""
    if not row.presentation.get("items"):
        return {"sha256": row.sha256}
    channels: dict[str, list[float]] = {}
    shown = {item["asked"]: item for item in row.presentation["items"]}
    for item in (item for group in read_document(row.document).groups for item in group):
        if isinstance(item.value, bool) or not isinstance(item.value, int | float):
            msg = f"{item.channel} takes no number, and only numbers have a range that could be remembered"
            raise RefusedError(msg, rule="approval.not_remembered")
        low, high = wish.ranges.get(item.channel, (item.value, item.value))
        if not (math.isfinite(high - low) and low <= item.value <= high):
            msg = f"the range {low:g} to {high:g} of {item.channel} does not hold {item.value:g}, which is approved now"
            raise RefusedError(msg, rule="approval.not_remembered")
        seen = channels.get(item.channel, [low, high])
        channels[item.channel] = [min(seen[0], low), max(seen[1], high)]
    unknown = [name for name in wish.ranges if name not in channels]
    if unknown:
        msg = f"{unknown[0]} is not written by request {row.id}: {', '.join(sorted(shown))}"
        raise RefusedError(msg, rule="approval.not_remembered")
    return {"channels": channels}


async def use_remembered(project: Project, row: RequestRow, facts: Facts) -> RequestRow | None:
    """Approve a request by a remembered decision that covers all of it; None if there is none.

    The rules that made the request's needs decide first: what they do not let be remembered is never covered.
    """
    if not row.needs.remember_uses:
        return None
    journal, now_ns = journal_of(project), time.time_ns()
    for remembered in await journal.remembered.list():
        if not remembered.is_live(now_ns) or not _covers(remembered, row, facts):
            continue
        voter = Voter(
            person=remembered.person,
            roles=remembered.roles,
            method="remembered",
            is_authenticated=remembered.is_authenticated,
            remembered=remembered.id,
        )
        actor = Actor(subject=f"remembered:{remembered.id}")
        try:
            return await journal.requests.approve(row.id, row.sha256, actor, voter=voter)
        except RefusedError:
            continue  # used up or revoked meanwhile; its refusal stands in the audit, and a person is asked
    return None


def _covers(remembered: RememberedRow, row: RequestRow, facts: Facts) -> bool:
    if (remembered.kind, remembered.requester) != (row.kind, row.requester) or remembered.target != facts.target:
        return False
    if "sha256" in remembered.scope:
        return bool(remembered.scope["sha256"] == row.sha256)
    ranges: Mapping[str, list[float]] = remembered.scope.get("channels", {})
    if not facts.items:
        return False
    writes = read_document(row.document)
    if writes.target != remembered.target:
        return False
    items = [item for group in writes.groups for item in group]
    return all(
        item.channel in ranges
        and isinstance(item.value, int | float)
        and not isinstance(item.value, bool)
        and ranges[item.channel][0] <= item.value <= ranges[item.channel][1]
        for item in items
    )
