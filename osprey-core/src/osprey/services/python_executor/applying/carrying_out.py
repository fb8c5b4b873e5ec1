"""After the decision: carry out through the guard, and put what became of it into a step's result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from osprey.approval import current_actor
from osprey.approval.notices import tell_outcome
from osprey.base import ApprovalNeeded, StepResult, StepStatus
from osprey.control import ApplyReport, ApplyRequest, Outcome, guard_of
from osprey.control.wire import from_wire
from osprey.control.wording import format_report
from osprey.journal import RequestState, journal_of
from osprey.journal.values import CONCLUSIONS
from osprey.services.python_executor.applying.go_ahead import may_pass
from osprey.services.python_executor.applying.saying_no import SAID_NO, no_of

if TYPE_CHECKING:
    from osprey.project import Project

_OVER = (*CONCLUSIONS, RequestState.WITHDRAWN)
_STATUS = {
    "done": StepStatus.DONE,
    "approved": StepStatus.WAITING,
    "refused": StepStatus.REFUSED,
    RequestState.REJECTED.value: StepStatus.REFUSED,
    RequestState.EXPIRED.value: StepStatus.REFUSED,
    RequestState.WITHDRAWN.value: StepStatus.REFUSED,
    RequestState.SUPERSEDED.value: StepStatus.REFUSED,
}


async def carry_out(project: Project, needed: ApprovalNeeded) -> ApplyReport:
    """Have the guard do what was approved, or tell what already became of it. Never does it twice."""
    row = await journal_of(project).requests.get(needed.request_id)
    if row.state is RequestState.APPROVED:
        request = ApplyRequest(request_id=row.id, sha256=needed.sha256, actor=current_actor())
        report = await _settled(project, await guard_of(project).apply(request))
        await tell_outcome(project, row.id, _OVER)
        return report
    if row.state in SAID_NO:
        return ApplyReport(request_id=row.id, status=row.state.value, reason=no_of(row))
    if row.report is not None:
        return from_wire(ApplyReport, row.report)
    reason = f"request {row.id} is being carried out by another process; resume this thread later"
    return ApplyReport(request_id=row.id, status="approved", rule="approval.claimed", reason=reason)


async def _settled(project: Project, report: ApplyReport) -> ApplyReport:
    """Leave no approval behind that nothing would ever carry out.

    What may pass later (a halt is released, a doubt settled, a clock set right) has the turn wait for it. Any other
    refusal is final: the approval is withdrawn, and a new request is needed.
    """
    if report.status != "refused":
        return report
    if may_pass(report.rule):
        return evolve(report, status="approved")
    requests = journal_of(project).requests
    if (await requests.get(report.request_id)).state is RequestState.APPROVED:
        await requests.withdraw(report.request_id, current_actor(), f"refused ({report.rule}): {report.reason}")
    return report


def step_result(report: ApplyReport) -> StepResult:
    """Put a report into a step's result; whatever is not wholly confirmed is not `done`."""
    status = _STATUS.get(report.status, StepStatus.FAILED)
    if not report.items:
        return StepResult(status=status, text=report.reason)
    text = format_report(report)
    if status is StepStatus.FAILED:
        text += "\nWhat was not confirmed needs a new request."
        if any(item.outcome is Outcome.UNCONFIRMED for item in report.items):
            text += " `osprey ledger list` shows every doubt; a channel in doubt is closed until it is settled."
    return StepResult(status=status, text=text)


def is_wholly_confirmed(report: ApplyReport) -> bool:
    """Say if every write of the request was sent once and read back."""
    return bool(report.items) and all(item.outcome is Outcome.CONFIRMED for item in report.items)
