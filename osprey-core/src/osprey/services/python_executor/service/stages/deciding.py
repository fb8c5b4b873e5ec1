"""Stage approval: what a person has decided is read from the journal, whatever the answer said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osprey.base import StepResult, StepStatus
from osprey.errors import RefusedError
from osprey.journal import RequestState, journal_of
from osprey.services.python_executor.applying.go_ahead import go_ahead
from osprey.services.python_executor.service.asking import KIND, asked_state, needed_of
from osprey.services.python_executor.service.endings import About, RunEnd
from osprey.services.python_executor.service.stages.retrying import end_as
from osprey.services.python_executor.service.state import AskedState, Change, ServiceState

if TYPE_CHECKING:
    from osprey.project import Project

_ENDING = "The code was not run."


async def decide(project: Project, state: ServiceState) -> Change:
    """Go on with what was decided; an edited request is waited for instead."""
    asked = state["asked"]
    if asked is None:
        return {}
    requests = journal_of(project).requests
    row = await requests.get(asked["request_id"])
    if row.state is RequestState.SUPERSEDED and (successor := await requests.successor(row.id)) is not None:
        about, memo = About(asked["about"]), asked["memo"]
        return {
            "asked": asked_state(project, successor, about, memo=memo, said=asked["said"]),
            "held_by": "",
            "waits": True,
        }
    if About(asked["about"]) is About.CODE:
        return await _begin_code(project, asked)
    return {"held_by": "", "waits": False}


async def _begin_code(project: Project, asked: AskedState) -> Change:
    """Run the code of the approved document, and no other."""
    from osprey.approval.kinds.document import read_content

    try:
        row = await go_ahead(project, needed_of(asked), _ENDING)
    except RefusedError as exc:
        return {"asked": None, "end": end_as(RunEnd.REFUSED, str(exc), rule=exc.rule)}
    if isinstance(row, StepResult):
        if row.status is StepStatus.WAITING:
            return {"held_by": row.text, "waits": True}
        return {"asked": None, "end": end_as(RunEnd.REJECTED, row.text, request_id=asked["request_id"])}
    code = str(read_content(KIND, row.document)["code"])
    return {"asked": None, "held_by": "", "waits": False, "code": code, "is_code_agreed": True}
