"""From outcomes to a report: the final state of a request, and the sentence that says what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

from osprey.control.payload import ApprovedWrites
from osprey.control.requests import ApplyReport, ItemReport
from osprey.control.values import Outcome
from osprey.journal import RequestState


class ReportStatus(StrEnum):
    """What a report says where nothing was claimed; otherwise it gives the request's final state."""

    REFUSED = "refused"
    APPROVED = "approved"
    """A check before the claim failed that may pass later: the approval still stands."""


_CHANGED = frozenset({Outcome.CONFIRMED, Outcome.MISMATCH})


def unrequested_items(writes: ApprovedWrites) -> list[ItemReport]:
    """Give the report of a request of which nothing was sent yet."""
    return [
        ItemReport(
            name=item.channel,
            group=number,
            index=place,
            value=item.value,
            before=item.before,
            outcome=Outcome.UNREQUESTED,
        )
        for number, group in enumerate(writes.groups)
        for place, item in enumerate(group)
    ]


def conclude(items: Sequence[ItemReport]) -> RequestState:
    """Give the final state: one doubt makes all of it doubtful; `failed` means nothing was changed."""
    outcomes = {item.outcome for item in items}
    if Outcome.UNCONFIRMED in outcomes:
        return RequestState.IN_DOUBT
    if outcomes == {Outcome.CONFIRMED}:
        return RequestState.DONE
    return RequestState.PARTIAL if outcomes & _CHANGED else RequestState.FAILED


def summarise(items: Sequence[ItemReport]) -> str:
    """Say how many of the writes were confirmed, what became of the others, and why it stopped."""
    counts = Counter(item.outcome for item in items)
    confirmed = counts.pop(Outcome.CONFIRMED, 0)
    words = [f"{confirmed} of {len(items)} confirmed"]
    words += [f"{count} {outcome}" for outcome, count in counts.items()]
    told = next((item for item in items if item.outcome not in (Outcome.CONFIRMED, Outcome.UNREQUESTED)), None)
    reason = f"; {told.name}: {told.reason}" if told and told.reason else ""
    return ", ".join(words) + reason


def not_applied(request_id: str, status: ReportStatus, rule: str, reason: str) -> ApplyReport:
    """Report that nothing was claimed and nothing was sent."""
    return ApplyReport(request_id=request_id, status=status.value, rule=rule, reason=reason)
