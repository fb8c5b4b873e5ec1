"""Where each step of a turn that is planned as it goes waits for a person, before anything of it runs.

What goes on after the decision is the step of the approved document. Whatever it then writes is asked for by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cattrs

from osprey.agent.gates import is_simulated, names_kind
from osprey.agent.plan_approval.kind import REACTIVE_STEP, plan_facts, plan_risk, step_document
from osprey.agent.plan_approval.validation import read_plan
from osprey.agent.reacting.exchange import is_reactive
from osprey.approval import Draft, current_actor, file_request
from osprey.approval.kinds.document import read_content
from osprey.base import ApprovalNeeded, ExecutionPlan, PlannedStep, StepResult
from osprey.services.python_executor.applying.go_ahead import go_ahead

if TYPE_CHECKING:
    from osprey.agent.state import TurnState
    from osprey.project import Project

_ENDING = "Nothing of this step was done."


def wants_step_approved(project: Project, state: TurnState) -> bool:
    """Say whether each step waits for a person: in planning mode, or where a policy names such steps."""
    return is_reactive(state) and (bool(state.get("planning_mode")) or names_kind(project, REACTIVE_STEP))


async def file_reactive_step(project: Project, state: TurnState, step: PlannedStep) -> ApprovalNeeded:
    """File a request for the step that is next.

    :raises RefusedError: a policy denies such steps.
    """
    target, question = str(state.get("target", "")), str(state.get("user_query", ""))
    plan = cattrs.structure(state.get("plan", {}), ExecutionPlan)
    number = state.get("cursor", 0) + 1
    alone = ExecutionPlan(steps=(step,))
    draft = Draft(
        document=step_document(step, number=number, plan=plan, question=question, target=target),
        title=f"Step {number}: {step.task_objective}",
        thread=str(state.get("thread", "")),
        risk=plan_risk(alone),
        actor=current_actor(),
        facts=plan_facts(alone, target, kind=REACTIVE_STEP),
        key=f"{state.get('thread')}/{state.get('turn')}/{step.context_key}/reactive",
        shown={
            "question": question,
            "target": target,
            "simulated": await is_simulated(project, target),
            "assumptions": list(plan.assumptions),
        },
    )
    row = await file_request(project, draft)
    return ApprovalNeeded(request_id=row.id, sha256=row.sha256)


async def approved_reactive_step(project: Project, needed: ApprovalNeeded) -> PlannedStep | StepResult:
    """Give the step that was approved, from its document; or what was said instead.

    :raises RefusedError: a rule says no now; the step does not begin.
    """
    row = await go_ahead(project, needed, _ENDING)
    if isinstance(row, StepResult):
        return row
    return read_plan({"steps": [read_content(row.kind, row.document)["step"]]}).steps[0]
