"""Gates: where a plan, or a step that has no request of its own, waits for a person before it begins.

What goes on after the decision is what stands in the approved document, not what the state or a file says. A decision
lets it begin once; whatever it then writes is asked for by itself.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from osprey.agent._serialization import to_plain
from osprey.agent.plan_approval.files import discard_plan_file, write_plan_file
from osprey.agent.plan_approval.kind import PLAN, plan_document, plan_facts, plan_risk
from osprey.agent.plan_approval.validation import read_plan, require_valid
from osprey.agent.thread_approval import approval_in
from osprey.approval import Draft, Facts, current_actor, file_request
from osprey.approval.asking import asks, kind_of
from osprey.approval.kinds.document import read_content, write_content
from osprey.base import ApprovalNeeded, ExecutionPlan, PlannedStep, StepResult
from osprey.control import targets_of
from osprey.errors import ConnectorError
from osprey.journal import journal_of
from osprey.services.python_executor.applying.go_ahead import go_ahead

if TYPE_CHECKING:
    from osprey.agent.state import TurnState
    from osprey.base import BaseCapability
    from osprey.project import Project

_STEP_FIELDS: Final = ("context_key", "capability", "task_objective", "success_criteria", "expected_output")
_ENDING: Final = "Nothing of it was done."


def wants_plan_approved(project: Project, state: TurnState) -> bool:
    """Say whether this turn's plan waits for a person: in planning mode, or where a policy names plans."""
    return bool(state.get("planning_mode")) or names_kind(project, PLAN)


def names_kind(project: Project, kind: str) -> bool:
    """Say whether a policy of the configuration names a kind of request."""
    policies = project.config.approval.policies.values()
    return any(fnmatchcase(kind, pattern) for policy in policies for pattern in policy.kinds)


async def file_plan(project: Project, state: TurnState, plan: ExecutionPlan) -> ApprovalNeeded:
    """File a request for a plan, and write its file for a person to read and edit.

    :raises UsageError: the plan cannot run. :raises RefusedError: a policy denies such plans.
    """
    require_valid(plan, project.registry)
    target, question = str(state.get("target", "")), str(state.get("user_query", ""))
    draft = Draft(
        document=plan_document(plan, question=question, target=target),
        title=f"Plan: {question}",
        thread=str(state.get("thread", "")),
        risk=plan_risk(plan),
        actor=current_actor(),
        facts=plan_facts(plan, target),
        key=f"{state.get('thread')}/{state.get('turn')}/plan",
        shown={
            "question": question,
            "target": target,
            "simulated": await is_simulated(project, target),
            "assumptions": list(plan.assumptions),
        },
    )
    row = await file_request(project, draft)
    path = write_plan_file(project, row)
    said = f"The plan of request {row.id} can be read and edited in {path} (osprey plans edit {row.id})"
    return ApprovalNeeded(request_id=row.id, sha256=row.sha256, said=said)


async def approved_plan(project: Project, needed: ApprovalNeeded) -> ExecutionPlan | StepResult:
    """Give the plan that was approved, from its document; or what a person, a rule or the time said instead.

    :raises RefusedError: a rule says no now; the plan does not begin.
    """
    row = await go_ahead(project, needed, _ENDING)
    warning = discard_plan_file(project, await journal_of(project).requests.get(needed.request_id))
    if isinstance(row, StepResult):
        return StepResult(status=row.status, text=row.text, warnings=(warning,) if warning else ())
    return read_plan(read_content(row.kind, row.document)["plan"])


async def file_step(
    project: Project, state: TurnState, capability: BaseCapability, step: PlannedStep
) -> ApprovalNeeded | None:
    """File a request for a step that the configuration wants approved; None if it asks for nothing."""
    if not is_gated(project, state, capability, step.capability):
        return None
    kind = kind_of(step.capability)
    content: dict[str, Any] = {
        **{name: getattr(step, name) for name in _STEP_FIELDS},
        "parameters": to_plain(dict(step.parameters)),
        "inputs": [dict(named) for named in step.inputs],
        "target": capability.target,
        "question": capability.question,
    }
    draft = Draft(
        document=write_content(kind, content),
        title=step.task_objective,
        thread=capability.thread,
        risk=f"runs capability {step.capability} once; whatever it would write is asked for by itself",
        actor=current_actor(),
        facts=Facts(kind=kind, target=capability.target),
        key=f"{capability.request_key}/step",
        shown={
            "question": capability.question,
            "target": capability.target,
            "simulated": await is_simulated(project, capability.target),
            "assumptions": capability.assumptions,
        },
    )
    row = await file_request(project, draft)
    return ApprovalNeeded(request_id=row.id, sha256=row.sha256)


def is_gated(project: Project, state: TurnState, capability: BaseCapability | type[BaseCapability], name: str) -> bool:
    """Say whether a step waits for a person before its first half, because it does not ask by itself."""
    return not capability.asks_by_itself and asks(approval_in(project, state), name).is_asked


async def approved_step(project: Project, needed: ApprovalNeeded) -> PlannedStep | StepResult:
    """Give the step that was approved, from its document; or what was said instead.

    :raises RefusedError: a rule says no now; the step does not begin.
    """
    row = await go_ahead(project, needed, _ENDING)
    if isinstance(row, StepResult):
        return row
    content = read_content(row.kind, row.document)
    fields = {name: str(content[name]) for name in _STEP_FIELDS}
    return PlannedStep(**fields, parameters=content["parameters"], inputs=tuple(content["inputs"]))


async def is_simulated(project: Project, target: str) -> bool:
    """Say whether what is asked about can reach no real machine; where that cannot be told now, it may."""
    try:
        return (await targets_of(project).get(target)).simulated
    except ConnectorError:
        return False
