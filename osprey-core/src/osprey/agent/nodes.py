"""The nodes of a turn. Each takes the state and gives what changed; all of it is JSON."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import cattrs

from osprey.agent._serialization import to_plain
from osprey.agent.answers import compose_answer
from osprey.agent.gates import approved_plan, approved_step, file_plan, file_step, wants_plan_approved
from osprey.agent.plan_approval.files import write_plan_file
from osprey.agent.plan_approval.kind import PLAN
from osprey.agent.planner import Clarification, plan_request
from osprey.agent.state import PendingRequest, Stage, TurnState, TurnStatus, Unplanned
from osprey.base import ApprovalNeeded, BaseCapability, ExecutionPlan, PlannedStep, StepResult, StepStatus
from osprey.control import targets_of
from osprey.errors import ConnectorError, OspreyError, RefusedError
from osprey.journal import RequestRow, RequestState, journal_of
from osprey.models.phrasebook import NotUnderstood, parse

if TYPE_CHECKING:
    from osprey.project import Project

_FINAL = {
    StepStatus.REFUSED: TurnStatus.REFUSED,
    StepStatus.FAILED: TurnStatus.FAILED,
}


class TurnNodes:
    """The nodes of the graph, bound to a project."""

    def __init__(self, project: Project) -> None:
        self._project = project

    async def plan(self, state: TurnState) -> TurnState:
        """Read the question and plan the steps, or say what was not understood; a given plan is taken as it is."""
        if given := state.get("given_plan"):
            return await self._planned(state, cattrs.structure(given, ExecutionPlan))
        zone = self._project.config.facility.time_zone
        now_ns = time.time_ns()
        phrase = parse(state.get("user_query", ""), now_ns=now_ns, time_zone=zone)
        if not isinstance(phrase, NotUnderstood):
            try:
                target = await targets_of(self._project).get(state.get("target"))
                directory = await target.directory()
            except ConnectorError as exc:
                return {"status": TurnStatus.FAILED.value, "answer": str(exc)}
            phrase = plan_request(phrase, directory, now_ns=now_ns, time_zone=zone)
        if isinstance(phrase, NotUnderstood | Clarification):
            return _unplanned(phrase)
        return await self._planned(state, phrase)

    async def _planned(self, state: TurnState, plan: ExecutionPlan) -> TurnState:
        """Begin with the plan, or have a person look at it first."""
        changed: TurnState = {"plan": to_plain(plan), "cursor": 0, "contexts": {}, "results": []}
        if not wants_plan_approved(self._project, state):
            return changed
        try:
            needed = await file_plan(self._project, state, plan)
        except OspreyError as exc:
            status = TurnStatus.REFUSED if isinstance(exc, RefusedError) else TurnStatus.FAILED
            return {**changed, "status": status.value, "answer": str(exc)}
        return {**changed, **_wait_for(state, needed, Stage.PLAN)}

    async def prepare(self, state: TurnState) -> TurnState:
        """Run the first half of the next step, which changes nothing; or have a person agree to it first."""
        step = _step_of(state)
        capability = self._capability(state, step)
        try:
            gated = await file_step(self._project, capability, step)
        except OspreyError as exc:
            return _finish_step(state, _failure(exc))
        return await self._prepared(state, capability) if gated is None else _wait_for(state, gated, Stage.STEP)

    async def _prepared(self, state: TurnState, capability: BaseCapability) -> TurnState:
        try:
            outcome = await capability.prepare()
        except OspreyError as exc:
            outcome = _failure(exc)
        return _wait_for(state, outcome) if isinstance(outcome, ApprovalNeeded) else _finish_step(state, outcome)

    async def conclude(self, state: TurnState) -> TurnState:
        """Go on with what was decided: the plan, the step, or its effect; an edited request is waited for instead."""
        pending = state.get("pending")
        if pending is None:
            return {}
        successor = await self._successor(pending["request_id"])
        if successor is not None:
            if successor.kind == PLAN:
                write_plan_file(self._project, successor)
            return {"pending": {**pending, "request_id": successor.id, "sha256": successor.sha256}}
        needed = ApprovalNeeded(request_id=pending["request_id"], sha256=pending["sha256"], memo=pending["memo"])
        match Stage(pending.get("stage", Stage.EFFECT)):  # a thread of an earlier version waited for effects only
            case Stage.PLAN:
                return await self._begin(state, pending, needed)
            case Stage.STEP:
                return await self._begin_step(state, pending, needed)
            case Stage.EFFECT:
                return await self._effect(state, pending, needed)

    async def _successor(self, request_id: str) -> RequestRow | None:
        """Give the request that an edit has put in the place of this one."""
        requests = journal_of(self._project).requests
        row = await requests.get(request_id)
        return await requests.successor(request_id) if row.state is RequestState.SUPERSEDED else None

    async def _begin(self, state: TurnState, pending: PendingRequest, needed: ApprovalNeeded) -> TurnState:
        try:
            plan = await approved_plan(self._project, needed)
        except OspreyError as exc:
            plan = _failure(exc)
        if isinstance(plan, ExecutionPlan):
            return {"plan": to_plain(plan), "pending": None}
        if plan.status is StepStatus.WAITING:
            return _held(state, pending, plan.text)
        warnings = [*state.get("warnings", []), *plan.warnings]
        return {"pending": None, "status": _FINAL[plan.status].value, "answer": plan.text, "warnings": warnings}

    async def _begin_step(self, state: TurnState, pending: PendingRequest, needed: ApprovalNeeded) -> TurnState:
        try:
            step = await approved_step(self._project, needed)
        except OspreyError as exc:
            step = _failure(exc)
        if isinstance(step, PlannedStep):
            return await self._prepared(state, self._capability(state, step))
        return _held(state, pending, step.text) if step.status is StepStatus.WAITING else _finish_step(state, step)

    async def _effect(self, state: TurnState, pending: PendingRequest, needed: ApprovalNeeded) -> TurnState:
        try:
            outcome = await self._capability(state, _step_of(state)).conclude(needed)
        except RefusedError as exc:
            outcome = _failure(exc)
        except OspreyError as exc:
            # Nothing is lost: the request stands as the journal has it, and resuming tries again.
            outcome = StepResult(status=StepStatus.WAITING, text=str(exc))
        tried = _without(state, pending.get("held_by", ""))
        if isinstance(outcome, ApprovalNeeded):
            return _wait_for(tried, outcome)
        if outcome.status is StepStatus.WAITING:
            return _held(tried, pending, outcome.text)
        return _finish_step(tried, outcome)

    async def respond(self, state: TurnState) -> TurnState:
        """Say what was done, what was not, and the figures."""
        if state.get("answer"):
            return {}
        simulated = (await targets_of(self._project).get(state.get("target"))).simulated
        answer = compose_answer(state, simulated=simulated)
        return {"answer": answer, "status": state.get("status") or TurnStatus.DONE.value}

    def _capability(self, state: TurnState, step: PlannedStep) -> BaseCapability:
        implementation: type[BaseCapability] = self._project.registry.resolve("capabilities", step.capability)
        return implementation(self._project, cast("Mapping[str, Any]", state), step)


def _unplanned(phrase: NotUnderstood | Clarification) -> TurnState:
    why = Unplanned.ASKS if isinstance(phrase, Clarification) else Unplanned.NOT_UNDERSTOOD
    return {"status": TurnStatus.FAILED.value, "unplanned": why.value, "answer": str(phrase)}


def _step_of(state: TurnState) -> PlannedStep:
    plan = cattrs.structure(state.get("plan", {}), ExecutionPlan)
    return plan.steps[state.get("cursor", 0)]


def _held(state: TurnState, pending: PendingRequest, why: str) -> TurnState:
    """Have the turn wait again for the same request, whose approval stands, and say why."""
    held: PendingRequest = {**pending, "held_by": why}
    return {"pending": held, "warnings": _with(state, why)}


def _failure(exc: OspreyError) -> StepResult:
    status = StepStatus.REFUSED if isinstance(exc, RefusedError) else StepStatus.FAILED
    return StepResult(status=status, text=str(exc))


def _wait_for(state: TurnState, needed: ApprovalNeeded, stage: Stage = Stage.EFFECT) -> TurnState:
    memo: dict[str, Any] = to_plain(needed.memo)
    pending: PendingRequest = {
        "stage": stage.value,
        "request_id": needed.request_id,
        "sha256": needed.sha256,
        "memo": memo,
    }
    return {"pending": pending, "warnings": _with(state, needed.said)}


def _with(state: TurnState, warning: str) -> list[str]:
    """Give the turn's warnings with one more, said once however often the step is tried."""
    told = state.get("warnings", [])
    return told if not warning or warning in told else [*told, warning]


def _without(state: TurnState, warning: str) -> TurnState:
    """Give the state without a warning that is over, such as that of a halt which was released."""
    return {**state, "warnings": [told for told in state.get("warnings", []) if told != warning]}


def _finish_step(state: TurnState, outcome: StepResult) -> TurnState:
    steps: list[dict[str, Any]] = state.get("plan", {}).get("steps", [])
    cursor = state.get("cursor", 0)
    key = str(steps[cursor]["context_key"])
    changed: TurnState = {
        "pending": None,
        "cursor": cursor + 1,
        "contexts": {**state.get("contexts", {}), key: to_plain(outcome.context)},
        "results": [*state.get("results", []), to_plain(outcome)],
        "warnings": [*state.get("warnings", []), *outcome.warnings],
    }
    if outcome.status in _FINAL:
        changed["status"] = _FINAL[outcome.status].value
    elif cursor + 1 == len(steps):
        changed["status"] = TurnStatus.DONE.value
    return changed
