"""The first node of a turn: what is to be done, by a plan or as a model says next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import anyio
import cattrs
from attrs import evolve

from osprey.agent._serialization import to_plain
from osprey.agent.brakes import effect_free
from osprey.agent.events import PlanMade, PlannedItem
from osprey.agent.gates import file_plan, wants_plan_approved
from osprey.agent.planning_desk import plan_turn
from osprey.agent.reacting.turn import Reacted, goes_reactively, react
from osprey.agent.state import Stage, TurnState, TurnStatus
from osprey.agent.telling import span, tell
from osprey.agent.trying import out_of_time
from osprey.agent.turn_time import left_s
from osprey.agent.waiting import wait_for
from osprey.base import ExecutionPlan, PlannedStep
from osprey.config.turns import OrchestrationMode
from osprey.errors import OspreyError, RefusedError

if TYPE_CHECKING:
    from osprey.project import Project

_NO_PLAN: Final[dict[str, Any]] = {"steps": [], "assumptions": []}
"""That of a turn that is planned as it goes, before its first step."""


async def plan_steps(project: Project, state: TurnState) -> TurnState:
    """Read the question and plan the steps, or say what was not understood; a given plan is taken as it is."""
    why_first = ""
    if goes_reactively(state):
        reacted = await _react(project, state)
        if not reacted.plans_first:
            return reacted.changed
        why_first = reacted.plans_first
        state = {**state, **reacted.changed}
    changed = await _plan_first(project, state, why_first)
    return {**changed, "orchestration": OrchestrationMode.PLAN_FIRST.value}


async def _react(project: Project, state: TurnState) -> Reacted:
    """Ask a model what comes next; what was done before stands, whatever comes of it."""
    so_far = state.get("plan", _NO_PLAN)
    begun: TurnState = {
        "plan": so_far,
        "cursor": state.get("cursor", 0),
        "contexts": state.get("contexts", {}),
        "results": state.get("results", []),
    }
    with span("react") as note:
        try:
            with effect_free(), anyio.fail_after(left_s(project, state)):
                reacted = await react(project, state)
        except TimeoutError:
            note.status = "TimeoutError"
            return Reacted(changed={**begun, **_cut_short(state, TurnStatus.FAILED, out_of_time().text)})
        except OspreyError as exc:
            note.status = type(exc).__name__
            return Reacted(changed={**begun, **_cut_short(state, _status_of(exc), str(exc))})
    if added := _steps_in(reacted.changed)[len(so_far["steps"]) :]:
        tell(PlanMade(steps=tuple(map(_item, added))))
    return evolve(reacted, changed={**begun, **reacted.changed})


async def _plan_first(project: Project, state: TurnState, no_model: str) -> TurnState:
    with span("plan") as note:
        try:
            with effect_free(), anyio.fail_after(left_s(project, state)):
                planned = await plan_turn(project, state, no_model=no_model)
        except TimeoutError:
            return {"status": TurnStatus.FAILED.value, "answer": out_of_time().text, "replan": ""}
        except OspreyError as exc:
            note.status = type(exc).__name__
            return {"status": _status_of(exc).value, "answer": str(exc), "replan": ""}
        known: TurnState = {
            "task": planned.task,
            "usage": planned.usage,
            "is_by_model": planned.is_by_model,
            "replan": "",
        }
        if planned.plan is None:
            why = planned.unplanned.value if planned.unplanned else ""
            note.status = why
            return {**known, "status": TurnStatus.FAILED.value, "unplanned": why, "answer": planned.answer}
        note.about["steps"] = len(planned.plan.steps)
    tell(PlanMade(steps=tuple(map(_item, planned.plan.steps))))
    told: TurnState = {**state, "warnings": [*state.get("warnings", []), *planned.warnings]}
    return {**known, "warnings": told.get("warnings", []), **await _planned(project, told, planned.plan)}


async def _planned(project: Project, state: TurnState, plan: ExecutionPlan) -> TurnState:
    """Begin with the plan, or have a person look at it first."""
    changed: TurnState = {"plan": to_plain(plan), "cursor": 0, "contexts": {}, "results": []}
    if not wants_plan_approved(project, state):
        return changed
    try:
        needed = await file_plan(project, state, plan)
    except OspreyError as exc:
        return {**changed, "status": _status_of(exc).value, "answer": str(exc)}
    return {**changed, **wait_for(state, needed, Stage.PLAN)}


def _cut_short(state: TurnState, status: TurnStatus, why: str) -> TurnState:
    """End a turn early; what its steps have said stands before the reason."""
    if state.get("results"):
        return {"status": status.value, "closing": why}
    return {"status": status.value, "answer": why}


def _steps_in(state: TurnState) -> list[PlannedStep]:
    return [cattrs.structure(step, PlannedStep) for step in state.get("plan", {}).get("steps", [])]


def _item(step: PlannedStep) -> PlannedItem:
    return PlannedItem(key=step.context_key, capability=step.capability, objective=step.task_objective)


def _status_of(exc: OspreyError) -> TurnStatus:
    return TurnStatus.REFUSED if isinstance(exc, RefusedError) else TurnStatus.FAILED
