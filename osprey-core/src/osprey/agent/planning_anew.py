"""Another plan after a step that failed, where its error says that this may help and nothing was asked for or done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from osprey.agent.gates import wants_plan_approved
from osprey.agent.state import TurnState, TurnStatus
from osprey.agent.stepping import may_have_changed
from osprey.base import ErrorSeverity

if TYPE_CHECKING:
    from osprey.project import Project

_HELPED_BY_PLANS: Final = (ErrorSeverity.REPLANNING, ErrorSeverity.RECLASSIFICATION)


def or_anew(project: Project, state: TurnState, changed: TurnState) -> TurnState:
    """Give what changes when steps have ended; where another plan may help, it is made instead of ending the turn.

    Only a model plans otherwise than before, at most `max_planning_attempts` times in all. A plan that a person has
    approved is not exchanged, and neither is one of which a step may have changed something: it would be done again.
    """
    results = changed.get("results", [])
    failed = next((one for one in reversed(results) if one["status"] == TurnStatus.FAILED), None)
    if changed.get("status") != TurnStatus.FAILED or failed is None or failed.get("severity") not in _HELPED_BY_PLANS:
        return changed
    is_last = state.get("replans", 0) + 1 >= project.config.turn_limits.max_planning_attempts
    if is_last or not state.get("is_by_model") or wants_plan_approved(project, state):
        return changed
    if may_have_changed(project, state, ended=len(results)):
        return changed
    return {**changed, "status": "", "replan": str(failed["text"]), "replans": state.get("replans", 0) + 1}
