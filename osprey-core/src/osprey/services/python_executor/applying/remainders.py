"""What was left of a partly applied list: a new request for it, and one report of all parts.

A request is carried out once. If it stopped half-way, what was not sent is judged again on the machine as it is
now and filed as a request of its own, for a person to decide; it is never sent under the old approval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from attrs import evolve

from osprey.approval import current_actor, file_write_request
from osprey.base import ApprovalNeeded, StepResult, StepStatus
from osprey.control import ApplyReport, ItemReport, JudgedItem, JudgeRequest, Outcome, WriteBatch, WriteItem, guard_of
from osprey.control.guard.reports import conclude, summarise
from osprey.control.payload import ApprovedWrites, read_document
from osprey.control.wire import from_wire, to_wire
from osprey.control.wording import format_report
from osprey.errors import ConnectorError, RefusedError
from osprey.journal import journal_of

if TYPE_CHECKING:
    from osprey.project import Project

_MAY_PASS_LATER = frozenset(
    {"name.not_found", "name.unresolved", "target.unreachable", "limits.no_fresh_value", "ledger.halted"}
)
"""Rules that say no because the machine cannot be asked now, not because of what is asked."""

_NEVER_SENT = frozenset({Outcome.UNREQUESTED, Outcome.REFUSED})
"""A group that was refused just before its put (a halt, for example) is left over as those after it are."""


def merged_report(needed: ApprovalNeeded, latest: ApplyReport) -> ApplyReport:
    """Put the reports of the earlier parts and the latest one together, in the order of the first list."""
    parts = [from_wire(ApplyReport, part) for part in needed.memo.get("parts", ())]
    whole, *rest = [*parts, latest]
    for part in rest:
        whole = _continued(whole, part)
    return whole


async def request_remainder(
    project: Project, needed: ApprovalNeeded, report: ApplyReport, latest: ApplyReport, *, shown: Mapping[str, Any]
) -> ApprovalNeeded | StepResult | None:
    """File a request for what was not sent; None if nothing is left or a person has ended it.

    :returns: a waiting result if the machine cannot be asked now: resuming the thread tries again.
    """
    left = [item for item in report.items if item.outcome in _NEVER_SENT]
    if not left or not latest.items:
        return None
    row = await journal_of(project).requests.get(latest.request_id)
    actor = current_actor()
    batch = _batch_of(read_document(row.document), [i for i in latest.items if i.outcome in _NEVER_SENT])
    try:
        judgement = await guard_of(project).judge(JudgeRequest(batch=batch, actor=actor))
    except ConnectorError as exc:
        return _not_now(report, str(exc))
    refused = [item for item in judgement.items if not item.is_allowed]
    if refused and all(item.rule in _MAY_PASS_LATER for item in refused):
        return _not_now(report, refused[0].reason)
    try:
        filed = await file_write_request(
            project,
            judgement,
            kind="channel_write",
            title=f"The rest of: {row.title}",
            thread=row.thread,
            key=f"{row.key}/rest",
            actor=actor,
            supersedes=row.id,
            shown=shown,
        )
    except RefusedError:
        return _not_any_more(report, refused)
    parts = [*needed.memo.get("parts", ()), to_wire(latest)]
    said = f"{format_report(report)}\n{len(left)} writes were not sent; request {filed.id} is for them."
    return ApprovalNeeded(request_id=filed.id, sha256=filed.sha256, memo={**needed.memo, "parts": parts}, said=said)


def _continued(whole: ApplyReport, part: ApplyReport) -> ApplyReport:
    rest = iter(part.items)
    items = tuple(
        evolve(next(rest, item), group=item.group, index=item.index) if item.outcome in _NEVER_SENT else item
        for item in whole.items
    )
    return evolve(
        whole,
        request_id=part.request_id,
        # An approved rest that could not be claimed yet still waits; nothing else of it says how the whole ended.
        status=part.status if part.status == "approved" else conclude(items).value,
        items=items,
        observations=(*whole.observations, *part.observations),
        restore=part.restore,
        rule=part.rule,
        reason=summarise(items) if part.items else part.reason,
    )


def _batch_of(writes: ApprovedWrites, left: Sequence[ItemReport]) -> WriteBatch:
    groups = tuple(
        tuple(_as_written(writes, item) for item in items) for _, items in groupby(left, key=lambda item: item.group)
    )
    return WriteBatch(target=writes.target, groups=groups, observe=writes.observe, settle_s=writes.settle_s)


def _as_written(writes: ApprovedWrites, item: ItemReport) -> WriteItem:
    approved = writes.groups[item.group][item.index]
    return WriteItem(channel=approved.channel, value=approved.value, unit=approved.unit or None, line=approved.line)


def _not_any_more(report: ApplyReport, refused: Sequence[JudgedItem]) -> StepResult:
    """End the step with what was done: the refusal of the rest must not hide it."""
    reasons = "\n".join(f"  {item.channel}: {item.reason} [{item.rule}]" for item in refused)
    text = f"{format_report(report)}\nWhat was not sent is refused now:\n{reasons}"
    return StepResult(status=StepStatus.FAILED, text=text)


def _not_now(report: ApplyReport, reason: str) -> StepResult:
    text = f"{format_report(report)}\nWhat was not sent cannot be requested now: {reason}"
    return StepResult(status=StepStatus.WAITING, text=text)
