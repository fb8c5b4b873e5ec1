"""The go-ahead: an approval that lets a plan, a step or code that reads begin is used up, once.

What begins is what stands in the approved document, also when a turn that died after that goes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from osprey.approval import current_actor
from osprey.approval.executing import grant_approved
from osprey.base import StepResult, StepStatus
from osprey.errors import RefusedError
from osprey.journal import RequestState, journal_of
from osprey.journal.requests.steps import judge_document
from osprey.services.python_executor.applying.saying_no import SAID_NO, no_of

if TYPE_CHECKING:
    from osprey.base import ApprovalNeeded
    from osprey.journal import RequestRow
    from osprey.project import Project


async def go_ahead(project: Project, needed: ApprovalNeeded, ending: str) -> RequestRow | StepResult:
    """Use up the approval and give the request; or what a person, the time, or a rule that may pass says instead.

    :param ending: what to say of the work if somebody said no.
    :raises RefusedError: a rule says no for good, or the document is not the one that was approved.
    """
    row = await journal_of(project).requests.get(needed.request_id)
    if row.state is RequestState.DONE:
        if (changed := judge_document(row, needed.sha256, is_whole=True)) is not None:
            raise RefusedError(changed.message, rule=changed.rule)
        return row
    if row.state in SAID_NO:
        return StepResult(status=StepStatus.REFUSED, text=no_of(row, ending))
    try:
        return await grant_approved(project, row.id, needed.sha256, current_actor())
    except RefusedError as exc:
        if not may_pass(exc.rule):
            raise
        return StepResult(status=StepStatus.WAITING, text=str(exc))


def may_pass(rule: str) -> bool:
    """Say whether a refusal may pass while the approval stands: a halt is released, a clock set right."""
    return rule.startswith("ledger.") or rule == "approval.clock"
