"""What a turn's state becomes where the turn waits for a person, with the warnings that come and go with that."""

from __future__ import annotations

from typing import Any

from osprey.agent._serialization import to_plain
from osprey.agent.events import ApprovalRequired
from osprey.agent.state import PendingRequest, Stage, TurnState
from osprey.agent.telling import tell
from osprey.base import ApprovalNeeded


def held(state: TurnState, pending: PendingRequest, why: str) -> TurnState:
    """Have the turn wait again for the same request, whose approval stands, and say why."""
    again: PendingRequest = {**pending, "held_by": why}
    return {"pending": again, "warnings": _with(state, why)}


def wait_for(state: TurnState, needed: ApprovalNeeded, stage: Stage = Stage.EFFECT) -> TurnState:
    """Have the turn wait for a request that was filed, and say what the person has to know."""
    memo: dict[str, Any] = to_plain(needed.memo)
    pending: PendingRequest = {
        "stage": stage.value,
        "request_id": needed.request_id,
        "sha256": needed.sha256,
        "memo": memo,
    }
    tell(ApprovalRequired(request_id=needed.request_id))
    return {"pending": pending, "warnings": _with(state, needed.said)}


def _with(state: TurnState, warning: str) -> list[str]:
    """Give the turn's warnings with one more, said once however often the step is tried."""
    told = state.get("warnings", [])
    return told if not warning or warning in told else [*told, warning]


def without_warning(state: TurnState, warning: str) -> TurnState:
    """Give the state without a warning that is over, such as that of a halt which was released."""
    return {**state, "warnings": [told for told in state.get("warnings", []) if told != warning]}
