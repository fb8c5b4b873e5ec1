"""The nodes of a turn. Each takes the state and gives what changed; all of it is JSON."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import cattrs

from osprey.agent._serialization import to_plain
from osprey.agent.answers import compose_answer
from osprey.agent.planner import Clarification, plan_request
from osprey.agent.state import PendingRequest, TurnState, TurnStatus
from osprey.base import ApprovalNeeded, BaseCapability, ExecutionPlan, PlannedStep, StepResult, StepStatus
from osprey.config import DemandArea
from osprey.control import targets_of
from osprey.errors import ConnectorError, OspreyError, RefusedError
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
            return {"plan": given, "cursor": 0, "contexts": {}, "results": []}
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
            return {"status": TurnStatus.FAILED.value, "answer": str(phrase)}
        plan: dict[str, Any] = to_plain(phrase)
        return {"plan": plan, "cursor": 0, "contexts": {}, "results": []}

    async def prepare(self, state: TurnState) -> TurnState:
        """Run the first half of the next step: everything that changes nothing."""
        capability = self._capability(state)
        try:
            # What the file asks for beyond this version stops the step here, before anything was done.
            self._project.config.require(DemandArea.APPROVAL, capability.approval_name)
            outcome = await capability.prepare()
        except OspreyError as exc:
            outcome = _failure(exc)
        return _wait_for(state, outcome) if isinstance(outcome, ApprovalNeeded) else _finish_step(state, outcome)

    async def conclude(self, state: TurnState) -> TurnState:
        """Run the second half of the step whose request was decided."""
        pending = state.get("pending")
        if pending is None:
            return {}
        needed = ApprovalNeeded(request_id=pending["request_id"], sha256=pending["sha256"], memo=pending["memo"])
        try:
            outcome = await self._capability(state).conclude(needed)
        except RefusedError as exc:
            outcome = _failure(exc)
        except OspreyError as exc:
            # Nothing is lost: the request stands as the journal has it, and resuming tries again.
            outcome = StepResult(status=StepStatus.WAITING, text=str(exc))
        tried = _without(state, pending.get("held_by", ""))
        if isinstance(outcome, ApprovalNeeded):
            return _wait_for(tried, outcome)
        if outcome.status is StepStatus.WAITING:
            # The approval stands: the turn waits again for the same request, and says why.
            held: PendingRequest = {**pending, "held_by": outcome.text}
            return {"pending": held, "warnings": _with(tried, outcome.text)}
        return _finish_step(tried, outcome)

    async def respond(self, state: TurnState) -> TurnState:
        """Say what was done, what was not, and the figures."""
        if state.get("answer"):
            return {}
        simulated = (await targets_of(self._project).get(state.get("target"))).simulated
        answer = compose_answer(state, simulated=simulated)
        return {"answer": answer, "status": state.get("status") or TurnStatus.DONE.value}

    def _capability(self, state: TurnState) -> BaseCapability:
        plan = cattrs.structure(state.get("plan", {}), ExecutionPlan)
        step: PlannedStep = plan.steps[state.get("cursor", 0)]
        implementation: type[BaseCapability] = self._project.registry.resolve("capabilities", step.capability)
        return implementation(self._project, cast("Mapping[str, Any]", state), step)


def _failure(exc: OspreyError) -> StepResult:
    status = StepStatus.REFUSED if isinstance(exc, RefusedError) else StepStatus.FAILED
    return StepResult(status=status, text=str(exc))


def _wait_for(state: TurnState, needed: ApprovalNeeded) -> TurnState:
    memo: dict[str, Any] = to_plain(needed.memo)
    pending: PendingRequest = {"request_id": needed.request_id, "sha256": needed.sha256, "memo": memo}
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
