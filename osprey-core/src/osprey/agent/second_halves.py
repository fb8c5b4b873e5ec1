"""The node that goes on after a decision: with the plan, with a step, or with its effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osprey.agent._serialization import to_plain
from osprey.agent.events import ApprovalSettled
from osprey.agent.first_halves import gate_step, prepare_step
from osprey.agent.gates import approved_plan, approved_step
from osprey.agent.plan_approval.files import write_plan_file
from osprey.agent.plan_approval.kind import PLAN
from osprey.agent.reacting.gates import approved_reactive_step
from osprey.agent.state import PendingRequest, Stage, TurnState
from osprey.agent.stepping import FINAL, capability_of, finished, step_of
from osprey.agent.telling import span, tell
from osprey.agent.trying import failure
from osprey.agent.waiting import held, wait_for, without_warning
from osprey.base import ApprovalNeeded, ExecutionPlan, PlannedStep, StepResult, StepStatus
from osprey.errors import OspreyError, RefusedError
from osprey.journal import RequestRow, RequestState, journal_of

if TYPE_CHECKING:
    from osprey.project import Project


async def conclude_pending(project: Project, state: TurnState) -> TurnState:
    """Go on with what was decided: the plan, the step, or its effect; an edited request is waited for instead."""
    pending = state.get("pending")
    if pending is None:
        return {}
    row = await journal_of(project).requests.get(pending["request_id"])
    if row.state is RequestState.SUPERSEDED and (successor := await _successor(project, row)) is not None:
        return {"pending": {**pending, "request_id": successor.id, "sha256": successor.sha256}}
    tell(ApprovalSettled(request_id=row.id, state=row.state.value))
    needed = ApprovalNeeded(request_id=pending["request_id"], sha256=pending["sha256"], memo=pending["memo"])
    match Stage(pending["stage"]):
        case Stage.PLAN:
            return await _begin(project, state, pending, needed)
        case Stage.STEP:
            return await _begin_step(project, state, pending, needed)
        case Stage.REACTIVE_STEP:
            return await _begin_reactive(project, state, pending, needed)
        case Stage.EFFECT:
            return await _effect(project, state, pending, needed)


async def _successor(project: Project, row: RequestRow) -> RequestRow | None:
    """Give the request that an edit has put in the place of this one."""
    successor = await journal_of(project).requests.successor(row.id)
    if successor is not None and successor.kind == PLAN:
        write_plan_file(project, successor)
    return successor


async def _begin(project: Project, state: TurnState, pending: PendingRequest, needed: ApprovalNeeded) -> TurnState:
    try:
        plan = await approved_plan(project, needed)
    except OspreyError as exc:
        plan = failure(exc)
    if isinstance(plan, ExecutionPlan):
        return {"plan": to_plain(plan), "pending": None}
    if plan.status is StepStatus.WAITING:
        return held(state, pending, plan.text)
    warnings = [*state.get("warnings", []), *plan.warnings]
    return {"pending": None, "status": FINAL[plan.status].value, "answer": plan.text, "warnings": warnings}


async def _begin_step(project: Project, state: TurnState, pending: PendingRequest, needed: ApprovalNeeded) -> TurnState:
    try:
        step = await approved_step(project, needed)
    except OspreyError as exc:
        step = failure(exc)
    if isinstance(step, PlannedStep):
        return await prepare_step(project, state, step)
    return held(state, pending, step.text) if step.status is StepStatus.WAITING else finished(state, step)


async def _begin_reactive(
    project: Project, state: TurnState, pending: PendingRequest, needed: ApprovalNeeded
) -> TurnState:
    """Go on with the step as it was approved, which a person may have edited."""
    try:
        step = await approved_reactive_step(project, needed)
    except OspreyError as exc:
        step = failure(exc)
    if isinstance(step, StepResult):
        return held(state, pending, step.text) if step.status is StepStatus.WAITING else finished(state, step)
    plan, cursor = state.get("plan", {}), state.get("cursor", 0)
    steps = [*plan["steps"][:cursor], to_plain(step), *plan["steps"][cursor + 1 :]]
    agreed: TurnState = {"plan": {**plan, "steps": steps}, "pending": None}
    return {**agreed, **await gate_step(project, {**state, **agreed}, step)}


async def _effect(project: Project, state: TurnState, pending: PendingRequest, needed: ApprovalNeeded) -> TurnState:
    step = step_of(state)
    with span("effect", key=step.context_key, capability=step.capability, request=needed.request_id) as note:
        outcome = await _concluded(project, state, step, needed)
        note.status = "asks" if isinstance(outcome, ApprovalNeeded) else outcome.status.value
    tried = without_warning(state, pending.get("held_by", ""))
    if isinstance(outcome, ApprovalNeeded):
        return wait_for(tried, outcome)
    if outcome.status is StepStatus.WAITING:
        return held(tried, pending, outcome.text)
    return finished(tried, outcome)


async def _concluded(
    project: Project, state: TurnState, step: PlannedStep, needed: ApprovalNeeded
) -> StepResult | ApprovalNeeded:
    try:
        return await capability_of(project, state, step).conclude(needed)
    except RefusedError as exc:
        return failure(exc)
    except OspreyError as exc:
        # Nothing is lost: the request stands as the journal has it, and resuming tries again.
        return StepResult(status=StepStatus.WAITING, text=str(exc))
