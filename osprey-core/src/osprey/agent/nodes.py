"""The nodes of a turn. Each takes the state and gives what changed; all of it is JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import anyio
import cattrs
from attrs import evolve

from osprey.agent._serialization import to_plain
from osprey.agent.answers import give_answer
from osprey.agent.bookkeeping import accounted, timed
from osprey.agent.brakes import effect_free
from osprey.agent.events import ApprovalSettled, PlanMade, PlannedItem
from osprey.agent.gates import approved_plan, approved_step, file_plan, file_step, wants_plan_approved
from osprey.agent.plan_approval.files import write_plan_file
from osprey.agent.plan_approval.kind import PLAN
from osprey.agent.planning_anew import or_anew
from osprey.agent.planning_desk import plan_turn
from osprey.agent.reacting.gates import approved_reactive_step, file_reactive_step, wants_step_approved
from osprey.agent.reacting.turn import Reacted, goes_reactively, react
from osprey.agent.state import PendingRequest, Stage, TurnState, TurnStatus
from osprey.agent.stepping import (
    FINAL,
    capability_of,
    finished,
    first_half,
    run_at_once,
    step_of,
    steps_at_once,
)
from osprey.agent.telling import span, tell
from osprey.agent.trying import failure, out_of_time
from osprey.agent.waiting import held, wait_for, without_warning
from osprey.base import ApprovalNeeded, ExecutionPlan, PlannedStep, StepResult, StepStatus
from osprey.config.schema import OrchestrationMode
from osprey.errors import OspreyError, RefusedError
from osprey.journal import RequestRow, RequestState, journal_of

if TYPE_CHECKING:
    from osprey.project import Project

_NO_PLAN: Final[dict[str, Any]] = {"steps": [], "assumptions": []}
"""That of a turn that is planned as it goes, before its first step."""


class TurnNodes:
    """The nodes of the graph, bound to a project."""

    def __init__(self, project: Project) -> None:
        self.project = project

    def _left_s(self, state: TurnState) -> float:
        return max(0.0, self.project.config.turn_limits.max_execution_time_seconds - state.get("spent_s", 0.0))

    @timed
    async def plan(self, state: TurnState) -> TurnState:
        """Read the question and plan the steps, or say what was not understood; a given plan is taken as it is."""
        why_first = ""
        if goes_reactively(state):
            reacted = await self._react(state)
            if not reacted.plans_first:
                return reacted.changed
            why_first = reacted.plans_first
            state = {**state, **reacted.changed}
        changed = await self._plan_first(state, why_first)
        return {**changed, "orchestration": OrchestrationMode.PLAN_FIRST.value}

    async def _react(self, state: TurnState) -> Reacted:
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
                with effect_free(), anyio.fail_after(self._left_s(state)):
                    reacted = await react(self.project, state)
            except TimeoutError:
                note.status = "TimeoutError"
                return Reacted(changed={**begun, **_cut_short(state, TurnStatus.FAILED, out_of_time().text)})
            except OspreyError as exc:
                note.status = type(exc).__name__
                return Reacted(changed={**begun, **_cut_short(state, _status_of(exc), str(exc))})
        if added := _steps_in(reacted.changed)[len(so_far["steps"]) :]:
            tell(PlanMade(steps=tuple(map(_item, added))))
        return evolve(reacted, changed={**begun, **reacted.changed})

    async def _plan_first(self, state: TurnState, no_model: str) -> TurnState:
        with span("plan") as note:
            try:
                with effect_free(), anyio.fail_after(self._left_s(state)):
                    planned = await plan_turn(self.project, state, no_model=no_model)
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
        return {**known, "warnings": told.get("warnings", []), **await self._planned(told, planned.plan)}

    async def _planned(self, state: TurnState, plan: ExecutionPlan) -> TurnState:
        """Begin with the plan, or have a person look at it first."""
        changed: TurnState = {"plan": to_plain(plan), "cursor": 0, "contexts": {}, "results": []}
        if not wants_plan_approved(self.project, state):
            return changed
        try:
            needed = await file_plan(self.project, state, plan)
        except OspreyError as exc:
            return {**changed, "status": _status_of(exc).value, "answer": str(exc)}
        return {**changed, **wait_for(state, needed, Stage.PLAN)}

    @timed
    @accounted
    async def prepare(self, state: TurnState) -> TurnState:
        """Run the first half of the next steps, which changes nothing; or have a person agree to it first."""
        if self._left_s(state) <= 0:
            return finished(state, out_of_time())
        try:
            step, *others = steps_at_once(self.project, state)
        except OspreyError as exc:  # a plugin that is gone, or does not load
            return finished(state, failure(exc))
        if wants_step_approved(self.project, state):
            return await self._asked(state, step)
        if others:
            together = await run_at_once(self.project, state, (step, *others), left_s=self._left_s(state))
            return or_anew(self.project, state, finished(state, *together))
        return await self._gated(state, step)

    async def _asked(self, state: TurnState, step: PlannedStep) -> TurnState:
        """Have a person agree to a step before anything of it runs."""
        try:
            needed = await file_reactive_step(self.project, state, step)
        except OspreyError as exc:
            return finished(state, failure(exc))
        return wait_for(state, needed, Stage.REACTIVE_STEP)

    async def _gated(self, state: TurnState, step: PlannedStep) -> TurnState:
        """Run the first half of a step, unless its capability is asked for."""
        try:
            gated = await file_step(self.project, state, capability_of(self.project, state, step), step)
        except OspreyError as exc:
            return finished(state, failure(exc))
        return await self._prepared(state, step) if gated is None else wait_for(state, gated, Stage.STEP)

    async def _prepared(self, state: TurnState, step: PlannedStep) -> TurnState:
        capability = capability_of(self.project, state, step)
        outcome = await first_half(self.project, capability, step, left_s=self._left_s(state))
        if isinstance(outcome, ApprovalNeeded):
            return wait_for(state, outcome)
        return or_anew(self.project, state, finished(state, outcome))

    @timed
    @accounted
    async def conclude(self, state: TurnState) -> TurnState:
        """Go on with what was decided: the plan, the step, or its effect; an edited request is waited for instead."""
        pending = state.get("pending")
        if pending is None:
            return {}
        row = await journal_of(self.project).requests.get(pending["request_id"])
        if row.state is RequestState.SUPERSEDED and (successor := await self._successor(row)) is not None:
            return {"pending": {**pending, "request_id": successor.id, "sha256": successor.sha256}}
        tell(ApprovalSettled(request_id=row.id, state=row.state.value))
        needed = ApprovalNeeded(request_id=pending["request_id"], sha256=pending["sha256"], memo=pending["memo"])
        match Stage(pending["stage"]):
            case Stage.PLAN:
                return await self._begin(state, pending, needed)
            case Stage.STEP:
                return await self._begin_step(state, pending, needed)
            case Stage.REACTIVE_STEP:
                return await self._begin_reactive(state, pending, needed)
            case Stage.EFFECT:
                return await self._effect(state, pending, needed)

    async def _successor(self, row: RequestRow) -> RequestRow | None:
        """Give the request that an edit has put in the place of this one."""
        successor = await journal_of(self.project).requests.successor(row.id)
        if successor is not None and successor.kind == PLAN:
            write_plan_file(self.project, successor)
        return successor

    async def _begin(self, state: TurnState, pending: PendingRequest, needed: ApprovalNeeded) -> TurnState:
        try:
            plan = await approved_plan(self.project, needed)
        except OspreyError as exc:
            plan = failure(exc)
        if isinstance(plan, ExecutionPlan):
            return {"plan": to_plain(plan), "pending": None}
        if plan.status is StepStatus.WAITING:
            return held(state, pending, plan.text)
        warnings = [*state.get("warnings", []), *plan.warnings]
        return {"pending": None, "status": FINAL[plan.status].value, "answer": plan.text, "warnings": warnings}

    async def _begin_step(self, state: TurnState, pending: PendingRequest, needed: ApprovalNeeded) -> TurnState:
        try:
            step = await approved_step(self.project, needed)
        except OspreyError as exc:
            step = failure(exc)
        if isinstance(step, PlannedStep):
            return await self._prepared(state, step)
        return held(state, pending, step.text) if step.status is StepStatus.WAITING else finished(state, step)

    async def _begin_reactive(self, state: TurnState, pending: PendingRequest, needed: ApprovalNeeded) -> TurnState:
        """Go on with the step as it was approved, which a person may have edited."""
        try:
            step = await approved_reactive_step(self.project, needed)
        except OspreyError as exc:
            step = failure(exc)
        if isinstance(step, StepResult):
            return held(state, pending, step.text) if step.status is StepStatus.WAITING else finished(state, step)
        plan, cursor = state.get("plan", {}), state.get("cursor", 0)
        steps = [*plan["steps"][:cursor], to_plain(step), *plan["steps"][cursor + 1 :]]
        agreed: TurnState = {"plan": {**plan, "steps": steps}, "pending": None}
        return {**agreed, **await self._gated({**state, **agreed}, step)}

    async def _effect(self, state: TurnState, pending: PendingRequest, needed: ApprovalNeeded) -> TurnState:
        step = step_of(state)
        with span("effect", key=step.context_key, capability=step.capability, request=needed.request_id) as note:
            outcome = await self._concluded(state, step, needed)
            note.status = "asks" if isinstance(outcome, ApprovalNeeded) else outcome.status.value
        tried = without_warning(state, pending.get("held_by", ""))
        if isinstance(outcome, ApprovalNeeded):
            return wait_for(tried, outcome)
        if outcome.status is StepStatus.WAITING:
            return held(tried, pending, outcome.text)
        return finished(tried, outcome)

    async def _concluded(
        self, state: TurnState, step: PlannedStep, needed: ApprovalNeeded
    ) -> StepResult | ApprovalNeeded:
        try:
            return await capability_of(self.project, state, step).conclude(needed)
        except RefusedError as exc:
            return failure(exc)
        except OspreyError as exc:
            # Nothing is lost: the request stands as the journal has it, and resuming tries again.
            return StepResult(status=StepStatus.WAITING, text=str(exc))

    @timed
    @accounted
    async def respond(self, state: TurnState) -> TurnState:
        """Say what was done, what was not, and the figures."""
        if state.get("answer"):
            return {}
        with span("respond"):
            answer = await give_answer(self.project, state, left_s=self._left_s(state))
        return {"answer": answer, "status": state.get("status") or TurnStatus.DONE.value}


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
