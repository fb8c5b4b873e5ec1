"""Steps on their way: which may run at once, how one is tried, and what the turn's state becomes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

import anyio
import cattrs

from osprey.agent._serialization import to_plain
from osprey.agent.events import StepBegan, StepEnded
from osprey.agent.gates import is_gated
from osprey.agent.reacting.exchange import is_reactive
from osprey.agent.state import TurnState, TurnStatus
from osprey.agent.taking_back import without_requests
from osprey.agent.telling import span, tell
from osprey.agent.trying import try_step
from osprey.base import (
    ApprovalNeeded,
    BaseCapability,
    ErrorSeverity,
    ExecutionPlan,
    PlannedStep,
    StepResult,
    StepStatus,
)

if TYPE_CHECKING:
    from osprey.project import Project

FINAL: Final = {
    StepStatus.REFUSED: TurnStatus.REFUSED,
    StepStatus.FAILED: TurnStatus.FAILED,
}
_ENDING: Final = frozenset({ErrorSeverity.CRITICAL, ErrorSeverity.FATAL})
_AT_ONCE: Final = 8
"""Steps; each may hold a connection to the target."""


def step_of(state: TurnState) -> PlannedStep:
    """Give the step that is next."""
    return _plan_of(state).steps[state.get("cursor", 0)]


def capability_of(project: Project, state: TurnState, step: PlannedStep) -> BaseCapability:
    """Give the capability of a step, bound to it."""
    implementation: type[BaseCapability] = project.registry.resolve("capabilities", step.capability)
    return implementation(project, cast("Mapping[str, Any]", state), step)


def steps_at_once(project: Project, state: TurnState) -> tuple[PlannedStep, ...]:
    """Give the steps that are next and may run at once: of one that may change something, it alone.

    The order of a plan means something where a step has an effect, and what stands behind a write reads the machine
    after it. So only neighbours run at once whose capabilities say that they may, none of which needs another's result.
    """
    rest = _plan_of(state).steps[state.get("cursor", 0) :]
    group: list[PlannedStep] = []
    for step in rest[:_AT_ONCE]:
        needed = {key for named in step.inputs for key in named.values()}
        is_ready = needed.isdisjoint(one.context_key for one in group)
        if not is_ready or (group and not _may_share(project, state, step)):
            break
        group.append(step)
        if len(group) == 1 and not _may_share(project, state, step):
            break
    return tuple(group)


def _may_share(project: Project, state: TurnState, step: PlannedStep) -> bool:
    implementation: type[BaseCapability] = project.registry.resolve("capabilities", step.capability)
    return implementation.is_independent and not is_gated(project, state, implementation, step.capability)


def may_change(project: Project, capability: str) -> bool:
    """Say whether a step of a capability may leave an effect behind, as far as its class tells."""
    implementation: type[BaseCapability] = project.registry.resolve("capabilities", capability)
    return implementation.asks_by_itself or implementation.conclude is not BaseCapability.conclude


def may_have_changed(project: Project, state: TurnState, *, ended: int) -> bool:
    """Say whether one of the first `ended` steps of a turn may have left an effect behind."""
    steps: list[dict[str, Any]] = state.get("plan", {}).get("steps", [])
    return any(may_change(project, str(step["capability"])) for step in steps[:ended])


async def run_at_once(
    project: Project, state: TurnState, steps: Sequence[PlannedStep], *, left_s: float
) -> list[StepResult]:
    """Run steps without an effect side by side; give their results in the order of the plan."""
    results: dict[str, StepResult] = {}

    async def run(step: PlannedStep) -> None:
        capability = capability_of(project, state, step)
        outcome = await first_half(project, capability, step, left_s=left_s)
        if isinstance(outcome, ApprovalNeeded):
            msg = (
                f"capability '{step.capability}' asked for an approval, but declares no second half that carries it out"
            )
            wrong = StepResult(status=StepStatus.FAILED, text=msg)
            outcome = await without_requests(project, capability, wrong)
        results[step.context_key] = outcome

    async with anyio.create_task_group() as tasks:
        for step in steps:
            tasks.start_soon(run, step)
    return [results[step.context_key] for step in steps]


async def first_half(
    project: Project, capability: BaseCapability, step: PlannedStep, *, left_s: float
) -> StepResult | ApprovalNeeded:
    """Run the half of a step that changes nothing; what is expected to go wrong becomes its result.

    :param left_s: how long the turn may still work.
    """
    tell(StepBegan(key=step.context_key, capability=step.capability, objective=step.task_objective))
    with span("step", key=step.context_key, capability=step.capability) as note:
        outcome = await try_step(project, capability, left_s=left_s)
        if isinstance(outcome, StepResult):
            outcome = await without_requests(project, capability, outcome)
        note.status = "asks" if isinstance(outcome, ApprovalNeeded) else outcome.status.value
    tell(StepEnded(key=step.context_key, capability=step.capability, status=note.status))
    return outcome


def finished(state: TurnState, *outcomes: StepResult) -> TurnState:
    """Give what changes in the turn's state when its next steps have ended so."""
    steps: list[dict[str, Any]] = state.get("plan", {}).get("steps", [])
    cursor = state.get("cursor", 0)
    keys = [str(step["context_key"]) for step in steps[cursor : cursor + len(outcomes)]]
    left = {key: to_plain(outcome.context) for key, outcome in zip(keys, outcomes, strict=True)}
    changed: TurnState = {
        "pending": None,
        "cursor": cursor + len(outcomes),
        "contexts": {**state.get("contexts", {}), **left},
        "results": [*state.get("results", []), *map(to_plain, outcomes)],
        "warnings": [*state.get("warnings", []), *(told for outcome in outcomes for told in outcome.warnings)],
    }
    ended = next((FINAL[outcome.status] for outcome in outcomes if outcome.status in FINAL), None)
    if is_reactive(state):
        return {**changed, **_after_reactive(state, outcomes, steps[: cursor + len(outcomes)])}
    if ended is not None:
        changed["status"] = ended.value
    elif cursor + len(outcomes) == len(steps):
        changed["status"] = TurnStatus.DONE.value
    return changed


def _after_reactive(state: TurnState, outcomes: Sequence[StepResult], steps: list[dict[str, Any]]) -> TurnState:
    """Give how a turn goes on that is planned as it goes: after a failure without what was planned behind it.

    :param steps: those that have ended.
    """
    statuses = {outcome.status for outcome in outcomes}
    if StepStatus.REFUSED in statuses:
        return {"status": TurnStatus.REFUSED.value}
    if any(outcome.status is StepStatus.FAILED and outcome.severity in _ENDING for outcome in outcomes):
        return {"status": TurnStatus.FAILED.value}
    if StepStatus.FAILED in statuses:
        return {"plan": {**state.get("plan", {}), "steps": steps}}
    return {}


def _plan_of(state: TurnState) -> ExecutionPlan:
    return cattrs.structure(state.get("plan", {}), ExecutionPlan)
